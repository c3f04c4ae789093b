"""Ten thousand served impressions, rebuilt from the lake after late rows have come in. JSON out.

    make bench SUITE=replay                              the bundles of METIER_HOME, on a copy of it
    make bench SUITE=replay ARGS="--impressions 2000"

The endpoint serves while actors click and candidates are changed by PUT; then interactions arrive that happened before
the served snapshot and were recorded after it. Rebuilt as known (recorded_at, snapshot_version), every served value
must come back bit for bit; rebuilt as if rows had been known when they happened, values must differ. Exits with status
1 where either is not so.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from harness.copied import copied, metier_told, replayed
from harness.home import METIER, environment, keep, to_status
from harness.load import endpoint
from rich.progress import Progress

from metier.contract import TABLES, Surface
from metier.errors import ServingError
from metier.lake import Lake
from metier.settings import Settings, load_settings
from metier.surfaces import surface_spec

SURFACES: tuple[Surface, ...] = ("job_feed", "talent_search")
SLATE = 50
LATE = 400
"""Late interactions: about actors and candidates of the served slates."""
DEADLINE_MS = 10_000
ANSWER_SECONDS = 60.0
ACTORS = {
    "job_feed": "SELECT DISTINCT freelancer_id AS actor, NULL AS job FROM interactions WHERE side = 'freelancer' "
    "ORDER BY actor",
    "talent_search": "SELECT DISTINCT client_id AS actor, job_id AS job FROM jobs WHERE client_id IS NOT NULL "
    "ORDER BY actor, job",
}


@dataclass(frozen=True)
class ServedSlate:
    """A slate: its actor, the job it was for, and its candidates by rank."""

    surface: Surface
    actor_id: str
    job_id: str | None
    candidates: list[str]
    as_of: datetime
    query_id: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--impressions", type=int, default=10_000, help="served impressions (default 10,000)")
    parser.add_argument("--out", type=Path, help="JSON (default: METIER_HOME/reports/benchmarks/replay.json)")
    arguments = parser.parse_args()
    sys.path[:] = [path for path in sys.path if path != str(Path(__file__).resolve().parent)]  # else we are `serving`
    return to_status(lambda: measure(arguments))


def measure(arguments: argparse.Namespace) -> int:
    """Serve, bring in late rows, rebuild, report."""
    with copied(load_settings()) as settings:
        slates, changed = _serve(settings, arguments.impressions)
        metier_told(settings, ["import", "events"])
        late = _import_late(settings, slates)
        metier_told(settings, ["features", "build"])
        figures = {
            "served_impressions": sum(len(slate.candidates) for slate in slates),
            "changed_by_put": changed,
            "late_interactions": late,
            "as_known": replayed(settings, arguments.impressions),
            "as_happened": replayed(settings, arguments.impressions, "--as-happened"),
        }
    print(json.dumps(figures, indent=1))
    keep(figures, "replay", arguments.out)
    return 0 if figures["as_known"]["mismatches"] == 0 and figures["as_happened"]["mismatches"] > 0 else 1


def _serve(settings: Settings, impressions: int) -> tuple[list[ServedSlate], int]:
    """Slates of at least so many impressions, and how many candidates were changed meanwhile."""
    from serving.ports import free_port

    port = free_port(settings.http_host)
    url = f"http://{settings.http_host}:{port}"
    command = (*METIER, "serve", "--port", str(port), "--as-of", "lake")
    queries = [(surface, *row) for surface in SURFACES for row in _rows(Lake(settings.lake), ACTORS[surface])]
    slates: list[ServedSlate] = []
    changed = served = 0
    with (
        endpoint(command, environment(settings), url, settings.home / "serve.log"),
        httpx.Client(timeout=ANSWER_SECONDS) as session,
        Progress() as bar,
    ):
        task = bar.add_task("serving", total=impressions)
        while served < impressions:
            surface, actor, job = queries[(7 * len(slates)) % len(queries)]
            slates.append(_rank(session, url, surface, actor, job))
            served += len(slates[-1].candidates)
            bar.update(task, completed=served)
            if len(slates) % 5 == 0:
                _click(session, url, slates[-1])
            if len(slates) % 10 == 0:
                changed += _change(session, url, Lake(settings.lake), slates[-1])
    return slates, changed


def _rank(session: httpx.Client, url: str, surface: Surface, actor: str, job: str | None) -> ServedSlate:
    body = {"actor_id": actor, "k": SLATE, "deadline_ms": DEADLINE_MS, **({"job_id": job} if job else {})}
    response = _send(session, "POST", url + surface_spec(surface).route, body)
    candidates = [entry["candidate_id"] for entry in response["slate"]]
    as_of = datetime.fromisoformat(response["as_of"])
    return ServedSlate(surface, actor, job, candidates, as_of, response["query_id"])


def _click(session: httpx.Client, url: str, slate: ServedSlate) -> None:
    if slate.candidates:
        click = {**_pair(slate, 0), "interaction_id": f"click-{slate.query_id}", "kind": "click"}
        _send(session, "POST", f"{url}/v1/interactions", {"interactions": [click]})


def _change(session: httpx.Client, url: str, lake: Lake, slate: ServedSlate) -> int:
    """Put another title on the last candidate of a slate; how many were changed."""
    if not slate.candidates:
        return 0
    spec = surface_spec(slate.surface)
    table = lake.read(spec.table)
    versions = table.filter(pc.equal(table[spec.key], slate.candidates[-1]))
    row = versions.slice(versions.num_rows - 1).to_pylist()[0]
    body = {name: value for name, value in row.items() if value is not None and name != spec.key}
    body = {name: value for name, value in body.items() if not isinstance(value, datetime)}
    path = f"{url}/v1/{spec.table}/{slate.candidates[-1]}"
    _send(session, "PUT", path, {**body, "title": f"{row['title']} and more"})
    return 1


def _import_late(settings: Settings, slates: list[ServedSlate]) -> int:
    """Interactions of two days before, recorded after the last slate."""
    newest = max(slate.as_of for slate in slates)
    slates = [slate for slate in slates if slate.candidates]
    rows = [row for number, slate in enumerate(slates) for row in _late(slate, number % len(slate.candidates), newest)]
    with tempfile.TemporaryDirectory(prefix="late-") as folder:
        pq.write_table(
            pa.Table.from_pylist(rows[:LATE], TABLES["interactions"].schema), f"{folder}/interactions.parquet"
        )
        metier_told(settings, ["import", "contract", folder])
    return len(rows[:LATE])


def _late(slate: ServedSlate, position: int, newest: datetime) -> list[dict[str, Any]]:
    """What the actor did two days before it was served, recorded after the last slate."""
    clocks = {"event_timestamp": slate.as_of - timedelta(days=2), "recorded_at": newest + timedelta(hours=1)}
    kinds = ("click", surface_spec(slate.surface).move)
    return [
        {**_pair(slate, position), **clocks, "interaction_id": f"late-{kind}-{slate.query_id}", "kind": kind}
        for kind in kinds
    ]


def _pair(slate: ServedSlate, position: int) -> dict[str, Any]:
    """The actor of a slate and the candidate at that position, as columns of an interaction."""
    if surface_spec(slate.surface).shows_jobs:
        return {"side": "freelancer", "freelancer_id": slate.actor_id, "job_id": slate.candidates[position]}
    return {
        "side": "client",
        "client_id": slate.actor_id,
        "job_id": slate.job_id,
        "freelancer_id": slate.candidates[position],
    }


def _rows(lake: Lake, query: str) -> list[tuple[Any, ...]]:
    with lake.connect() as connection:
        return connection.sql(query).fetchall()


def _send(session: httpx.Client, method: str, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
    response = session.request(method, url, json=body)
    if not response.is_success:
        raise ServingError(f"{method} {url} answered {response.status_code}: {response.text[:300]}")
    content: dict[str, Any] = response.json()
    return content


if __name__ == "__main__":
    sys.exit(main())
