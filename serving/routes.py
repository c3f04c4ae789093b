"""The HTTP routes over one engine: the same application behind Ray Serve and behind a bare uvicorn.

The event loop parses and answers; ranking runs in the replica's one worker thread. Knows no stage and no ranker.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Annotated, Any

from fastapi import FastAPI, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from metier.contract import Surface
from metier.errors import InputError, MetierError, NotFoundError
from serving import api
from serving.bounds import BodyLimit, Counted
from serving.engine import Engine
from serving.event_log import Event
from serving.metrics import Metrics
from serving.trail import Trail

LOG = logging.getLogger(__name__)
MOST_PENDING = 64
"""Requests that may wait for the worker thread; more are told to come back."""
FUTURE_BY = timedelta(minutes=5)
CandidateId = Annotated[api.Id, Path()]
LONGEST_ERROR = 500
"""Characters; an error may quote what the caller sent."""
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": api.Problem} for status in (400, 404, 413, 415, 422, 503)
}


class BusyError(MetierError):
    """More requests wait than can be answered in time."""


class Desk:
    """The engine of this replica, once it is loaded, and the thread that works for it."""

    def __init__(self, load: Callable[[], Engine]) -> None:
        self._load = load
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="rank")
        self._pending = 0
        self.engine: Engine
        self.metrics = Metrics()

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Load the engine, refresh it while the application runs, close it at the end."""
        self.engine = await self.work(self._load)
        refreshing = asyncio.create_task(self._refresh())
        try:
            yield
        finally:
            refreshing.cancel()
            with suppress(asyncio.CancelledError):
                await refreshing
            await asyncio.get_running_loop().run_in_executor(None, self.engine.close)
            self._worker.shutdown()

    async def work(self, task: Callable[[], Any]) -> Any:
        """Run `task` in the worker thread; BusyError where too many wait for it."""
        if self._pending >= MOST_PENDING:
            raise BusyError("this replica is busy; send the request again in a second")
        self._pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, task)
        finally:
            self._pending -= 1

    async def ranked(self, surface: Surface, request: api.RankingRequest) -> Response:
        """The slate of a ranking request as JSON."""
        trail, ask = Trail(request.deadline_ms), request.ask(surface)
        slate, stages = await self.work(lambda: self.engine.rank(ask, trail))
        self.metrics.tiers.labels(surface, slate.tier).inc()
        for note in trail.degraded:
            self.metrics.degraded.labels(note.split(":")[0]).inc()
        version = stages.snapshot.release.version
        told = api.response(surface, slate, trail, stages.bundle.version, version, request.timings, request.explain)
        return Response(told.model_dump_json(exclude_none=True), media_type="application/json")

    async def durable(self, events: list[Event]) -> None:
        """Return once the events are on disk."""
        await asyncio.wrap_future(self.engine.events.append(events))

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(self.engine.settings.refresh_seconds)
            try:
                for surface in await asyncio.get_running_loop().run_in_executor(None, self.engine.refresh):
                    LOG.info("%s serves %s", surface, self.engine.stages[surface].snapshot.release.version)
            except Exception:  # whatever is wrong with the new release, the earlier one serves on
                LOG.exception("the candidates could not be refreshed; serving the earlier ones")


def create_api(load: Callable[[], Engine]) -> FastAPI:
    """The application; `load` makes the engine when the application starts."""
    desk = Desk(load)
    app = FastAPI(title="metier", version="1", lifespan=desk.lifespan, responses=PROBLEMS)
    app.add_middleware(BodyLimit)
    app.add_middleware(Counted, metrics=desk.metrics)
    _ranking_routes(app, desk)
    _event_routes(app, desk)
    _state_routes(app, desk)
    _errors(app)
    return app


def _ranking_routes(app: FastAPI, desk: Desk) -> None:
    @app.post("/v1/search/talent", response_model=api.RankingResponse)
    async def search_talent(request: api.TalentSearch) -> Response:
        """Find and rank people for a client's job or text."""
        return await desk.ranked("talent_search", request)

    @app.post("/v1/feed/jobs", response_model=api.RankingResponse)
    async def feed_jobs(request: api.JobFeed) -> Response:
        """Find and rank jobs for a freelancer."""
        return await desk.ranked("job_feed", request)

    @app.post("/v1/review/applicants", response_model=api.RankingResponse)
    async def review_applicants(request: api.ApplicantReview) -> Response:
        """Order the open applicants of a job."""
        return await desk.ranked("applicant_review", request)

    @app.post("/v1/rank", response_model=api.RankingResponse)
    async def rank(request: api.Rank) -> Response:
        """Rank the caller's own candidates."""
        return await desk.ranked(request.surface, request)


def _event_routes(app: FastAPI, desk: Desk) -> None:
    @app.post("/v1/interactions", response_model=api.Accepted)
    async def interactions(request: api.Interactions) -> api.Accepted:
        """Record what happened; acknowledged once it is on disk."""
        now = desk.engine.now()
        await desk.durable([_interaction(each, now) for each in request.interactions])
        return api.Accepted(accepted=len(request.interactions))

    @app.put("/v1/jobs/{job_id}", status_code=202, response_model=api.Version)
    async def put_job(job_id: CandidateId, job: api.JobVersion) -> api.Version:
        """Record a new version of a job."""
        await desk.durable([_version("jobs", {"job_id": job_id, **job.model_dump()}, desk.engine.now())])
        return api.Version(id=job_id)

    @app.put("/v1/freelancers/{freelancer_id}", status_code=202, response_model=api.Version)
    async def put_freelancer(freelancer_id: CandidateId, person: api.FreelancerVersion) -> api.Version:
        """Record a new version of a freelancer."""
        row = {"freelancer_id": freelancer_id, **person.model_dump()}
        await desk.durable([_version("freelancers", row, desk.engine.now())])
        return api.Version(id=freelancer_id)


def _state_routes(app: FastAPI, desk: Desk) -> None:
    @app.get("/v1/bundle")
    async def bundle() -> dict[str, Any]:
        """What is pinned, by surface."""
        return {
            surface: {
                **vars(desk.engine.pins[surface]),
                "bundle": stages.bundle.version,
                "as_of": stages.bundle.manifest.as_of,
                "verdict": stages.bundle.decision["verdict"],
                "snapshot_version": stages.snapshot.release.version,
                "features": len(stages.bundle.manifest.feature_names),
            }
            for surface, stages in desk.engine.stages.items()
        }

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @app.get("/readyz")
    async def readyz() -> dict[str, Any]:
        """Bundles are loaded and warm; which candidates each surface serves."""
        served = {
            surface: {"snapshot_version": stages.snapshot.release.version, "candidates": len(stages.snapshot)}
            for surface, stages in desk.engine.stages.items()
        }
        return {"status": "ready", "surfaces": served}

    @app.get("/metrics")
    async def metrics() -> Response:
        """Figures of this replica for Prometheus."""
        events, now = desk.engine.events, desk.engine.now()
        for state in ("written", "failed", "dropped"):
            desk.metrics.events.labels(state).set(getattr(events, state))
        for surface, stages in desk.engine.stages.items():
            desk.metrics.age.labels(surface).set((now - stages.snapshot.release.as_of).total_seconds())
        return Response(desk.metrics.text(), media_type="text/plain; version=0.0.4")


def _errors(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def unusable(request: Request, error: RequestValidationError) -> JSONResponse:
        found = error.errors()
        if isinstance(error.body, bytes):  # it was not read as JSON
            return _problem(415, "the body is not called JSON; send the header content-type: application/json")
        status = 400 if found[0]["type"] == "json_invalid" else 422
        return _problem(status, api.one_line(list(found)))

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        return _problem(error.status_code, str(error.detail))

    @app.exception_handler(MetierError)
    async def known(request: Request, error: MetierError) -> JSONResponse:
        status = 404 if isinstance(error, NotFoundError) else 422 if isinstance(error, InputError) else 503
        return _problem(status, str(error))

    @app.exception_handler(Exception)
    async def unknown(request: Request, error: Exception) -> JSONResponse:
        LOG.error("unexpected error on %s", request.url.path, exc_info=error)
        return _problem(500, "an unexpected error, which the replica's log explains")


def _problem(status: int, error: str) -> JSONResponse:
    headers = {"Retry-After": "1"} if status == 503 else None
    told = error if len(error) <= LONGEST_ERROR else f"{error[:LONGEST_ERROR]} ..."
    return JSONResponse({"error": told}, status, headers)


def _interaction(given: api.Interaction, now: Any) -> Event:
    """The event; where the caller's clock runs ahead of the server's, the server's counts."""
    happened = given.event_timestamp
    if happened is not None and happened > now + FUTURE_BY:
        raise InputError(
            f"interaction {given.interaction_id!r} lies in the future ({happened.isoformat()}); "
            "send when it happened, in UTC"
        )
    row = {**given.model_dump(), "recorded_at": now}
    if happened is None or happened > now:
        return ("interactions", {**row, "event_timestamp": now}, "server")
    return ("interactions", row)


def _version(table: str, row: dict[str, Any], now: Any) -> Event:
    return (table, {**row, "event_timestamp": now, "recorded_at": now})
