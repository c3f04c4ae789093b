"""A block of pairs: some whole queries, each with its candidates, as positions in encoded columns."""

from dataclasses import dataclass

import numpy as np

from feature_repo.inputs.columns import Codes
from feature_repo.inputs.encoded import CandidateColumns, QueryColumns
from feature_repo.inputs.similarity import Span


@dataclass(frozen=True)
class Block:
    """Pairs of some whole queries: `query` is sorted, `distinct` its distinct values, `position` which of them."""

    queries: QueryColumns
    candidates: CandidateColumns
    query: Codes
    candidate: Codes
    distinct: Codes
    position: Codes
    span: Span
    longest: int
    """Most past candidates of a query in the block, 1 at least: how many slots the block looks at."""

    @classmethod
    def of(cls, queries: QueryColumns, candidates: CandidateColumns, query: Codes, candidate: Codes) -> "Block":
        """The block of the pairs (query[i], candidate[i])."""
        first = np.flatnonzero(np.diff(query, prepend=query[0] - 1))
        starts = np.append(first, len(query))
        length = queries.past.length[query[first]]
        return cls(
            queries=queries,
            candidates=candidates,
            query=query,
            candidate=candidate,
            distinct=query[first],
            position=np.repeat(np.arange(len(first)), np.diff(starts)),
            span=Span(starts, length),
            longest=max(1, int(length.max())),
        )
