"""Rows whose key the lake holds with other content: a corrected version, or what is set aside, each with its reason.

An entity's row is a version, and a correction is one more of the same moment, recorded at the run's clock: nothing that
looks at the lake as it was known before sees it. An event happened once: its row stays, unless the caller says that new
rows correct it. Content that any version of the moment has is a duplicate. Knows keys and clocks; no file.
"""

from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.importers.conform import REPEATED_KEY
from components.importers.duplicates import contradictions, difference
from metier.contract import ENTITY_TABLES, TEXT, TIMESTAMP, Table, table
from metier.lake import Lake
from metier.lake.upkeep import take_out

HELD_OTHERWISE = "key is in the lake with other content"
NOT_LATER = "the lake holds another version of that moment, recorded at the run's clock or later"

_VERSIONS = """
WITH found AS (
    SELECT new.position, {moment}, new.earlier, max(old.recorded_at) AS newest,
        min(old.recorded_at) FILTER (WHERE NOT ({difference})) AS same_at
    FROM incoming AS new JOIN held AS old USING ({moment}) GROUP BY ALL
), judged AS (
    SELECT *, CASE
        WHEN same_at IS NOT NULL THEN NULL WHEN earlier THEN $repeated WHEN newest >= $clock THEN $not_later
    END AS reason FROM found
)
SELECT
    coalesce(same_at, $clock) AS recorded_at, same_at IS NULL AS is_new,
    CASE WHEN row_number() OVER (PARTITION BY {moment}, same_at, reason ORDER BY position) > 1 AND same_at IS NULL
        THEN coalesce(reason, $repeated) ELSE reason END AS reason
FROM judged ORDER BY position
"""
"""Of each contradicting row: when it is recorded, whether the lake lacks its content, and why it is set aside."""


@dataclass(frozen=True)
class Settled:
    """`rows` to append, `corrected` of them instead of what the lake holds; `set_aside` with their `reasons`."""

    rows: pa.Table
    set_aside: pa.Table
    reasons: pa.Array
    corrected: int = 0


class Corrections:
    """What a run brought so far: a row that contradicts an earlier one of its own run corrects nothing.

    Holds eight bytes for each row of the tables whose rows may be corrected: entities, and events if `events_too`.
    """

    def __init__(self, lake: Lake, clock: datetime, events_too: bool = False) -> None:
        self._lake, self._clock, self._events_too = lake, clock, events_too
        self._seen: dict[str, np.ndarray] = {}

    def settle(self, name: str, rows: pa.Table) -> Settled:
        """The conformed rows in the light of what the lake holds."""
        declared = table(name)
        may_correct = name in ENTITY_TABLES or self._events_too
        earlier = self._earlier(declared, rows) if may_correct else np.zeros(rows.num_rows, bool)
        contradicting = self._contradicting(declared, rows)
        other = rows.filter(pa.array(contradicting))
        if not other.num_rows:
            return Settled(rows, other, pa.array([], TEXT))
        agreeing = rows.filter(pa.array(~contradicting))
        if not may_correct:
            return Settled(agreeing, other, pa.array([HELD_OTHERWISE] * other.num_rows, TEXT))
        settle = self._versions if name in ENTITY_TABLES else self._events
        settled = settle(declared, other, pa.array(earlier[contradicting]))
        rows = pa.concat_tables([agreeing, settled.rows])
        return Settled(rows, settled.set_aside, settled.reasons, settled.corrected)

    def _earlier(self, declared: Table, rows: pa.Table) -> np.ndarray:
        """Which rows have a key that an earlier piece of the run had."""
        key = ", ".join(declared.key)
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.register("incoming", rows.select(list(declared.key)))
            hashed = connection.sql(f"SELECT hash({key}) AS name FROM incoming").to_arrow_table()
        hashes = hashed["name"].to_numpy()
        seen = self._seen.get(declared.name, np.empty(0, np.uint64))
        self._seen[declared.name] = np.concatenate([seen, hashes])
        return np.isin(hashes, seen)

    def _contradicting(self, declared: Table, rows: pa.Table) -> np.ndarray:
        held = self._lake.matching(declared.name, rows)
        mask = np.zeros(rows.num_rows, bool)
        if held.num_rows:
            with duckdb.connect(config={"threads": 1}) as connection:
                connection.register("held", held)
                mask[contradictions(connection, declared, rows, "held").to_numpy()] = True
        return mask

    def _versions(self, declared: Table, rows: pa.Table, earlier: pa.Array) -> Settled:
        """Rows of an entity table, each a duplicate, a version recorded now, or set aside."""
        moment = [column for column in declared.key if column != "recorded_at"]
        query = _VERSIONS.format(moment=", ".join(moment), difference=difference(declared))
        parameters = {"clock": self._clock, "repeated": REPEATED_KEY, "not_later": NOT_LATER}
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.register("held", self._lake.matching(declared.name, rows, moment))
            numbered = rows.append_column("position", pa.array(np.arange(rows.num_rows)))
            connection.register("incoming", numbered.append_column("earlier", earlier))
            judged = connection.sql(query, params=parameters).to_arrow_table()
        kept, is_new = judged["reason"].is_null(), judged["is_new"]
        versions = _recorded(rows, judged["recorded_at"].cast(TIMESTAMP))
        reasons = judged["reason"].drop_null().combine_chunks()
        return Settled(versions.filter(kept), rows.filter(pc.invert(kept)), reasons, _count(pc.and_(kept, is_new)))

    def _events(self, declared: Table, rows: pa.Table, earlier: pa.Array) -> Settled:
        """Rows of an event table, each instead of the held one of its key, which leaves the lake; recorded now."""
        corrections, set_aside = rows.filter(pc.invert(earlier)), rows.filter(earlier)
        key, marked = list(declared.key), corrections.select(list(declared.key))

        def is_corrected(held: pa.Table) -> pa.ChunkedArray:
            with duckdb.connect(config={"threads": 1}) as connection:
                connection.register("held", held.append_column("position", pa.array(np.arange(held.num_rows))))
                connection.register("corrections", marked)
                using = ", ".join(key)
                found = connection.sql(f"SELECT position FROM held SEMI JOIN corrections USING ({using})")
                positions = found.to_arrow_table()["position"]
            return pa.chunked_array([pc.is_in(pa.array(np.arange(held.num_rows)), value_set=positions)])

        take_out(self._lake, declared.name, key, is_corrected)
        now = pa.chunked_array([pa.array([self._clock] * corrections.num_rows, TIMESTAMP)])
        reasons = pa.array([REPEATED_KEY] * set_aside.num_rows, TEXT)
        return Settled(_recorded(corrections, now), set_aside, reasons, corrections.num_rows)


def _recorded(rows: pa.Table, moments: pa.ChunkedArray) -> pa.Table:
    position = rows.schema.get_field_index("recorded_at")
    return rows.set_column(position, rows.schema.field(position), moments)


def _count(flags: pa.ChunkedArray) -> int:
    return int(pc.sum(flags.cast(pa.int64())).as_py() or 0)
