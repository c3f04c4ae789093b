"""A block of pairs: some whole queries, each with its candidates, as positions in encoded columns."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from feature_repo.inputs.columns import Codes, Flags, Floats
from feature_repo.inputs.covisits import day_of
from feature_repo.inputs.encoded import CandidateColumns, QueryColumns
from feature_repo.inputs.similarity import Span, Spread, slots_for

OWN, REQUEST, PAST = 0, 1, 2
"""Slots of a query: its own text, what is typed, and from PAST on its past candidates, newest first."""


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
        first = np.flatnonzero(np.append(True, query[1:] != query[:-1]))
        starts = np.append(first, len(query))
        distinct = query[first]
        length = queries.past.length[distinct]
        return cls(
            queries=queries,
            candidates=candidates,
            query=query,
            candidate=candidate,
            distinct=distinct,
            position=np.repeat(np.arange(len(first)), starts[1:] - starts[:-1]),
            span=Span(starts, length),
            longest=max(1, int(length.max())),
        )

    @cached_property
    def spread(self) -> Spread:
        """Makes values of the distinct queries values of pairs."""
        return Spread(self.position, len(self.distinct))

    @cached_property
    def past(self) -> tuple[Codes, Codes]:
        """(position of the query, slot) of every past candidate."""
        query, slot = np.nonzero(np.arange(self.longest) < self.span.width[:, None])
        return query, slot

    @cached_property
    def typed(self) -> Codes:
        """Positions of the queries that have a text typed."""
        return np.flatnonzero(self.is_typed)

    @cached_property
    def slots(self) -> tuple[Codes, Codes]:
        """(position of the query, slot) of every own text, every past candidate, and every typed text."""
        query, slot = self.past
        own = np.arange(len(self.distinct))
        slots = np.full_like(own, OWN), PAST + slot, np.full_like(self.typed, REQUEST)
        return np.concatenate([own, query, self.typed]), np.concatenate(slots)

    @cached_property
    def own_text(self) -> Codes:
        """(distinct queries,) row of each one's own text among text vectors, -1 where it has none."""
        rows: Codes = self.queries.text_row[self.distinct]
        return rows

    @cached_property
    def past_text(self) -> Codes:
        """(distinct queries, longest) rows of the texts of past candidates."""
        rows: Codes = self.queries.past.text_row[self.distinct, : self.longest]
        return rows

    @cached_property
    def request(self) -> Codes:
        """(distinct queries,) row of what is typed among the requests."""
        rows: Codes = self.queries.requests.row[self.distinct]
        return rows

    @cached_property
    def is_typed(self) -> Flags:
        """(distinct queries,) whether there is a text."""
        is_typed: Flags = self.queries.requests.is_typed[self.distinct]
        return is_typed

    @cached_property
    def text(self) -> Codes:
        """(pairs,) row of each candidate's text."""
        rows: Codes = self.candidates.text_row[self.candidate]
        return rows

    @cached_property
    def identity(self) -> Codes:
        """(pairs,) code of each candidate."""
        identity: Codes = self.candidates.identity[self.candidate]
        return identity

    @cached_property
    def covisit_row(self) -> Codes:
        """(pairs,) row of each candidate among those that anybody turned to, -1 where it has none."""
        return self.candidates.covisits.rows(self.identity)

    @cached_property
    def day(self) -> Codes:
        """(distinct queries,) number of the last midnight."""
        return day_of(self.queries.time[self.distinct])

    @cached_property
    def turned_to(self) -> Codes:
        """(pairs,) how many actors had turned to each candidate by the last midnight."""
        return self.candidates.covisits.turned(self.covisit_row, self.spread(self.day))


@dataclass(frozen=True)
class Compared:
    """How similar each candidate of a block is to each slot of its query, by several kinds of similarity."""

    cosines: Floats
    """(slots, kinds, pairs), 0 where either is unknown."""
    known: Flags
    """(slots, kinds, queries): what is known of the query."""
    shown: Flags
    """(kinds, pairs): whether it is known of the candidate."""

    @classmethod
    def nothing(cls, block: Block, kinds: int) -> "Compared":
        """Nothing known yet."""
        slots = PAST + slots_for(block.longest)
        cosines = np.zeros((slots, kinds, len(block.query)), np.float32)
        known = np.zeros((slots, kinds, len(block.distinct)), np.bool_)
        return cls(cosines, known, np.zeros((kinds, len(block.query)), np.bool_))
