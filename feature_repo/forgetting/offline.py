"""Take entities out of what is built from the lake: offline tables and text vectors.

The rows of an entity go; histories of others lose the entries that name it. Counts of others stay until the features
are built again. Knows ids, not why they go, and no online store.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from feature_repo.build.aggregates import HISTORY_VIEWS
from feature_repo.files.whole_folder import replacing_folder, settle
from feature_repo.texts import TextVectors
from feature_repo.views import VIEWS, view_of
from metier.durable import replacing

IDS, LISTS = "recent_ids", "recent_"
ROWS_A_BATCH = 65_536

_LISTED = {"freelancer_history": "job_id", "client_history": "freelancer_id"}
"""What the ids in a history are ids of."""


@dataclass(frozen=True)
class RemovedIds:
    """Ids to take out, by join key."""

    ids: Mapping[str, frozenset[str]]

    def of(self, view: str) -> tuple[str, frozenset[str]]:
        """(join key of the view, the ids of it that go)."""
        key = view_of(view).key
        return key, self.ids.get(key, frozenset())

    def listed(self, view: str) -> frozenset[str]:
        """The ids that go from the lists of a history view; none for other views."""
        return self.ids.get(_LISTED[view], frozenset()) if view in HISTORY_VIEWS else frozenset()


def forget_offline(features: Path, removed: RemovedIds) -> dict[str, int]:
    """Rows removed or shortened by view; each file is replaced whole."""
    tables = {view.name: sorted((features / view.name).rglob("*.parquet")) for view in VIEWS}
    return {view: sum(_forget_table(path, view, removed) for path in files) for view, files in tables.items() if files}


def forget_texts(folder: Path, keys: Iterable[str]) -> int:
    """Remove the vectors of these text keys; what was fitted stays. How many there were."""
    settle(folder)
    if not folder.exists():
        return 0
    vectors, unwanted = TextVectors.read(folder), frozenset(keys)
    remaining = np.array([row for row, key in enumerate(vectors.keys) if key not in unwanted], np.int64)
    if len(remaining) == len(vectors.keys):
        return 0
    with replacing_folder(folder) as temporary:
        vectors.only(remaining).write(temporary)
    return len(vectors.keys) - len(remaining)


def _forget_table(path: Path, view: str, removed: RemovedIds) -> int:
    (key, unwanted), listed = removed.of(view), pa.array(removed.listed(view), pa.string())
    dropped, changed = pa.array(unwanted, pa.string()), 0

    def batches(source: pq.ParquetFile) -> Iterator[pa.Table]:
        nonlocal changed
        for batch in source.iter_batches(ROWS_A_BATCH):
            rows = pa.Table.from_batches([batch])
            remaining = rows.filter(pc.invert(pc.is_in(rows[key], value_set=dropped)))
            changed += rows.num_rows - remaining.num_rows
            shortened, number = _shortened(remaining, listed) if len(listed) else (remaining, 0)
            changed += number
            yield shortened

    with replacing(path) as temporary:
        with (
            pq.ParquetFile(path) as source,
            pq.ParquetWriter(temporary, source.schema_arrow, compression="zstd") as writer,
        ):
            for rows in batches(source):
                writer.write_table(rows.cast(source.schema_arrow))
        if not changed:
            temporary.unlink()
    return changed


def _shortened(rows: pa.Table, unwanted: pa.Array) -> tuple[pa.Table, int]:
    """The rows with the entries of unwanted ids left out of their parallel lists, and how many rows had some."""
    ids = rows[IDS].combine_chunks()
    keep = pc.invert(pc.is_in(ids.flatten(), value_set=unwanted))
    row = pc.list_parent_indices(ids).to_numpy()
    mask = keep.to_numpy(zero_copy_only=False)
    if mask.all():
        return rows, 0
    offsets = np.concatenate([[0], np.cumsum(np.bincount(row[mask], minlength=rows.num_rows))]).astype(np.int32)
    for column, field in enumerate(rows.schema):
        if field.name.startswith(LISTS):
            values = rows[field.name].combine_chunks().flatten().filter(keep)
            rows = rows.set_column(column, field, pa.ListArray.from_arrays(pa.array(offsets), values, type=field.type))
    return rows, len(np.unique(row[~mask]))
