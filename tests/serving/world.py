"""A tiny marketplace, ranked: simulated, featurised, fitted, registered and released, as the pipeline would do it."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import uvicorn
from fastapi import FastAPI

from components.language.taxonomy import shipped_taxonomy
from components.ranking import Ensemble, NeuralConfig, NeuralRanker, XGBoostConfig, XGBoostRanker
from components.releases import Bundle, RegisteredBundle, open_registry
from components.releases.aliases import bundles_to_serve
from components.releases.bundle import Origin
from components.releases.release_builder import build_releases
from components.simulator import SimulatorConfig, simulate
from components.training_sets.assemble import build_training_set
from components.training_sets.reading import text_reader
from feature_repo.build.feature_tables import VECTORS, build_all
from feature_repo.client import FeatureStoreClient
from feature_repo.texts import Encoder, TextVectors
from feature_repo.views import feature_service
from metier.contract import SURFACES, Surface
from metier.lake import Lake
from metier.settings import Settings
from serving.clock import OffsetClock
from serving.engine import Engine
from serving.http.routes import create_api
from tests import servers

ROUTES = {
    "talent_search": "/v1/search/talent",
    "job_feed": "/v1/feed/jobs",
    "applicant_review": "/v1/review/applicants",
}
HEADS = {"talent_search": "click", "job_feed": "click", "applicant_review": "accept"}
UNHURRIED_MS = 60_000
"""A deadline that a busy machine keeps."""
SOON = 30.0
wait_until = partial(servers.wait_until, seconds=SOON)
SIZE = SimulatorConfig(freelancers=120, jobs=80, impressions=8_000, days=60)
UNCHANGING = ("bundles", "candidates", "lake", "mlflow")
"""Folders whose files are replaced, never changed: a copy of a home can share them."""
RUNNING = ("events", "changes", "replicas", "logs")
"""What endpoints write."""


@dataclass(frozen=True)
class World:
    """A METIER_HOME with a champion on every surface and its candidates as of the end of the lake."""

    home: Path

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, refresh_seconds=0.1)

    @property
    def lake(self) -> Lake:
        return Lake(self.settings.lake)

    @cached_property
    def as_of(self) -> datetime:
        """The end of the simulated log, the moment of features and releases."""
        return SIZE.end

    @cached_property
    def pins(self) -> Mapping[Surface, RegisteredBundle]:
        return {name: each.bundle for name, each in bundles_to_serve(open_registry(self.settings)).items()}

    def engine(self) -> Engine:
        return Engine(self.settings, self.pins, OffsetClock.starting_at(self.as_of))

    def copy(self, home: Path) -> "World":
        """The same world in a home of its own, without its logs; what is changed there is not changed here."""
        for part in self.home.iterdir():
            linked = os.link if part.name in UNCHANGING else shutil.copy2
            if part.is_dir() and part.name not in RUNNING:
                shutil.copytree(part, home / part.name, copy_function=linked)
            elif part.is_file():
                home.mkdir(exist_ok=True)
                shutil.copy2(part, home / part.name)
        return World(home)

    @cached_property
    def people(self) -> dict[str, dict[str, Any]]:
        """The newest version of each freelancer, by id."""
        return {row["freelancer_id"]: row for row in self.lake.read("freelancers").to_pylist()}

    @cached_property
    def jobs(self) -> dict[str, dict[str, Any]]:
        return {row["job_id"]: row for row in self.lake.read("jobs").to_pylist()}

    @cached_property
    def interactions(self) -> list[dict[str, Any]]:
        return self.lake.read("interactions").to_pylist()

    @cached_property
    def open_jobs(self) -> list[str]:
        return sorted(job for job, row in self.jobs.items() if row["status"] == "open")

    @cached_property
    def feed_actor(self) -> str:
        return min(person for person, row in self.people.items() if row["status"] == "listed")

    @cached_property
    def reviewed_job(self) -> str:
        """The job with the most people whose application nobody answered."""
        return max(sorted(self.jobs), key=lambda job: len(self.waiting(job)))

    def owner(self, job: str) -> str:
        return str(self.jobs[job]["client_id"])

    def waiting(self, job: str) -> set[str]:
        """Who applied to the job and got no answer."""
        kinds = {}
        for row in self.interactions:
            if row["job_id"] == job:
                kinds.setdefault(row["freelancer_id"], set()).add(row["kind"])
        return {person for person, had in kinds.items() if "apply" in had and not had & {"accept", "decline", "hire"}}

    def did(self, kind: str, side: str) -> set[tuple[str, str | None]]:
        """(freelancer, job) pairs with such an interaction."""
        rows = (row for row in self.interactions if (row["kind"], row["side"]) == (kind, side))
        return {(row["freelancer_id"], row["job_id"]) for row in rows}

    def did_to_clients(self, kind: str) -> set[tuple[str, str]]:
        """(freelancer, client) pairs with such an interaction that names no job."""
        rows = (row for row in self.interactions if row["kind"] == kind and row["job_id"] is None)
        return {(row["freelancer_id"], row["client_id"]) for row in rows}

    def body(self, surface: str, /, **more: Any) -> dict[str, Any]:
        """A request of that surface's route that has plenty to rank."""
        job = self.reviewed_job if surface == "applicant_review" else self.open_jobs[0]
        told = {"actor_id": self.feed_actor} if surface == "job_feed" else {"actor_id": self.owner(job), "job_id": job}
        return {**told, "deadline_ms": UNHURRIED_MS, **more}


def build_world(home: Path) -> World:
    """Everything up to the candidate releases, in some twenty seconds."""
    world = World(home)
    settings, lake, as_of = world.settings, world.lake, world.as_of
    simulate(SIZE, lambda name, rows: lake.append(name, rows), settings.truth, lambda share, what: None)
    encoder = Encoder.load()
    build_all(lake, settings, as_of, encoder)
    store = FeatureStoreClient(settings)
    store.apply()
    store.materialize(as_of)
    for surface in SURFACES:
        _register(surface, settings, store, encoder, as_of)
    build_releases(settings, as_of)
    return world


def _register(
    surface: Surface, settings: Settings, store: FeatureStoreClient, encoder: Encoder, as_of: datetime
) -> None:
    lake, vectors = Lake(settings.lake), TextVectors.read(settings.features / VECTORS)
    taxonomy = shipped_taxonomy()
    reader = text_reader(surface, taxonomy)
    made = build_training_set(
        surface, lake, store, vectors, as_of, heads=(HEADS[surface],), max_rows=1_500, read=reader
    )
    even = np.arange(made.dataset.n_queries) % 2 == 0
    train, validation = made.dataset.select_queries(even), made.dataset.select_queries(~even)
    rankers = [
        XGBoostRanker().fit(train, XGBoostConfig(trees=10, leaves=8, min_child_weight=0.1)),
        NeuralRanker().fit(train, NeuralConfig(hidden=(8,), networks=1, epochs=1)),
    ]
    bundle = Bundle.write(
        settings.home / "written" / surface,
        origin=Origin(
            surface, feature_service(surface), True, as_of, lake.digest(), "inputs", "code", {"study": surface}
        ),
        ensemble=Ensemble.fit(rankers, validation),
        encoder=encoder,
        text_weights=vectors.weights,
        evaluation={},
        decision={"verdict": "hold"},
        taxonomy=taxonomy,
    )
    registry = open_registry(settings)
    registered = registry.register(bundle.folder, {"ndcg_at_10": 0.5})
    registry.promote(registered.name, registered.version, "tests", "served whatever it is worth")
    shutil.rmtree(bundle.folder)


@contextmanager
def served(
    load: Callable[[], Engine], create: Callable[[Callable[[], Engine]], FastAPI] = create_api
) -> Iterator["Client"]:
    """The application behind a real server on a free port."""
    config = uvicorn.Config(create(load), host="127.0.0.1", port=0, log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive())
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Client(f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join(SOON)
        assert not thread.is_alive()


HTTP = httpx.Client(timeout=SOON, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
"""A connection of its own for each request: servers come and go."""


@dataclass(frozen=True)
class Client:
    """Asks a server, and remembers nothing."""

    url: str

    def send(self, method: str, path: str, content: Any = None, kind: str = "application/json") -> httpx.Response:
        """`content` goes as it is; whatever it is, it is called `kind`."""
        return HTTP.request(method, self.url + path, content=content, headers={"content-type": kind})

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.send("POST", path, json.dumps(body))

    def put(self, path: str, body: Any) -> httpx.Response:
        return self.send("PUT", path, json.dumps(body))

    def get(self, path: str) -> httpx.Response:
        return HTTP.get(self.url + path)

    def ranked(self, path: str, body: Any) -> dict[str, Any]:
        """The answer, which must be one."""
        answer = self.post(path, body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told


def logged(events: Path, table: str) -> list[dict[str, Any]]:
    """Rows of a table as the event log holds them now, segment by segment; a line that is being written is left out."""
    contents = [path.read_bytes() for path in sorted(events.glob("*.jsonl"))]
    lines = [json.loads(line) for content in contents for line in content.split(b"\n")[:-1]]
    return [line["row"] for line in lines if line["table"] == table]


def ids(answer: Mapping[str, Any]) -> list[str]:
    return [entry["candidate_id"] for entry in answer["slate"]]


def all_serve(replicas: Sequence[Client], sequence: int) -> None:
    """Wait until every replica serves the change of this number."""
    for replica in replicas:
        wait_until(lambda replica=replica: replica.get("/readyz").json()["sequence"] >= sequence)


def put_everywhere(replicas: Sequence[Client], path: str, body: Mapping[str, Any]) -> None:
    """PUT to the first replica, and wait until all serve it."""
    answer = replicas[0].put(f"/v1/{path}", body)
    assert answer.status_code == 202, answer.text
    all_serve(replicas, answer.json()["sequence"])
