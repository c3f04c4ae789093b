"""The HTTP routes over one engine: the same application behind Ray Serve and behind a bare uvicorn.

Parses and answers; who works for it is the desk's business. Knows no stage and no ranker.
"""

import logging
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from feature_repo.online.freshness import Age
from metier.errors import InputError, MetierError, NotFoundError
from serving import api
from serving.bounds import BodyLimit, Counted
from serving.desk import Desk
from serving.engine import Engine
from serving.events.versions import interaction_event
from serving.metrics import Metrics

LOG = logging.getLogger(__name__)
CandidateId = Annotated[api.Id, Path()]
LONGEST_ERROR = 500
"""Characters; an error may quote what the caller sent."""
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": api.Problem} for status in (400, 404, 413, 415, 422, 503)
}


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
        await desk.recorded([interaction_event(each.model_dump(), now) for each in request.interactions])
        return api.Accepted(accepted=len(request.interactions))

    @app.put("/v1/jobs/{job_id}", status_code=202, response_model=api.Version)
    async def put_job(job_id: CandidateId, job: api.JobVersion) -> api.Version:
        """A new version of a job; acknowledged once it is durable, served by every replica within two seconds."""
        return await desk.put("jobs", {"job_id": job_id, **job.model_dump()})

    @app.put("/v1/freelancers/{freelancer_id}", status_code=202, response_model=api.Version)
    async def put_freelancer(freelancer_id: CandidateId, person: api.FreelancerVersion) -> api.Version:
        """A new version of a freelancer; acknowledged and served as one of a job."""
        return await desk.put("freelancers", {"freelancer_id": freelancer_id, **person.model_dump()})


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
                "snapshot_version": stages.candidates.version,
                "features": len(stages.bundle.manifest.feature_names),
            }
            for surface, stages in desk.engine.stages.items()
        }

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @app.get("/readyz")
    async def readyz(response: Response) -> dict[str, Any]:
        """Bundles are loaded and warm, changes read; which candidates each surface serves, how old their values are."""
        engine, now = desk.engine, desk.engine.now()
        response.status_code = 200 if engine.caught_up else 503
        served = {
            surface: {
                "snapshot_version": stages.candidates.version,
                "candidates": len(stages.candidates),
                "views": {each.view: _told(each) for each in engine.ages(stages, now)},
            }
            for surface, stages in engine.stages.items()
        }
        status = "ready" if engine.caught_up else "reading changes"
        return {"status": status, "sequence": engine.live.sequence, "surfaces": served}

    @app.get("/metrics")
    async def metrics() -> Response:
        """Figures of this replica for Prometheus."""
        _look(desk.metrics, desk.engine)
        return Response(desk.metrics.text(), media_type="text/plain; version=0.0.4")


def _look(metrics: Metrics, engine: Engine) -> None:
    """Set what is measured only when somebody asks."""
    now = engine.now()
    metrics.sequence.set(engine.live.sequence)
    metrics.behind.set(engine.live.behind_seconds)
    for state in ("written", "failed", "dropped"):
        metrics.events.labels(state).set(getattr(engine.events, state))
    for surface, stages in engine.stages.items():
        metrics.changed.labels(surface).set(sum(map(len, stages.candidates.parts[1:])))
        metrics.age.labels(surface).set((now - stages.snapshot.release.as_of).total_seconds())
        for each in engine.ages(stages, now):
            metrics.view_age.labels(surface, each.view).set(each.age.total_seconds())
            metrics.view_limit.labels(surface, each.view).set(each.limit.total_seconds())


def _told(each: Age) -> dict[str, Any]:
    return {
        "age_seconds": each.age.total_seconds(),
        "limit_seconds": each.limit.total_seconds(),
        "stale": each.stale,
    }


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
