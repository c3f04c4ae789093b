"""Retrieve, then rank, over HTTP and offline: the same held-out actors must get the same slates.

    python benchmarks/end_to_end.py ../shared/data/job_views [--home HOME] [--actors 300] [--out FILE]

Each actor's last candidate is taken out of the log; features, candidates and the endpoint know nothing of it. The
bundle is the one that the training pipeline registered, whose rankers never saw a held-out target either. HOME is
imported into and trained in where it is empty.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import harness.unshadowed  # noqa: F401 - its import is its work
import httpx
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from rich.progress import track

from components.measures import mean_interval
from components.releases import Bundle, RegisteredBundle, open_registry
from components.releases.aliases import trained_bundles
from components.releases.candidate_release import read_release
from components.releases.release_builder import ReleaseSource, build_release, vectors_by
from components.retrieval.questions import questions, retrieve
from components.training_sets.assemble import assemble
from components.training_sets.leave_last_out import leave_last_out
from components.training_sets.positives import organic_positives
from feature_repo.build.feature_tables import VECTORS, build_all
from feature_repo.client import FeatureStoreClient
from feature_repo.hydrate import query_features
from feature_repo.inputs.encoded import QueryColumns
from feature_repo.texts import TextVectors
from metier.contract import TABLES
from metier.lake import Lake
from metier.settings import Settings
from metier.stored import as_plain
from serving.candidates.snapshot import ReleaseSnapshot, eligibility_of
from serving.candidates.space import CandidateSpace
from serving.launch import running
from serving.ports import free_port
from serving.request.ranking import RankingRequest
from serving.stages import COVISITED, SOURCED

K = 10
SURFACE = "job_feed"
DEADLINE_MS = 60_000


@dataclass(frozen=True)
class HeldOut:
    """One actor: what was taken out of the log, and what it had touched before."""

    actor_id: str
    target: str
    history: list[str]


def main() -> int:
    arguments = _arguments()
    settings = Settings(home=arguments.home)
    _require_trained(settings, arguments.directory)
    pin = trained_bundles(open_registry(settings))[SURFACE].bundle
    lake = Lake(settings.lake)
    held_out = _held_out(lake, arguments.actors)
    with tempfile.TemporaryDirectory(prefix="metier-e2e-", dir=arguments.home) as folder:
        own = Settings(home=Path(folder))
        bundle = _without_targets(settings, own, pin, held_out)
        served = _over_http(own, pin, held_out)
        offline, retrieved = _offline(own, bundle, held_out, [response["as_of"] for response in served])
    result = _result(held_out, served, offline, retrieved, bundle)
    print(json.dumps(result, indent=1))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=1))
    return 0 if result["equal_slates"] == len(held_out) and not result["degraded"] else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--home", type=lambda text: Path(text).absolute(), default=Settings().home)
    parser.add_argument("--actors", type=int, default=300)
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    arguments.out = arguments.out or arguments.home / "reports" / "benchmarks" / "end_to_end.json"
    return arguments


def _require_trained(settings: Settings, directory: Path) -> None:
    """Import and train in an empty home, by the command line."""
    if settings.bundles.exists():
        return
    metier = (sys.executable, "-m", "metier.cli.app")
    environment = {**os.environ, "METIER_HOME": str(settings.home)}
    for command in (("import", "job-views", str(directory)), ("pipeline", "run", "training", "--surface", SURFACE)):
        subprocess.run((*metier, *command), env=environment, check=True)


def _held_out(lake: Lake, most: int) -> list[HeldOut]:
    positives = organic_positives(lake, SURFACE, lake.as_of())
    test = np.flatnonzero(leave_last_out(positives).test)
    chosen = np.sort(np.random.default_rng(0).choice(test, min(most, len(test)), replace=False))
    history: dict[str, list[str]] = {}
    for actor, candidate in zip(positives["actor_id"].to_pylist(), positives["candidate_id"].to_pylist(), strict=True):
        history.setdefault(actor, []).append(candidate)
    rows = positives.take(pa.array(chosen)).to_pylist()
    return [
        HeldOut(row["actor_id"], row["candidate_id"], [c for c in history[row["actor_id"]] if c != row["candidate_id"]])
        for row in rows
    ]


def _without_targets(settings: Settings, own: Settings, pin: RegisteredBundle, held_out: list[HeldOut]) -> Bundle:
    """A home whose log lacks the targets, with features, online store and candidate release; the bundle is the same."""
    lake, reduced = Lake(settings.lake), Lake(own.lake)
    targets = pa.array([f"{case.actor_id} {case.target}" for case in held_out])
    for name in TABLES:
        rows = lake.read(name)
        if name == "interactions":
            pair = pc.binary_join_element_wise(rows["freelancer_id"], pc.fill_null(rows["job_id"], ""), " ")
            rows = rows.filter(pc.invert(pc.is_in(pair, value_set=targets)))
        if rows.num_rows:
            reduced.append(name, rows)
    print(f"{lake.counts()['interactions'] - reduced.counts()['interactions']} interactions taken out of the log")
    source = open_registry(settings).fetch(pin.name, pin.version, pin.sha256)
    shutil.copytree(source, own.bundles / pin.name / source.name)
    bundle = Bundle.load(source, pin.sha256)
    as_of = reduced.as_of()
    build_all(reduced, own, as_of, bundle.encoder)
    store = FeatureStoreClient(own)
    store.apply()
    store.materialize(as_of)
    vectors = vectors_by(bundle.text_weights, TextVectors.read(own.features / VECTORS), reduced, as_of)
    source = ReleaseSource(SURFACE, reduced, store.training_features, bundle.encoder, vectors, store.covisits(SURFACE))
    build_release(source, as_of, own.candidates / bundle.version)
    return bundle


def _over_http(own: Settings, pin: RegisteredBundle, held_out: list[HeldOut]) -> list[dict[str, Any]]:
    answers = []
    with running(own, {SURFACE: pin}, free_port(own.http_host), Lake(own.lake).as_of()) as url:
        for case in track(held_out, description="over HTTP"):
            body = {"actor_id": case.actor_id, "k": K, "exclude": case.history, "deadline_ms": DEADLINE_MS}
            response = httpx.post(f"{url}/v1/feed/jobs", json=body, timeout=60)
            response.raise_for_status()
            answers.append(response.json())
    return answers


def _offline(
    own: Settings, bundle: Bundle, held_out: list[HeldOut], moments: list[str]
) -> tuple[list[list[tuple[str, float]]], list[list[str]]]:
    """Slates as (candidate, score) and what was retrieved, by point-in-time features and without the endpoint."""
    folder = own.candidates / bundle.version
    version = json.loads((folder / "current.json").read_text())["version"]
    snapshot = ReleaseSnapshot(read_release(folder, version, bundle.encoder))
    release, store = snapshot.release, FeatureStoreClient(own)
    slates, retrieved = [], []
    for case, moment in track(list(zip(held_out, moments, strict=True)), description="offline"):
        query = pa.table({"query_id": ["q"], "actor_id": [case.actor_id], "job_id": pa.nulls(1, pa.string())})
        stamp = pa.array([moment]).cast(pa.timestamp("us", tz="UTC"))
        query = query.append_column("event_timestamp", stamp).append_column("text", pa.nulls(1, pa.string()))
        stored = query_features(SURFACE, query, store.training_features)
        eligible = eligibility_of(
            snapshot.pool, RankingRequest(SURFACE, case.actor_id), np.empty(0, np.int64)
        ).mask.copy()
        eligible[snapshot.rows(case.history)] = False
        ((ids, _),) = retrieve(
            release.retriever, questions(SURFACE, stored, release.candidates.vectors), SOURCED, eligible
        )
        ids = _with_covisited(snapshot, stored, ids, eligible)
        pairs = pa.table({"query_id": ["q"] * len(ids), "candidate_id": ids.tolist()})
        features = assemble(SURFACE, query, pairs, store, release.candidates.vectors, bundle.manifest.candidate_counts)
        score = bundle.ensemble.score(features).astype(np.float64)
        best = np.argsort(-score, kind="stable")[:K]
        slates.append([(str(ids[i]), float(score[i])) for i in best])
        retrieved.append(ids.tolist())
    return slates, retrieved


def _with_covisited(
    snapshot: ReleaseSnapshot, stored: pa.Table, ids: NDArray[np.str_], eligible: NDArray[np.bool_]
) -> NDArray[np.str_]:
    """What was retrieved, its last in favour of what others turned to with the actor's past, as the endpoint has it."""
    release = snapshot.release
    space = CandidateSpace(snapshot, (), release.retriever, release.candidates.vectors)
    past = QueryColumns.encode(SURFACE, stored, release.candidates.vectors).past.identity[0]
    near = space.covisited(past, COVISITED)
    near = near[eligible[near] & ~np.isin(near, snapshot.rows(ids.tolist()))]
    return np.append(ids[: SOURCED - len(near)], space.ids_at(near))


def _result(
    held_out: list[HeldOut],
    served: list[dict[str, Any]],
    offline: list[list[tuple[str, float]]],
    retrieved: list[list[str]],
    bundle: Bundle,
) -> dict[str, Any]:
    slates = [[(entry["candidate_id"], entry["score"]) for entry in response["slate"]] for response in served]
    actors = np.array([case.actor_id for case in held_out])

    def hits(lists: list[list[str]], k: int) -> dict[str, float]:
        hit = np.array([float(case.target in ids[:k]) for case, ids in zip(held_out, lists, strict=True)])
        return as_plain(mean_interval(hit, actors))

    ids = {"http": [[c for c, _ in s] for s in slates], "offline": [[c for c, _ in s] for s in offline]}
    return {
        "actors": len(held_out),
        "bundle": bundle.version,
        "hr_at_10_over_http": hits(ids["http"], K),
        "hr_at_10_offline": hits(ids["offline"], K),
        "retrieval_recall_at_500": hits(retrieved, SOURCED),
        "retrieval_hr_at_10": hits(retrieved, K),
        "equal_slates": sum(a == b for a, b in zip(ids["http"], ids["offline"], strict=True)),
        "equal_scores": sum(a == b for a, b in zip(slates, offline, strict=True)),
        "tiers": sorted({response["tier"] for response in served}),
        "degraded": sum(bool(response["degraded"]) for response in served),
    }


if __name__ == "__main__":
    sys.exit(main())
