"""The paths to the leaves of XGBoost's trees, and by them what each feature adds to a score: TreeSHAP without XGBoost.

A path asks of each of its features an interval, and whether an absent value comes this way too. Knows no training.
"""

import io
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from components.measures.arrays import FloatArray, Floats, run_starts
from components.training_sets.dataset.checked import row_blocks

STEP = np.dtype(
    [
        ("leaf", "<i4"),
        ("column", "<i4"),
        ("share", "<f8"),
        ("low", "<f4"),
        ("high", "<f4"),
        ("absent", "?"),
        ("value", "<f4"),
    ]
)
"""One feature of the path to one leaf: its column, the share of training rows (by curvature) that its splits let
through, low <= x < high or an absent value, and the value of the leaf."""
LEAST_SHARE = 1e-12
ROWS_AT_ONCE = 64

Asked = Mapping[int, tuple[float, float, float, bool]]
"""By column: share, low, high, absent."""


class LeafPaths:
    """Steps (n_steps,) of STEP, leaf by leaf; each column once a leaf."""

    def __init__(self, steps: NDArray[Any]) -> None:
        self.steps = steps
        self._sizes = np.bincount(steps["leaf"])
        self._starts = run_starts(self._sizes)
        # Of a polynomial of the degree of the longest path, less one, Gauss's rule gives the integral exactly.
        at, weights = np.polynomial.legendre.leggauss(max(1, (int(self._sizes.max(initial=1)) + 1) // 2))
        self._rule = [((1 + t) / 2, weight / 2) for t, weight in zip(at.tolist(), weights.tolist(), strict=True)]

    @classmethod
    def of(cls, model: Mapping[str, Any], used: NDArray[np.int64]) -> Self:
        """The paths of a model in XGBoost's JSON, whose feature i is column used[i]."""
        rows: list[tuple[Any, ...]] = []
        leaf = 0
        for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
            for value, asked in _leaves(tree):
                rows += [(leaf, used[column], *step, value) for column, step in asked.items()]
                leaf += bool(asked)
        return cls(np.array(rows, dtype=STEP))

    @classmethod
    def read(cls, content: bytes) -> Self:
        """What `content` wrote."""
        return cls(np.load(io.BytesIO(content), allow_pickle=False))

    def content(self) -> bytes:
        """As a .npy file."""
        written = io.BytesIO()
        np.save(written, self.steps, allow_pickle=False)
        return written.getvalue()

    def contributions(self, features: Floats) -> Floats:
        """What each feature adds to each score (n_rows, n_features), as Lundberg et al. (2020) define it for trees.

        A Shapley value is the integral over t in [0, 1] of the derivative of the multilinear extension at (t, ..., t)
        (Owen 1972). Of one path that is its leaf's value, times what the feature changes, times the product over the
        other features of (1 - t) * share + t * (whether the row comes this way).
        """
        added = np.zeros(features.shape, dtype=np.float32)
        for rows in row_blocks(len(features), ROWS_AT_ONCE) if len(self.steps) else ():
            added[rows] = self._contributions(features[rows])
        return added

    def _contributions(self, features: Floats) -> FloatArray:
        steps = self.steps
        values = features[:, steps["column"]]
        passes = np.where(np.isnan(values), steps["absent"], (values >= steps["low"]) & (values < steps["high"]))
        others = np.zeros(values.shape)
        for t, weight in self._rule:
            factors = (1 - t) * steps["share"] + t * passes
            products = np.multiply.reduceat(factors, self._starts, axis=1)
            others += weight * np.repeat(products, self._sizes, axis=1) / factors
        moved = others * (passes - steps["share"]) * steps["value"]
        return np.stack([np.bincount(steps["column"], row, features.shape[1]) for row in moved])


def _leaves(tree: Mapping[str, Any]) -> Iterator[tuple[float, Asked]]:
    """The value of each leaf of a tree, and what its path asks."""
    left, right, split = tree["left_children"], tree["right_children"], tree["split_conditions"]
    cover, waiting = tree["sum_hessian"], list[tuple[int, dict[int, tuple[float, float, float, bool]]]]([(0, {})])
    while waiting:
        node, asked = waiting.pop()
        if left[node] < 0:
            yield split[node], asked
            continue
        column, at, absent_left = tree["split_indices"][node], split[node], bool(tree["default_left"][node])
        share, low, high, absent = asked.get(column, (1.0, -np.inf, np.inf, True))
        for child, bounds, absent_here in (
            (left[node], (low, min(high, at)), absent_left),
            (right[node], (max(low, at), high), not absent_left),
        ):
            kept = max(share * cover[child] / max(cover[node], LEAST_SHARE), LEAST_SHARE)
            waiting.append((child, {**asked, column: (kept, *bounds, absent and absent_here)}))
