"""svmlight ranking files, as XGBoost, LightGBM, TF-Ranking and the LETOR sets write them: rows as stored, sparse.

A row is `label [qid:id] index:value ... [# comment]`. Knows nothing of data sets, rankers or metrics.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.ranking_files.text_file import numbered_lines, read_text
from metier.errors import InputError

_MISSING = "null"


@dataclass(frozen=True)
class SvmlightRows:
    """labels (n,) float32; qid (n,) int64, empty where no row carries one; entries of row i at starts[i]:starts[i + 1].

    index (n_entries,) int64, as the file counts, ascending within a row; value (n_entries,) float32, NaN for `NULL`.
    """

    labels: NDArray[np.float32]
    qid: NDArray[np.int64]
    starts: NDArray[np.int64]
    index: NDArray[np.int64]
    value: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)

    def dense(self, columns: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, len(columns)): the features whose indices are `columns`, ascending; an absent entry is 0."""
        matrix = np.zeros((len(self), len(columns)), np.float32)
        column = np.searchsorted(columns, self.index)
        known = column < len(columns)
        known[known] = columns[column[known]] == self.index[known]
        row = np.repeat(np.arange(len(self)), np.diff(self.starts))
        matrix[row[known], column[known]] = self.value[known]
        return matrix


def read_svmlight(path: Path, zero_based: bool | None = False) -> SvmlightRows:
    """The rows of `path`; indices count from 0 where `zero_based`, and as the smallest of them says where it is None.

    InputError names the line that cannot be read.
    """
    content = read_text(path)
    rows = _strict(content) or _by_line(path, content)
    if not len(rows):
        raise InputError(f"{path} holds no rows; check how it was written")
    if zero_based is False and len(rows.index) and rows.index.min() == 0:
        line = _line_of_row(content, int(np.searchsorted(rows.starts, rows.index.argmin(), side="right")) - 1)
        raise InputError(f"{path}, line {line} has index 0, so its features count from 0; pass zero_based=True")
    _require_finite(path, content, rows)
    return rows


def _require_finite(path: Path, content: bytes, rows: SvmlightRows) -> None:
    """InputError for a label that is no relevance, and for an infinite value: by its line."""
    unfit = ~(np.isfinite(rows.labels) & (rows.labels >= 0))
    if unfit.any():
        row = int(unfit.argmax())
        raise InputError(
            f"{path}, line {_line_of_row(content, row)} has label {rows.labels[row]:g}, and a relevance is finite and "
            "zero or more; correct or remove the row"
        )
    infinite = np.isinf(rows.value)
    if infinite.any():
        entry = int(infinite.argmax())
        row = int(np.searchsorted(rows.starts, entry, side="right")) - 1
        raise InputError(
            f"{path}, line {_line_of_row(content, row)}: the value of index {rows.index[entry]} is infinite in 32 "
            "bits; write NaN where it is missing"
        )


def require_sizes(path: Path, rows: SvmlightRows, sizes: Sequence[int], told_by: Path) -> None:
    """InputError, which names the line, where the qid of `path` begin other queries than the sizes of a second file."""
    qid = rows.qid
    if len(qid) != len(rows):
        return
    begins = np.flatnonzero(np.concatenate(([True], qid[1:] != qid[:-1])))
    told = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    differing = np.setxor1d(begins, told)
    if len(differing):
        line = _line_of_row(read_text(path), int(differing[0]))
        raise InputError(
            f"{path}, line {line}: its qid and {told_by} do not agree whether a query begins here; remove the one that "
            "is wrong"
        )


def require_queries(path: Path, rows: SvmlightRows) -> None:
    """InputError unless every row carries a qid and the rows of a query follow on one another; names the line."""
    qid = rows.qid
    if len(qid) != len(rows):
        raise InputError(f"{path}: only {len(qid)} of {len(rows)} rows carry a qid; give one to all or to none")
    begins = np.flatnonzero(np.concatenate(([True], qid[1:] != qid[:-1])))
    _, first = np.unique(qid[begins], return_index=True)
    again = np.setdiff1d(begins, begins[first])
    if len(again):
        line = _line_of_row(read_text(path), int(again[0]))
        raise InputError(
            f"{path}, line {line}: the rows of query '{qid[again[0]]}' are not contiguous, they begin again here; "
            "sort the rows by qid"
        )


def _strict(content: bytes) -> SvmlightRows | None:
    """By scikit-learn's fast reader; None where a row is not sorted, has no number, or is no row at all."""
    from sklearn.datasets import load_svmlight_file

    try:
        sparse, labels, qid = load_svmlight_file(io.BytesIO(content), dtype=np.float32, zero_based=True, query_id=True)
    except (ValueError, OverflowError, IndexError):
        return None
    return SvmlightRows(
        labels.astype(np.float32),
        qid.astype(np.int64),
        sparse.indptr.astype(np.int64),
        sparse.indices.astype(np.int64),
        sparse.data,
    )


def _by_line(path: Path, content: bytes) -> SvmlightRows:
    """As the format's other readers take it: entries in any order, `NULL` for a missing value."""
    labels, qids, rows = [], [], []
    for number, line in _rows(content):
        where = f"{path}, line {number} is not svmlight rows `label [qid:id] index:value ...`:"
        label, *entries = line.split()
        labels.append(_number(label, where, "label"))
        if entries and entries[0].startswith("qid:"):
            qids.append(_whole(entries.pop(0)[4:], where, "qid"))
        rows.append(_entries(entries, where))
    sizes = [len(row) for row in rows]
    stored = list(chain.from_iterable(rows))
    return SvmlightRows(
        np.array(labels, np.float32),
        np.array(qids, np.int64),
        np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        np.array([index for index, _ in stored], np.int64),
        np.array([value for _, value in stored], np.float32),
    )


def _entries(entries: list[str], where: str) -> list[tuple[int, float]]:
    """(index, value), ascending."""
    row: dict[int, float] = {}
    for entry in entries:
        index, colon, value = entry.partition(":")
        if not colon:
            raise InputError(f"{where} {entry[:40]!r} is no index:value; correct or remove the row")
        position = _whole(index, where, "index")
        if position in row:
            raise InputError(f"{where} index {position} stands twice; keep one of them")
        if position < 0:
            raise InputError(f"{where} index {position} is negative; indices count from 0 or 1")
        row[position] = np.nan if value.casefold() == _MISSING else _number(value, where, f"value of index {position}")
    return sorted(row.items())


def _whole(text: str, where: str, what: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise InputError(f"{where} {what} {text[:40]!r} is no whole number; number it anew") from None
    if not -(2**63) <= number < 2**63:
        raise InputError(f"{where} {what} {number} needs more than 64 bits; number it anew")
    return number


def _number(text: str, where: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{where} {what} {text[:40]!r} is no number; correct or remove the row") from None


def _line_of_row(content: bytes, row: int) -> int:
    return next(number for position, (number, _) in enumerate(_rows(content)) if position == row)


def _rows(content: bytes) -> Iterator[tuple[int, str]]:
    """(line number, text without its comment) of every row."""
    for number, line in numbered_lines(content):
        if text := line.partition("#")[0].strip():
            yield number, text
