"""`metier demo`: the whole walk on the embedded default, from nothing to slates, feedback and a second training run."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from metier.cli import data
from metier.cli import pipeline as pipelines
from metier.cli.serve import ask
from metier.errors import ServingError
from metier.lake import Lake
from metier.settings import Settings, load_settings

FREELANCERS, JOBS, IMPRESSIONS = 500, 350, 24_000
ACTORS = 20
"""Actors asked on each surface."""
SHOWN = 5
AGAIN = "job_feed"
"""The surface of the second training run."""
START_SECONDS = 180
STOP_SECONDS = 60
ROUTES = {
    "talent_search": "/v1/search/talent",
    "job_feed": "/v1/feed/jobs",
    "applicant_review": "/v1/review/applicants",
}
CLICKED = 2
"""Entries of each slate that are clicked: feedback that a demo can give without knowing what is good."""


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the endpoint up at the end.")] = False,
) -> None:
    """Simulate a marketplace (once), train, serve, ask, send feedback, train again, and print what it is all worth.

    Example: METIER_HOME=/tmp/metier metier demo --keep
    """
    settings = load_settings()
    lake = Lake(settings.lake)
    if any(lake.counts().values()):
        print(f"The lake at {settings.lake} already holds events: training on them.")
    else:
        _say(f"1. Simulating a marketplace of {FREELANCERS:,} freelancers and {JOBS:,} jobs")
        data.simulate(FREELANCERS, JOBS, IMPRESSIONS)
    _say("2. Training: features, rankers, evaluation, gate, bundles, candidates")
    pipelines.run("training")
    before = lake.counts()
    _say("3. Serving")
    with _endpoint(settings) as url:
        _say("4. Asking for talent, for jobs, and for the order of applicants")
        slates = _ask_everybody(url, lake)
        _say("5. Sending feedback")
        sent = sum(_feedback(url, slate) for slate in slates)
        print(f"{len(slates)} slates served, {sent} interactions acknowledged")
    _say("6. Bringing served slates and feedback back into the lake")
    data.import_events()
    data.replay(most=1000)
    _say(f"7. Training again, {AGAIN}: the gate compares with what is champion now")
    pipelines.run("training", surface=[AGAIN], quiet=True)
    _print_decisions(settings)
    _print_growth(before, lake.counts())
    if keep:
        _leave_up(settings)


def _say(what: str) -> None:
    print(f"\n== {what}", flush=True)


@contextmanager
def _endpoint(settings: Settings) -> Iterator[str]:
    """A `metier serve` of our own on a free port, ended with all its processes after the block."""
    process, url = _start(settings)
    try:
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _start(settings: Settings) -> tuple[subprocess.Popen[bytes], str]:
    """The process, a group of its own, and the URL once it serves; ServingError with its last words otherwise."""
    ready, log = settings.home / "serving.url", settings.home / "serving.log"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "metier.cli.app", "serve", "--port", "0", "--as-of", "lake", "--ready", str(ready)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    deadline = time.monotonic() + START_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            words = log.read_text(errors="replace").strip().splitlines()
            raise ServingError(f"the endpoint did not start: {words[-1] if words else 'no word'}; its log is {log}")
        time.sleep(0.2)
    url = ready.read_text()
    print(f"The endpoint answers at {url} ({url}/docs)")
    return process, url


def _ask_everybody(url: str, lake: Lake) -> list[dict[str, Any]]:
    """Slates for some actors of each surface; the first of each is printed for a person to judge."""
    titles = {**_titles(lake, "jobs", "job_id"), **_titles(lake, "freelancers", "freelancer_id")}
    slates = []
    for surface, route in ROUTES.items():
        for number, body in enumerate(_bodies(lake, surface)):
            slate = {**ask(url, route, json.dumps(body)), "asked": body}
            slates.append(slate)
            if number == 0:
                _print_slate(slate, titles)
    return slates


def _bodies(lake: Lake, surface: str) -> list[dict[str, Any]]:
    """Requests of the newest actors of a surface whose job, where they name one, is open."""
    with lake.connect() as connection:
        rows = connection.sql(
            """
            WITH newest AS (
                SELECT DISTINCT ON (job_id) job_id, status FROM jobs ORDER BY job_id, event_timestamp DESC
            )
            SELECT actor_id, job_id, max(event_timestamp) AS asked_at
            FROM queries LEFT JOIN newest USING (job_id)
            WHERE surface = $surface AND coalesce(status, 'open') = 'open'
              AND (surface = 'job_feed' OR job_id IS NOT NULL)
            GROUP BY ALL ORDER BY asked_at DESC, actor_id LIMIT $most
            """,
            params={"surface": surface, "most": ACTORS},
        ).fetchall()
    return [
        {"actor_id": actor, "deadline_ms": 2000, **({"job_id": job} if surface != "job_feed" else {})}
        for actor, job, _ in rows
    ]


def _titles(lake: Lake, table: str, key: str) -> dict[str, str]:
    with lake.connect() as connection:
        rows = connection.sql(f"SELECT {key}, arg_max(title, event_timestamp) FROM {table} GROUP BY 1").fetchall()
    return dict(rows)


def _print_slate(slate: dict[str, Any], titles: dict[str, str]) -> None:
    asked = slate["asked"]
    who = titles.get(asked.get("job_id") or asked["actor_id"], asked["actor_id"])
    without = f" · without {'; '.join(slate['degraded'])}" if slate["degraded"] else ""
    print(f"\n{slate['surface']} for “{who}” · {slate['bundle']} · tier {slate['tier']}{without}")
    for entry in slate["slate"][:SHOWN]:
        title = titles.get(entry["candidate_id"], entry["candidate_id"])
        print(f"  {entry['rank']:>2}  P(relevant) {entry['score']:.3f}  {title}")


def _feedback(url: str, slate: dict[str, Any]) -> int:
    """Clicks on the first entries of a slate; how many were acknowledged."""
    surface, asked = slate["surface"], slate["asked"]
    interactions = []
    for entry in slate["slate"][:CLICKED]:
        about = {"kind": "click", "query_id": slate["query_id"], "event_timestamp": slate["as_of"]}
        if surface == "job_feed":
            about |= {"side": "freelancer", "freelancer_id": asked["actor_id"], "job_id": entry["candidate_id"]}
        else:
            about |= {"side": "client", "client_id": asked["actor_id"], "freelancer_id": entry["candidate_id"]}
            about |= {"job_id": asked["job_id"]}
        interactions.append({**about, "interaction_id": f"demo-{slate['query_id']}-{entry['rank']}"})
    if not interactions:
        return 0
    return int(ask(url, "/v1/interactions", json.dumps({"interactions": interactions}))["accepted"])


def _print_decisions(settings: Settings) -> None:
    from components.evaluation.report.history import newest_reports

    for report, _ in newest_reports(settings.reports):
        if report.surface == AGAIN and report.decision is not None:
            compared = report.decision.lineage.get("compared_with")
            print(f"\n{report.surface}: {report.decision.verdict}, compared with {compared}")
            for reason in report.decision.reasons:
                print(f"  {reason}")


def _print_growth(before: dict[str, int], after: dict[str, int]) -> None:
    print("\nRows that the first and the second training run saw")
    for name in ("queries", "impressions", "interactions"):
        print(f"  {name:14}{before[name]:>10,} -> {after[name]:>10,}")


def _leave_up(settings: Settings) -> None:
    process, url = _start(settings)
    print(f"Left up at {url}; stop it with: kill {process.pid}")
