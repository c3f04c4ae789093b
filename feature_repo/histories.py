"""Fold interactions into history versions: the newest distinct candidates an entity had turned to by each moment.

Works on the rows of sql/*_history.sql. Knows neither the lake nor what the columns mean.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from metier.contract import TIMESTAMP

LONGEST = 20
VERSIONS_A_BATCH = 20_000
FIXED = ("entity_id", "visible_at", "happened_at", "recorded_at", "candidate_id")
PLURALS = {
    "text_key": "recent_text_keys", "city": "recent_cities", "region": "recent_regions",
    "company": "recent_companies", "industry": "recent_industries", "category": "recent_categories",
    "agency": "recent_agencies",
}  # fmt: skip


@dataclass
class _Version:
    """One version: its newest source row, the rows of its list and how many interactions there were."""

    row: int
    rows: list[int]
    count: int


def history_schema(key: str, interactions: pa.Schema) -> pa.Schema:
    """Schema of the history table of interactions with that schema."""
    told = [PLURALS[name] for name in interactions.names if name not in FIXED]
    return pa.schema(
        [
            (key, pa.string()),
            ("event_timestamp", TIMESTAMP),
            ("recorded_at", TIMESTAMP),
            ("recent_ids", pa.list_(pa.string())),
            *((name, pa.list_(pa.string())) for name in told),
            ("recent_timestamps", pa.list_(pa.int64())),
            ("interaction_count", pa.float32()),
        ]
    )


def fold(key: str, interactions: pa.Table) -> Iterator[pa.Table]:
    """Batches of history versions; `interactions` is ordered by entity, then by when a row became visible.

    A version holds, newest first by event time and at most 20, the distinct candidates so far; a candidate stands
    where its newest interaction puts it. Interactions that become visible together make one version.
    """
    held: list[_Version] = []
    for version in _versions(interactions):
        held.append(version)
        if len(held) == VERSIONS_A_BATCH:
            yield _table(key, interactions, held)
            held = []
    if held:
        yield _table(key, interactions, held)


def _versions(interactions: pa.Table) -> Iterator[_Version]:
    entity = _codes(interactions["entity_id"])
    candidate = _codes(interactions["candidate_id"])
    visible = _microseconds(interactions["visible_at"])
    happened = _microseconds(interactions["happened_at"])
    rows: list[int] = []
    count = 0
    for row in range(interactions.num_rows):
        if row and entity[row] != entity[row - 1]:
            rows, count = [], 0
        rows, count = _with(rows, row, candidate, happened), count + 1
        is_last = row + 1 == interactions.num_rows or entity[row + 1] != entity[row]
        if is_last or visible[row + 1] != visible[row]:
            yield _Version(row, rows, count)


def _with(rows: list[int], row: int, candidate: list[int], happened: list[int]) -> list[int]:
    """`rows` (newest first) with one more, unless a newer one of its candidate is there."""
    for known in rows:
        if candidate[known] == candidate[row]:
            if happened[known] > happened[row]:
                return rows
            rows = [other for other in rows if other != known]
            break
    place = next((i for i, known in enumerate(rows) if happened[known] <= happened[row]), len(rows))
    return [*rows[:place], row, *rows[place:]][:LONGEST]


def _table(key: str, interactions: pa.Table, versions: list[_Version]) -> pa.Table:
    schema = history_schema(key, interactions.schema)
    last = np.array([version.row for version in versions])
    flat = np.array([row for version in versions for row in version.rows])
    offsets = pa.array(np.cumsum([0, *(len(version.rows) for version in versions)]), pa.int32())
    entities = interactions["entity_id"].take(last).cast(pa.string()).combine_chunks()

    def lists(values: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
        return pa.ListArray.from_arrays(offsets, values.take(flat).cast(kind).combine_chunks())

    seconds = pa.chunked_array([pa.array(np.array(_microseconds(interactions["happened_at"])) // 1_000_000)])
    told = [name for name in interactions.column_names if name not in FIXED]
    return pa.Table.from_arrays(
        [
            entities,
            interactions["visible_at"].take(last).combine_chunks(),
            interactions["recorded_at"].take(last).combine_chunks(),
            lists(interactions["candidate_id"], pa.string()),
            *(lists(interactions[name], pa.string()) for name in told),
            lists(seconds, pa.int64()),
            pa.array([version.count for version in versions], pa.float32()),
        ],
        schema=schema,
    )


def _codes(values: pa.ChunkedArray) -> list[int]:
    codes: list[int] = pc.dictionary_encode(values.combine_chunks()).indices.to_pylist()
    return codes


def _microseconds(values: pa.ChunkedArray) -> list[int]:
    stamps: list[int] = values.cast(pa.int64()).to_pylist()
    return stamps
