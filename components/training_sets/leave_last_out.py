"""The leave-last-out protocol and its time-honest sibling: which first positives train, validate and test.

Works on the table of pseudo_queries.organic_positives: one row per distinct (actor, candidate) at the FIRST time the
actor touched the candidate, so that a repeat is not a new candidate. An actor's last row is the one whose first touch
is latest; ties in time go by candidate_id. An actor's history is all of its rows but the target; what is in it is not
ranked again. Knows nothing of features, scorers or negatives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from components.training_sets.outcomes.maturity import microseconds
from metier.contract import TIMESTAMP
from metier.errors import EmptyDataError, InputError

Mask = NDArray[np.bool_]
Integers = NDArray[np.int64]

TRAIN_QUANTILE = 0.8


@dataclass(frozen=True)
class HeldOut:
    """Disjoint masks over the rows of the positives; one test row per test actor."""

    train: Mask
    validation: Mask
    test: Mask
    split_at: datetime | None = None
    """For a time split: every train and validation row lies before it, every test row at or after it."""


@dataclass(frozen=True)
class FullRanking:
    """Every test actor against every candidate, as positions: what a full ranking needs of the data.

    actors (n_actors,) and candidates (n_candidates,): ids, ascending. target (n_actors,): position of the held-out
    candidate. history_actor, history_candidate (n_history,): the pairs that are history. row (n_actors,): the test
    row of each actor in the positives, which carries its time.
    """

    actors: tuple[str, ...]
    candidates: tuple[str, ...]
    target: Integers
    history_actor: Integers
    history_candidate: Integers
    row: Integers


def leave_last_out(positives: pa.Table) -> HeldOut:
    """Test: the last row of every actor with two candidates or more. Validation: the one before, of three or more.

    All else trains, the rows of actors with one candidate too. EmptyDataError when no actor has two.
    """
    from_last, count = _from_last(positives, np.ones(positives.num_rows, dtype=np.bool_))
    test = (count >= 2) & (from_last == 0)
    if not test.any():
        raise EmptyDataError("no actor has two candidates or more; leave-last-out needs a history and a target")
    validation = (count >= 3) & (from_last == 1)
    return HeldOut(~(test | validation), validation, test)


def time_split_actors(positives: pa.Table, split_at: datetime | None = None) -> HeldOut:
    """Train before `split_at`; leave-last-out on actors with two candidates or more, active at or after it.

    `split_at` defaults to the .8 quantile of the rows' times. A test actor's other rows at or after it are history
    only. Validation: the last row before it of actors, with two or more by then, active in the last fifth before it.
    """
    stamps = microseconds(positives["event_timestamp"])
    end = _quantile(stamps) if split_at is None else int(split_at.timestamp() * 1_000_000)
    before = stamps < end
    from_last, count = _from_last(positives, np.ones(len(stamps), dtype=np.bool_))
    test = (count >= 2) & (from_last == 0) & ~before
    if not (before.any() and test.any()):
        raise EmptyDataError(
            f"nothing to train on before {_moment(end)}, or no actor with two candidates after it; move the split"
        )
    from_last, count = _from_last(positives, before)
    validation = before & (count >= 2) & (from_last == 0) & (stamps >= _quantile(stamps[before]))
    return HeldOut(before & ~validation, validation, test, _moment(end))


def full_ranking(positives: pa.Table, test: Mask, candidates: Sequence[str] | None = None) -> FullRanking:
    """The full ranking of the `test` rows, by default among all candidates of actors with two or more.

    Those are the 4,485 jobs of the public job-views protocol; pass every id of the lake for the wider ranking.
    """
    actor = _ids(positives["actor_id"])
    candidate = _ids(positives["candidate_id"])
    if candidates is None:
        _, count = _from_last(positives, np.ones(len(actor), dtype=np.bool_))
        pool = np.unique(candidate[count >= 2])
    else:
        pool = np.unique(np.asarray(list(candidates), dtype=np.str_))
    row = np.flatnonzero(test)
    row = row[np.argsort(actor[row], kind="stable")]
    absent = ~np.isin(candidate[row], pool)
    if absent.any():
        raise InputError(f"test target {str(candidate[row][absent][0])!r} is not among the candidates; rank it too")
    history = np.flatnonzero(~test & np.isin(actor, actor[row]) & np.isin(candidate, pool))
    return FullRanking(
        tuple(actor[row].tolist()),
        tuple(pool.tolist()),
        np.searchsorted(pool, candidate[row]),
        np.searchsorted(actor[row], actor[history]),
        np.searchsorted(pool, candidate[history]),
        row,
    )


def _from_last(positives: pa.Table, considered: Mask) -> tuple[Integers, Integers]:
    """Per row: its place from its actor's last considered row (0 is the last), and how many the actor has.

    Both are -1 and 0 for rows that are not considered.
    """
    actor = np.unique(_ids(positives["actor_id"]), return_inverse=True)[1]
    rows = np.flatnonzero(considered)
    order = rows[
        np.lexsort(
            (_ids(positives["candidate_id"])[rows], microseconds(positives["event_timestamp"])[rows], actor[rows])
        )
    ]
    sizes = np.bincount(actor[rows], minlength=int(actor.max(initial=-1)) + 1)
    from_last, count = np.full(len(actor), -1, dtype=np.int64), np.zeros(len(actor), dtype=np.int64)
    ends = np.cumsum(sizes)
    from_last[order] = ends[actor[order]] - 1 - np.arange(len(order))
    count[order] = sizes[actor[order]]
    return from_last, count


def _ids(column: pa.ChunkedArray) -> NDArray[np.str_]:
    return np.asarray(column.to_pylist(), dtype=np.str_)


def _quantile(stamps: Integers) -> int:
    return int(np.quantile(stamps, TRAIN_QUANTILE, method="higher")) if len(stamps) else 0


def _moment(stamp: int) -> datetime:
    moment: datetime = pa.scalar(stamp, TIMESTAMP).as_py()
    return moment
