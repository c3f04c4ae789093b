"""Which served values a person took part in who was forgotten since: they cannot be rebuilt as they were.

Of who asks, the job it is for, the candidate and the clients of both jobs, every value from the moment on; of all
others, the rates that are drawn towards the mean of all, for as long as a window counts what was forgotten, and from
then on the co-visits, of which any pair of candidates may have lost some.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from metier.lake import Lake
from metier.lake.redacted import EVERYBODY, redacted

BoolArray = npt.NDArray[np.bool_]

SMOOTHED = "_rate_30d"
"""How the names of rates end that sql/*.sql smooths."""
COVISITED = "past_covisit_"
"""How the names of features of co-visits begin, whose counts run on for ever."""
COUNTED = timedelta(days=31)
"""A window of 30 days, and the day whose snapshot counts it."""


@dataclass(frozen=True)
class Lost:
    """Since when each id lost a part, and the spans in which everybody's rates did."""

    since: Mapping[str, datetime]
    spans: Sequence[tuple[datetime, datetime]]
    client_of: Mapping[str, str]

    @classmethod
    def of(cls, lake: Lake) -> "Lost":
        """What removals noted in the lake."""
        rows = redacted(lake).to_pylist()
        if not rows:
            return cls({}, (), {})
        since: dict[str, datetime] = {}
        for row in rows:
            since[row["id"]] = min(row["since"], since.get(row["id"], row["since"]))
        with lake.connect() as connection:
            owners = connection.execute("SELECT job_id, any_value(client_id) FROM jobs GROUP BY job_id").fetchall()
        spans = [(row["since"], row["until"] + COUNTED) for row in rows if row["id"] == EVERYBODY]
        return cls(since, spans, {job: client for job, client in owners if client})

    def of_values(self, served: pa.Table, names: Sequence[str]) -> BoolArray:
        """(n_rows, n_features): whether a value of these impressions may have lost a part."""
        columns = (served[name].to_pylist() for name in ("event_timestamp", "actor_id", "job_id", "candidate_id"))
        rows = list(zip(*columns, strict=True))
        touched = np.array([any(self._touched(name, moment) for name in ids) for moment, *ids in rows], np.bool_)
        drawn = np.array([any(start <= row[0] < end for start, end in self.spans) for row in rows], np.bool_)
        smoothed = np.array([name.endswith(SMOOTHED) for name in names], np.bool_)
        after = np.array([any(start <= row[0] for start, _ in self.spans) for row in rows], np.bool_)
        covisited = np.array([name.startswith(COVISITED) for name in names], np.bool_)
        lost: BoolArray = touched[:, None] | (drawn[:, None] & smoothed) | (after[:, None] & covisited)
        return lost

    def _touched(self, name: str | None, moment: datetime) -> bool:
        if name is None:
            return False
        parties = (name, self.client_of.get(name, name))
        return any(self.since[party] <= moment for party in parties if party in self.since)
