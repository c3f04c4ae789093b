"""The usual Ray Serve graph: one deployment a stage behind Ray Serve's default proxy, made of the endpoint's own parts.

    per_stage.py PORT       the champions of METIER_HOME at the lake's clock

An ingress parses a request and calls the stages by their handles; hydration and filter run side by side. Each stage is
one replica that holds an engine. Answers POST /v1/rank alone, by the ensemble, whatever the deadline.
"""

import asyncio
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

from harness import unshadowed  # noqa: F401, I001
import numpy as np
import numpy.typing as npt
from fastapi import FastAPI, Response

from components.releases import open_registry
from components.releases.aliases import trained_bundles
from feature_repo.hydrate import query_row
from feature_repo.inputs.encoded import QueryColumns
from feature_repo.online.rows import OnlineRows
from feature_repo.views import feature_service
from metier.lake import Lake
from metier.own_ray import LOOPBACK, keep_on_loopback
from metier.settings import load_settings
from serving.actor import request_row
from serving.clock import OffsetClock
from serving.engine import Engine
from serving.http.ranking import Rank, response
from serving.http.state import served_bundles
from serving.records import events_of
from serving.request.ranking import RankingRequest, Slate
from serving.request.trace import RequestTrace
from serving.select import ranked_entries

keep_on_loopback()  # before Ray is imported, which reads the environment
from ray import init, serve, shutdown  # noqa: E402

STAGE: dict[str, Any] = {"max_ongoing_requests": 32, "ray_actor_options": {"num_cpus": 1}}
CPUS = 6
"""That Ray counts: one a deployment, and one more."""

Floats = npt.NDArray[np.float32]
api = FastAPI()


@dataclass(frozen=True)
class Found:
    """Rows of the candidates that a request names, which of these may be shown, and what was left out."""

    rows: npt.NDArray[np.int64]
    eligible: npt.NDArray[np.bool_]
    dropped: dict[str, int]
    unknown: list[str]


class Stage:
    """A stage with an engine of its own."""

    def __init__(self, started_at: datetime) -> None:
        settings = load_settings()
        pins = {surface: served.bundle for surface, served in trained_bundles(open_registry(settings)).items()}
        self.engine = Engine(settings, pins, OffsetClock.starting_at(started_at))

    def bundles(self) -> dict[str, Any]:
        """What it serves, by surface."""
        return served_bundles(self.engine)


@serve.deployment(**STAGE)
class Hydrate(Stage):
    """The stored features of the actor."""

    def __init__(self, started_at: datetime) -> None:
        super().__init__(started_at)
        self._read = OnlineRows(self.engine.settings).row

    def __call__(self, request: RankingRequest) -> dict[str, Any]:
        return query_row(request.surface, request_row(request, self.engine.now()), self._read)


@serve.deployment(**STAGE)
class Filter(Stage):
    """Who may be shown of the candidates of a request."""

    def __call__(self, request: RankingRequest) -> Found:
        space, named = self.engine.serving(request.surface).candidates, list(request.candidates or ())
        rows = space.rows(named)
        eligible = space.eligibility(request, rows[rows >= 0])
        unknown = [name for name, row in zip(named, rows, strict=True) if row < 0]
        return Found(rows[rows >= 0], eligible.mask[rows[rows >= 0]], dict(eligible.dropped), unknown)


@serve.deployment(**STAGE)
class Score(Stage):
    """Model inputs (n, n_features) and scores (n,) of candidates."""

    def __call__(self, request: RankingRequest, row: dict[str, Any], rows: Any) -> tuple[Floats, Any]:
        stages = self.engine.serving(request.surface)
        query = QueryColumns.encode(request.surface, row, stages.candidates.vectors)
        names = stages.ranked.manifest.feature_names  # type: ignore[union-attr]
        inputs = stages.candidates.inputs(query, rows, names, request.job_id, row["event_timestamp"])
        return inputs, stages.ranked.ensemble.score(inputs)  # type: ignore[union-attr]


@serve.deployment(**STAGE)
class Select(Stage):
    """The slate, recorded, as the endpoint answers it."""

    def __call__(
        self, body: Rank, request: RankingRequest, moment: datetime, found: Found, scored: tuple[Floats, Any]
    ) -> str:
        stages, trace = self.engine.serving(request.surface), RequestTrace(body.deadline_ms)
        space, (inputs, scores) = stages.candidates, scored
        agencies = space.agencies(found.rows)
        ranked = ranked_entries(request, space.ids_at(found.rows), np.asarray(scores), agencies, found.eligible)
        features = inputs[[position for position, _ in ranked]]
        entries = [replace(entry, features=row) for (_, entry), row in zip(ranked, features, strict=True)]
        name = body.query_id or f"staged-{time.time_ns()}"
        slate = Slate(name, moment, entries, "ensemble", found.dropped, len(found.rows), found.unknown)
        self.engine.events.note(events_of(request, slate, trace, stages, feature_service(request.surface)))
        versions = {"bundle": stages.bundle.version, "snapshot_version": space.version}
        return response(body, slate, trace, surface=request.surface, **versions).model_dump_json(exclude_none=True)


@serve.deployment(**STAGE)
@serve.ingress(api)
class Ingress:
    """Parses a request, and has each stage do its part."""

    def __init__(self, hydrate: Any, filtered: Any, score: Any, select: Any) -> None:
        self._stages = (hydrate, filtered, score, select)
        self._hydrate, self._filter, self._score, self._select = self._stages

    @api.post("/v1/rank")
    async def rank(self, body: Rank) -> Response:
        request = body.to_request(body.surface)
        row, found = await asyncio.gather(self._hydrate.remote(request), self._filter.remote(request))
        scored = await self._score.remote(request, row, found.rows)
        told = await self._select.remote(body, request, row["event_timestamp"], found, scored)
        return Response(told, media_type="application/json")

    @api.get("/v1/bundle")
    async def bundle(self) -> dict[str, Any]:
        told: dict[str, Any] = await self._select.bundles.remote()
        return told

    @api.get("/readyz")
    async def readyz(self) -> dict[str, str]:
        await asyncio.gather(*(stage.bundles.remote() for stage in self._stages))
        return {"status": "ready"}


def main(port: str) -> None:
    """Serve until interrupted."""
    started_at = Lake(load_settings().lake).as_of()
    with tempfile.TemporaryDirectory(prefix="stages-", ignore_cleanup_errors=True) as folder:
        init(num_cpus=CPUS, include_dashboard=False, log_to_driver=False, _temp_dir=folder, _node_ip_address=LOOPBACK)
        try:
            serve.start(http_options={"host": LOOPBACK, "port": int(port)}, proxy_location="HeadOnly")
            stages = [stage.bind(started_at) for stage in (Hydrate, Filter, Score, Select)]
            serve.run(Ingress.bind(*stages))
            signal.pause()
        except KeyboardInterrupt:
            pass
        finally:
            serve.shutdown()
            shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
