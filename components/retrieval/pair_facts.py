"""What a freelancer and a job or client already did about each other, as sets that pair rules look up.

A block is a dismiss that names no job: by a client of a person, or by a person of a client. It stands for good and
holds both ways. A dismiss with a job hides that pair alone. A decline by the freelancer stands until they apply to the
job or accept it after all. Knows the interactions table; which set forbids what is eligibility's business.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from feature_repo.files.mapped import read_table, write_table
from feature_repo.files.names import contiguous

Sets = Mapping[str, frozenset[str]]
KINDS = ("dismiss", "apply", "invite", "accept", "decline", "hire")


class StoredSets(Mapping[str, frozenset[str]]):
    """Sets over a table of keys, ascending, and members; none is made before it is asked for."""

    def __init__(self, table: pa.Table) -> None:
        self._keys = contiguous(table["key"])
        self._members = contiguous(table["members"])

    @staticmethod
    def table(sets: Sets) -> pa.Table:
        """The table of some sets."""
        keys = sorted(sets)
        members = pa.array([sorted(sets[key]) for key in keys], pa.list_(pa.string()))
        return pa.table({"key": pa.array(keys, pa.string()), "members": members})

    def __getitem__(self, key: str) -> frozenset[str]:
        row = bisect_left(range(len(self)), key, key=lambda row: self._keys[row].as_py())
        if row == len(self) or self._keys[row].as_py() != key:
            raise KeyError(key)
        return frozenset(self._members[row].as_py())

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys.to_pylist())

    def __len__(self) -> int:
        return len(self._keys)

    def sizes(self) -> npt.NDArray[np.int64]:
        """How many members each set has, in the order of keys."""
        counted: npt.NDArray[np.int64] = self._members.value_lengths().to_numpy().astype(np.int64)
        return counted


@dataclass(frozen=True)
class PairFacts:
    """Sets by actor or by job; an id that is absent has an empty set."""

    applied: Sets = field(default_factory=dict)
    """freelancer -> jobs they ever applied to."""
    dismissed: Sets = field(default_factory=dict)
    """freelancer -> jobs they dismissed."""
    declined: Sets = field(default_factory=dict)
    """freelancer -> jobs they declined."""
    invited: Sets = field(default_factory=dict)
    """freelancer -> jobs they were ever invited to."""
    decliners: Sets = field(default_factory=dict)
    """job -> freelancers who declined it."""
    set_aside: Sets = field(default_factory=dict)
    """job -> freelancers whom its client dismissed for it."""
    hired: Sets = field(default_factory=dict)
    """job -> freelancers hired for it, whether or not the contract has ended."""
    open_applicants: Sets = field(default_factory=dict)
    """job -> freelancers whose application nobody has answered or withdrawn."""
    client_decliners: Sets = field(default_factory=dict)
    """client -> freelancers who declined an invite of theirs that named no job."""
    blocked_clients: Sets = field(default_factory=dict)
    """freelancer -> clients that blocked them or that they blocked."""
    blocked_freelancers: Sets = field(default_factory=dict)
    """client -> freelancers that blocked them or that they blocked."""

    @classmethod
    def from_interactions(cls, interactions: pa.Table, as_of: datetime) -> Self:
        """The facts that had happened and were recorded by `as_of`."""
        recorded = pc.and_(
            pc.less_equal(interactions["event_timestamp"], as_of), pc.less_equal(interactions["recorded_at"], as_of)
        )
        relevant = interactions.filter(pc.and_(recorded, pc.is_in(interactions["kind"], pa.array(KINDS))))
        ordered = relevant.sort_by([("event_timestamp", "ascending"), ("interaction_id", "ascending")])
        columns = (ordered[name].to_pylist() for name in ("kind", "side", "freelancer_id", "job_id", "client_id"))
        tally = _Tally()
        for kind, side, freelancer, job, client in zip(*columns, strict=True):
            if job is not None:
                tally.about_job(kind, side, freelancer, job)
            else:
                tally.about_client(kind, side, freelancer, client)
        return cls(**tally.frozen())

    def hires(self) -> tuple[list[str], npt.NDArray[np.int64]]:
        """Jobs with hires, and how many were hired for each."""
        if isinstance(self.hired, StoredSets):
            return list(self.hired), self.hired.sizes()
        return list(self.hired), np.array([len(people) for people in self.hired.values()], np.int64)

    def write(self, folder: Path) -> None:
        """One file a field."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in self.__dataclass_fields__:
            write_table(folder / f"{name}.arrow", StoredSets.table(getattr(self, name)))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The facts that `write` left, mapped."""
        return cls(**{name: StoredSets(read_table(folder / f"{name}.arrow")) for name in cls.__dataclass_fields__})


class _Tally:
    """The sets while the interactions are read in order of time."""

    def __init__(self) -> None:
        self._sets: dict[str, dict[str, set[str]]] = {name: defaultdict(set) for name in PairFacts.__dataclass_fields__}

    def about_job(self, kind: str, side: str, freelancer: str, job: str) -> None:
        own = side == "freelancer"
        if kind == "apply" and own:
            self._add("applied", freelancer, job)
            self._add("open_applicants", job, freelancer)
        elif kind == "invite" and not own:
            self._add("invited", freelancer, job)
        elif kind == "hire":
            self._add("hired", job, freelancer)
        elif kind == "dismiss":
            self._add(*(("dismissed", freelancer, job) if own else ("set_aside", job, freelancer)))
        elif kind == "decline" and own:
            self._add("declined", freelancer, job)
            self._add("decliners", job, freelancer)
        if own and kind in ("apply", "accept"):
            self._sets["declined"][freelancer].discard(job)
            self._sets["decliners"][job].discard(freelancer)
        if kind in ("accept", "decline", "hire"):
            self._sets["open_applicants"][job].discard(freelancer)

    def about_client(self, kind: str, side: str, freelancer: str, client: str) -> None:
        if kind == "dismiss":
            self._add("blocked_clients", freelancer, client)
            self._add("blocked_freelancers", client, freelancer)
        elif kind == "decline" and side == "freelancer":
            self._add("client_decliners", client, freelancer)
        elif kind == "accept" and side == "freelancer":
            self._sets["client_decliners"][client].discard(freelancer)

    def frozen(self) -> dict[str, Sets]:
        return {
            name: {key: frozenset(members) for key, members in sets.items() if members}
            for name, sets in self._sets.items()
        }

    def _add(self, name: str, key: str, member: str) -> None:
        self._sets[name][key].add(member)
