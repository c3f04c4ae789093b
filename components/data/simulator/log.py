"""What the platform writes down: rows gathered day by day, handed over as the contract's six tables.

Adds ids and the moment of recording (a few rows late by hours or days, none after the export). The truth of impressions
is gathered beside, in the same order, and never enters a table.
"""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from components.data.simulator.clicks import Mask
from components.data.simulator.config import HOUR_US
from components.data.simulator.geography import Integers
from components.data.simulator.people import Row
from components.data.simulator.policy import EMPTY, Slates
from components.data.simulator.taxonomy import Floats
from metier.contract import KINDS, PLACEMENTS, SURFACES, TABLES, TIMESTAMP, Surface

NOBODY = -1
SIDES = ("client", "freelancer")
LATE_SHARE = {"interactions": 0.04, "queries": 0.01, "entities": 0.03}
BEACON_SHARE = 0.85
"""Share of queries whose app reports what was on screen; viewed is null in the others."""


@dataclass(frozen=True)
class Sessions:
    """Queries of one surface with their slates; positions of actors, jobs and candidates. job NOBODY where none."""

    surface: Surface
    actor: Integers
    job: Integers
    at_us: Integers
    slates: Slates
    text: list[str | None]
    filters: list[str]
    policy: list[str]

    @property
    def there(self) -> Mask:
        """(queries, ranks) whether a candidate stands there."""
        found: Mask = self.slates.shown != EMPTY
        return found


@dataclass
class EventLog:
    """Collects; `tables` hands over."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {"freelancers": [], "clients": [], "jobs": []})
    _sessions: list[Sessions] = field(default_factory=list)
    _on_screen: list[Mask] = field(default_factory=list)
    _interactions: list[dict[str, np.ndarray]] = field(default_factory=list)
    _truth: list[Floats] = field(default_factory=list)
    _observed: list[np.ndarray] = field(default_factory=list)
    _queries: int = 0

    def show(self, sessions: Sessions, on_screen: Mask, truth: Floats, observed: Floats) -> Integers:
        """Log queries and impressions; the queries' numbers. truth, observed: a row a shown candidate, rank by rank."""
        self._sessions.append(sessions)
        self._on_screen.append(on_screen)
        self._truth.append(truth)
        self._observed.append(observed.astype(np.float16))
        numbers = np.arange(self._queries, self._queries + len(sessions.actor))
        self._queries += len(numbers)
        return numbers

    def act(self, kind: str, side: str, who: dict[str, np.ndarray], at_us: Integers, **values: np.ndarray) -> None:
        """Log interactions; who: freelancer, job, client and query positions (NOBODY where none)."""
        size = len(at_us)
        self._interactions.append(
            {name: who[name].astype(np.int64) for name in ("freelancer", "job", "client", "query")}
            | {name: values.get(name, np.full(size, np.nan)) for name in ("value_usd", "rating", "dwell_seconds")}
            | {"kind": np.full(size, KINDS.index(kind)), "side": np.full(size, SIDES.index(side)), "at_us": at_us}
        )

    def tables(self, ids: dict[str, list[str]], end_us: int, rng: np.random.Generator) -> dict[str, pa.Table]:
        """The six tables as known at the export; ids: of freelancers, clients and jobs by position."""
        found = {name: _entity_table(name, rows, end_us, rng) for name, rows in self.rows.items()}
        names = {key: pa.array(values, pa.string()) for key, values in ids.items()}
        names["query"] = pa.array([f"q_{i:08d}" for i in range(self._queries)], pa.string())
        stamps = self._query_stamps()
        recorded = _recorded(stamps, LATE_SHARE["queries"], end_us, rng)
        found["queries"] = self._query_table(names, stamps, recorded, rng)
        found["impressions"] = self._impression_table(names, stamps, recorded, rng)
        found["interactions"] = self._interaction_table(names, end_us, rng)
        return found

    @property
    def impressions(self) -> int:
        """Impressions so far."""
        return sum(len(part) for part in self._truth)

    def truth(self) -> Floats:
        """(impressions,) true relevance in the order of the impressions table."""
        return np.concatenate([np.zeros(0, np.float32), *self._truth])

    def observed(self) -> np.ndarray:
        """(impressions, attributes) float16, for the report's estimate of what could be known."""
        return np.concatenate(self._observed)

    def impression_index(self) -> dict[str, np.ndarray]:
        """Per impression: number of its query, position of its surface, and rank."""
        counts = [s.there.sum(axis=1) for s in self._sessions]
        surface = [np.full(c.sum(), SURFACES.index(s.surface)) for c, s in zip(counts, self._sessions, strict=True)]
        return {
            "query": np.repeat(np.arange(self._queries), np.concatenate(counts)),
            "surface": np.concatenate(surface),
            "rank": np.concatenate([np.nonzero(s.there)[1] + 1 for s in self._sessions]),
            "placement": np.concatenate([s.slates.placement[s.there] for s in self._sessions]),
        }

    def _query_stamps(self) -> Integers:
        return np.concatenate([s.at_us for s in self._sessions])

    def _query_table(self, names: dict[str, pa.Array], stamps: Integers, recorded: Integers,
                     rng: np.random.Generator) -> pa.Table:  # fmt: skip
        count = self._queries
        devices = rng.choice(["desktop", "mobile", "tablet"], size=count, p=[0.6, 0.35, 0.05])
        day = stamps // (24 * HOUR_US)
        actors = [
            names["freelancer" if s.surface == "job_feed" else "client"].take(pa.array(s.actor)) for s in self._sessions
        ]
        actor = pa.concat_arrays(actors)
        values = {
            "query_id": names["query"],
            "surface": [s.surface for s in self._sessions for _ in s.actor],
            "actor_id": actor,
            "session_id": [f"s_{a}_{d}" for a, d in zip(actor.to_pylist(), day, strict=True)],
            "job_id": _named(names["job"], np.concatenate([s.job for s in self._sessions])),
            "text": [text for s in self._sessions for text in s.text],
            "filters": [text for s in self._sessions for text in s.filters],
            "context": [f'{{"device": "{device}", "locale": "en", "page": 1}}' for device in devices],
            "policy": [policy for s in self._sessions for policy in s.policy],
        }
        return _table("queries", values, stamps, recorded)

    def _impression_table(self, names: dict[str, pa.Array], stamps: Integers, recorded: Integers,
                          rng: np.random.Generator) -> pa.Table:  # fmt: skip
        index = self.impression_index()
        query = index["query"]
        beacon = rng.random(self._queries) < BEACON_SHARE
        on_screen = np.concatenate([v[s.there] for v, s in zip(self._on_screen, self._sessions, strict=True)])
        candidates = [
            names["job" if s.surface == "job_feed" else "freelancer"].take(pa.array(s.slates.shown[s.there]))
            for s in self._sessions
        ]
        placement = pa.array(PLACEMENTS).take(pa.array(index["placement"]))
        values = {
            "query_id": names["query"].take(pa.array(query)),
            "candidate_id": pa.concat_arrays(candidates),
            "rank": index["rank"],
            "placement": placement,
            "propensity": _known(np.concatenate([s.slates.propensity[s.there] for s in self._sessions])),
            "viewed": pa.array(on_screen, mask=~beacon[query]),
            "score": _known(np.concatenate([s.slates.score[s.there] for s in self._sessions])),
        }
        return _table("impressions", values, stamps[query], recorded[query])

    def _interaction_table(self, names: dict[str, pa.Array], end_us: int, rng: np.random.Generator) -> pa.Table:
        merged = {k: np.concatenate([part[k] for part in self._interactions]) for k in self._interactions[0]}
        order = np.argsort(merged["at_us"], kind="stable")
        order = order[merged["at_us"][order] < end_us]
        merged = {name: column[order] for name, column in merged.items()}
        values: dict[str, object] = {
            "interaction_id": [f"it_{i:08d}" for i in range(len(order))],
            "kind": pa.array(KINDS).take(pa.array(merged["kind"])),
            "side": pa.array(SIDES).take(pa.array(merged["side"])),
        }
        for name in ("freelancer", "job", "client", "query"):
            values[f"{name}_id"] = _named(names[name], merged[name])
        for name in ("value_usd", "rating", "dwell_seconds"):
            values[name] = _known(merged[name])
        stamps = merged["at_us"]
        return _table("interactions", values, stamps, _recorded(stamps, LATE_SHARE["interactions"], end_us, rng))


def _entity_table(name: str, rows: list[Row], end_us: int, rng: np.random.Generator) -> pa.Table:
    """Versions in order of time; the first of each entity is recorded at once, a later one now and then late."""
    key = TABLES[name].key[0]
    kept = sorted((row for row in rows if int(str(row["event_timestamp"])) < end_us),
                  key=lambda row: (row["event_timestamp"], row[key]))  # fmt: skip
    stamps = np.array([row["event_timestamp"] for row in kept], np.int64)
    late = _recorded(stamps, LATE_SHARE["entities"], end_us, rng)
    seen: set[object] = set()
    for position, row in enumerate(kept):
        if row[key] not in seen:
            late[position] = min(stamps[position] + 2_000_000, end_us)
            seen.add(row[key])
    content = [c.name for c in TABLES[name].columns if c.name not in ("event_timestamp", "recorded_at")]
    values = {c: pa.array([row.get(c) for row in kept], TABLES[name].column(c).type) for c in content}
    return _table(name, values, stamps, late)


def _recorded(stamps: Integers, share: float, end_us: int, rng: np.random.Generator) -> Integers:
    """Seconds after the event; for a `share` of rows hours or days (log-normal, median 10 hours)."""
    soon = rng.exponential(3e6, len(stamps))
    late = HOUR_US * rng.lognormal(np.log(10), 1.3, len(stamps))
    delay = np.where(rng.random(len(stamps)) < share, late, soon).astype(np.int64)
    recorded: Integers = np.minimum(stamps + delay, np.maximum(end_us, stamps))
    return recorded


def _named(names: pa.Array, positions: Integers) -> pa.Array:
    return names.take(pa.array(positions, mask=positions == NOBODY))


def _known(values: np.ndarray) -> pa.Array:
    wide = values.astype(np.float64)
    return pa.array(wide, mask=np.isnan(wide))


def _table(name: str, values: dict[str, object], stamps: Integers, recorded: Integers) -> pa.Table:
    """A table of the contract; columns without values are null."""
    schema = TABLES[name].schema
    clocks = {"event_timestamp": stamps, "recorded_at": recorded}
    columns = []
    for column in schema:
        if column.name in clocks:
            columns.append(pa.array(clocks[column.name], pa.int64()).cast(TIMESTAMP))
        elif column.name in values:
            columns.append(_typed(values[column.name], column.type))
        else:
            columns.append(pa.nulls(len(stamps), column.type))
    return pa.Table.from_arrays(columns, schema=schema)


def _typed(values: object, kind: pa.DataType) -> pa.Array:
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)
