"""What each part of the language layer adds to a request, with and without a language model, side by side. JSON out.

    make bench SUITE=language                        the bundles of METIER_HOME, or a small world made for the purpose
    make bench SUITE=language ARGS="--requests 200 --usd-per-core-hour 0.04"

Parts take turns on the same searches in one process, so that a noisy machine hits all alike. Added are milliseconds by
the clock and of this process's CPU beyond ranking, a model's tokens, and what 1,000 requests of that cost: CPU by
--usd-per-core-hour, tokens by METIER_LLM_USD_PER_MILLION_*. Rows with a model are there where METIER_LLM_URL is set.
"""

import argparse
import itertools
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from one_engine import engine_of, home_of_its_own, keep, say, stop_at_signals, to_status, without_model

from components.evaluation.judged.audit import Bench
from components.evaluation.judged.cases import cases_of, sampled_queries, shown_pairs
from components.language.judge import Asking, Candidate
from components.language.models.remote import REST_SECONDS
from components.language.query_model import ModelUnderstanding
from components.language.taxonomy import Taxonomy
from components.language.understanding import Grammar, shipped_exchange
from metier.contract import SURFACES, Surface
from metier.errors import ModelError
from metier.lake import Lake
from serving.engine import Engine
from serving.language.asking import Question, answered, look
from serving.language.assisting import Turn, assisted, begun
from serving.language.conversations import open_conversations
from serving.request.ranking import RankingRequest
from serving.request.trace import RequestTrace

QUERIES = Path(__file__).parent / "queries.jsonl"
PATIENT_MS = 60_000.0
BEGUN = 4
"""Letters of a search that suggestions are asked for."""
REASONS = 3
JUDGED = 50
"""Logged queries of a surface, of whose slates pairs are judged."""

Added = tuple[float, float]
"""Milliseconds by the clock, and of the process's CPU."""
Part = Callable[[Surface, str], Added]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100, help="of each part without a model (default 100)")
    parser.add_argument("--model-requests", type=int, default=10, help="of each part with a model (default 10)")
    parser.add_argument("--usd-per-core-hour", type=float, default=0.05, help="price of a core (default 0.05)")
    parser.add_argument("--out", type=Path, help="JSON (default: METIER_HOME/reports/benchmarks/language.json)")
    arguments = parser.parse_args()
    return to_status(lambda: measured(arguments))


def measured(arguments: argparse.Namespace) -> int:
    stop_at_signals()
    with home_of_its_own(None) as settings, ExitStack() as opened:
        plain = opened.enter_context(engine_of(without_model(settings)))
        figures = rows(parts_of(plain), arguments.requests, plain, arguments.usd_per_core_hour)
        if settings.llm_url:
            thinking = opened.enter_context(engine_of(settings))
            asked = {f"{name}, {settings.llm_model}": part for name, part in model_parts_of(thinking).items()}
            figures |= rows(asked, arguments.model_requests, thinking, arguments.usd_per_core_hour)
        else:
            say("METIER_LLM_URL is not set: no rows with a model (`make llm` serves a small one)")
    print_table(figures)
    keep({"parts": figures, "usd_per_core_hour": arguments.usd_per_core_hour}, "language", arguments.out)
    return 0


def parts_of(engine: Engine) -> dict[str, Part]:
    """What works without a model."""
    grammar = Grammar(engine.taxonomy, shipped_exchange())

    def understanding(surface: Surface, text: str) -> Added:
        return timed(lambda: grammar.plan(text, surface))

    def suggestions(surface: Surface, text: str) -> Added:
        return timed(lambda: engine.suggestions.starting(text[:BEGUN], 8))

    def reasons(surface: Surface, text: str) -> Added:
        request = RankingRequest(surface, "", text=text, k=10)
        without = timed(lambda: engine.slate(request, RequestTrace(PATIENT_MS)))
        whole = timed(lambda: engine.slate(replace(request, explain=REASONS), RequestTrace(PATIENT_MS)))
        return whole[0] - without[0], whole[1] - without[1]

    return {
        "understanding: grammar": understanding,
        "suggestions": suggestions,
        "reasons in words": reasons,
        "ask: extracted": asking(engine),
        "assist: a turn, with its ranking": assisting(engine),
        **judging("judge: a pair, by the rules", Bench.by_rules(engine.settings, as_of(engine))),
    }


def model_parts_of(engine: Engine) -> dict[str, Part]:
    """What a model does: the one of METIER_LLM_MODEL, and the one of METIER_QUERY_MODEL where that is set."""
    parts = {"ask: in a model's words": asking(engine), "assist: planned by a model": assisting(engine)}
    if engine.model is not None:
        parts |= judging("judge: a pair, by a model", Bench.by_model(engine.model, engine.settings, as_of(engine)))
    if engine.query_model is None:
        return parts
    understanding = ModelUnderstanding(
        engine.query_model, engine.taxonomy, PATIENT_MS / 1e3, tuned=engine.settings.query_model_tuned
    )

    def reading(surface: Surface, text: str) -> Added:
        def read() -> None:
            with suppress(ModelError):  # the grammar reads where the model did not
                understanding.plan(text, surface)

        return timed(read)

    return {"understanding: a model": reading, **parts}


def asking(engine: Engine) -> Part:
    """An answer, beyond ranking for it."""

    def ask(surface: Surface, text: str) -> Added:
        question, trace = f"Who knows {skill_of(engine.taxonomy, text)}?", RequestTrace(PATIENT_MS)
        looked = look(Question(surface, "", question), engine, trace)
        return timed(lambda: answered(looked, engine, trace))

    return ask


def assisting(engine: Engine) -> Part:
    """A turn of a new conversation, whose searches are ranked too."""
    conversations = open_conversations(engine.settings)

    def assist(surface: Surface, text: str) -> Added:
        actor = "" if surface == "talent_search" else somebody(engine)
        turn = Turn(actor, text, surface, None, PATIENT_MS)
        return timed(lambda: list(assisted(turn, begun(turn, engine, conversations), engine, conversations)))

    return assist


def judging(name: str, bench: Bench) -> dict[str, Part]:
    """A logged query and the first of its slate, another pair each time, whatever is searched; limits are kept.

    Nothing where no slate was logged.
    """
    found = list(logged_pairs(bench))
    random.Random(0).shuffle(found)
    pairs = itertools.cycle(found)

    def judge(surface: Surface, text: str) -> Added:
        asking, candidate = next(pairs)
        return timed(lambda: bench.judge.judge(asking, [candidate]))

    return {name: judge} if found else {}


def logged_pairs(bench: Bench) -> Iterator[tuple[Asking, Candidate]]:
    for surface in SURFACES:
        queries = sampled_queries(bench.lake, surface, bench.as_of, JUDGED)
        shown = shown_pairs(bench.lake, bench.as_of, queries)
        for case in cases_of(bench.lake, bench.as_of, surface, shown, bench.reading) if queries else ():
            yield from ((case.asking, candidate) for candidate in case.candidates[:1] if not candidate.broken)


def as_of(engine: Engine) -> datetime:
    """The moment of the lake."""
    return Lake(engine.settings.lake).as_of()


def somebody(engine: Engine) -> str:
    """A freelancer whom the endpoint knows."""
    return str(next(iter(engine.serving("talent_search").candidates.ids_at(np.arange(1)))))


def skill_of(taxonomy: Taxonomy, text: str) -> str:
    """A skill that a search names; the search itself where it names none."""
    named = taxonomy.mentions(text)
    return taxonomy.label(named[0].skill_id) if named else text


def timed(work: Callable[[], Any]) -> Added:
    begun, begun_cpu = time.perf_counter(), time.process_time()
    work()
    return 1e3 * (time.perf_counter() - begun), 1e3 * (time.process_time() - begun_cpu)


def rows(parts: Mapping[str, Part], requests: int, engine: Engine, usd_per_core_hour: float) -> dict[str, Any]:
    """The figures of each part over the same searches, asked in turns; the first of each is not counted."""
    searches = [json.loads(line) for line in QUERIES.read_text().splitlines()]
    searches = [each for each in searches if each["surface"] in engine.stages]
    added: dict[str, list[Added]] = {name: [] for name in parts}
    spent = {name: (0, 0.0) for name in parts}
    failed = failures(engine)
    for number in range(requests + 1):
        search = searches[number % len(searches)]
        for name, part in parts.items():
            before = spent_by(engine)
            added[name].append(part(search["surface"], search["text"]))
            after = spent_by(engine)
            if failures(engine) > failed:
                failed = failures(engine)
                time.sleep(REST_SECONDS)  # the next part finds the model awake
            spent[name] = (spent[name][0] + after[0] - before[0], spent[name][1] + after[1] - before[1])
    return {name: row(added[name][1:], spent[name], usd_per_core_hour) for name in parts}


def failures(engine: Engine) -> int:
    """How often the engine's models failed so far, after which they are left alone for a while."""
    tallies = [model.tally for model in (engine.model, engine.query_model) if model is not None]
    return sum(count for tally in tallies for (_, outcome), count in tally.requests.items() if outcome == "failed")


def spent_by(engine: Engine) -> tuple[int, float]:
    """Tokens and US dollars that the engine's models used so far."""
    tallies = [model.tally for model in (engine.model, engine.query_model) if model is not None]
    tokens = sum(tally.read.total() + tally.written.total() for tally in tallies)
    return tokens, sum(sum(tally.cost_usd.values()) for tally in tallies)


def row(added: Sequence[Added], spent: tuple[int, float], usd_per_core_hour: float) -> dict[str, float]:
    ms, cpu_ms = np.array(added).T
    core_seconds = float(cpu_ms.mean())  # of 1,000 requests
    tokens, usd = (1e3 * each / (len(added) + 1) for each in spent)
    return {
        "requests": len(added),
        "p50_ms": round(float(np.quantile(ms, 0.5)), 3),
        "p95_ms": round(float(np.quantile(ms, 0.95)), 3),
        "core_seconds_per_1000": round(core_seconds, 3),
        "tokens_per_1000": round(tokens),
        "usd_per_1000": round(core_seconds * usd_per_core_hour / 3_600 + usd, 6),
    }


def print_table(figures: Mapping[str, Mapping[str, float]]) -> None:
    print(f"{'added by':<44}{'p50 ms':>10}{'p95 ms':>10}{'core s/1,000':>14}{'tokens/1,000':>14}{'USD/1,000':>12}")
    for name, of in figures.items():
        times = f"{of['p50_ms']:>10.3f}{of['p95_ms']:>10.3f}{of['core_seconds_per_1000']:>14.3f}"
        print(f"{name:<44}{times}{of['tokens_per_1000']:>14.0f}{of['usd_per_1000']:>12.6f}")


if __name__ == "__main__":
    sys.exit(main())
