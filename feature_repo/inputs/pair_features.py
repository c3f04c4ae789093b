"""Features of (query, candidate) pairs that no single side has: comparison, texts, past candidates, recency.

Works on encoded columns, one block of whole queries at a time. Knows no table.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from feature_repo.inputs.columns import Codes, Doubles, Flags, Floats, Indices
from feature_repo.inputs.covisits import YEAR, day_of
from feature_repo.inputs.encoded import MARKS, CandidateColumns, QueryColumns
from feature_repo.inputs.parties import COMPARISON_NAMES, compare
from feature_repo.inputs.similarity import Span, dense_cosines, interleaved, lexical_cosines, summaries
from metier.contract import Surface
from metier.surfaces import surface_spec

TEXT_NAMES = ("semantic_cosine", "lexical_score", "headline_score", "request_semantic", "request_lexical")
SUMMARIES = ("max", "mean", "last", "decayed")
HOUR = 3600.0
DAY = 24 * HOUR


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


Values = Floats | Doubles
PairFeature = Callable[[Block], Values]
"""Block -> (pairs,) values, NaN where unknown."""
_FEATURES: dict[str, PairFeature] = {}
_OF_APPLICANTS: set[str] = set()


def pair_feature(compute: PairFeature) -> PairFeature:
    """Makes a function a model input of every surface, by its own name; inputs are in the order of this file."""
    _FEATURES[compute.__name__] = compute
    return compute


def applicant_feature(compute: PairFeature) -> PairFeature:
    """As pair_feature, for the surface that orders the applicants of a job."""
    _OF_APPLICANTS.add(compute.__name__)
    return pair_feature(compute)


def pair_names(surface: Surface) -> tuple[str, ...]:
    """Names of the pair features of a surface, in the order of its model inputs."""
    texts = [f"past_{kind}_{summary}" for kind in ("semantic", "lexical", "headline") for summary in SUMMARIES]
    marks = [f"past_same_{mark}_{summary}" for mark in MARKS[surface] for summary in ("share", "last", "decayed")]
    covisits = [f"past_covisit_{summary}" for summary in SUMMARIES]
    omitted = _OF_APPLICANTS if surface_spec(surface).retrieves else set[str]()
    return (
        *COMPARISON_NAMES,
        *TEXT_NAMES,
        *texts,
        *marks,
        *covisits,
        *(name for name in _FEATURES if name not in omitted),
    )


def pair_features(block: Block, scratch: Indices) -> dict[str, Values]:
    """Every feature of the block's pairs by name; `scratch` as similarity.lexical_cosines needs it."""
    queries, candidates = block.queries, block.candidates
    sides = (queries.party, block.query), (candidates.party, block.candidate)
    person, job = sides if surface_spec(queries.surface).side == "freelancer" else reversed(sides)
    return {
        **compare(*person, *job),
        **_semantic(block),
        **_lexical(block, scratch),
        **_headline(block, scratch),
        **_same_marks(block),
        **_covisited(block),
        **{name: compute(block) for name, compute in _FEATURES.items()},
    }


def _semantic(block: Block) -> dict[str, Floats]:
    """Cosines of encoder vectors: own text, request, past candidates."""
    queries, vectors = block.queries, block.queries.vectors
    own, past = queries.text_row[block.distinct], queries.past.text_row[block.distinct, : block.longest]
    request = queries.requests.row[block.distinct]
    slots = np.concatenate(
        [vectors.dense_at(own)[:, None], queries.requests.dense[request][:, None], vectors.dense_at(past)],
        axis=1,
        dtype=np.float32,
    )
    candidate_row = block.candidates.text_row[block.candidate]
    cosines = dense_cosines(slots, block.candidates.vectors.dense_at(candidate_row), _wider(block.span, 2))
    mask = np.column_stack([own >= 0, queries.requests.has_vector[request], past >= 0])
    return _cosine_features(
        cosines,
        mask[block.position] & (candidate_row >= 0)[:, None],
        "semantic",
        "semantic_cosine",
        "request_semantic",
    )


def _lexical(block: Block, scratch: Indices) -> dict[str, Floats]:
    """TF-IDF cosines of whole texts: own text, request, past candidates."""
    queries, vectors = block.queries, block.queries.vectors
    own, past = queries.text_row[block.distinct], queries.past.text_row[block.distinct, : block.longest]
    request = queries.requests.row[block.distinct]
    slots = interleaved(
        len(own), vectors.lexical_at(own), queries.requests.lexical[request], vectors.lexical_at(past.ravel())
    )
    candidate_row = block.candidates.text_row[block.candidate]
    cosines = lexical_cosines(slots, block.candidates.vectors.lexical_at(candidate_row), _wider(block.span, 2), scratch)
    mask = np.column_stack([own >= 0, request < queries.requests.lexical.shape[0] - 1, past >= 0])
    return _cosine_features(
        cosines, mask[block.position] & (candidate_row >= 0)[:, None], "lexical", "lexical_score", "request_lexical"
    )


def _headline(block: Block, scratch: Indices) -> dict[str, Floats]:
    """TF-IDF cosines of headlines (title, place, company): own, past candidates."""
    own, past, candidate = block.queries.headlines, block.queries.past.headlines, block.candidates.headlines
    past_row = past.row[block.distinct, : block.longest]
    slots = interleaved(len(past_row), own.lexical[own.row[block.distinct]], past.lexical[past_row.ravel()])
    cosines = lexical_cosines(slots, candidate.lexical[candidate.row[block.candidate]], _wider(block.span, 1), scratch)
    mask = np.column_stack([own.has_headline[block.distinct], past.has_headline[block.distinct, : block.longest]])
    mask = mask[block.position] & candidate.has_headline[block.candidate][:, None]
    return _cosine_features(cosines, mask, "headline", "headline_score")


def _cosine_features(
    cosines: Floats, mask: Flags, kind: str, own: str, request: str | None = None
) -> dict[str, Floats]:
    """Features of cosines whose slots are own text, request (where asked for) and past candidates."""
    singles = (own,) if request is None else (own, request)
    past = summaries(cosines[:, len(singles) :], mask[:, len(singles) :])
    features = {f"past_{kind}_{name}": values for name, values in past.items()}
    for slot, name in enumerate(singles):
        features[name] = np.where(mask[:, slot], cosines[:, slot], np.nan)
    return features


def _same_marks(block: Block) -> dict[str, Floats]:
    """How often past candidates stood in the same city, company and so on as this one."""
    marks = block.candidates.marks
    past = np.stack([block.queries.past.marks[mark][block.distinct, : block.longest][block.position] for mark in marks])
    candidate = np.stack([codes[block.candidate] for codes in marks.values()])[:, :, None]
    same = summaries((past == candidate).astype(np.float32), (past != 0) & (candidate != 0))
    return {
        f"past_same_{mark}_{name}": same[summary][number]
        for number, mark in enumerate(marks)
        for name, summary in (("share", "mean"), ("last", "last"), ("decayed", "decayed"))
    }


def _covisited(block: Block) -> dict[str, Floats]:
    """How often those who turned to the past candidates turned to this one around it."""
    covisits = block.candidates.covisits
    past = block.queries.past.identity[block.distinct, : block.longest]
    identity = block.candidates.identity[block.candidate]
    day = day_of(block.queries.time[block.distinct])
    cosines = covisits.cosines(covisits.rows(past), covisits.rows(identity), day, block.span)
    known = (past != 0)[block.position] & (identity != 0)[:, None]
    return {f"past_covisit_{name}": values for name, values in summaries(cosines, known).items()}


@pair_feature
def past_seen(block: Block) -> Values:
    """Whether the actor turned to the candidate before; NaN where the candidate's identity is unknown."""
    identity = block.candidates.identity[block.candidate][:, None]
    past = block.queries.past.identity[block.distinct, : block.longest][block.position]
    return np.where(identity[:, 0] == 0, np.nan, (past == identity).any(axis=1))


@pair_feature
def past_count(block: Block) -> Values:
    """log(1 + interactions of the actor so far)."""
    return np.log1p(block.queries.past.count[block.query])


@pair_feature
def past_distinct(block: Block) -> Values:
    """Candidates in the actor's history, 20 at most."""
    return block.queries.past.length[block.query].astype(np.float64)


@pair_feature
def past_hours_since_last(block: Block) -> Values:
    """Hours since the actor's newest interaction."""
    return (block.queries.time - block.queries.past.moments[:, 0])[block.query] / HOUR


@pair_feature
def candidate_turned_to(block: Block) -> Values:
    """log(1 + actors who had ever turned to the candidate, by the last midnight)."""
    return np.log1p(_turned_to(block, 0))


@pair_feature
def candidate_turned_to_365d(block: Block) -> Values:
    """log(1 + actors who turned to the candidate for the first time in the year that ended at the last midnight)."""
    return np.log1p(_turned_to(block, 0) - _turned_to(block, YEAR))


@pair_feature
def actor_interactions_1h(block: Block) -> Values:
    """Distinct candidates that the actor turned to within an hour before the request, 20 at most."""
    return _turned_to_within(block, HOUR)


@pair_feature
def actor_interactions_24h(block: Block) -> Values:
    """Distinct candidates that the actor turned to within a day before the request, 20 at most."""
    return _turned_to_within(block, DAY)


@pair_feature
def candidate_age_days(block: Block) -> Values:
    """Days since the job was posted or the freelancer joined."""
    age_seconds = block.queries.time[block.query] - block.candidates.since[block.candidate]
    return np.maximum(age_seconds, 0) / DAY


@applicant_feature
def application_age_hours(block: Block) -> Values:
    """Hours since the candidate applied."""
    return block.candidates.application_age_hours[block.candidate]


@applicant_feature
def application_order(block: Block) -> Values:
    """How manieth to apply the candidate was."""
    return block.candidates.application_order[block.candidate]


def _turned_to_within(block: Block, seconds: float) -> Values:
    ago = block.queries.time[block.distinct, None] - block.queries.past.moments[block.distinct]
    counts: Doubles = (ago < seconds).sum(axis=1).astype(np.float64)
    return counts[block.position]


def _turned_to(block: Block, days_ago: int) -> Doubles:
    """How many actors had turned to each candidate so many days before the last midnight; NaN where it has no id."""
    covisits, identity = block.candidates.covisits, block.candidates.identity[block.candidate]
    day = day_of(block.queries.time[block.query]) - days_ago
    return np.where(identity == 0, np.nan, covisits.turned(covisits.rows(identity), day))


def _wider(span: Span, slots: int) -> Span:
    return Span(span.starts, span.width + slots)
