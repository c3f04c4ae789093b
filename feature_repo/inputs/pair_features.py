"""Features of (query, candidate) pairs that no single side has: comparison, texts, past candidates, recency.

Works on encoded columns, one block of whole queries at a time. Knows no table.
"""

from dataclasses import dataclass

import numpy as np

from feature_repo.inputs.columns import Codes, Doubles, Flags, Floats, Places
from feature_repo.inputs.encoded import MARKS, CandidateColumns, QueryColumns, asks_as_person
from feature_repo.inputs.parties import compare
from feature_repo.inputs.similarity import Span, dense_cosines, interleaved, lexical_cosines, summaries
from metier.contract import Surface

TEXT_NAMES = ("semantic_cosine", "lexical_score", "headline_score", "request_semantic", "request_lexical")
SUMMARIES = ("max", "mean", "last", "decayed")
PAST_OF_ACTOR = ("past_seen", "past_count", "past_distinct", "past_hours_since_last")
HOUR = 3600.0
DAY = 24 * HOUR
SESSION = {"actor_interactions_1h": HOUR, "actor_interactions_24h": DAY}
"""Seconds before the request in which a feature counts the candidates that the actor turned to: of the 20 that a
history lists, so at most 20, and one candidate once. `past_same_*_last` holds a candidate against the last of them.
"""


def past_names(surface: Surface) -> tuple[str, ...]:
    """Names of the features that compare a candidate with the actor's past ones."""
    texts = [f"past_{kind}_{summary}" for kind in ("semantic", "lexical", "headline") for summary in SUMMARIES]
    marks = [f"past_same_{mark}_{summary}" for mark in MARKS[surface] for summary in ("share", "last", "decayed")]
    return (*texts, *marks, *PAST_OF_ACTOR, *SESSION)


@dataclass(frozen=True)
class Block:
    """Pairs of some whole queries: `query` is sorted, `asked` its distinct values, `place` the position in them."""

    queries: QueryColumns
    candidates: CandidateColumns
    query: Codes
    candidate: Codes
    asked: Codes
    place: Codes
    span: Span
    longest: int
    """Most past candidates of a query in the block, 1 at least: how many slots the block looks at."""

    @classmethod
    def of(cls, queries: QueryColumns, candidates: CandidateColumns, query: Codes, candidate: Codes) -> "Block":
        """The block of the pairs (query[i], candidate[i])."""
        first = np.flatnonzero(np.diff(query, prepend=query[0] - 1))
        starts = np.append(first, len(query))
        asked = query[first]
        length = queries.past.length[asked]
        place = np.repeat(np.arange(len(asked)), np.diff(starts))
        return cls(queries, candidates, query, candidate, asked, place, Span(starts, length), max(1, int(length.max())))


def pair_features(block: Block, scratch: Places) -> dict[str, Floats | Doubles]:
    """Every feature of the block's pairs by name; `scratch` as similarity.lexical_cosines wants it."""
    queries, candidates = block.queries, block.candidates
    sides = (queries.party, block.query), (candidates.party, block.candidate)
    person, job = sides if asks_as_person(queries.surface) else reversed(sides)
    age_seconds = queries.time[block.query] - candidates.since[block.candidate]
    return {
        **compare(*person, *job),
        **_semantic(block),
        **_lexical(block, scratch),
        **_headline(block, scratch),
        **_same_marks(block),
        **_past_of_actor(block),
        "candidate_age_days": np.maximum(age_seconds, 0) / DAY,
        "application_age_hours": candidates.application_age_hours[block.candidate],
        "application_order": candidates.application_order[block.candidate],
    }


def _semantic(block: Block) -> dict[str, Floats]:
    """Cosines of encoder vectors: own text, request, past candidates."""
    queries, vectors = block.queries, block.queries.vectors
    own, past = queries.text_row[block.asked], queries.past.text_row[block.asked, : block.longest]
    request = queries.requests.row[block.asked]
    slots = np.concatenate(
        [vectors.dense_at(own)[:, None], queries.requests.dense[request][:, None], vectors.dense_at(past)],
        axis=1,
        dtype=np.float32,
    )
    shown_row = block.candidates.text_row[block.candidate]
    cosines = dense_cosines(slots, block.candidates.vectors.dense_at(shown_row), _wider(block.span, 2))
    known = np.column_stack([own >= 0, queries.requests.has_vector[request], past >= 0])
    return _told(
        cosines, known[block.place] & (shown_row >= 0)[:, None], "semantic", "semantic_cosine", "request_semantic"
    )


def _lexical(block: Block, scratch: Places) -> dict[str, Floats]:
    """TF-IDF cosines of whole texts: own text, request, past candidates."""
    queries, vectors = block.queries, block.queries.vectors
    own, past = queries.text_row[block.asked], queries.past.text_row[block.asked, : block.longest]
    request = queries.requests.row[block.asked]
    slots = interleaved(
        len(own), vectors.lexical_at(own), queries.requests.lexical[request], vectors.lexical_at(past.ravel())
    )
    shown_row = block.candidates.text_row[block.candidate]
    cosines = lexical_cosines(slots, block.candidates.vectors.lexical_at(shown_row), _wider(block.span, 2), scratch)
    known = np.column_stack([own >= 0, request < queries.requests.lexical.shape[0] - 1, past >= 0])
    return _told(cosines, known[block.place] & (shown_row >= 0)[:, None], "lexical", "lexical_score", "request_lexical")


def _headline(block: Block, scratch: Places) -> dict[str, Floats]:
    """TF-IDF cosines of headlines (title, place, company): own, past candidates."""
    own, past, shown = block.queries.headlines, block.queries.past.headlines, block.candidates.headlines
    past_row = past.row[block.asked, : block.longest]
    slots = interleaved(len(past_row), own.lexical[own.row[block.asked]], past.lexical[past_row.ravel()])
    cosines = lexical_cosines(slots, shown.lexical[shown.row[block.candidate]], _wider(block.span, 1), scratch)
    known = np.column_stack([own.known[block.asked], past.known[block.asked, : block.longest]])
    known = known[block.place] & shown.known[block.candidate][:, None]
    return _told(cosines, known, "headline", "headline_score")


def _told(cosines: Floats, known: Flags, kind: str, own: str, request: str | None = None) -> dict[str, Floats]:
    """Features of cosines whose slots are own text, request (where asked for) and past candidates."""
    singles = (own,) if request is None else (own, request)
    past = summaries(cosines[:, len(singles) :], known[:, len(singles) :])
    told = {f"past_{kind}_{name}": values for name, values in past.items()}
    for slot, name in enumerate(singles):
        told[name] = np.where(known[:, slot], cosines[:, slot], np.nan)
    return told


def _same_marks(block: Block) -> dict[str, Floats]:
    """How often past candidates stood in the same city, company and so on as this one."""
    marks = block.candidates.marks
    past = np.stack([block.queries.past.marks[mark][block.asked, : block.longest][block.place] for mark in marks])
    shown = np.stack([codes[block.candidate] for codes in marks.values()])[:, :, None]
    told = summaries((past == shown).astype(np.float32), (past != 0) & (shown != 0))
    return {
        f"past_same_{mark}_{name}": told[summary][place]
        for place, mark in enumerate(marks)
        for name, summary in (("share", "mean"), ("last", "last"), ("decayed", "decayed"))
    }


def _past_of_actor(block: Block) -> dict[str, Floats | Doubles]:
    past = block.queries.past
    identity = block.candidates.identity[block.candidate][:, None]
    seen = (past.identity[block.asked, : block.longest][block.place] == identity).any(axis=1)
    return {
        "past_seen": np.where(identity[:, 0] == 0, np.nan, seen),
        "past_count": np.log1p(past.count[block.query]),
        "past_distinct": past.length[block.query].astype(np.float64),
        "past_hours_since_last": (block.queries.time - past.moments[:, 0])[block.query] / HOUR,
        **_session(block),
    }


def _session(block: Block) -> dict[str, Floats | Doubles]:
    """How many candidates the actor turned to shortly before the request."""
    ago = block.queries.time[block.asked, None] - block.queries.past.moments[block.asked]
    return {name: (ago < seconds).sum(axis=1).astype(np.float64)[block.place] for name, seconds in SESSION.items()}


def _wider(span: Span, slots: int) -> Span:
    return Span(span.starts, span.width + slots)
