"""What one actor may see of the marketplace, by the tools of the assistant: searches, values, rates, drafts.

Nothing is recorded: a slate that a tool finds was shown to nobody. Knows neither HTTP nor Ray.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from components.language.answers.evidence import is_citable
from components.language.answers.shown import PROSE, Shown, shown_fields
from components.language.assistant.arguments import (
    Ask,
    ChangeFilters,
    Compare,
    DraftJobPost,
    JobSearch,
    MarketRates,
    PeopleSearch,
)
from components.language.assistant.drafting import described, drafted
from components.language.assistant.listing import listed_as, names_of
from components.language.assistant.meeting import met
from components.language.assistant.results import (
    Candidate,
    Comparison,
    JobPost,
    Rates,
    Said,
    SearchResult,
    Told,
    Wanted,
)
from components.language.names.countries import country_code
from components.language.reasons import in_words
from components.language.understanding.plan_filters import filtered_parts
from feature_repo.texts.text import analyze
from metier.errors import InputError
from metier.surfaces import surface_spec
from serving.candidates.space import CandidateSpace
from serving.engine import Engine
from serving.events.versions import plain_text
from serving.language.asking import Question, answered, look
from serving.request.ranking import RankingRequest, Slate, SlateEntry
from serving.request.trace import RequestTrace
from serving.stages import Stages

LEAST_KNOWN = 5
"""Values that quartiles are told of: fewer would tell one person's."""
LONGEST_SHOWN = 500
"""Characters of a value."""

NO_LIMITS: Mapping[str, Any] = MappingProxyType({})
Doubles = npt.NDArray[np.float64]


class ActorMarketplace:
    """`actor_id` is empty for a visitor. One request's: `trace` has its deadline, and what was done without."""

    def __init__(self, engine: Engine, actor_id: str, trace: RequestTrace) -> None:
        self._engine = engine
        self._actor_id = actor_id
        self._trace = trace

    @property
    def degraded(self) -> Sequence[str]:
        """What was done without so far."""
        return self._trace.degraded

    def search(self, search: PeopleSearch | JobSearch) -> SearchResult:
        """The best candidates, and the search with personal data of its text masked.

        InputError for filters that cannot be used, NotFoundError, SuspendedError.
        """
        if search.text is not None:
            search = search.model_copy(update={"text": plain_text(search.text)})
        request = self._request(search)
        slate, stages = self._engine.slate(request, self._trace)
        understood = slate.understood
        request = replace(request, understood=understood)
        fitting = stages.candidates.eligibility(request).mask
        limits = {**(understood.filters if understood else {}), **search.stated}
        taxonomy, read = self._engine.taxonomy, understood.skills if understood else ()
        skills = {each for skill, _, need in read if need != "not" for each in listed_as(skill, taxonomy)}
        must = [names_of(skill, taxonomy) for skill, _, need in read if need == "must"]
        strict = replace(request, filters=limits, understood=None)
        sure = _fitting(stages.candidates, strict)
        return SearchResult(
            search=search,
            candidates=self._candidates(slate.entries, stages, skills, limits),
            fitting=int(fitting.sum()),
            listing=int((fitting & self._listing(stages.candidates, must)).sum()) if must else None,
            limits=limits,
            wanted=_wanted(slate),
            sure=sure,
            without=dict(_without(stages.candidates, strict)) if sure < search.k else {},
            tier=slate.tier,
        )

    def change_filters(self, change: ChangeFilters) -> SearchResult:
        """The search with filters applied and limits relaxed, and what was changed."""
        search, stated, ignore = change.search, dict(change.search.stated), list(change.search.ignore)
        for name in change.relax:
            stated.pop(name, None)
            ignore += _parts_of(search, name)
        stated |= change.applied
        values = search.model_dump() | {"filters": stated, "ignore": tuple(dict.fromkeys(ignore))}
        found = self.search(type(search).model_validate(values))
        changed = [f"{name} applied: {_told(value)}" for name, value in change.applied.items()]
        return found.model_copy(update={"changed": changed + [f"{name} relaxed" for name in change.relax]})

    def compare(self, compare: Compare) -> Comparison:
        """What those of the candidates show that the actor may be shown."""
        request = RankingRequest(
            compare.surface, self._actor_id, k=len(compare.candidate_ids), candidates=compare.candidate_ids
        )
        slate, stages = self._engine.slate(request, self._trace)
        order = {name: at for at, name in enumerate(compare.candidate_ids)}
        entries = sorted(slate.entries, key=lambda entry: order[entry.candidate_id])
        shown = [entry.candidate_id for entry in entries]
        return Comparison(
            surface=compare.surface,
            candidates=self._candidates(entries, stages),
            not_shown=[name for name in compare.candidate_ids if name not in shown],
        )

    def ask(self, ask: Ask) -> Told:
        """What the candidates show that answers the question."""
        question = Question(ask.surface, self._actor_id, plain_text(ask.question), candidates=ask.candidate_ids)
        answer = answered(look(question, self._engine, self._trace), self._engine, self._trace)
        sentences = [Said(text=each.text, citations=list(each.citations)) for each in answer.statements]
        return Told(sentences=sentences, looked_at=answer.looked_at, reason=answer.reason)

    def market_rates(self, rates: MarketRates) -> Rates:
        """Quartiles of the hourly rates in the feature store, of all that the actor may be shown."""
        stages = self._engine.serving(rates.surface)
        self._engine.known.require_active(rates.surface, self._actor_id)
        skills = [self._skill(name) for name in rates.skills]
        filters: dict[str, Any] = {"level": rates.level, "country": rates.country}
        if surface_spec(rates.surface).shows_jobs:
            filters["budget_kind"] = "hourly"
        request = RankingRequest(rates.surface, self._actor_id, filters=filters)
        mask = stages.candidates.eligibility(request).mask
        for names in skills:
            mask = mask & stages.candidates.eligibility(replace(request, filters={"skills": names})).mask
        values = _hourly(stages.candidates)[mask]
        known = values[~np.isnan(values)]
        quartiles = np.percentile(known, (25, 50, 75)) if len(known) >= LEAST_KNOWN else [None] * 3
        low, median, high = (None if value is None else round(float(value), 2) for value in quartiles)
        return Rates(
            surface=rates.surface,
            skills=[names[0] for names in skills],
            country=_country(rates.country),
            level=rates.level,
            known=len(known),
            unknown=len(values) - len(known),
            low=low,
            median=median,
            high=high,
        )

    def draft_job_post(self, draft: DraftJobPost) -> JobPost:
        """The draft, personal data masked."""
        text = described(plain_text(draft.text))
        request = RankingRequest("talent_search", self._actor_id, text=text, understand=True)
        understood = self._engine.understood(request, self._trace)
        if understood is None:
            raise InputError("the text could not be read; say in a sentence what is to be done")
        skills = [label for _, label, need in understood.skills if need == "must"]
        return drafted(text, understood.plan, skills, understood.exchange)

    def _request(self, search: PeopleSearch | JobSearch) -> RankingRequest:
        return RankingRequest(
            search.surface,
            self._actor_id,
            k=search.k,
            job_id=search.job_id if isinstance(search, PeopleSearch) else None,
            text=search.text,
            filters=search.stated,
            ignore=search.ignore,
            explain=search.k,
        )

    def _candidates(
        self,
        entries: Sequence[SlateEntry],
        stages: Stages,
        skills: Collection[str] = (),
        limits: Mapping[str, Any] = NO_LIMITS,
    ) -> list[Candidate]:
        """What entries show, and what they meet of the skills (ids) and limits of a search."""
        space = stages.candidates
        columns = [name for name in shown_fields(space.surface) if name not in PROSE]
        names = [entry.candidate_id for entry in entries]
        versions = space.versions(space.rows(names), columns)
        terms_of, taxonomy = partial(analyze, language=space.vectors.language), self._engine.taxonomy
        shown = [
            Shown.of(name, version, space.surface, terms_of) for name, version in zip(names, versions, strict=True)
        ]
        return [
            Candidate(
                candidate_id=entry.candidate_id,
                rank=entry.rank,
                score=entry.score,
                shown=dict(_citable(each)),
                meets=met(each, space.surface, skills, limits, taxonomy),
                reasons=[in_words(space.surface, why.feature, why.value) for why in entry.reasons if why.adds > 0],
            )
            for entry, each in zip(entries, shown, strict=True)
        ]

    def _listing(self, space: CandidateSpace, skills: Iterable[list[str]]) -> npt.NDArray[np.bool_]:
        """Which rows list all of some skills, each by one of its names."""
        surface = space.surface
        requests = (RankingRequest(surface, self._actor_id, filters={"skills": names}) for names in skills)
        return np.asarray(np.logical_and.reduce([space.eligibility(request).mask for request in requests]))

    def _skill(self, name: str) -> list[str]:
        """The label and all other names of a skill; the name itself where the taxonomy has none."""
        found = self._engine.taxonomy.find(name)
        return [name] if found is None else [self._engine.taxonomy.label(found), *self._engine.taxonomy.aliases(found)]


def _citable(shown: Shown) -> Iterator[tuple[str, str]]:
    """(field, text) of what holds no personal data."""
    for name in shown.texts:
        unit = shown.whole(name)
        if unit is not None and is_citable(unit):
            yield name, unit.text[:LONGEST_SHOWN]


def _fitting(space: CandidateSpace, request: RankingRequest) -> int:
    """How many may be shown."""
    return int(space.eligibility(request).mask.sum())


def _without(space: CandidateSpace, request: RankingRequest) -> Iterator[tuple[str, int]]:
    """(filter, how many may be shown where it alone does not hold)."""
    for name in request.filters:
        others = {other: value for other, value in request.filters.items() if other != name}
        yield name, _fitting(space, replace(request, filters=others))


def _parts_of(search: PeopleSearch | JobSearch, name: str) -> list[str]:
    """The parts of a plan that a filter stands for; a part's own name."""
    return list(filtered_parts(search.surface, [name])) if name in type(search.filters).model_fields else [name]


def _wanted(slate: Slate) -> Wanted:
    if slate.understood is None:
        return Wanted()
    plan = slate.understood.plan
    needs: Mapping[str, list[str]] = {"must": [], "nice": [], "not": []}
    for _, label, need in slate.understood.skills:
        needs[need].append(label)
    return Wanted(must=needs["must"], nice=needs["nice"], levels=list(plan.levels), domains=list(plan.domains))


def _hourly(space: CandidateSpace) -> Doubles:
    """US dollars an hour by row: a person's rate, the middle of a job's."""
    if not surface_spec(space.surface).shows_jobs:
        return space.numbers("freelancer_profile__hourly_rate_usd")
    ends = np.stack([space.numbers(f"job_profile__budget_{end}_usd") for end in ("min", "max")])
    low, high = np.fmin(*ends), np.fmax(*ends)
    middle: Doubles = (low + high) / 2
    return middle


def _country(name: str | None) -> str | None:
    return None if name is None else country_code(name) or name


def _told(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
