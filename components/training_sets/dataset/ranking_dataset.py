"""What a ranker learns from: rows of features with their relevance, grouped by query.

Knows neither where the rows come from nor what is done with them.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from components.measures.arrays import Floats
from components.ranking_files import SvmlightOptions, read_columns
from components.training_sets.dataset import checked, stored
from components.training_sets.dataset.room import gathered
from metier.errors import InputError

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
        self._set("feature_names", checked.names(self.feature_names))
        self._set("features", checked.matrix(self.features, self.feature_names))
        n_rows = len(self.features)
        self._set("query_id", checked.query_ids(self.query_id, n_rows))
        self._set("relevance", checked.finite("relevance", self.relevance, n_rows))
        if self.rank is not None:
            self._set("rank", checked.ranks(self.rank, n_rows))
        if self.propensity is not None:
            self._set("propensity", checked.propensities(self.propensity, n_rows))
        if self.outcomes is not None:
            self._set(
                "outcomes", {head: checked.outcome(head, column, n_rows) for head, column in self.outcomes.items()}
            )
        if self.weight is not None:
            self._set("weight", checked.finite("weight", self.weight, n_rows))

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.features)

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return checked.run_starts_of(self.query_id)

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
        rows = np.flatnonzero(chosen[self.query_index])
        neighbours = len(rows) and rows[-1] - rows[0] + 1 == len(rows)  # then views of them, and nothing is copied
        return self._rows(slice(rows[0], rows[-1] + 1) if neighbours else rows)

    def select_features(self, names: Sequence[str]) -> "RankingDataset":
        """The features called `names`, in that order."""
        positions = {name: position for position, name in enumerate(self.feature_names)}
        absent = [name for name in names if name not in positions]
        if absent:
            raise InputError(f"no feature {absent[0]!r} in this data set; it has {', '.join(self.feature_names)}")
        columns = gathered(self.features, slice(None), np.array([positions[name] for name in names], dtype=np.int64))
        return dataclasses.replace(self, features=columns, feature_names=tuple(names))

    def as_displayed(self) -> "RankingDataset":
        """The rows of each query in the order of their ranks; InputError where they have none."""
        if self.rank is None:
            raise InputError("the data set has no ranks; give the rank at which each row was displayed")
        order = np.lexsort((self.rank, self.query_index))
        return self if (order[1:] > order[:-1]).all() else self._rows(order)

    def _rows(self, chosen: NDArray[np.int64] | slice) -> "RankingDataset":
        def cut(column: NDArray[Any] | None) -> Any:
            return None if column is None else column[chosen]

        return dataclasses.replace(
            self,
            features=gathered(self.features, chosen),
            relevance=self.relevance[chosen],
            query_id=self.query_id[chosen],
            rank=cut(self.rank),
            propensity=cut(self.propensity),
            outcomes=None if self.outcomes is None else {head: cut(column) for head, column in self.outcomes.items()},
            weight=cut(self.weight),
        )

    def write(self, directory: str | Path) -> None:
        """Write the features (mapped when they are read), the other columns and, last, what names them."""
        columns: dict[str, NDArray[Any]] = {"query_id": self.query_id, "relevance": self.relevance}
        present = {"rank": self.rank, "propensity": self.propensity, "weight": self.weight}
        columns |= {name: column for name, column in present.items() if column is not None}
        columns |= {OUTCOME_PREFIX + head: column for head, column in sorted((self.outcomes or {}).items())}
        metadata = {
            "n_queries": self.n_queries,
            "feature_names": self.feature_names,
            "outcomes": sorted(self.outcomes or {}),
        }
        stored.write(Path(directory), self.features, columns, metadata)

    @classmethod
    def read(cls, directory: str | Path) -> "RankingDataset":
        """The data set that `write` left in `directory`; InputError when there is none."""
        metadata, features, columns = stored.read(Path(directory))
        return cls(
            features=features,
            relevance=columns["relevance"],
            query_id=columns["query_id"],
            feature_names=tuple(metadata["feature_names"]),
            rank=columns.get("rank"),
            propensity=columns.get("propensity"),
            outcomes={head: columns[OUTCOME_PREFIX + head] for head in metadata["outcomes"]} or None,
            weight=columns.get("weight"),
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
