"""Logging policies: which candidates a query was shown and in what order.

Weak goes by popularity, recency and words in common; strong reads related skills, price, level, place and rating too.
Sees profiles and posts as the platform does, never the latent truth.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from components.simulator.clicks import Mask
from components.simulator.geography import Integers
from components.simulator.taxonomy import Floats, one_of

NOWHERE = np.float32(-1e9)
EMPTY = -1
SHORTEST, LONGEST = 10, 25
SPARE = 20
PROMOTED_SHARE = 0.05
SHUFFLED = "shuffled-1"
ORGANIC, PROMOTED, EXPLORATION = range(3)
"""Positions in metier.contract.PLACEMENTS."""


@dataclass(frozen=True)
class PolicyInputs:
    """What a policy may look at; (queries, pool) unless said otherwise, NaN price where either side is silent.

    words: skills in common as spelled; coverage: share of written skills that claims reach; popularity, recency,
    rating: (pool,), scaled to about [0, 1]. What not every policy reads is computed when it is asked for.
    """

    words: Floats
    coverage: Callable[[], Floats]
    category: Floats
    price: Callable[[], Floats]
    level: Callable[[], Floats]
    place: Callable[[], Floats]
    popularity: Floats
    recency: Floats
    rating: Floats


@dataclass(frozen=True)
class ChosenSlates:
    """(queries, ranks) positions in the pool, EMPTY beyond a slate's end; NaN where score or propensity is unknown."""

    candidates: Integers
    score: Floats
    placement: Integers
    propensity: Floats

    def of(self, pool: Integers) -> "ChosenSlates":
        """With what stands at the positions of `pool` instead of the positions."""
        return replace(self, candidates=np.where(self.candidates == EMPTY, EMPTY, pool[self.candidates]))

    @classmethod
    def merged(cls, parts: Sequence[tuple[Integers, "ChosenSlates"]]) -> "ChosenSlates":
        """Slates of the rows that each part is about."""
        count, width = sum(len(rows) for rows, _ in parts), max(slates.candidates.shape[1] for _, slates in parts)
        blank = {
            "candidates": EMPTY,
            "score": np.float32(np.nan),
            "placement": ORGANIC,
            "propensity": np.float32(np.nan),
        }
        matrices = {name: np.full((count, width), value) for name, value in blank.items()}
        for rows, slates in parts:
            for name, matrix in matrices.items():
                values = getattr(slates, name)
                matrix[rows, : values.shape[1]] = values
        return cls(**matrices)


def weak(inputs: PolicyInputs) -> Floats:
    """Words in common, popularity, recency."""
    worth = 0.9 * np.sqrt(inputs.words) + 0.5 * inputs.category + 0.5 * inputs.popularity + 0.35 * inputs.recency
    score: Floats = worth.astype(np.float32)
    return score


def strong(inputs: PolicyInputs) -> Floats:
    """Everything that is written, with sensible weights."""
    over = np.abs(np.clip(np.nan_to_num(inputs.price()), -0.3, 1.5))
    fit = 2.0 * inputs.coverage() + 0.3 * inputs.category - 0.7 * over - 0.2 * inputs.level() + 0.2 * inputs.place()
    score: Floats = (fit + 0.3 * inputs.popularity + 0.4 * inputs.rating).astype(np.float32)
    return score


POLICIES: dict[str, Callable[[PolicyInputs], Floats]] = {"weak": weak, "strong": strong}


def choose_slates(score: Floats, blocked: Callable[[Integers], Mask], lengths: Integers, promoted: Mask,
                  randomised_share: float, rng: np.random.Generator) -> ChosenSlates:  # fmt: skip
    """The best by score; a share of the slates shuffled uniformly, some with a promoted candidate.

    score: (queries, pool), NOWHERE where not eligible. blocked: (queries, ranks) pool positions -> pairs to leave out.
    promoted: (pool,). A shuffled slate of n has propensity 1/n at each of its ranks.
    """
    best = best_first(score, LONGEST + SPARE)
    scores = np.take_along_axis(score, best, axis=1)
    valid = (scores > NOWHERE / 2) & ~blocked(best)
    front = np.argsort(~valid, axis=1, kind="stable")[:, :LONGEST]
    candidates = np.take_along_axis(np.where(valid, best, EMPTY), front, axis=1)
    candidates[np.arange(candidates.shape[1]) >= lengths[:, None]] = EMPTY
    slates = ChosenSlates(
        candidates=candidates,
        score=np.take_along_axis(scores, front, axis=1),
        placement=np.full(candidates.shape, ORGANIC),
        propensity=np.full(candidates.shape, np.nan, np.float32),
    )
    draw = rng.random(len(candidates))
    for query in np.flatnonzero(draw < randomised_share).tolist():
        shuffle(slates, query, rng)
    for query in np.flatnonzero(draw > 1 - PROMOTED_SHARE).tolist():
        _promote(slates, query, score[query], promoted, blocked, rng)
    return slates


def best_first(score: Floats, count: int) -> Integers:
    """(queries, count) positions of the largest scores, largest first, equal ones by position."""
    if score.shape[1] <= count:
        return np.argsort(-score, axis=1, kind="stable")
    some = np.sort(np.argpartition(-score, count, axis=1)[:, :count], axis=1)
    order = np.argsort(-np.take_along_axis(score, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1)


def shuffle(slates: ChosenSlates, query: int, rng: np.random.Generator) -> None:
    """Put slate `query` in a uniformly random order and note its propensity."""
    length = int((slates.candidates[query] != EMPTY).sum())
    if length == 0:
        return
    order = rng.permutation(length)
    slates.candidates[query, :length] = slates.candidates[query, order]
    slates.score[query, :length] = slates.score[query, order]
    slates.placement[query, :length] = EXPLORATION
    slates.propensity[query, :length] = 1 / length


def policy_names(slates: ChosenSlates, names: Sequence[str]) -> list[str]:
    """By query, the policy that made its slate: the shuffle is one of its own, of which the propensities are."""
    shuffled = (slates.placement == EXPLORATION).any(axis=1)
    return [SHUFFLED if drawn else name for drawn, name in zip(shuffled.tolist(), names, strict=True)]


def _promote(slates: ChosenSlates, query: int, score: Floats, promoted: Mask, blocked: Callable[[Integers], Mask],
             rng: np.random.Generator) -> None:  # fmt: skip
    """Insert the best promoted candidate with some words in common at rank 1 or 4; it leaves its organic rank."""
    row = slates.candidates[query]
    length = int((row != EMPTY).sum())
    if length < SHORTEST // 2 or not promoted.any():
        return
    candidate = int(np.where(promoted, score, NOWHERE).argmax())
    grid = np.full((len(slates.candidates), 1), candidate)
    if score[candidate] < 0.6 * np.nanmedian(slates.score[query, :length]) or blocked(grid)[query, 0]:
        return
    rank = one_of((0, 3), rng)
    others = [position for position in range(length) if row[position] != candidate][: length - 1]
    for matrix, value in ((slates.candidates, candidate), (slates.score, np.nan)):
        organic = matrix[query, others]
        matrix[query, :length] = np.insert(organic, rank, value)
    slates.placement[query, rank] = PROMOTED
