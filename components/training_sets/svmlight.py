"""Read svmlight ranking files into arrays. Knows nothing of data sets, rankers or metrics."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metier.errors import InputError

Arrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]


def read(path: Path, group_path: Path | None, n_features: int | None) -> Arrays:
    """(features (n, F), labels (n,), query ids (n,)); indices count from 1, absent entries are 0.

    Queries: sizes in `group_path`, else qid in the file, else sizes in `<path>.query`.
    """
    features, labels, qid = _parse(path, n_features)
    if group_path is None and len(qid):
        if len(qid) != len(labels):
            raise InputError(f"{path}: only {len(qid)} of {len(labels)} rows carry a qid; give one to all or to none")
        return features, labels, qid
    return features, labels, _ids_from_sizes(path, group_path or Path(f"{path}.query"), len(labels))


def _parse(path: Path, n_features: int | None) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    from sklearn.datasets import load_svmlight_file

    if not path.is_file():
        raise InputError(f"no file {path}; check the path")
    try:
        sparse, labels, qid = load_svmlight_file(str(path), dtype=np.float32, zero_based=False, query_id=True)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{path} is not svmlight rows `label [qid:id] index:value ...`: {error}") from error
    if len(labels) == 0:
        raise InputError(f"{path} holds no rows; check how it was written")
    return _widened(path, sparse, n_features), labels.astype(np.float32), qid.astype(np.int64)


def _widened(path: Path, sparse: Any, n_features: int | None) -> NDArray[np.float32]:
    """Dense matrix with n_features columns (default: as many as the file names)."""
    n_named = sparse.shape[1]
    if n_features is not None and n_named > n_features:
        raise InputError(f"{path} names feature f{n_named} but n_features is {n_features}; pass {n_named} or more")
    sparse.resize(sparse.shape[0], n_features or n_named)
    dense: NDArray[np.float32] = sparse.toarray()
    return dense


def _ids_from_sizes(path: Path, group_path: Path, n_rows: int) -> NDArray[np.int64]:
    if not group_path.is_file():
        raise InputError(f"{path} carries no qid and there is no {group_path}; pass group_path, a file of query sizes")
    try:
        sizes = [int(line) for line in group_path.read_text(encoding="utf-8").split()]
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
    return np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
