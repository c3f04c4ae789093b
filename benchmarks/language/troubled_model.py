"""The endpoint while its language model is in trouble, over HTTP: every answer against that without a model. JSON out.

    python benchmarks/language/troubled_model.py                the bundles of METIER_HOME, or a small world made for it
    python benchmarks/language/troubled_model.py --each 6       of every route (default 3)

The same requests to rank, the searches of both surfaces, ask, the tool ask and assist, in each state of the model:
none; healthy (what `make llm` serves, as METIER_LLM_* and METIER_QUERY_MODEL* set it); that process stopped (SIGSTOP),
then killed (SIGKILL); a chat endpoint that is slow, and one that answers nonsense of several kinds. In every state they
are sent `one by one`, where the model is asked each time, and then all `together`, where it mostly rests.

Every answer has to be of status 200 and within its deadline by the client's clock, and but for a healthy model's it has
to be what it is without a model, in all but `degraded`, `query_id`, `conversation_id`, `took_ms` (of a tool) and `used`
(steps, milliseconds and tokens of a turn). All endpoints stand still at the moment of the lake, so scores are equal to
the last digit. Each round is sent to the endpoint without a model first: where answers came late or poor there too
(`busy`), the machine had no time for either, and the round tells of neither deadlines nor changes; run it again. Exits
with status 1 where something else changed, or where no answer did without its model.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from one_engine import engine_of, home_of_its_own, keep, stop_at_signals, to_status, without_model
from troubled.exchanges import ROUTES, Answer, Exchange, answers, difference, exchanges
from troubled.models import SMALL_MODEL, WAYS, Misbehaving, served, small_model

from components.language.models.remote import REST_SECONDS
from metier.lake import Lake
from metier.settings import Settings
from serving.clock import OffsetClock
from serving.http.routes import create_api

CLIENTS = 8
PATIENT_SECONDS = 60.0
NONE, HEALTHY = "none", "healthy"
COUNTS = ("answers", "not_200", "late", "changed", "degraded", "busy")

Answers = list[Answer]


@dataclass(frozen=True)
class Standing(OffsetClock):
    """It is `moment` for ever: values that age do not move a score."""

    moment: datetime = datetime.max

    def now(self) -> datetime:
        """The moment."""
        return self.moment


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=3, help="requests, or conversations, of every route (default 3)")
    parser.add_argument("--out", type=Path, help="JSON (default: METIER_HOME/reports/benchmarks/troubled_model.json)")
    arguments = parser.parse_args()
    return to_status(lambda: measured(arguments))


def measured(arguments: argparse.Namespace) -> int:
    stop_at_signals()
    with home_of_its_own(None) as settings, ExitStack() as opened:
        asked = exchanges(settings, arguments.each)
        rows: list[dict[str, Any]] = []
        plain = opened.enter_context(endpoint(without_model(settings)))
        print(heading())
        for state, url in states(settings, plain, opened):
            for mode, send in MODES.items():
                load = os.getloadavg()[0]
                right, seen = send(asked, plain), send(asked, url)
                rows.append({"state": state, "sent": mode, **figures(state, seen, right), "load": load})
                print(line(rows[-1]), *rows[-1]["faults"], sep="\n    ", flush=True)
    result = {"each": arguments.each, "clients": CLIENTS, "model": SMALL_MODEL, "states": rows}
    keep(result, "troubled_model", arguments.out)
    if any(row["faults"] for row in rows):
        return 1
    print("nothing but `degraded` changed")
    return 0


def states(settings: Settings, plain: str, opened: ExitStack) -> Iterator[tuple[str, str]]:
    """Each state of the model, and the URL of an endpoint whose model is in it until the next one is asked for."""
    yield NONE, plain
    model = opened.enter_context(small_model(settings.home))
    url = opened.enter_context(endpoint(with_model(settings, model.url)))
    yield HEALTHY, url
    model.stop()
    yield "stopped", url
    model.kill()
    yield "killed", url
    misbehaving = Misbehaving()
    chat = opened.enter_context(served(misbehaving.app))
    url = opened.enter_context(endpoint(with_model(settings, f"{chat}/v1")))
    for way in WAYS:
        misbehaving.way = way
        yield way, url


@contextmanager
def endpoint(settings: Settings) -> Iterator[str]:
    """The URL of an endpoint over the bundles of the home, whose clock stands still."""
    clock = Standing(moment=Lake(settings.lake).as_of())
    with engine_of(settings, clock) as engine, served(create_api(lambda: engine)) as url:
        yield url


def with_model(settings: Settings, url: str) -> Settings:
    """As METIER_LLM_* and METIER_QUERY_MODEL* set it."""
    model = {"llm_url": url, "llm_model": SMALL_MODEL}
    reader = {"query_model_url": url, "query_model": SMALL_MODEL, "query_model_tuned": False}
    return settings.model_copy(update={**model, **reader})


def one_by_one(asked: Sequence[Exchange], url: str) -> Answers:
    """The model rests after a failure, for as long as is waited here: it is asked every time."""
    with httpx.Client(base_url=url, timeout=PATIENT_SECONDS) as http:
        return [answer for exchange in asked for answer in answers(exchange, http, REST_SECONDS)]


def together(asked: Sequence[Exchange], url: str) -> Answers:
    """By so many clients at once."""
    with httpx.Client(base_url=url, timeout=PATIENT_SECONDS) as http, ThreadPoolExecutor(CLIENTS) as clients:
        each = clients.map(lambda exchange: list(answers(exchange, http)), asked)
        return [answer for of_exchange in each for answer in of_exchange]


MODES = {"one by one": one_by_one, "together": together}


def figures(state: str, seen: Answers, right: Answers) -> dict[str, Any]:
    """What came of a state: how many answers were what, the slowest of each route, and what should not have been.

    `right` was answered without a model just before; `busy` of these did without something, or came late.
    """
    changed = [difference(one.content, other.content) for one, other in zip(right, seen, strict=True)]
    degraded, busy = sum(bool(each.degraded) for each in seen), sum(each.is_poor for each in right)
    faults = [f"{each.route}: status {each.status}, {each.content}" for each in seen if each.status != httpx.codes.OK]
    if not busy:
        faults += [f"{each.route}: {each.ms:.0f} ms, over its deadline" for each in seen if each.is_late]
    if not busy and state != HEALTHY:
        faults += [f"{each.route}: {what}" for each, what in zip(seen, changed, strict=True) if what]
    if state not in (NONE, HEALTHY) and not degraded:
        faults.append("no answer did without its model: nothing is shown")
    return {
        "answers": len(seen),
        "not_200": sum(each.status != httpx.codes.OK for each in seen),
        "late": sum(each.is_late for each in seen),
        "changed": sum(what is not None for what in changed),
        "degraded": degraded,
        "busy": busy,
        "slowest_ms": {route: round(max(each.ms for each in seen if each.route == route), 1) for route in ROUTES},
        "faults": faults,
    }


def heading() -> str:
    counts = "".join(f"{name:>10}" for name in COUNTS)
    return f"{'model':<13}{'sent':<12}{counts}{'slowest ms:':>13}" + "".join(f"{route:>8}" for route in ROUTES)


def line(row: Mapping[str, Any]) -> str:
    counts = "".join(f"{row[name]:>10}" for name in COUNTS)
    slowest = "".join(f"{row['slowest_ms'][route]:>8.0f}" for route in ROUTES)
    return f"{row['state']:<13}{row['sent']:<12}{counts}{'':>13}{slowest}"


if __name__ == "__main__":
    sys.exit(main())
