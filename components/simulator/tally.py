"""Counts over a world while it is handed over, block by block: what its summary needs of the events.

Knows no ranking and no truth.
"""

from collections import Counter

import numpy as np
import pyarrow as pa

from components.simulator.config import DAY_US
from components.simulator.geography import Integers
from components.simulator.handover import Events
from components.simulator.world_log import NOBODY, SIDES
from metier.contract import KINDS, SURFACES

LATE_US = 60_000_000
NOWHERE = len(SURFACES)
"""Where an interaction was born that names no query."""


class Tally:
    """rows: by table. moves: {invite | hire: (people,) counts}; acts: (kinds, sides, surfaces and NOWHERE) counts."""

    def __init__(self, people: int) -> None:
        self.rows: Counter[str] = Counter()
        self.moves = {kind: np.zeros(people, np.int64) for kind in ("invite", "hire")}
        self.acts = np.zeros((len(KINDS), len(SIDES), NOWHERE + 1), np.int64)
        self.impressions, self.reported, self.viewed = (np.zeros(len(SURFACES), np.int64) for _ in range(3))
        """Impressions by surface: all, those whose app reported, those that were on screen."""
        self.late = 0
        self.delays: list[tuple[int, float]] = []
        """(moment of the accept, days until the hire) of pairs."""
        self._surface = np.zeros(0, np.int8)
        self._accepted: dict[tuple[int, int, int], int] = {}

    def add(self, events: Events) -> None:
        """Count a block."""
        self.rows.update({name: rows.num_rows for name, rows in events.tables.items()})
        self._surface = np.concatenate([self._surface, events.raw["queries"]["surface"].to_numpy()])
        surface = events.raw["impressions"]["surface"].to_numpy()
        viewed = events.tables["impressions"]["viewed"]
        self.impressions += np.bincount(surface, minlength=NOWHERE)
        self.reported += np.bincount(surface[viewed.is_valid().to_numpy()], minlength=NOWHERE)
        self.viewed += np.bincount(surface[viewed.fill_null(False).to_numpy()], minlength=NOWHERE)
        self._count_acts(events.raw["interactions"])
        self._pair_accepts(events.raw["interactions"])
        recorded, happened = (
            _microseconds(events.tables["interactions"], c) for c in ("recorded_at", "event_timestamp")
        )
        self.late += int((recorded - happened > LATE_US).sum())

    def acted(self, kind: str, side: str | None = None, born: str | None = None) -> int:
        """Interactions of a kind, by a side, born on a surface; None: any."""
        sides = slice(None) if side is None else SIDES.index(side)
        surfaces = slice(None) if born is None else SURFACES.index(born)  # type: ignore[arg-type]
        return int(self.acts[KINDS.index(kind), sides, surfaces].sum())

    def _count_acts(self, raw: pa.Table) -> None:
        kind, side, query = (raw[name].to_numpy() for name in ("kind", "side", "query"))
        born = np.where(query == NOBODY, NOWHERE, self._surface[query])
        np.add.at(self.acts, (kind, side, born), 1)
        for name, counts in self.moves.items():
            counts += np.bincount(raw["freelancer"].to_numpy()[kind == KINDS.index(name)], minlength=len(counts))

    def _pair_accepts(self, raw: pa.Table) -> None:
        """A pair is about a job, or a client where there is none."""
        kinds = [KINDS.index("accept"), KINDS.index("hire")]
        rows = raw.filter(pa.array(np.isin(raw["kind"].to_numpy(), kinds)))
        for row in rows.select(["at_us", "kind", "freelancer", "job", "client"]).to_pylist():
            pair = (row["freelancer"], row["job"], row["client"] if row["job"] == NOBODY else NOBODY)
            if row["kind"] == kinds[0]:
                self._accepted[pair] = row["at_us"]
            elif pair in self._accepted:
                self.delays.append((self._accepted[pair], (row["at_us"] - self._accepted[pair]) / DAY_US))


def _microseconds(rows: pa.Table, clock: str) -> Integers:
    moments: Integers = rows[clock].cast(pa.int64()).to_numpy()
    return moments
