"""The days of a finished world as the contract's tables, in blocks of days: ids, and when each row was recorded.

A few rows are recorded hours or days late, none after the export. Reads the shelf; what happened is settled by then.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.simulator.config import HOUR_US
from components.simulator.geography import Integers
from components.simulator.shelf import Shelf
from components.simulator.world_log import ENTITIES, FIRST, NOBODY, SIDES, VALUES
from metier.contract import KINDS, PLACEMENTS, SURFACES, TABLES, TIMESTAMP

LATE_SHARE = {"freelancers": 0.03, "clients": 0.03, "jobs": 0.03, "queries": 0.01, "interactions": 0.04}
BEACON_SHARE = 0.85
"""Share of queries whose app reports what was on screen; viewed is null in the others."""
BLOCK_ROWS = 250_000
"""A block is handed over once it holds so many rows."""
DEVICES = {"desktop": 0.6, "mobile": 0.35, "tablet": 0.05}
FEED = SURFACES.index("job_feed")


Draw = Callable[[np.random.Generator, int], np.ndarray]


class Draws:
    """The `count` draws that `rng` would now give, to be had part by part; `rng` stands behind all of them."""

    def __init__(self, rng: np.random.Generator, count: int, draw: Draw) -> None:
        self._rng, self._draw = copy.deepcopy(rng), draw
        for start in range(0, count, BLOCK_ROWS):
            draw(rng, min(BLOCK_ROWS, count - start))

    def next(self, size: int) -> np.ndarray:
        """The next `size` of them."""
        return self._draw(self._rng, size)


class RecordingDelays:
    """When rows are recorded: seconds after the event, for a share of them hours or days (log-normal, median 10)."""

    def __init__(self, rng: np.random.Generator, count: int, share: float, end_us: int) -> None:
        self._share, self._end_us = share, end_us
        self._soon = Draws(rng, count, lambda own, size: own.exponential(3e6, size))
        self._late = Draws(rng, count, lambda own, size: own.lognormal(np.log(10), 1.3, size))
        self._chance = Draws(rng, count, lambda own, size: own.random(size))

    def recorded(self, stamps: Integers) -> Integers:
        """For the next rows; never after the export."""
        soon, late = self._soon.next(len(stamps)), HOUR_US * self._late.next(len(stamps))
        delay = np.where(self._chance.next(len(stamps)) < self._share, late, soon).astype(np.int64)
        recorded: Integers = np.minimum(stamps + delay, np.maximum(self._end_us, stamps))
        return recorded


@dataclass(frozen=True)
class Events:
    """A block of days: what lay on the shelf, and the tables made of it, row by row."""

    raw: Mapping[str, pa.Table]
    tables: Mapping[str, pa.Table]


class Handover:
    """ids: of freelancers, clients and jobs by position. Each table can be asked for once."""

    def __init__(self, shelf: Shelf, ids: Mapping[str, list[str]], end_us: int, rng: np.random.Generator) -> None:
        self._shelf, self._end_us, self._queries = shelf, end_us, 0
        names = {key: pa.array(values, pa.string()) for key, values in ids.items()}
        self._names = names
        self._actors = pa.concat_arrays([names["freelancer"], names["client"]])
        self._candidates = pa.concat_arrays([names["job"], names["freelancer"]])
        self._interactions = 0
        rows = shelf.rows
        self._clocks = {
            name: RecordingDelays(rng, rows[name], LATE_SHARE[name], end_us) for name in (*ENTITIES, "queries")
        }
        shares = list(DEVICES.values())
        self._devices = Draws(rng, rows["queries"], lambda own, size: own.choice(len(DEVICES), size=size, p=shares))
        self._beacons = Draws(rng, rows["queries"], lambda own, size: own.random(size))
        self._clocks["interactions"] = RecordingDelays(rng, rows["interactions"], LATE_SHARE["interactions"], end_us)

    def entities(self, name: str) -> Iterator[pa.Table]:
        """Versions in order of time; an entity's first is recorded at once, a later one now and then late."""
        for (raw,) in self._blocks(name):
            stamps = raw["event_timestamp"].to_numpy()
            recorded = self._clocks[name].recorded(stamps)
            recorded = np.where(raw[FIRST].to_numpy(), np.minimum(stamps + 2_000_000, self._end_us), recorded)
            yield _table(name, {column: raw[column] for column in raw.column_names}, stamps, recorded)

    def events(self) -> Iterator[Events]:
        """Queries, impressions and interactions."""
        for queries, impressions, interactions in self._blocks("queries", "impressions", "interactions"):
            stamps = queries["at_us"].to_numpy()
            recorded = self._clocks["queries"].recorded(stamps)
            first, self._queries = self._queries, self._queries + queries.num_rows
            ids = _numbered("q", first, queries.num_rows)
            query_rows = self._query_table(ids, queries, stamps, recorded)
            positions = impressions["query"].to_numpy() - first
            impression_rows = self._impression_table(ids, impressions, positions, stamps, recorded)
            interaction_rows = self._interaction_table(interactions)
            raw = {"queries": queries, "impressions": impressions, "interactions": interactions}
            yield Events(raw, {"queries": query_rows, "impressions": impression_rows, "interactions": interaction_rows})

    def searches(self) -> pa.Table:
        """What typed texts ask for, with the ids of their queries."""
        raw = pa.Table.from_batches(self._shelf.batches("searches"))
        return raw.append_column("query_id", _query_ids(raw["query"]))

    def _blocks(self, *kinds: str) -> Iterator[tuple[pa.Table, ...]]:
        """What lies on the shelf of these kinds, whole days together."""
        days: list[tuple[pa.RecordBatch, ...]] = []
        for day in zip(*(self._shelf.batches(kind) for kind in kinds), strict=True):
            days.append(day)
            if sum(batch.num_rows for batches in days for batch in batches) >= BLOCK_ROWS:
                yield tuple(pa.Table.from_batches(batches) for batches in zip(*days, strict=True))
                days = []
        if days:
            yield tuple(pa.Table.from_batches(batches) for batches in zip(*days, strict=True))

    def _query_table(self, ids: pa.Array, raw: pa.Table, stamps: Integers, recorded: Integers) -> pa.Table:
        surface = raw["surface"].to_numpy()
        actor = self._actors.take(
            pa.array(raw["actor"].to_numpy() + np.where(surface == FEED, 0, self._count("freelancer")))
        )
        contexts = pa.array([f'{{"device": "{device}", "locale": "en", "page": 1}}' for device in DEVICES])
        day = pa.array(stamps // (24 * HOUR_US)).cast(pa.string())
        values = {
            "query_id": ids,
            "surface": pa.array(SURFACES).take(pa.array(surface)),
            "actor_id": actor,
            "session_id": pc.binary_join_element_wise("s", actor, day, "_"),
            "job_id": self._named("job", raw["job"]),
            "text": raw["text"],
            "filters": raw["filters"],
            "context": contexts.take(pa.array(self._devices.next(raw.num_rows))),
            "policy": raw["policy"],
        }
        return _table("queries", values, stamps, recorded)

    def _impression_table(self, ids: pa.Array, raw: pa.Table, query: Integers, stamps: Integers,
                          recorded: Integers) -> pa.Table:  # fmt: skip
        beacon = self._beacons.next(len(stamps)) < BEACON_SHARE
        other = np.where(raw["surface"].to_numpy() == FEED, 0, self._count("job"))
        values = {
            "query_id": ids.take(pa.array(query)),
            "candidate_id": self._candidates.take(pa.array(raw["candidate"].to_numpy() + other)),
            "rank": raw["rank"],
            "placement": pa.array(PLACEMENTS).take(raw["placement"]),
            "propensity": _or_null(raw["propensity"]),
            "viewed": pa.array(raw["on_screen"].to_numpy(), mask=~beacon[query]),
            "score": _or_null(raw["score"]),
        }
        return _table("impressions", values, stamps[query], recorded[query])

    def _interaction_table(self, raw: pa.Table) -> pa.Table:
        first, self._interactions = self._interactions, self._interactions + raw.num_rows
        stamps = raw["at_us"].to_numpy()
        values = {
            "interaction_id": _numbered("it", first, raw.num_rows),
            "kind": pa.array(KINDS).take(raw["kind"]),
            "side": pa.array(SIDES).take(raw["side"]),
            **{f"{name}_id": self._named(name, raw[name]) for name in ("freelancer", "job", "client")},
            "query_id": _query_ids(raw["query"]),
            **{name: _or_null(raw[name]) for name in VALUES},
        }
        return _table("interactions", values, stamps, self._clocks["interactions"].recorded(stamps))

    def _named(self, key: str, positions: pa.ChunkedArray) -> pa.Array:
        where = positions.to_numpy()
        return self._names[key].take(pa.array(where, mask=where == NOBODY))

    def _count(self, key: str) -> int:
        return len(self._names[key])


def _numbered(prefix: str, first: int, count: int) -> pa.Array:
    return _spelled(prefix, pa.array(np.arange(first, first + count)))


def _query_ids(numbers: pa.ChunkedArray) -> pa.Array:
    where = numbers.to_numpy()
    return _spelled("q", pa.array(where, mask=where == NOBODY))


def _spelled(prefix: str, numbers: pa.Array) -> pa.Array:
    """Eight digits, so that ids stand in the order of their numbers; null where there is no number."""
    return pc.binary_join_element_wise(prefix, pc.utf8_lpad(numbers.cast(pa.string()), 8, "0"), "_")


def _or_null(values: pa.ChunkedArray) -> pa.Array:
    wide = values.to_numpy().astype(np.float64)
    return pa.array(wide, mask=np.isnan(wide))


def _table(name: str, values: Mapping[str, pa.Array], stamps: Integers, recorded: Integers) -> pa.Table:
    """A table of the contract; columns without values are null."""
    schema = TABLES[name].schema
    clocks = {"event_timestamp": stamps, "recorded_at": recorded}
    columns = []
    for column in schema:
        if column.name in clocks:
            columns.append(pa.array(clocks[column.name], pa.int64()).cast(TIMESTAMP))
        elif column.name in values:
            columns.append(values[column.name].cast(column.type))
        else:
            columns.append(pa.nulls(len(stamps), column.type))
    return pa.Table.from_arrays(columns, schema=schema)
