"""Which candidates a policy gets to score: all of a small market; of a large one some hundreds near each query.

Goes by the family of the written skills, as inverted lists do, by popularity and by chance, so that a query's cost does
not grow with the market. Sees what profiles and posts say; never the latent truth.
"""

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from components.simulator.geography import Integers
from components.simulator.taxonomy import Floats, full_taxonomy

WHOLE = 5_000
"""A pool of this size or less is scored whole."""
POPULAR, OWN, KINDRED, OTHERS = 100, 220, 120, 60
"""Most candidates from: the most popular of the family, all of it, its category, the whole pool."""
TOGETHER = 256
"""Most queries of one family that share a draw."""


class PolicyCandidates:
    """pool: positions of what may be shown; family, popularity: of every position there is."""

    def __init__(self, pool: Integers, family: Integers, popularity: Floats) -> None:
        self.pool = pool
        self._family, self._popularity = family, popularity

    @property
    def scored(self) -> int:
        """About how many candidates a query's policy scores."""
        return len(self.pool) if self._scores_all else POPULAR + OWN + KINDRED + OTHERS

    def near(self, family: Integers, rng: np.random.Generator) -> Iterator[tuple[Integers, Integers]]:
        """(rows of `family`, the candidates that they score), each row once. Draws nothing where the pool is whole."""
        if self._scores_all:
            yield np.arange(len(family)), self.pool
            return
        order = np.argsort(family, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(family[order])) + 1):
            for start in range(0, len(rows), TOGETHER):
                yield rows[start : start + TOGETHER], self._drawn(int(family[rows[0]]), rng)

    @property
    def _scores_all(self) -> bool:
        return len(self.pool) <= WHOLE

    @cached_property
    def _lists(self) -> list[Integers]:
        """The pool by family, the most popular first."""
        order = np.lexsort((-self._popularity[self.pool], self._family[self.pool]))
        families = np.arange(1, len(full_taxonomy().cluster_skills))
        return np.split(self.pool[order], np.searchsorted(self._family[self.pool][order], families))

    @cached_property
    def _kindred(self) -> dict[int, Integers]:
        """The pool by category."""
        taxonomy = full_taxonomy()
        return {c: np.concatenate([self._lists[f] for f in clusters]) for c, clusters in taxonomy.clusters_of.items()}

    def _drawn(self, family: int, rng: np.random.Generator) -> Integers:
        own, kindred = self._lists[family], self._kindred[full_taxonomy().cluster_category[family]]
        some = [(own, OWN), (kindred, KINDRED), (self.pool, OTHERS)]
        drawn = [among[rng.integers(len(among), size=most)] for among, most in some if len(among)]
        return np.unique(np.concatenate([own[:POPULAR], *drawn]))
