"""The console's search form: a query string as the body of a ranking route, whose bounds it keeps. Knows no page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import BaseModel
from starlette.datastructures import QueryParams

from components.language.understanding.filter_models import JobFilters, PersonFilters
from metier.contract import SURFACES, Surface
from serving.http.language.assist import Assist
from serving.http.language.questions import Ask
from serving.http.ranking import ApplicantReview, JobFeed, RankingBody, TalentSearch

BODIES: Mapping[Surface, type[RankingBody]] = {
    "talent_search": TalentSearch,
    "job_feed": JobFeed,
    "applicant_review": ApplicantReview,
}
Kind = Literal["words", "number", "flag", "text"]
KINDS: Mapping[Any, Kind] = {float | None: "number", bool | None: "flag", str | None: "text"}
"""What a filter takes, by the type of its field; words else."""
FILTERS: Mapping[Surface, Mapping[str, Kind]] = {
    "talent_search": {name: KINDS.get(field.annotation, "words") for name, field in PersonFilters.model_fields.items()},
    "job_feed": {name: KINDS.get(field.annotation, "words") for name, field in JobFilters.model_fields.items()},
    "applicant_review": {},
}
YES, NO = "yes", "no"
SHOWN = 10
"""Candidates on a page, unless another `k` is asked for; reasons come for so many at most."""
PATIENT_MS = 2_000
"""The deadline of a page, unless another is asked for."""
TEXTS = ("actor_id", "job_id", "text", "question")
NUMBERS = ("k", "deadline_ms")


@dataclass(frozen=True)
class SearchForm:
    """What was asked, field by field as it was typed; `asked` where anything was."""

    surface: Surface
    fields: Mapping[str, str]
    ignored: tuple[str, ...]
    asked: bool

    @classmethod
    def of(cls, params: QueryParams) -> "SearchForm":
        """The form of a query string; what it does not know is passed over."""
        surface = next((name for name in SURFACES if name == params.get("surface")), SURFACES[0])
        names = (*TEXTS, *NUMBERS, *FILTERS[surface])
        fields = {name: value for name in names if (value := params.get(name, "").strip())}
        return cls(surface, fields, tuple(params.getlist("ignore")), "asked" in params)

    @property
    def has_text(self) -> bool:
        """Whether the surface takes a typed text."""
        return "text" in BODIES[self.surface].model_fields

    @property
    def filters(self) -> Mapping[str, Kind]:
        """The filters that the surface takes."""
        return FILTERS[self.surface]

    @property
    def narrowed(self) -> bool:
        """Whether a filter or a limit is given."""
        return any(name in self.fields for name in (*self.filters, *NUMBERS))

    def asking_as(self, actor: str) -> "SearchForm":
        """The same form, filled in with who asks where it does not say."""
        return replace(self, fields={"actor_id": actor, **self.fields})

    def body(self) -> RankingBody:
        """The body of the surface's route; pydantic's ValidationError where the route would refuse it."""
        limits = {"k": SHOWN, "deadline_ms": PATIENT_MS, "explain": SHOWN}
        return BODIES[self.surface].model_validate(self._given(BODIES[self.surface], limits))

    def question(self) -> Ask:
        """The body of `POST /v1/ask`; pydantic's ValidationError where that would refuse it."""
        return Ask.model_validate(self._given(Ask, {"surface": self.surface}))

    def _given(self, body: type[BaseModel], more: Mapping[str, Any]) -> dict[str, Any]:
        """What the form has of the fields of a body, over `more`."""
        filters = {name: _value(kind, self.fields[name]) for name, kind in self.filters.items() if name in self.fields}
        given = {**more, **self.fields, "timings": True, "filters": filters, "ignore": list(self.ignored)}
        return {name: value for name, value in given.items() if name in body.model_fields}

    def query(self, **changed: Any) -> list[tuple[str, str]]:
        """Names and values of the query string that asks the same, but for what is `changed`; None leaves it out."""
        values = {"surface": self.surface, **self.fields, "ignore": self.ignored, "asked": "1", **changed}
        return [
            (name, str(value))
            for name, given in values.items()
            for value in (given if isinstance(given, tuple) else (given,))
            if value is not None
        ]


@dataclass(frozen=True)
class TalkForm:
    """What is said to the assistant, and in which conversation; `asked` where anything is said."""

    surface: Surface
    fields: Mapping[str, str]

    @classmethod
    def of(cls, params: QueryParams) -> "TalkForm":
        """The form of a query string."""
        surface: Surface = "job_feed" if params.get("surface") == "job_feed" else "talent_search"
        names = ("text", "actor_id", "conversation_id")
        return cls(surface, {name: value for name in names if (value := params.get(name, "").strip())})

    @property
    def asked(self) -> bool:
        return "text" in self.fields

    def body(self) -> Assist:
        """The body of `POST /v1/assist`; pydantic's ValidationError where that would refuse it."""
        return Assist.model_validate({"surface": self.surface, **self.fields, "stream": False})


@dataclass(frozen=True)
class Cited:
    """The characters [start, end) of a candidate's field that are to be marked; no field where none are."""

    field: str = ""
    start: int = 0
    end: int = 0

    @classmethod
    def of(cls, params: QueryParams) -> "Cited":
        """What a query string cites."""
        start, end = (_position(params.get(name, "")) for name in ("start", "end"))
        return cls(params.get("field", ""), start, end)


def _position(typed: str) -> int:
    return int(typed) if typed.isdecimal() and len(typed) < 10 else 0


def _value(kind: Kind, typed: str) -> Any:
    """A filter's value: a number or a flag where one is meant, else the words between commas."""
    if kind == "number":
        try:
            return float(typed)
        except ValueError:
            return typed
    if kind == "flag":
        return {YES: True, NO: False}.get(typed.lower(), typed)
    return typed if kind == "text" else [word.strip() for word in typed.split(",") if word.strip()]
