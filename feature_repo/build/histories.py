"""Fold interactions into history versions: the newest distinct candidates an entity had turned to by each moment.

Works on the rows of sql/*_history.sql. Knows neither the lake nor what the columns mean.
"""

import hashlib
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from feature_repo.views import LONGEST, RECENT
from metier.contract import TIMESTAMP

VERSIONS_A_BATCH = 20_000
FIXED = ("entity_id", "visible_at", "happened_at", "recorded_at", "candidate_id", "interaction")


@dataclass
class _Version:
    """One version: its newest source row, the rows of its list, those last counted and how many were counted."""

    row: int
    rows: list[int]
    counted: list[int]
    count: int


def history_schema(key: str, interactions: pa.Schema) -> pa.Schema:
    """Schema of the history table of interactions with that schema."""
    mark_lists = [RECENT[name] for name in interactions.names if name not in FIXED]
    return pa.schema(
        [
            (key, pa.string()),
            ("event_timestamp", TIMESTAMP),
            ("recorded_at", TIMESTAMP),
            ("recent_ids", pa.list_(pa.string())),
            *((name, pa.list_(pa.string())) for name in mark_lists),
            ("recent_timestamps", pa.list_(pa.int64())),
            ("last_counted", pa.list_(pa.int64())),
            ("interaction_count", pa.float32()),
        ]
    )


def fold(key: str, interactions: pa.Table, before: pa.Table | None = None) -> Iterator[pa.Table]:
    """Batches of history versions; `interactions` is ordered by entity, then by when a row became visible.

    A version holds, newest first by event time and at most 20, the distinct candidates so far; a candidate stands
    where its newest interaction puts it, to the second; of those of one second, the one seen later comes first.
    Interactions that become visible together make one version. Entities go on from their version in `before`, which
    has one row an entity: folding in parts gives what folding at once does.
    """
    source, first = interactions, 0
    states: Mapping[int, _Version] = {}
    if before is not None:
        source, states = _after(key, before, interactions)
        first = source.num_rows - interactions.num_rows
    batch: list[_Version] = []
    for version in _versions(source, first, states):
        batch.append(version)
        if len(batch) == VERSIONS_A_BATCH:
            yield _table(key, source, batch)
            batch = []
    if batch:
        yield _table(key, source, batch)


def newest(key: str, versions: pa.Table, before: pa.Table | None) -> pa.Table:
    """The last of each entity's `versions`, in the order of fold, and the rows of `before` of other entities."""
    codes = np.array(_codes(versions[key]), np.int64)
    last = versions.take(np.flatnonzero(np.append(codes[1:] != codes[:-1], True)[: len(codes)]))
    if before is None:
        return last
    unchanged = before.filter(pc.invert(pc.is_in(before[key], value_set=last[key].combine_chunks())))
    return pa.concat_tables([unchanged, last])


def _after(key: str, before: pa.Table, interactions: pa.Table) -> tuple[pa.Table, dict[int, _Version]]:
    """The interactions behind the entries of their entities in `before`, and which of those rows each entity held.

    Entities are given by their codes in `_versions`.
    """
    before = before.filter(pc.is_in(before[key], value_set=interactions["entity_id"].combine_chunks().unique()))
    entries = _entries(before, key, {"candidate_id": "recent_ids", "happened_at": "recent_timestamps", **RECENT})
    stamps = pc.multiply(entries["happened_at"], 1_000_000).cast(TIMESTAMP)
    entries = entries.set_column(entries.schema.get_field_index("happened_at"), "happened_at", stamps)
    marks = _entries(before, key, {"interaction": "last_counted"})
    empty = interactions.schema.empty_table()
    source = pa.concat_tables([empty, entries, marks, interactions], promote_options="permissive")
    codes = _codes(source["entity_id"])
    states = {code: _Version(-1, [], [], 0) for code in codes[: entries.num_rows + marks.num_rows]}
    for row, code in enumerate(codes[: entries.num_rows + marks.num_rows]):
        state = states[code]
        (state.rows if row < entries.num_rows else state.counted).append(row)
    code_of = dict(zip(source["entity_id"].to_pylist(), codes, strict=True))
    for entity, count in zip(before[key].to_pylist(), before["interaction_count"].to_pylist(), strict=True):
        states[code_of[entity]].count = int(count)
    return source, states


def _entries(before: pa.Table, key: str, lists: Mapping[str, str]) -> pa.Table:
    """One row an entry of the parallel `lists` (column of the answer -> list) that `before` has, with its entity_id."""
    columns = {name: before[column].combine_chunks() for name, column in lists.items() if column in before.column_names}
    parents = pc.list_parent_indices(next(iter(columns.values())))
    entities = before[key].combine_chunks().take(parents)
    return pa.table({"entity_id": entities, **{name: values.flatten() for name, values in columns.items()}})


def _versions(source: pa.Table, first: int, states: Mapping[int, _Version]) -> Iterator[_Version]:
    """Versions by the rows of `source` from `first` on; `states` says what entities held before, by code."""
    entity = _codes(source["entity_id"])
    candidate = _codes(source["candidate_id"])
    visible = _microseconds(source["visible_at"])
    happened = _seconds(source["happened_at"])
    new = _Version(-1, [], [], 0)
    for row in range(first, source.num_rows):
        if row == first or entity[row] != entity[row - 1]:
            state = states.get(entity[row], new)
            rows, counted, count = state.rows, state.counted, state.count
        rows, counted, count = inserted(rows, row, candidate, happened), [row, *counted][:LONGEST], count + 1
        is_last = row + 1 == source.num_rows or entity[row + 1] != entity[row]
        if is_last or visible[row + 1] != visible[row]:
            yield _Version(row, rows, counted, count)


def fingerprint(interaction_id: str) -> int:
    """What `last_counted` remembers an interaction by: the first 60 bits of the sha256 of its id."""
    return int(hashlib.sha256(interaction_id.encode()).hexdigest()[:15], 16)


def inserted(rows: list[int], row: int, candidate: Sequence[Hashable], happened: Sequence[int]) -> list[int]:
    """`rows` (newest first, at most 20) with one more, unless a newer one of its candidate is there.

    Rows index `candidate` and `happened`, which is in seconds since 1970.
    """
    for entry in rows:
        if candidate[entry] == candidate[row]:
            if happened[entry] > happened[row]:
                return rows
            rows = [other for other in rows if other != entry]
            break
    position = next((i for i, entry in enumerate(rows) if happened[entry] <= happened[row]), len(rows))
    return [*rows[:position], row, *rows[position:]][:LONGEST]


def _table(key: str, interactions: pa.Table, versions: list[_Version]) -> pa.Table:
    schema = history_schema(key, interactions.schema)
    last = np.array([version.row for version in versions])
    flat, offsets = _flattened([version.rows for version in versions])
    counted, bounds = _flattened([version.counted for version in versions])
    entities = interactions["entity_id"].take(last).cast(pa.string()).combine_chunks()

    def lists(values: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
        return pa.ListArray.from_arrays(offsets, values.take(flat).cast(kind).combine_chunks())

    seconds = pa.chunked_array([pa.array(_seconds(interactions["happened_at"]))])
    interaction = interactions["interaction"].take(counted).combine_chunks()
    mark_lists = [name for name in interactions.column_names if name not in FIXED]
    return pa.Table.from_arrays(
        [
            entities,
            interactions["visible_at"].take(last).combine_chunks(),
            interactions["recorded_at"].take(last).combine_chunks(),
            lists(interactions["candidate_id"], pa.string()),
            *(lists(interactions[name], pa.string()) for name in mark_lists),
            lists(seconds, pa.int64()),
            pa.ListArray.from_arrays(bounds, interaction),
            pa.array([version.count for version in versions], pa.float32()),
        ],
        schema=schema,
    )


def _flattened(lists: list[list[int]]) -> tuple[npt.NDArray[np.int64], pa.Array]:
    """The lists one after the other, and where each begins and ends."""
    flat = np.array([row for rows in lists for row in rows], np.int64)
    return flat, pa.array(np.cumsum([0, *map(len, lists)]), pa.int32())


def _codes(values: pa.ChunkedArray) -> list[int]:
    codes: list[int] = pc.dictionary_encode(values.combine_chunks()).indices.to_pylist()
    return codes


def _microseconds(values: pa.ChunkedArray) -> list[int]:
    stamps: list[int] = values.cast(pa.int64()).to_pylist()
    return stamps


def _seconds(values: pa.ChunkedArray) -> list[int]:
    """Whole seconds since 1970; 0 where there is none."""
    return [stamp // 1_000_000 for stamp in _microseconds(pc.fill_null(values, pa.scalar(0, values.type)))]
