"""The candidates of one request: those that it names itself, and those that are to be scored. Knows no ranker."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serving.candidates.snapshot import Rows
from serving.candidates.space import CandidateSpace


@dataclass(frozen=True)
class NamedCandidates:
    """Candidates and placements that the request itself names: rows of `space` by id, and those that nobody knows."""

    space: CandidateSpace
    ids: list[str]
    rows: Rows
    unknown: list[str]


@dataclass(frozen=True)
class SourcedCandidates:
    """Candidates to score: rows of `space`, whether each may be shown (n,), and retrieval's scores (n,) if it ran."""

    space: CandidateSpace
    ids: list[str]
    rows: Rows
    eligible: npt.NDArray[np.bool_]
    retrieval_scores: npt.NDArray[np.float64] | None = None
