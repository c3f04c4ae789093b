"""A ranking data set whose rows can be traced to their candidate, actor and moment, for splits, slices and intervals.

Kept beside the data set and not in it: a ranker has no use for who was ranked.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from components.measures.arrays import run_starts
from components.training_sets.dataset.ranking_dataset import RankingDataset
from metier.durable import replacing, write_whole
from metier.errors import InputError

ROWS_FILE = "trace.parquet"
METADATA_FILE = "trace.json"


@dataclass(frozen=True)
class TracedDataset:
    """rows: query_id, candidate_id, actor_id, job_id, event_timestamp (and more), one per row of the data set."""

    dataset: RankingDataset
    rows: pa.Table
    metadata: dict[str, Any]

    def __post_init__(self) -> None:
        if self.rows.num_rows != len(self.dataset):
            raise InputError(f"{self.rows.num_rows} traces beside {len(self.dataset)} rows; give one each")

    def select_queries(self, mask: NDArray[np.bool_]) -> "TracedDataset":
        """The queries where `mask` (n_queries,) is true."""
        rows = self.rows.filter(pa.array(mask[self.dataset.query_index]))
        return replace(self, dataset=self.dataset.select_queries(mask), rows=rows)

    def queries(self) -> pa.Table:
        """The first row of each query, in order: whose it was, and when."""
        return self.rows.take(pa.array(run_starts(self.dataset.group_sizes)))

    def write(self, directory: str | Path) -> None:
        """Write the data set with its trace beside it; RankingDataset.read reads the former alone."""
        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / ROWS_FILE) as temporary:
            pq.write_table(self.rows, temporary, compression="zstd")
        write_whole(folder / METADATA_FILE, json.dumps(self.metadata, indent=1, default=str))
        self.dataset.write(folder)

    @classmethod
    def read(cls, directory: str | Path) -> "TracedDataset":
        """What `write` left; InputError where there is no trace."""
        folder = Path(directory)
        if not (folder / ROWS_FILE).is_file():
            raise InputError(
                f"no {ROWS_FILE} in {folder}; write a TracedDataset there, or read the RankingDataset alone"
            )
        metadata = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))
        return cls(RankingDataset.read(folder), pq.read_table(folder / ROWS_FILE), metadata)


def whole_queries(sizes: NDArray[np.int64], most: int, newest: bool, seed: int) -> NDArray[np.int64]:
    """Queries with at most `most` rows together: the last ones, or a sample that equal seeds repeat; ascending.

    sizes (n_queries,): rows of each query, in the order of the log.
    """
    if sizes.sum() <= most:
        return np.arange(len(sizes))
    order = np.arange(len(sizes))[::-1] if newest else np.random.default_rng(seed).permutation(len(sizes))
    fits = np.cumsum(sizes[order]) <= most
    if not fits.any():
        raise InputError(f"no query fits into {most} rows, the first has {sizes[order[0]]}; allow more rows")
    return np.sort(order[fits])
