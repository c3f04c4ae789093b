"""svmlight rows as dense columns, in memory bounded by what the file holds. Knows nothing of rankers or metrics."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.ranking_files.svmlight import SvmlightRows, read_svmlight, require_queries, require_sizes
from metier.errors import InputError

CELLS_AN_ENTRY = 64
"""A matrix may hold so many cells for each stored entry, or SMALL cells; beyond that, columns without entries go."""
SMALL = 2**22

Arrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64], tuple[str, ...]]


@dataclass(frozen=True)
class SvmlightOptions:
    """How a svmlight file is read, see RankingDataset.from_svmlight."""

    group_path: Path | None = None
    n_features: int | None = None
    zero_based: bool | None = False
    feature_names: Sequence[str] | None = None


def read_columns(path: Path, options: SvmlightOptions) -> Arrays:
    """(features (n, F), labels (n,), query ids (n,), names of the features); absent entries are 0."""
    rows = read_svmlight(path, options.zero_based)
    columns = _columns(path, rows, options)
    names = tuple(options.feature_names or (f"f{index}" for index in columns))
    beside = options.group_path or Path(f"{path}.query")
    if options.group_path is None and len(rows.qid):
        require_queries(path, rows)
        query_id = rows.qid
        if beside.is_file():
            require_sizes(path, rows, _sizes(path, beside, len(rows)), beside)
    else:
        sizes = _sizes(path, beside, len(rows))
        query_id = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    order = np.argsort(columns)
    features = np.empty((len(rows), len(columns)), np.float32)
    features[:, order] = rows.dense(columns[order])
    return features, rows.labels, query_id, names


def _columns(path: Path, rows: SvmlightRows, options: SvmlightOptions) -> NDArray[np.int64]:
    """The index of each column: all up to the largest, or those that occur where that would be a sparse matrix."""
    if options.feature_names is not None:
        return np.array([_index(name) for name in options.feature_names], np.int64)
    first = 0 if options.zero_based or (len(rows.index) and rows.index.min() == 0) else 1
    last = int(rows.index.max(initial=first))
    if options.n_features is not None:
        if last - first + 1 > options.n_features:
            raise InputError(
                f"{path} names feature f{last} but n_features is {options.n_features}; pass {last - first + 1} or more"
            )
        last = first + options.n_features - 1
    allowed = max(SMALL, CELLS_AN_ENTRY * len(rows.index))
    if (last - first + 1) * len(rows) <= allowed:
        return np.arange(first, last + 1)
    occurring = np.unique(rows.index)
    if options.n_features is not None or len(occurring) * len(rows) > allowed:
        width = len(occurring) if options.n_features is None else options.n_features
        raise InputError(
            f"{path} stores {len(rows.index):,} values, but {len(rows):,} rows of {width:,} features would be "
            f"{4 * len(rows) * width / 2**20:,.0f} MiB; pass feature_names=[...], the features to read, "
            "or hash them into fewer where the file is written"
        )
    return occurring


def _index(name: str) -> int:
    if not (name.startswith("f") and name[1:].isdecimal()):
        raise InputError(f"feature {name!r} is none of a svmlight file; name features f and their index, such as f7")
    return int(name[1:])


def _sizes(path: Path, group_path: Path, n_rows: int) -> list[int]:
    """How many rows each query has."""
    if not group_path.is_file():
        raise InputError(f"{path} carries no qid and there is no {group_path}; pass group_path, a file of query sizes")
    try:
        sizes = [int(line) for line in group_path.read_text(encoding="utf-8-sig").split()]
    except ValueError as error:
        raise InputError(
            f"{group_path} must hold one whole number per line, the rows of each query: {error}"
        ) from error
    if any(size < 1 for size in sizes):
        raise InputError(f"{group_path} holds a query of size {min(sizes)}; every query has one row or more")
    if sum(sizes) != n_rows:
        raise InputError(
            f"{group_path} adds up to {sum(sizes)} rows, {path} has {n_rows}; they belong to different files"
        )
    return sizes
