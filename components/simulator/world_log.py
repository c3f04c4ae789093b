"""What the platform writes down: positions and moments, gathered and laid aside day by day, so that memory holds a day.

The truth of impressions goes beside them, in the same order, and never enters a table. Names, and when a row was
recorded, are added at the handover.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from components.simulator.asked import Asked
from components.simulator.clicks import Mask
from components.simulator.geography import Integers
from components.simulator.people import Row
from components.simulator.policy import EMPTY, EXPLORATION, ChosenSlates
from components.simulator.shelf import Shelf
from components.simulator.taxonomy import Floats
from metier.contract import KINDS, SURFACES, TABLES, Surface

NOBODY = -1
SIDES = ("client", "freelancer")
ENTITIES = ("freelancers", "clients", "jobs")
FIRST = "first"
"""Column of a laid aside version: whether it is its entity's first."""
VALUES = ("value_usd", "rating", "dwell_seconds")
_PARTIES = ("freelancer", "job", "client", "query")

QUERIES = pa.schema([
    ("surface", pa.int8()), ("actor", pa.int64()), ("job", pa.int64()), ("at_us", pa.int64()),
    ("text", pa.string()), ("filters", pa.string()), ("policy", pa.string()),
])  # fmt: skip
IMPRESSIONS = pa.schema([
    ("query", pa.int64()), ("surface", pa.int8()), ("candidate", pa.int64()), ("rank", pa.int64()),
    ("placement", pa.int8()), ("propensity", pa.float32()), ("score", pa.float32()), ("on_screen", pa.bool_()),
    ("truth", pa.float32()),
])  # fmt: skip
SEARCHES = pa.schema([
    ("query", pa.int64()), ("skills", pa.list_(pa.int64())), ("off_profile", pa.bool_()), ("pay_usd", pa.float32()),
    *((name, pa.int64()) for name in ("category", "country", "level", "language", "without")),
])  # fmt: skip
INTERACTIONS = pa.schema([
    *((name, pa.int64()) for name in _PARTIES), *((name, pa.float64()) for name in VALUES),
    ("kind", pa.int64()), ("side", pa.int64()), ("at_us", pa.int64()),
])  # fmt: skip


@dataclass(frozen=True)
class Sessions:
    """Queries of one surface with their slates; positions of actors, jobs and candidates. job NOBODY where none."""

    surface: Surface
    actor: Integers
    job: Integers
    at_us: Integers
    slates: ChosenSlates
    text: list[str | None]
    filters: list[str]
    policy: list[str]

    @property
    def filled(self) -> Mask:
        """(queries, ranks) whether a candidate stands there."""
        mask: Mask = self.slates.candidates != EMPTY
        return mask


class WorldLog:
    """Collects what happens until `lay_aside`. judge_every: one query in so many keeps what the summary looks at."""

    def __init__(self, judge_every: int = 1) -> None:
        self.impressions = self.queries = self.explored = 0
        """Counts so far; explored: queries whose slate was shuffled."""
        self.observed: list[dict[str, np.ndarray]] = []
        """Of judged queries' impressions: query, surface, rank, truth and (n, attributes) float16 observed."""
        self._judge_every = judge_every
        self._versions: dict[str, list[Row]] = {name: [] for name in ENTITIES}
        self._logged: dict[str, set[object]] = {name: set() for name in ENTITIES}
        self._queries: list[pa.RecordBatch] = []
        self._impressions: list[pa.RecordBatch] = []
        self._searches: list[pa.RecordBatch] = []
        self._interactions: list[dict[str, np.ndarray]] = []

    def show(self, sessions: Sessions, on_screen: Mask, truth: Floats, asked: Asked) -> Integers:
        """Log queries and impressions; the queries' numbers. truth: a value a shown candidate, rank by rank."""
        numbers = np.arange(self.queries, self.queries + len(sessions.actor))
        filled, slates = sessions.filled, sessions.slates
        at, rank = np.nonzero(filled)
        columns = {
            "query": numbers[at], "surface": _surface(sessions, len(at)), "candidate": slates.candidates[filled],
            "rank": rank + 1, "placement": slates.placement[filled].astype(np.int8),
            "propensity": slates.propensity[filled], "score": slates.score[filled], "on_screen": on_screen[filled],
            "truth": truth,
        }  # fmt: skip
        self._impressions.append(pa.RecordBatch.from_pydict(columns, IMPRESSIONS))
        self._queries.append(_query_batch(sessions))
        self._searches.append(_search_batch(numbers, asked))
        self.queries += len(numbers)
        self.impressions += len(at)
        self.explored += int(((slates.placement == EXPLORATION) & filled).any(axis=1).sum())
        return numbers

    def judged(self, query: Integers) -> Integers:
        """Which places hold the number of a query that is judged."""
        return np.flatnonzero(query % self._judge_every == 0)

    def act(
        self, kind: str, side: str, parties: Mapping[str, np.ndarray], at_us: Integers, **values: np.ndarray
    ) -> None:
        """Log interactions; parties: freelancer, job, client and query positions (NOBODY where none)."""
        size = len(at_us)
        self._interactions.append(
            {name: parties[name] for name in _PARTIES}
            | {name: values.get(name, np.full(size, np.nan)) for name in VALUES}
            | {"kind": np.full(size, KINDS.index(kind)), "side": np.full(size, SIDES.index(side)), "at_us": at_us}
        )

    def note(self, name: str, version: Row) -> None:
        """Log a version of an entity, now or ahead of its moment."""
        self._versions[name].append(version)

    def lay_aside(self, shelf: Shelf, until_us: int) -> None:
        """Put a day's queries and impressions on the shelf, and of all else what happened before `until_us`."""
        for name in ENTITIES:
            shelf.put(name, self._versions_until(name, until_us))
        shelf.put("queries", _joined(self._queries, QUERIES))
        shelf.put("impressions", _joined(self._impressions, IMPRESSIONS))
        shelf.put("searches", _joined(self._searches, SEARCHES))
        shelf.put("interactions", self._interactions_until(until_us))
        self._queries, self._impressions, self._searches = [], [], []

    def _versions_until(self, name: str, until_us: int) -> pa.RecordBatch:
        """In order of time, then key."""
        key, logged = TABLES[name].key[0], self._logged[name]
        due = [row for row in self._versions[name] if _stamp(row) < until_us]
        self._versions[name] = [row for row in self._versions[name] if _stamp(row) >= until_us]
        due.sort(key=lambda row: (_stamp(row), row[key]))
        first = []
        for row in due:
            first.append(row[key] not in logged)
            logged.add(row[key])
        content = [c for c in TABLES[name].columns if c.name not in ("event_timestamp", "recorded_at")]
        columns = {c.name: pa.array([row.get(c.name) for row in due], c.type) for c in content}
        stamps = pa.array([_stamp(row) for row in due], pa.int64())
        return pa.RecordBatch.from_pydict({**columns, "event_timestamp": stamps, FIRST: pa.array(first, pa.bool_())})

    def _interactions_until(self, until_us: int) -> pa.RecordBatch:
        """In order of time; equal moments in the order of logging, over days too."""
        nothing = {field.name: np.zeros(0, field.type.to_pandas_dtype()) for field in INTERACTIONS}
        merged = {name: np.concatenate([part[name] for part in (nothing, *self._interactions)]) for name in nothing}
        happened = merged["at_us"] < until_us
        self._interactions = [{name: column[~happened] for name, column in merged.items()}]
        due = np.flatnonzero(happened)
        order = due[np.argsort(merged["at_us"][due], kind="stable")]
        return pa.RecordBatch.from_pydict({name: column[order] for name, column in merged.items()}, INTERACTIONS)


def _stamp(row: Row) -> int:
    return int(str(row["event_timestamp"]))


def _surface(sessions: Sessions, size: int) -> np.ndarray:
    return np.full(size, SURFACES.index(sessions.surface), np.int8)


def _query_batch(sessions: Sessions) -> pa.RecordBatch:
    columns = {
        "surface": _surface(sessions, len(sessions.actor)), "actor": sessions.actor, "job": sessions.job,
        "at_us": sessions.at_us, "text": sessions.text, "filters": sessions.filters, "policy": sessions.policy,
    }  # fmt: skip
    return pa.RecordBatch.from_pydict(columns, QUERIES)


def _search_batch(numbers: Integers, asked: Asked) -> pa.RecordBatch:
    """What the typed ones of the queries `numbers` ask for."""
    typed = np.flatnonzero(asked.typed)
    columns = {name: getattr(asked, name)[typed] for name in SEARCHES.names if name not in ("query", "skills")}
    skills = [asked.skills.of(query) for query in typed.tolist()]
    return pa.RecordBatch.from_pydict({"query": numbers[typed], "skills": skills, **columns}, SEARCHES)


def _joined(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    return pa.concat_batches([pa.RecordBatch.from_pylist([], schema), *batches])
