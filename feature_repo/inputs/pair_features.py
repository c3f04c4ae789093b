"""Features of (query, candidate) pairs that no single side has: comparison, texts, past candidates, recency.

Works on encoded columns, one block of whole queries at a time. Knows no table.
"""

import functools
from collections.abc import Callable

import numpy as np

from feature_repo.inputs.block import PAST, Block, Compared
from feature_repo.inputs.columns import Doubles, Floats
from feature_repo.inputs.covisits import YEAR
from feature_repo.inputs.encoded import MARKS
from feature_repo.inputs.parties import COMPARISON_NAMES, InCommon, compare
from feature_repo.inputs.similarity import common_weight, summaries
from feature_repo.inputs.text_features import TEXT_KINDS, TEXT_NAMES, TYPED_NAMES, text_features
from feature_repo.texts.sparse_rows import SparseRows
from metier.contract import Surface
from metier.surfaces import surface_spec

SUMMARIES = ("max", "mean", "last", "decayed")
MARK_SUMMARIES = {"share": "mean", "last": "last", "decayed": "decayed"}
KINDS = (*TEXT_KINDS, "covisit")
"""Similarities with past candidates that are no marks."""
HOUR = 3600.0
DAY = 24 * HOUR


Values = Floats | Doubles
PairFeature = Callable[[Block], Values]
"""Block -> values (pairs,), or one for all of them, NaN where unknown."""
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
    texts = [f"past_{kind}_{summary}" for kind in TEXT_KINDS for summary in SUMMARIES]
    marks = [f"past_same_{mark}_{summary}" for mark in MARKS[surface] for summary in MARK_SUMMARIES]
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


def pair_features(block: Block) -> dict[str, Values]:
    """Every feature of the block's pairs by name."""
    marks = block.candidates.marks
    compared = Compared.nothing(block, len(KINDS) + len(marks))
    features = {**_compared_sides(block), **text_features(block, compared)}
    _covisited(block, compared, len(TEXT_KINDS))
    _same_marks(block, compared, len(KINDS))
    past = summaries(compared.cosines[PAST:], compared.known[PAST:], compared.shown, block.spread)
    for summary, names in _past_names(tuple(marks)).items():
        features.update(zip(names, past[summary], strict=False))
    return features | {name: compute(block) for name, compute in _FEATURES.items()}


@functools.cache
def _past_names(marks: tuple[str, ...]) -> dict[str, list[str]]:
    """Features that each summary gives, by kind, in the order of KINDS and marks."""
    names = {summary: [f"past_{kind}_{summary}" for kind in KINDS] for summary in SUMMARIES}
    for name, summary in MARK_SUMMARIES.items():
        names[summary] += [f"past_same_{mark}_{name}" for mark in marks]
    return names


def _compared_sides(block: Block) -> dict[str, Doubles]:
    """What the person and the job of each pair have in common."""
    asking, shown = block.queries.party, block.candidates.party
    common = InCommon(
        *(
            common_weight(SparseRows.of(one, block.distinct), SparseRows.of(other, block.candidate), block.position)
            for one, other in ((asking.skills, shown.skills), (asking.languages, shown.languages))
        )
    )
    asked = block.distinct if len(block.distinct) == 1 else block.query
    sides = (asking, asked), (shown, block.candidate)
    person, job = sides if surface_spec(block.queries.surface).side == "freelancer" else reversed(sides)
    return compare(*person, *job, common)


def _covisited(block: Block, compared: Compared, kind: int) -> None:
    """How often those who turned to the past candidates turned to this one around it."""
    covisits, past = block.candidates.covisits, block.queries.past.identity[block.distinct, : block.longest]
    slots = slice(PAST, PAST + block.longest)
    compared.cosines[slots, kind] = covisits.cosines(
        covisits.rows(past), block.covisit_row, block.turned_to, block.day, block.span
    )
    compared.known[slots, kind] = (past != 0).T
    compared.shown[kind] = block.identity != 0


def _same_marks(block: Block, compared: Compared, first: int) -> None:
    """Which past candidates stood in the same city, company and so on as this one, a kind for each mark."""
    marks, held = block.candidates.marks, block.queries.past.marks
    slots, kinds = slice(PAST, PAST + block.longest), slice(first, first + len(marks))
    candidate = np.array([codes[block.candidate] for codes in marks.values()])
    past = np.array([held[mark][block.distinct, : block.longest].T for mark in marks]).swapaxes(0, 1)
    compared.cosines[slots, kinds] = block.spread(past) == candidate
    compared.known[slots, kinds] = past != 0
    compared.shown[kinds] = candidate != 0


@text_feature
def request_typed(block: Block) -> Values:
    """Whether there is a text."""
    return block.spread(block.is_typed)


@pair_feature
def past_seen(block: Block) -> Values:
    """Whether the actor turned to the candidate before; NaN where the candidate's identity is unknown."""
    past = block.spread(block.queries.past.identity[block.distinct, : block.longest].T)
    return np.where(block.identity == 0, np.nan, (past == block.identity).any(axis=0))


@pair_feature
def past_count(block: Block) -> Values:
    """log(1 + interactions of the actor so far)."""
    return block.spread(np.log1p(block.queries.past.count[block.distinct]))


@pair_feature
def past_distinct(block: Block) -> Values:
    """Candidates in the actor's history, 20 at most."""
    return block.spread(block.span.width)


@pair_feature
def past_hours_since_last(block: Block) -> Values:
    """Hours since the actor's newest interaction."""
    time, newest = block.queries.time[block.distinct], block.queries.past.moments[block.distinct, 0]
    return block.spread((time - newest) / HOUR)


@pair_feature
def candidate_turned_to(block: Block) -> Values:
    """log(1 + actors who had ever turned to the candidate, by the last midnight)."""
    return np.log1p(np.where(block.identity == 0, np.nan, block.turned_to))


@pair_feature
def candidate_turned_to_365d(block: Block) -> Values:
    """log(1 + actors who turned to the candidate for the first time in the year that ended at the last midnight)."""
    before = block.candidates.covisits.turned(block.covisit_row, block.spread(block.day - YEAR))
    return np.log1p(np.where(block.identity == 0, np.nan, block.turned_to - before))


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
    age_seconds = block.spread(block.queries.time[block.distinct]) - block.candidates.since[block.candidate]
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
    return block.spread((ago < seconds).sum(axis=1))
