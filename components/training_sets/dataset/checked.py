"""Columns of a data set, checked as they come in: what does not fit is refused by name. Knows arrays alone."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from components.measures.arrays import Floats
from metier.errors import EmptyDataError, InputError

ROWS_AT_ONCE = 65_536
"""Rows of a matrix that are looked at together, so that what is made of them stays small."""


def row_blocks(n_rows: int, size: int = ROWS_AT_ONCE) -> Iterator[slice]:
    """The rows 0 .. n_rows - 1 in order, `size` at a time."""
    return (slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size))


def run_starts_of(query_id: NDArray[Any]) -> NDArray[np.int64]:
    """Position of the first row of each run of equal ids."""
    changes = np.flatnonzero(query_id[1:] != query_id[:-1]) + 1
    return np.concatenate(([0], changes)).astype(np.int64)


def names(given: Sequence[str]) -> tuple[str, ...]:
    """Feature names, one at least and all different."""
    listed = tuple(given)
    if not listed:
        raise InputError("feature_names is empty; a data set needs one feature or more")
    if len(set(listed)) < len(listed):
        twice = next(name for position, name in enumerate(listed) if name in listed[:position])
        raise InputError(f"feature {twice!r} is named twice; give every column its own name")
    return listed


def matrix(features: ArrayLike, feature_names: tuple[str, ...]) -> Floats:
    """Features as float32 (n_rows, n_features) without infinities; not copied where they are that already."""
    rows = _float32("features", features)
    if rows.ndim != 2 or rows.shape[1] != len(feature_names):
        raise InputError(
            f"features has shape {rows.shape}, feature_names has {len(feature_names)}; one column per name"
        )
    if len(rows) == 0:
        raise EmptyDataError("the data set has no rows; widen the selection or check its source")
    for block in row_blocks(len(rows)):
        infinite = np.isinf(rows[block]).any(axis=0)
        if infinite.any():
            name = feature_names[int(infinite.argmax())]
            raise InputError(f"feature {name!r} is infinite in a row; use NaN for a missing value")
    return rows


def query_ids(query_id: ArrayLike, n_rows: int) -> NDArray[Any]:
    """Ids as int64 or str (n_rows,), the rows of each query together."""
    ids = np.asarray(query_id)
    if ids.dtype.kind not in "iuUO":
        raise InputError(f"query_id is {ids.dtype}; use whole numbers or strings")
    ids = ids.astype(np.int64 if ids.dtype.kind in "iu" else np.str_, copy=False)
    _require_shape("query_id", ids, n_rows)
    first = ids[run_starts_of(ids)]
    distinct, runs = np.unique(first, return_counts=True)
    if len(distinct) < len(first):
        scattered = distinct[int(runs.argmax())]
        raise InputError(f"the rows of query {str(scattered)!r} are not contiguous; sort the rows by query_id")
    return ids


def finite(name: str, values: ArrayLike, n_rows: int) -> Floats:
    """A column of finite numbers from zero on."""
    column = _column(name, values, n_rows)
    if not (np.isfinite(column) & (column >= 0)).all():
        raise InputError(f"{name} must be finite and zero or more; leave out rows where it is unknown")
    return column


def ranks(values: ArrayLike, n_rows: int) -> NDArray[np.int32]:
    """Displayed ranks, from 1."""
    column = np.asarray(values)
    _require_shape("rank", column, n_rows)
    if not (column >= 1).all():
        raise InputError("rank counts from 1, the top of the slate; a value below 1 or a missing one was given")
    return column.astype(np.int32)


def propensities(values: ArrayLike, n_rows: int) -> Floats:
    """Probabilities in (0, 1], NaN where unknown."""
    column = _column("propensity", values, n_rows)
    defined = column[~np.isnan(column)]
    if not ((defined > 0) & (defined <= 1)).all():
        raise InputError("propensity lies in (0, 1]; use NaN where the logging policy was deterministic")
    return column


def outcome(head: str, values: ArrayLike, n_rows: int) -> Floats:
    """Outcomes of a head: 1, 0 or NaN."""
    column = _column(f"outcome {head!r}", values, n_rows)
    if not (np.isnan(column) | (column == 0) | (column == 1)).all():
        raise InputError(f"outcome {head!r} holds a value other than 1, 0 and NaN (unknown)")
    return column


def _column(name: str, values: ArrayLike, n_rows: int) -> Floats:
    column = _float32(name, values)
    _require_shape(name, column, n_rows)
    return column


def _float32(name: str, values: ArrayLike) -> Floats:
    try:
        return np.asarray(values, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} cannot be read as numbers: {error}") from error


def _require_shape(name: str, column: NDArray[Any], n_rows: int) -> None:
    if column.shape != (n_rows,):
        raise InputError(f"{name} has shape {column.shape}, features has {n_rows} rows; one value per row")
