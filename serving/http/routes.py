"""The HTTP routes over one engine: the same application behind Ray Serve and behind a bare uvicorn.

Parses and answers; who works for it is the replica's business. Knows no stage and no ranker.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from fastapi import FastAPI, Path, Response
from fastapi.responses import PlainTextResponse
from fastapi_offline import FastAPIOffline

from metier.texts.fields import Id
from serving.engine import Engine
from serving.http.events import Accepted, ClientVersion, FreelancerVersion, Interactions, JobVersion, Version
from serving.http.guard import Guard, declare_scopes
from serving.http.language.asking import add_asking_routes
from serving.http.language.assist import add_assist_route
from serving.http.language.suggest import suggest_route
from serving.http.language.tools import add_tool_routes
from serving.http.lean import LeanRoute
from serving.http.middleware import Bodies, Heads, Observed, Room
from serving.http.problems import PROBLEMS, add_error_handlers
from serving.http.ranking import ApplicantReview, JobFeed, Rank, RankingResponse, TalentSearch
from serving.http.replica import Replica
from serving.http.state import readiness, served_bundles

EntityId = Annotated[Id, Path()]
RANKING = frozenset({"/v1/search/talent", "/v1/feed/jobs", "/v1/review/applicants", "/v1/rank"})
"""Paths whose requests are ranked."""


def create_api(load: Callable[[], Engine]) -> FastAPI:
    """The application; `load` makes the engine when the application starts."""
    replica = Replica(load)
    app = FastAPIOffline(
        title="metier",
        version="1",
        lifespan=replica.lifespan,
        responses=PROBLEMS,
        static_url="/docs-assets",
        redirect_slashes=False,
    )
    app.state.replica = replica
    app.add_middleware(Bodies)
    app.add_middleware(Room, is_full=lambda path: path in RANKING and replica.is_full)
    app.add_middleware(Guard, access=lambda: replica.access)
    app.add_middleware(Observed, observer=replica.observer)
    app.add_middleware(Heads)
    _ranking_routes(app, replica)
    add_asking_routes(app, replica)
    _event_routes(app, replica)
    _state_routes(app, replica)
    suggest_route(app, replica)
    add_tool_routes(app, replica)
    add_assist_route(app, replica)
    add_error_handlers(app)
    declare_scopes(app)
    return app


def _ranking_routes(app: FastAPI, replica: Replica) -> None:
    add = partial(
        app.router.add_api_route, methods=["POST"], response_model=RankingResponse, route_class_override=LeanRoute
    )

    async def search_talent(request: TalentSearch) -> Response:
        """Find and rank people for a client's job or text."""
        return await replica.rank("talent_search", request)

    async def feed_jobs(request: JobFeed) -> Response:
        """Find and rank jobs for a freelancer."""
        return await replica.rank("job_feed", request)

    async def review_applicants(request: ApplicantReview) -> Response:
        """Order the open applicants of a job."""
        return await replica.rank("applicant_review", request)

    async def rank(request: Rank) -> Response:
        """Rank the caller's own candidates."""
        return await replica.rank(request.surface, request)

    add("/v1/search/talent", search_talent)
    add("/v1/feed/jobs", feed_jobs)
    add("/v1/review/applicants", review_applicants)
    add("/v1/rank", rank)


def _event_routes(app: FastAPI, replica: Replica) -> None:
    @app.post("/v1/interactions", response_model=Accepted, response_model_exclude_none=True)
    async def interactions(request: Interactions) -> Accepted:
        """Record what happened; acknowledged once it is on disk, ids that nobody knows yet included.

        409 where an interaction_id is known with other content: then nothing of the request is recorded.
        """
        unknown = await replica.record([interaction.model_dump() for interaction in request.distinct()])
        return Accepted(accepted=len(request.interactions), unknown=unknown or None)

    @app.put("/v1/jobs/{job_id}", status_code=202, response_model=Version)
    async def put_job(job_id: EntityId, job: JobVersion) -> Version:
        """A new version of a job; acknowledged once it is durable, served by every replica within two seconds.

        A client that nobody knows yet is known from then on.
        """
        return await replica.put("jobs", {"job_id": job_id, **job.model_dump()})

    @app.put("/v1/freelancers/{freelancer_id}", status_code=202, response_model=Version)
    async def put_freelancer(freelancer_id: EntityId, person: FreelancerVersion) -> Version:
        """A new version of a freelancer; acknowledged and served as one of a job."""
        return await replica.put("freelancers", {"freelancer_id": freelancer_id, **person.model_dump()})

    @app.put("/v1/clients/{client_id}", status_code=202, response_model=Version)
    async def put_client(client_id: EntityId, client: ClientVersion) -> Version:
        """A new version of a client; acknowledged as one of a job, known to every replica within two seconds."""
        return await replica.put("clients", {"client_id": client_id, **client.model_dump()})


def _state_routes(app: FastAPI, replica: Replica) -> None:
    @app.get("/v1/bundle")
    async def bundle() -> dict[str, Any]:
        """What is served, by surface: what is pinned, or that nothing was trained yet."""
        return served_bundles(replica.engine)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @app.get("/readyz")
    async def readyz(response: Response) -> dict[str, Any]:
        """Bundles are loaded and warm, changes read; which candidates each surface serves, how old their values are."""
        response.status_code = 200 if replica.engine.caught_up else 503
        return readiness(replica.engine)

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Figures of all replicas of this home for Prometheus, told apart by the label `replica`."""
        text = await asyncio.get_running_loop().run_in_executor(None, replica.page)
        return Response(text, media_type="text/plain; version=0.0.4")
