"""What a ranker learns from: rows of features with their relevance, grouped by query.

Knows neither where the rows come from nor what is done with them.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray

from components.measures.arrays import Floats
from components.ranking_files import SvmlightOptions, read_columns
from metier.durable import replacing, write_whole
from metier.errors import EmptyDataError, InputError

FORMAT_VERSION = 1
METADATA_FILE = "dataset.json"
FEATURE_PREFIX = "feature."
OUTCOME_PREFIX = "outcome."


@dataclasses.dataclass(frozen=True, eq=False)
class RankingDataset:
    """Rows grouped by query; the rows of a query are contiguous.

    features (n_rows, n_features) float32, NaN where missing; relevance (n_rows,) float32, zero or more;
    query_id (n_rows,) int64 or str; rank (n_rows,) int32, 1-based as displayed; propensity (n_rows,) float32 in
    (0, 1], NaN where unknown; outcomes {head: (n_rows,) float32}, each 1, 0 or NaN; weight (n_rows,) float32.
    InputError names the first thing that does not fit; EmptyDataError when there is no row.
    """

    features: Floats
    relevance: Floats
    query_id: NDArray[Any]
    feature_names: tuple[str, ...]
    rank: NDArray[np.int32] | None = None
    propensity: Floats | None = None
    outcomes: Mapping[str, Floats] | None = None
    weight: Floats | None = None

    def __post_init__(self) -> None:
        self._set("feature_names", _names(self.feature_names))
        self._set("features", _matrix(self.features, self.feature_names))
        n_rows = len(self.features)
        self._set("query_id", _query_ids(self.query_id, n_rows))
        self._set("relevance", _finite("relevance", self.relevance, n_rows))
        if self.rank is not None:
            self._set("rank", _ranks(self.rank, n_rows))
        if self.propensity is not None:
            self._set("propensity", _propensity(self.propensity, n_rows))
        if self.outcomes is not None:
            self._set("outcomes", {head: _outcome(head, column, n_rows) for head, column in self.outcomes.items()})
        if self.weight is not None:
            self._set("weight", _finite("weight", self.weight, n_rows))

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.features)

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return _run_starts(self.query_id)

    @cached_property
    def group_sizes(self) -> NDArray[np.int64]:
        """Rows of each query, in order (n_queries,)."""
        return np.diff(self._starts, append=len(self)).astype(np.int64)

    @property
    def n_queries(self) -> int:
        return len(self._starts)

    @property
    def queries(self) -> NDArray[Any]:
        """The id of each query, in order (n_queries,)."""
        return self.query_id[self._starts]

    @cached_property
    def query_index(self) -> NDArray[np.int64]:
        """Position of each row's query (n_rows,): 0 .. n_queries - 1, never decreasing."""
        return np.repeat(np.arange(self.n_queries, dtype=np.int64), self.group_sizes)

    def select_queries(self, mask: ArrayLike) -> "RankingDataset":
        """The queries where `mask` (n_queries,) is true, in their order."""
        chosen = np.asarray(mask)
        if chosen.dtype != np.bool_ or chosen.shape != (self.n_queries,):
            raise InputError(
                f"a query mask is boolean with one value per query ({self.n_queries}), "
                f"not {chosen.dtype} {chosen.shape}; build it from dataset.queries"
            )
        return self._rows(chosen[self.query_index])

    def select_features(self, names: Sequence[str]) -> "RankingDataset":
        """The features called `names`, in that order."""
        positions = {name: position for position, name in enumerate(self.feature_names)}
        absent = [name for name in names if name not in positions]
        if absent:
            raise InputError(f"no feature {absent[0]!r} in this data set; it has {', '.join(self.feature_names)}")
        columns = self.features[:, [positions[name] for name in names]]
        return dataclasses.replace(self, features=columns, feature_names=tuple(names))

    def _rows(self, chosen: NDArray[np.bool_]) -> "RankingDataset":
        def cut(column: NDArray[Any] | None) -> Any:
            return None if column is None else column[chosen]

        return dataclasses.replace(
            self,
            features=self.features[chosen],
            relevance=self.relevance[chosen],
            query_id=self.query_id[chosen],
            rank=cut(self.rank),
            propensity=cut(self.propensity),
            outcomes=None if self.outcomes is None else {head: cut(column) for head, column in self.outcomes.items()},
            weight=cut(self.weight),
        )

    def write(self, directory: str | Path) -> None:
        """Write rows (Parquet) and metadata (JSON), the latter last: a reader sees the old rows or the new ones."""
        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / "rows.parquet") as written:
            pq.write_table(self._table(), written, compression="zstd", row_group_size=131_072)
            with written.open("rb") as handle:
                digest = hashlib.file_digest(handle, "sha256").hexdigest()
            rows = folder / f"rows-{digest[:16]}.parquet"
            written.replace(rows)
        self._write_metadata(folder, rows.name)
        for stale in folder.glob("rows-*.parquet"):
            if stale != rows:
                stale.unlink()

    def _write_metadata(self, folder: Path, rows: str) -> None:
        metadata = {
            "format_version": FORMAT_VERSION,
            "rows": rows,
            "n_rows": len(self),
            "n_queries": self.n_queries,
            "feature_names": self.feature_names,
            "outcomes": sorted(self.outcomes or {}),
        }
        write_whole(folder / METADATA_FILE, json.dumps(metadata, indent=1, ensure_ascii=False))

    def _table(self) -> pa.Table:
        columns: dict[str, object] = {"query_id": self.query_id, "relevance": self.relevance}
        present = {"rank": self.rank, "propensity": self.propensity, "weight": self.weight}
        columns |= {name: column for name, column in present.items() if column is not None}
        columns |= {OUTCOME_PREFIX + head: column for head, column in sorted((self.outcomes or {}).items())}
        columns |= {FEATURE_PREFIX + name: self.features[:, i] for i, name in enumerate(self.feature_names)}
        return pa.table({name: pa.array(column) for name, column in columns.items()})

    @classmethod
    def read(cls, directory: str | Path) -> "RankingDataset":
        """The data set that `write` left in `directory`; InputError when there is none."""
        path = Path(directory) / METADATA_FILE
        if not path.is_file():
            raise InputError(f"no training set at {directory}: {METADATA_FILE} is missing; write one there first")
        metadata = json.loads(path.read_text(encoding="utf-8"))
        if metadata["format_version"] != FORMAT_VERSION:
            raise InputError(
                f"{path} has format version {metadata['format_version']}, this metier reads {FORMAT_VERSION}; "
                "build the training set again"
            )
        table = pq.read_table(path.parent / metadata["rows"])
        features = np.empty((table.num_rows, len(metadata["feature_names"])), dtype=np.float32)
        for position, name in enumerate(metadata["feature_names"]):
            features[:, position] = table[FEATURE_PREFIX + name].to_numpy()

        def column(name: str) -> Any:
            return table[name].to_numpy() if name in table.column_names else None

        return cls(
            features=features,
            relevance=column("relevance"),
            query_id=column("query_id"),
            feature_names=tuple(metadata["feature_names"]),
            rank=column("rank"),
            propensity=column("propensity"),
            outcomes={head: column(OUTCOME_PREFIX + head) for head in metadata["outcomes"]} or None,
            weight=column("weight"),
        )

    @classmethod
    def from_svmlight(
        cls,
        path: str | Path,
        group_path: str | Path | None = None,
        n_features: int | None = None,
        *,
        zero_based: bool | Literal["auto"] = False,
        feature_names: Sequence[str] | None = None,
    ) -> "RankingDataset":
        """Read svmlight rows `label [qid:id] index:value ...`; absent entries are 0, features are named f and index.

        Queries come from `group_path` (one size per line), else from qid in the file, else from `<path>.query`.
        Indices count from 1, from 0 where `zero_based`, or ("auto") from 0 where one is 0. Features are all up to
        the largest index seen, or `n_features`: pass the train set's count to read a test file whose last features are
        all absent. Where that would be a sparse matrix they are those that occur; pass the train set's `feature_names`
        to read a test file alike. InputError names the line that cannot be read.
        """
        groups, zero = Path(group_path) if group_path else None, None if zero_based == "auto" else zero_based
        return cls(*read_columns(Path(path), SvmlightOptions(groups, n_features, zero, feature_names)))


def _run_starts(query_id: NDArray[Any]) -> NDArray[np.int64]:
    changes = np.flatnonzero(query_id[1:] != query_id[:-1]) + 1
    return np.concatenate(([0], changes)).astype(np.int64)


def _names(names: Sequence[str]) -> tuple[str, ...]:
    listed = tuple(names)
    if not listed:
        raise InputError("feature_names is empty; a data set needs one feature or more")
    if len(set(listed)) < len(listed):
        twice = next(name for position, name in enumerate(listed) if name in listed[:position])
        raise InputError(f"feature {twice!r} is named twice; give every column its own name")
    return listed


def _matrix(features: ArrayLike, names: tuple[str, ...]) -> Floats:
    matrix = _float32("features", features)
    if matrix.ndim != 2 or matrix.shape[1] != len(names):
        raise InputError(f"features has shape {matrix.shape}, feature_names has {len(names)}; one column per name")
    if len(matrix) == 0:
        raise EmptyDataError("the data set has no rows; widen the selection or check its source")
    infinite = np.isinf(matrix).any(axis=0)
    if infinite.any():
        raise InputError(f"feature {names[int(infinite.argmax())]!r} is infinite in a row; use NaN for a missing value")
    return matrix


def _query_ids(query_id: ArrayLike, n_rows: int) -> NDArray[Any]:
    ids = np.asarray(query_id)
    if ids.dtype.kind not in "iuUO":
        raise InputError(f"query_id is {ids.dtype}; use whole numbers or strings")
    ids = ids.astype(np.int64) if ids.dtype.kind in "iu" else ids.astype(np.str_)
    _require_shape("query_id", ids, n_rows)
    first = ids[_run_starts(ids)]
    distinct, runs = np.unique(first, return_counts=True)
    if len(distinct) < len(first):
        scattered = distinct[int(runs.argmax())]
        raise InputError(f"the rows of query {str(scattered)!r} are not contiguous; sort the rows by query_id")
    return ids


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


def _finite(name: str, values: ArrayLike, n_rows: int) -> Floats:
    column = _column(name, values, n_rows)
    if not (np.isfinite(column) & (column >= 0)).all():
        raise InputError(f"{name} must be finite and zero or more; leave out rows where it is unknown")
    return column


def _ranks(values: ArrayLike, n_rows: int) -> NDArray[np.int32]:
    ranks = np.asarray(values)
    _require_shape("rank", ranks, n_rows)
    if not (ranks >= 1).all():
        raise InputError("rank counts from 1, the top of the slate; a value below 1 or a missing one was given")
    return ranks.astype(np.int32)


def _propensity(values: ArrayLike, n_rows: int) -> Floats:
    column = _column("propensity", values, n_rows)
    defined = column[~np.isnan(column)]
    if not ((defined > 0) & (defined <= 1)).all():
        raise InputError("propensity lies in (0, 1]; use NaN where the logging policy was deterministic")
    return column


def _outcome(head: str, values: ArrayLike, n_rows: int) -> Floats:
    column = _column(f"outcome {head!r}", values, n_rows)
    if not (np.isnan(column) | (column == 0) | (column == 1)).all():
        raise InputError(f"outcome {head!r} holds a value other than 1, 0 and NaN (unknown)")
    return column
