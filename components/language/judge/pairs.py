"""What a judge is given and what it says. Rows hold the contract's columns, as known when the query was asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from components.language.judge.rubric import Finding
from components.language.understanding.plan import Plan
from metier.contract import Surface

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Asking:
    """One query: its text with the plan of it, the job it is about, and on a feed the freelancer who asks."""

    surface: Surface
    text: str = ""
    plan: Plan = field(default_factory=Plan)
    job: Row | None = None
    freelancer: Row | None = None


@dataclass(frozen=True)
class Candidate:
    """A candidate's row, and names of the query's limits that it is known to break (`components.retrieval.filters`)."""

    id: str
    row: Row
    broken: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """A grade from 0 (not what was asked for) to 4 (exactly that), and what each criterion found."""

    candidate_id: str
    grade: int
    findings: tuple[Finding, ...]


class Judge(Protocol):
    """Grades candidates of a query."""

    name: str

    def judge(self, asking: Asking, candidates: Sequence[Candidate]) -> list[Judgement | None]:
        """A judgement for each candidate, in their order; None for what cannot be judged."""
