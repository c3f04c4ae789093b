"""How raw features become what the neural ranker computes on, learned from the training rows.

Kinds follow from names: `*_code` is a category (0 unknown), `*_v00` ... components of a text vector, all else numeric.
Numeric features become their smoothed rank among the training rows, so that scale, skew and outliers do not matter.
Knows no torch and no labels.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from components.measures.arrays import Floats, IntArray
from components.ranking.ranker import TEXT_VECTOR, varying

CODES = 1024
"""Categories are 0 .. 1023."""
KNOTS = 17
SAMPLE_ROWS = 100_000
WIDEST = float(np.finfo(np.float32).max)


@dataclasses.dataclass(frozen=True)
class InputTransform:
    """Constants of the transform. Columns are positions in the raw matrix.

    numeric (N,): value x becomes offset + sum over k of slope[k] * clip((x - low[k]) / width[k], 0, 1), with
    low, width, slope (KNOTS - 1, N): the piecewise linear rank, standardised. Missing becomes 0, the mean.
    missing (M,): 1 where the value is absent. text (T,): (x - text_mean) / text_scale.
    code (C,): lookup (C, CODES) gives a row of the embedding table, row 0 for what the training rows seldom held.
    """

    numeric: IntArray
    low: Floats
    width: Floats
    slope: Floats
    offset: Floats
    missing: IntArray
    text: IntArray
    text_mean: Floats
    text_scale: Floats
    code: IntArray
    lookup: IntArray
    table_rows: int

    @property
    def dense_width(self) -> int:
        """Dense inputs: numeric ranks, missing marks, text components."""
        return len(self.numeric) + len(self.missing) + len(self.text)


def fit_inputs(features: Floats, names: Sequence[str], rarest_code: int, seed: int) -> InputTransform:
    """Learn the transform; columns that never vary are left out."""
    if len(features) > SAMPLE_ROWS:
        chosen = np.random.default_rng(seed).choice(len(features), SAMPLE_ROWS, replace=False)
        features = features[np.sort(chosen)]
    varies = varying(features)
    codes = [i for i, name in enumerate(names) if name.endswith("_code")]
    texts = [i for i, name in enumerate(names) if TEXT_VECTOR.search(name) and varies[i]]
    plain = [i for i in range(len(names)) if i not in set(codes) and not TEXT_VECTOR.search(names[i])]
    unknown = np.isnan(features)
    absent = np.asarray(unknown.any(axis=0) & ~unknown.all(axis=0))
    numeric = [i for i in plain if varies[i]]
    pieces = [_rank_pieces(features[:, i]) for i in numeric]
    lookup, table_rows = _lookup(features[:, codes], rarest_code)
    shape = (KNOTS - 1, len(numeric))
    low, width, slope = (
        np.stack([piece[part] for piece in pieces], axis=1) if pieces else np.zeros(shape) for part in range(3)
    )
    return InputTransform(
        numeric=_positions(numeric),
        low=low.astype(np.float32),
        width=width.astype(np.float32),
        slope=slope.astype(np.float32),
        offset=np.array([piece[3] for piece in pieces], dtype=np.float32),
        missing=_positions([i for i in plain if absent[i]]),
        text=_positions(texts),
        text_mean=np.array([np.nanmean(features[:, i], dtype=np.float64) for i in texts], dtype=np.float32),
        text_scale=np.array([np.nanstd(features[:, i], dtype=np.float64) for i in texts], dtype=np.float32),
        code=_positions(codes),
        lookup=lookup,
        table_rows=table_rows,
    )


def _positions(columns: list[int]) -> IntArray:
    return np.asarray(columns, dtype=np.int64)


def _rank_pieces(column: Floats) -> tuple[NDArray[np.float64], ...]:
    """(low, width, slope, offset) of one varying column; unused pieces have slope 0."""
    finite = column[~np.isnan(column)].astype(np.float64)
    share = np.linspace(0.0, 1.0, KNOTS)
    # "lower" keeps knots at values that occur, so a value held by many rows is one knot and not a slope around it.
    knots, of_share = np.unique(np.quantile(finite, share, method="lower"), return_inverse=True)
    if len(knots) == 1:
        knots, level = np.array([finite.min(), finite.max()]), np.array([0.0, 1.0])
    else:
        level = np.bincount(of_share, share) / np.bincount(of_share)
    ranks = np.interp(finite, knots, level)
    scale = max(float(ranks.std()), 1e-3)
    low, width, slope = np.zeros(KNOTS - 1), np.ones(KNOTS - 1), np.zeros(KNOTS - 1)
    used = len(knots) - 1
    low[:used] = knots[:-1]
    width[:used] = np.clip(np.diff(knots), np.finfo(np.float32).tiny, WIDEST)
    slope[:used] = np.diff(level) / scale
    return low, width, slope, np.asarray((level[0] - ranks.mean()) / scale)


def _lookup(codes: Floats, rarest: int) -> tuple[IntArray, int]:
    """Embedding row of each code (C, CODES) and how many rows there are; codes held by fewer rows share row 0."""
    lookup = np.zeros((codes.shape[1], CODES), dtype=np.int64)
    table_rows = 1
    for position, column in enumerate(codes.T):
        values = clean_codes(column)
        frequent = np.flatnonzero(np.bincount(values, minlength=CODES) >= rarest)
        frequent = frequent[frequent > 0]
        lookup[position, frequent] = np.arange(table_rows, table_rows + len(frequent))
        table_rows += len(frequent)
    return lookup, table_rows


def clean_codes(column: Floats) -> IntArray:
    """Codes as whole numbers; what is missing or outside 0 .. CODES - 1 is 0, unknown."""
    values = np.nan_to_num(column, nan=0.0)
    inside = (values >= 0) & (values < CODES)
    return np.where(inside, values, 0.0).astype(np.int64)
