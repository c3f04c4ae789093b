"""The console's routes beside those of the endpoint: GET alone but for the login, and each of them only reads.

What a page shows is neither recorded as a query nor counted as a slate. Knows no stage.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from pydantic import ValidationError
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from metier.errors import MetierError, NotFoundError
from metier.surfaces import surface_spec
from serving.console import state
from serving.console.cards import Card, card_by_table, cards_of, entries_in, pieces
from serving.console.comparison import Comparer, values_of
from serving.console.forms import Cited, SearchForm, TalkForm
from serving.console.login import add_login
from serving.console.others import OtherBundles
from serving.console.pages import ASSETS, address, page, report
from serving.console.plan import called, chips_of
from serving.engine import Engine
from serving.http.language.assist import AssistResponse
from serving.http.problems import one_line, status_of
from serving.http.replica import Replica
from serving.http.routes import create_api
from serving.http.state import readiness, served_bundles
from serving.request.ranking import RankingRequest

CHAMPION, BASELINE = "ensemble", "retrieval"
Shown = dict[str, Any]


def create_app(load: Callable[[], Engine]) -> FastAPI:
    """The endpoint with its console; `load` makes the engine when the application starts."""
    app = create_api(load)
    console = Console(app.state.replica)
    routes: dict[str, Callable[..., Awaitable[Response]]] = {
        "/": console.search,
        "/console/compare": console.compare,
        "/console/candidate": console.candidate,
        "/console/ask": console.ask,
        "/console/assist": console.assist,
        "/console/health": console.health,
        "/console/bundles": console.bundles,
        "/console/reports/{path:path}": console.report,
    }
    for path, route in routes.items():
        app.add_api_route(path, route, methods=["GET"], include_in_schema=False)
    add_login(app, app.state.replica)
    app.mount("/console/assets", StaticFiles(directory=ASSETS))
    return app


class Console:
    """The pages over one replica."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._others = OtherBundles()

    @property
    def _engine(self) -> Engine:
        return self._replica.engine

    @property
    def _comparer(self) -> Comparer:
        return Comparer(self._engine, self._others)

    async def search(self, request: Request) -> Response:
        """A slate of any surface, with what ranked it and why."""
        form = SearchForm.of(request.query_params)
        return await _filled_in("search", form, partial(self._slate, form), answer=None)

    async def compare(self, request: Request) -> Response:
        """One request in two orders: of tiers, or of bundles."""
        form, params = SearchForm.of(request.query_params), request.query_params
        left, right = params.get("left", BASELINE), params.get("right", CHAMPION)
        orders = await self._replica.read(lambda: self._comparer.orders(form.surface))
        shown = {"left": left, "right": right, "orders": orders, "comparison": None}
        return await _filled_in("compare", form, partial(self._comparison, form, left, right), **shown)

    async def ask(self, request: Request) -> Response:
        """A question about candidates, answered with citations that open what they cite."""
        form = SearchForm.of(request.query_params)
        return await _filled_in("ask", form, partial(self._answer, form), answer=None)

    async def assist(self, request: Request) -> Response:
        """A turn with the assistant; with a script the page asks for more of them itself."""
        form = TalkForm.of(request.query_params)
        return await _filled_in("assist", form, partial(self._turn, form), answer=None, turns=())

    async def candidate(self, request: Request) -> Response:
        """What is known of one candidate, and under a request every model input of it."""
        form, name = SearchForm.of(request.query_params), request.query_params.get("candidate", "")
        try:
            card = await self._replica.read(partial(self._card, form, name))
        except MetierError as error:
            return page("problem", status_of(error), problem=str(error))
        cited, prose = Cited.of(request.query_params), surface_spec(form.surface).prose
        span = (cited.start, cited.end) if cited.field == prose else (0, 0)
        skills = entries_in(card.skills, cited.start, cited.end) if cited.field == "skills" else []
        shown = {"card": card, "cited": cited, "prose": pieces(card.prose, *span), "cited_skills": skills}
        shown |= {"values": (), "doors": _doors(form, card)}
        return await _filled_in("candidate", form, partial(self._values, form, name), **shown)

    async def health(self) -> Response:
        """Whether the replica is ready, how fresh its values are, and figures of all replicas."""
        figures = await self._replica.read(lambda: list(state.figures(self._replica.page().decode())))
        return page("health", ready=readiness(self._engine), now=self._engine.now(), figures=figures)

    async def bundles(self) -> Response:
        """What is served, the decisions that made it so, and the reports on disk."""
        folder = self._engine.settings.reports
        return page(
            "bundles",
            bundles=served_bundles(self._engine),
            decisions={
                surface: {"reasons": (), "checks": (), "lineage": {}, **stages.ranked.decision}
                for surface, stages in self._engine.stages.items()
                if stages.ranked is not None
            },
            reports=await self._replica.read(lambda: state.reports(folder)),
            folder=folder.name,
        )

    async def report(self, path: str) -> Response:
        """A file of a report, as it is on disk."""
        file = state.report_file(self._engine.settings.reports, path)
        if file is None:
            return page("problem", 404, problem="there is no such report; those there are stand on the page Bundles")
        return report(file)

    async def _slate(self, form: SearchForm) -> Shown:
        form, told_for = await self._replica.read(lambda: self._asking(form))
        body = form.body()
        answer = await self._replica.look(form.surface, body)
        stages, ids = self._engine.serving(form.surface), [entry.candidate_id for entry in answer.slate]
        return {
            "answer": answer,
            "cards": await self._replica.read(lambda: cards_of(stages.candidates, ids)),
            "told_for": told_for,
            "chips": list(chips_of(answer.plan, form.fields.get("text", ""))) if answer.plan else [],
            "left_out": [called(part) for part in answer.plan.left_out] if answer.plan else [],
            "chip_link": lambda chip: address("/", form.query(ignore=(*form.ignored, chip.part))),
        }

    async def _answer(self, form: SearchForm) -> Shown:
        form, told_for = await self._replica.read(lambda: self._asking(form))
        answer = await self._replica.look_into(form.question())
        return {"answer": answer, "told_for": told_for}

    async def _turn(self, form: TalkForm) -> Shown:
        turn, conversations = form.body().to_turn(), self._replica.conversations
        events = await self._replica.assist(turn)
        answer = AssistResponse.of([event async for event in events])
        name = answer.done.conversation_id
        kept = await self._replica.read(lambda: conversations.of(name, turn.actor_id))
        return {"answer": answer, "turns": kept.turns[:-1]}

    async def _comparison(self, form: SearchForm, left: str, right: str) -> Shown:
        request = await self._request(form)
        return {"comparison": await self._replica.read(lambda: self._comparer.compare(request, left, right))}

    async def _values(self, form: SearchForm, name: str) -> Shown:
        request = await self._request(form)
        return {"values": await self._replica.read(lambda: values_of(self._engine, request, name))}

    async def _request(self, form: SearchForm) -> RankingRequest:
        form, _ = await self._replica.read(lambda: self._asking(form))
        return form.body().to_request(form.surface)

    def _asking(self, form: SearchForm) -> tuple[SearchForm, str]:
        """The form with its actor, by default the client of the job where one must be named; the title of who asks."""
        spaces = {surface: stages.candidates for surface, stages in self._engine.stages.items()}
        if surface_spec(form.surface).shows_jobs:
            card = card_by_table(spaces, "freelancers", form.fields.get("actor_id", ""))
            return form, card.title if card else ""
        job = card_by_table(spaces, "jobs", form.fields.get("job_id", ""))
        client = job.facts.get("client_id") if job else None
        if client and not surface_spec(form.surface).retrieves:
            form = form.asking_as(client)
        return form, job.title if job else ""

    def _card(self, form: SearchForm, name: str) -> Card:
        candidates = self._engine.serving(form.surface).candidates
        if candidates.rows([name])[0] < 0:
            raise NotFoundError(f"{form.surface} knows no candidate {name!r}; find one by a search")
        return cards_of(candidates, [name])[name]


async def _filled_in(
    name: str, form: SearchForm | TalkForm, find: Callable[[], Awaitable[Shown]], **shown: Any
) -> Response:
    """The page of a form, with what it asks for where it asks; else with what is wrong."""
    status, problem = 200, ""
    if form.asked:
        try:
            shown |= await find()
        except ValidationError as error:
            status, problem = 422, one_line(list(error.errors()))
        except MetierError as error:
            status, problem = status_of(error), str(error)
    return page(name, status, form=form, problem=problem, **shown)


def _doors(form: SearchForm, card: Card) -> list[tuple[str, str]]:
    """Where to go from a candidate: what it would be shown, or who would be shown for it."""
    if not surface_spec(form.surface).shows_jobs:
        feed = [("surface", "job_feed"), ("actor_id", card.id), ("asked", "1")]
        return [("The feed of this freelancer", address("/", feed))]
    job = [("job_id", card.id), ("actor_id", card.facts.get("client_id", "")), ("asked", "1")]
    return [
        ("People for this job", address("/", [("surface", "talent_search"), *job])),
        ("Its applicants", address("/", [("surface", "applicant_review"), *job])),
    ]
