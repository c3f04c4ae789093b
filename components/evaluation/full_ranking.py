"""Full ranking: where one held-out target lands among every candidate of its actor, without a row per pair.

Scores arrive in blocks of actors, so seven million pairs cost a block of memory. Ties are mid-ranked as in
components.measures, with which this agrees exactly when the target is the only relevant candidate. Knows nothing of
what a scorer is.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from components.measures.arrays import FloatArray, IntArray
from components.measures.ranking_metrics import expected_discount
from metier.errors import EmptyDataError, InputError

ScoreActors = Callable[[IntArray], npt.NDArray[np.floating]]
"""Positions of actors (b,) -> scores (b, n_candidates)."""


@dataclass(frozen=True)
class ActorBlock:
    """Some actors with all their candidates. `excluded` candidates, such as those already seen, are not ranked."""

    actor: IntArray  # (b,) positions of actors
    score: npt.NDArray[np.floating]  # (b, n_candidates)
    target: IntArray  # (b,) position of the held-out candidate
    excluded: npt.NDArray[np.bool_]  # (b, n_candidates)


@dataclass(frozen=True)
class TargetRanks:
    """Per actor: how many candidates score above the target and how many, it included, equal it. All (n_actors,)."""

    actor: IntArray
    above: IntArray
    tied: IntArray

    def hit_rate_at(self, k: int) -> FloatArray:
        """Probability that the target is among the first k."""
        return np.clip(k - self.above, 0, self.tied) / self.tied

    def ndcg_at(self, k: int) -> FloatArray:
        """NDCG of a single relevant candidate: its expected discount."""
        return expected_discount(self.above, self.tied, k)


def blocks(score: ScoreActors, left_out: sparse.csr_array, target: IntArray, size: int = 256) -> Iterator[ActorBlock]:
    """Score actors `size` at a time; what is `left_out` (n_actors, n_candidates; non-zero), as their history, excluded.

    `target` (n_actors,): position of each actor's held-out candidate.
    """
    if len(target) != left_out.shape[0]:
        raise InputError(f"{len(target)} targets beside what {left_out.shape[0]} actors leave out; give one each")
    for start in range(0, len(target), size):
        actor = np.arange(start, min(start + size, len(target)))
        excluded = left_out[actor].toarray() != 0
        yield ActorBlock(actor, np.asarray(score(actor)), target[actor], excluded)


def rank_targets(scored: Iterable[ActorBlock]) -> TargetRanks:
    """Rank every block's targets; InputError where a target is excluded or a ranked score is NaN."""
    parts = [(block.actor, *_rank_block(block)) for block in scored]
    if not parts:
        raise EmptyDataError("no actor to rank for; the protocol needs actors with two or more candidates")
    actor, above, tied = (np.concatenate(column) for column in zip(*parts, strict=True))
    return TargetRanks(actor, above, tied)


def _rank_block(block: ActorBlock) -> tuple[IntArray, IntArray]:
    if block.score.shape != block.excluded.shape:
        raise InputError(f"scores have shape {block.score.shape}, exclusions {block.excluded.shape}; align them")
    ranked = ~block.excluded
    rows = np.arange(len(block.target))
    if not ranked[rows, block.target].all():
        raise InputError("a held-out target is among the excluded candidates; take it out of the history")
    if np.isnan(block.score[ranked]).any():
        raise InputError("a ranked candidate's score is NaN; a ranker scores every candidate")
    own = block.score[rows, block.target][:, None]
    above = ((block.score > own) & ranked).sum(axis=1)
    tied = ((block.score == own) & ranked).sum(axis=1)
    return above.astype(np.int64), tied.astype(np.int64)
