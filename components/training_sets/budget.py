"""How many rows a study may have, and which queries and negatives make them: a rule of memory and time, not of the log.

A log without impressions has a query for each positive, and each query as many rows as it has negatives and one more.
What is over the budget is left out by whole queries. Knows counts and moments; nothing of features, rankers or steps.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from components.training_sets.outcomes.maturity import microseconds
from metier.errors import SettingsError

MOST_ROWS = 900_000
"""Rows of a study's sets however much memory there is: more cost time and gain little (docs/scale.md)."""
NEGATIVES = 60
"""Negatives of a query where all of them fit."""
FEWEST_NEGATIVES = 20
"""Queries that do not fit give up negatives down to so many before queries are left out."""
VALIDATION_SHARE = 0.1
"""Of the rows. Validation queries keep all their negatives: the blend and its calibration are read off them."""

RUN_BYTES = int(0.5 * 2**30)
"""The process that starts the steps of a local run."""
STEP_BYTES = int(0.9 * 2**30)
"""A step before it has data: its libraries, a block of rows and what DuckDB keeps of the log."""
ROW_BYTES = 1_000
"""What one row of 150 features costs the step that holds most of it: XGBoost's bins, ids, labels, scores, gradients."""
FEWEST_ROWS = 20_000
STEPS_AT_ONCE = 2
STUDIES = 3
LOG_BYTES, SET_BYTES, ASIDE_BYTES = 600, 700, 2_000
"""On disk: features of a row of the log; a row of a set; a row of what a step puts aside while it works."""
FEATURE_SECONDS, LOG_SECONDS, STUDY_SECONDS, ROW_SECONDS = 60.0, 0.4e-3, 60.0, 0.25e-3
"""Of one CPU: features and steps without data, a row of the log, a study's evaluation, a row of its sets."""


@dataclass(frozen=True)
class Needs:
    """What a training run takes at most: its largest step's rows, how many steps side by side, and what they cost."""

    rows: int
    steps_at_once: int
    memory_bytes: int
    disk_bytes: int
    cpu_seconds: float

    def render(self) -> str:
        """One line for a person."""
        steps = "2 steps at a time" if self.steps_at_once == STEPS_AT_ONCE else "one step at a time"
        minutes = self.cpu_seconds / 60
        return (
            f"{self.memory_bytes / 2**30:.1f} GiB of memory ({steps}, {self.rows:,} rows), "
            f"{self.disk_bytes / 2**30:.1f} GiB of disk and about {minutes:,.0f} minutes of one CPU"
        )


@dataclass(frozen=True)
class Sample:
    """Which positives become queries (n_positives,), with how many negatives each."""

    chosen: NDArray[np.bool_]
    negatives: int

    def render(self) -> str:
        """The rule and what it left, for a report."""
        count, total = int(self.chosen.sum()), len(self.chosen)
        share = f"{count:,} of {total:,} positives ({count / total:.0%}), evenly over each actor's in order of time"
        queries = share if count < total else f"all {total:,} positives"
        return f"{queries}; {self.negatives} negatives each, drawn evenly from what was eligible and not touched"


def sample(positives: pa.Table, most_rows: int, fewest_negatives: int = FEWEST_NEGATIVES) -> Sample:
    """Positives (actor_id, event_timestamp) and a number of negatives that give at most `most_rows` rows.

    Everything with NEGATIVES where that fits; else fewer negatives, down to `fewest_negatives`; else every so-manieth
    positive of all, in order of actor and time: an actor keeps its share of queries within one, early and late alike.
    """
    count = positives.num_rows
    negatives = max(min(NEGATIVES, most_rows // max(count, 1) - 1), fewest_negatives)
    kept = min(count, max(most_rows // (negatives + 1), 1))
    actor = positives["actor_id"].combine_chunks().dictionary_encode()
    order = np.lexsort((microseconds(positives["event_timestamp"]), actor.indices.to_numpy()))
    steps = np.arange(count + 1) * kept // max(count, 1)
    chosen = np.zeros(count, dtype=np.bool_)
    chosen[order] = np.diff(steps) > 0
    return Sample(chosen, negatives)


def most_rows(memory_bytes: int) -> int:
    """Rows that a step may have where a run may use `memory_bytes`; SettingsError where it needs more for any."""
    rows = (memory_bytes - RUN_BYTES - STEP_BYTES) // ROW_BYTES
    if rows < FEWEST_ROWS:
        least = (RUN_BYTES + STEP_BYTES + FEWEST_ROWS * ROW_BYTES) / 2**20
        raise SettingsError(
            f"a run may use {memory_bytes / 2**20:,.0f} MiB (METIER_MEMORY_MB) and a training step needs {least:,.0f}; "
            "allow more, or train on a machine with more memory"
        )
    return min(rows, MOST_ROWS)


def needs(counts: Mapping[str, int], memory_bytes: int) -> Needs:
    """Of a training run of a lake with so many rows by table, from above: all surfaces, three studies.

    A training set has a row an impression; without impressions, a row for each interaction and its negatives.
    """
    impressions, interactions = counts.get("impressions", 0), counts.get("interactions", 0)
    rows = min(impressions or interactions * (1 + NEGATIVES), most_rows(memory_bytes))
    at_once = steps_at_once(memory_bytes, rows)
    log = impressions + interactions
    return Needs(
        rows=rows,
        steps_at_once=at_once,
        memory_bytes=RUN_BYTES + at_once * step_bytes(rows),
        disk_bytes=log * LOG_BYTES + rows * (STUDIES * SET_BYTES + at_once * ASIDE_BYTES),
        cpu_seconds=FEATURE_SECONDS + log * LOG_SECONDS + STUDIES * (STUDY_SECONDS + rows * ROW_SECONDS),
    )


def step_bytes(rows: int) -> int:
    """The most that a step with so many rows holds: 0.9 GiB + 1,000 bytes a row."""
    return STEP_BYTES + rows * ROW_BYTES


def steps_at_once(memory_bytes: int, rows: int) -> int:
    """How many steps with so many rows may run side by side: one, or STEPS_AT_ONCE where memory holds them."""
    return max(1, min(STEPS_AT_ONCE, (memory_bytes - RUN_BYTES) // step_bytes(rows)))
