"""Features of (query, candidate) pairs that no single side has: comparison, texts, past candidates, recency.

Works on encoded columns, one block of whole queries at a time. Knows no table.
"""

from collections.abc import Callable

import numpy as np

from feature_repo.inputs.block import Block
from feature_repo.inputs.columns import Doubles, Floats, Indices
from feature_repo.inputs.covisits import YEAR, day_of
from feature_repo.inputs.encoded import MARKS
from feature_repo.inputs.parties import COMPARISON_NAMES, compare
from feature_repo.inputs.similarity import summaries
from feature_repo.inputs.text_features import TEXT_NAMES, TYPED_NAMES, text_features
from metier.contract import Surface
from metier.surfaces import surface_spec

SUMMARIES = ("max", "mean", "last", "decayed")
HOUR = 3600.0
DAY = 24 * HOUR


Values = Floats | Doubles
PairFeature = Callable[[Block], Values]
"""Block -> (pairs,) values, NaN where unknown."""
_FEATURES: dict[str, PairFeature] = {}
_OF_APPLICANTS: set[str] = set()
_OF_TEXTS: set[str] = set()


def pair_feature(compute: PairFeature) -> PairFeature:
    """Makes a function a model input of every surface, by its own name; inputs are in the order of this file."""
    _FEATURES[compute.__name__] = compute
    return compute


def applicant_feature(compute: PairFeature) -> PairFeature:
    """As pair_feature, for the surface that orders the applicants of a job."""
    _OF_APPLICANTS.add(compute.__name__)
    return pair_feature(compute)


def text_feature(compute: PairFeature) -> PairFeature:
    """As pair_feature, for the surfaces on which texts are typed."""
    _OF_TEXTS.add(compute.__name__)
    return pair_feature(compute)


def pair_names(surface: Surface) -> tuple[str, ...]:
    """Names of the pair features of a surface, in the order of its model inputs."""
    texts = [f"past_{kind}_{summary}" for kind in ("semantic", "lexical", "headline") for summary in SUMMARIES]
    marks = [f"past_same_{mark}_{summary}" for mark in MARKS[surface] for summary in ("share", "last", "decayed")]
    covisits = [f"past_covisit_{summary}" for summary in SUMMARIES]
    retrieves = surface_spec(surface).retrieves
    omitted = _OF_APPLICANTS if retrieves else _OF_TEXTS
    return (
        *COMPARISON_NAMES,
        *TEXT_NAMES,
        *(TYPED_NAMES if retrieves else ()),
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
        **text_features(block, scratch),
        **_same_marks(block),
        **_covisited(block),
        **{name: compute(block) for name, compute in _FEATURES.items()},
    }


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


@text_feature
def request_typed(block: Block) -> Values:
    """Whether there is a text."""
    return block.queries.requests.is_typed[block.query].astype(np.float64)


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
