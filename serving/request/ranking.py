"""The request to the stages and their response. Plain values; knows neither HTTP nor Ray."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from components.language.understanding import Exchange, Plan
from feature_repo.inputs.reading import reading_of
from metier.contract import Surface
from metier.exploration import Exploration
from metier.surfaces import surface_spec


@dataclass(frozen=True)
class Promoted:
    """A paid placement: the candidate, and the rank that was bought."""

    candidate_id: str
    rank: int


@dataclass(frozen=True)
class Understood:
    """What the text of a request was understood to ask, and the limits that eligibility obeys of it."""

    plan: Plan
    """Without the parts that the request leaves out or states itself."""
    filters: Mapping[str, Any]
    skills: Sequence[tuple[str, str, str]]
    """(id, label, `must`, `nice` or `not`)."""
    left_out: Sequence[str]
    """Parts that the text names and the request leaves out, or states itself by a filter."""
    exchange: Exchange
    """By which sums became US dollars: only the currencies that the text names."""


@dataclass(frozen=True)
class RankingRequest:
    """One ranking request. `candidates` are the caller's own; None lets retrieval find them.

    `actor_id` is empty where a visitor asks, who has no account.
    """

    surface: Surface
    actor_id: str
    k: int = 20
    job_id: str | None = None
    text: str | None = None
    candidates: Sequence[str] | None = None
    exclude: Sequence[str] = ()
    promoted: Sequence[Promoted] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    session_id: str | None = None
    query_id: str | None = None
    """None: the slate is given one."""
    explain: int = 0
    outcomes: bool = False
    """Whether entries say what may come of them."""
    understand: bool | None = None
    """Whether the text is read for what it asks; None: as the endpoint is set."""
    ignore: Sequence[str] = ()
    """Parts of a plan that are left out of what is understood."""
    plan: Plan | None = None
    """What the text asks for, where it was read before."""
    understood: Understood | None = None
    exploration: Exploration | None = None
    """How the slate explores; None: not at all. The draws are those of `query_id`."""
    unread: Sequence[str] = ()
    """Parts of a plan that rankers do not read in the text either: all of them where it is not read."""

    @property
    def names_candidates(self) -> bool:
        """Whether the request itself says which candidates: the caller's own, or the applicants of a job."""
        return self.candidates is not None or not surface_spec(self.surface).retrieves

    @property
    def reading(self) -> Mapping[str, Any]:
        """How the text was read, as the event log keeps it: by this its features are rebuilt."""
        return reading_of(None if self.understood is None else self.understood.filters, self.unread)


@dataclass(frozen=True)
class Reason:
    """What a topic adds to the score that ordered a candidate, and the feature that stands for it.

    `value` is the feature's; NaN: not known.
    """

    topic: str
    feature: str
    adds: float
    value: float


@dataclass(frozen=True)
class SlateEntry:
    """One candidate of the slate; `features` (n_features,) as scored, None where the tier did not read them.

    outcomes: probability of each head at this rank, None where it is not known or was not asked for.
    """

    candidate_id: str
    rank: int
    score: float
    placement: str
    features: npt.NDArray[np.float32] | None = None
    reasons: Sequence[Reason] = ()
    outcomes: Mapping[str, float] | None = None
    propensity: float | None = None
    """Marginal probability of this candidate at this rank; None where nothing was drawn."""


@dataclass(frozen=True)
class Slate:
    """The answer of the stages. `dropped` counts candidates that are not shown, by reason.

    `unknown` are those among the candidates and placements of the request that nobody knows.
    """

    query_id: str
    event_timestamp: datetime
    entries: Sequence[SlateEntry]
    tier: str
    dropped: Mapping[str, int]
    considered: int
    unknown: Sequence[str] = ()
    tells_probability: bool = False
    """Whether scores are P(relevant); else they only order."""
    understood: Understood | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)
    """As of its request."""
    variant: str | None = None
    """What exploration drew for the whole slate."""
