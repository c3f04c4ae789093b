"""What a freelancer and a job or client did about each other: of a lake, and of what happened since.

Facts lie in layers: the lake's, mapped, and behind it those of later interactions, which are merged as they become
many. An interaction counts once: one whose id a layer knows is passed over, whatever it says now, as the lake keeps the
first of equal ids. Knows the interactions table; which act forbids what is eligibility's business.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.retrieval.pair_table import Acts, IntArray, PairTable
from feature_repo.build.histories import fingerprint
from feature_repo.files.mapped import read_array, write_array
from feature_repo.online.kept import Kept
from metier.contract import INTERACTIONS

NEVER = np.iinfo(np.int64).min
MOST_KEPT = 500
"""Sides whose counterparts are kept, some kB each."""


class Act(IntEnum):
    """What one side did: a kind of interaction by a side."""

    APPLY = 0
    """By the freelancer, whoever tells of it."""
    ACCEPT = 1
    """By the freelancer, as are the two behind it."""
    DECLINE = 2
    DISMISS = 3
    INVITE = 4
    """By the client, whoever tells of it."""
    CHOOSE = 5
    """By the client, as are the two behind it."""
    REFUSE = 6
    SET_ASIDE = 7
    HIRE = 8
    """Whoever tells of it."""


ACTS = {
    "freelancer": {"accept": Act.ACCEPT, "decline": Act.DECLINE, "dismiss": Act.DISMISS},
    "client": {"accept": Act.CHOOSE, "decline": Act.REFUSE, "dismiss": Act.SET_ASIDE},
}
"""side -> kind -> act."""
OF_ONE_MEANING = {"apply": Act.APPLY, "invite": Act.INVITE, "hire": Act.HIRE}
"""kind -> act, from either side."""
KINDS = ("dismiss", "apply", "invite", "accept", "decline", "hire")
_CODES = {f"{kind} {side}": act for side, kinds in ACTS.items() for kind, act in kinds.items()}
_CODES |= {f"{kind} {side}": act for side in ACTS for kind, act in OF_ONE_MEANING.items()}


class Pairs(NamedTuple):
    """The counterparts of one side: `last` (n, len(Act)) is when each act last happened, or NEVER."""

    ids: list[str]
    last: IntArray

    @classmethod
    def none(cls) -> Self:
        """No counterpart."""
        return cls([], np.empty((0, len(Act)), np.int64))

    def when(self, *acts: Act) -> IntArray:
        """The last moment (n,) of any of `acts`, in microseconds since 1970."""
        moments: IntArray = self.last[:, acts[0]] if len(acts) == 1 else self.last[:, list(acts)].max(axis=1)
        return moments

    def did(self, *acts: Act) -> npt.NDArray[np.bool_]:
        """With whom any of `acts` happened (n,)."""
        return np.asarray(self.when(*acts) != NEVER)

    def those(self, mask: npt.NDArray[np.bool_]) -> list[str]:
        """Their ids."""
        return [self.ids[row] for row in np.flatnonzero(mask).tolist()] if self.ids else []


@dataclass(frozen=True, eq=False)
class FactLayer:
    """Acts about jobs and, where an interaction names no job, about clients; and which interactions they are."""

    jobs: PairTable
    clients: PairTable
    interactions: IntArray
    """Fingerprints of their ids, ascending."""

    @classmethod
    def of(cls, interactions: pa.Table) -> Self:
        """The layer of rows of the contract, of any kinds."""
        words = pc.binary_join_element_wise(interactions["kind"], interactions["side"], " ")
        code = pc.index_in(words, value_set=pa.array(list(_CODES)))
        rows = interactions.filter(pc.is_valid(code))
        acts = np.array(list(_CODES.values()), np.int8)[pc.drop_null(code).to_numpy()]
        moments = pc.cast(rows["event_timestamp"], pa.int64()).to_numpy()
        about_job = pc.is_valid(rows["job_id"])

        def about(column: str, mask: pa.ChunkedArray) -> PairTable:
            of = mask.to_numpy()
            pairs = rows.select(["freelancer_id", column]).filter(mask)
            return PairTable.of(pairs["freelancer_id"], pairs[column], acts[of], moments[of])

        ids = np.array([fingerprint(name) for name in rows["interaction_id"].to_pylist()], np.int64)
        about_client = pc.and_(pc.invert(about_job), pc.is_valid(rows["client_id"]))
        return cls(about("job_id", about_job), about("client_id", about_client), np.unique(ids))

    def __len__(self) -> int:
        return len(self.interactions)

    def merged(self, later: "FactLayer") -> "FactLayer":
        """Both as one."""
        ids = np.union1d(self.interactions, later.interactions)
        return FactLayer(self.jobs.merged(later.jobs), self.clients.merged(later.clients), ids)

    def knows(self, mark: int) -> bool:
        """Whether an interaction of that fingerprint is counted."""
        place = int(np.searchsorted(self.interactions, mark))
        return place < len(self) and int(self.interactions[place]) == mark

    @cached_property
    def hires(self) -> tuple[pa.StringArray, IntArray]:
        """Jobs with hires, and how many people were hired for each."""
        return self.jobs.counts(Act.HIRE)


class PairFacts:
    """`base`, and what happened since: `later` layers and the hires in them that `base` does not hold. Immutable."""

    def __init__(
        self,
        base: FactLayer | None = None,
        later: Sequence[FactLayer] = (),
        later_hires: Mapping[str, int] | None = None,
    ) -> None:
        self.base = base or FactLayer(PairTable.empty(), PairTable.empty(), np.empty(0, np.int64))
        self.later_hires = later_hires or {}
        """Job -> people hired for it since."""
        self._later = tuple(later)
        self._kept: Kept[Pairs] = Kept(MOST_KEPT)

    @classmethod
    def from_interactions(cls, interactions: pa.Table, as_of: datetime) -> Self:
        """The facts that had happened and were recorded by `as_of`."""
        recorded = pc.and_(
            pc.less_equal(interactions["event_timestamp"], as_of), pc.less_equal(interactions["recorded_at"], as_of)
        )
        return cls(FactLayer.of(interactions.filter(recorded)))

    def __len__(self) -> int:
        """How many interactions are counted."""
        return sum(map(len, self._layers))

    def grown(self, interactions: Iterable[Mapping[str, Any]]) -> "PairFacts":
        """These and rows of the contract that happened since; of equal ids the first one counts."""
        fresh = {row["interaction_id"]: row for row in reversed(list(interactions)) if not self._knows(row)}
        if not fresh:
            return self
        layer = FactLayer.of(pa.Table.from_pylist(list(fresh.values()), _SCHEMA))
        layers = [*self._later, layer]
        while len(layers) > 1 and len(layers[-2]) <= 2 * len(layers[-1]):
            layers[-2:] = [layers[-2].merged(layers[-1])]
        return PairFacts(self.base, layers, {**self.later_hires, **self._hires_with(layer)})

    def contradicts(self, row: Mapping[str, Any]) -> bool:
        """Whether an interaction of the row's id is counted, and what the row tells of never happened."""
        if not self._knows(row):
            return False
        act, job, client = _CODES.get(f"{row['kind']} {row['side']}"), row["job_id"], row["client_id"]
        of_other = self.people_of_client(client) if job is None else self.people_of_job(job)
        return act is None or row["freelancer_id"] not in of_other.those(of_other.did(act))

    def jobs_of(self, freelancer_id: str) -> Pairs:
        """Jobs with acts of or about a freelancer."""
        return self._asked(
            ("jobs_of", freelancer_id), lambda: [layer.jobs.of_freelancer(freelancer_id) for layer in self._layers]
        )

    def clients_of(self, freelancer_id: str) -> Pairs:
        """Clients with such acts that name no job."""
        return self._asked(
            ("clients_of", freelancer_id),
            lambda: [layer.clients.of_freelancer(freelancer_id) for layer in self._layers],
        )

    def people_of_job(self, job_id: str) -> Pairs:
        """Freelancers with acts about a job."""
        return self._asked(("people_of_job", job_id), lambda: [layer.jobs.of_other(job_id) for layer in self._layers])

    def people_of_client(self, client_id: str) -> Pairs:
        """Freelancers with acts about a client that name no job."""
        return self._asked(
            ("people_of_client", client_id), lambda: [layer.clients.of_other(client_id) for layer in self._layers]
        )

    def write(self, folder: Path) -> None:
        """Write what `read` maps: the base alone."""
        self.base.jobs.write(folder / "jobs")
        self.base.clients.write(folder / "clients")
        write_array(folder / "interactions.npy", self.base.interactions)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The facts that `write` left, mapped."""
        jobs, clients = (PairTable.read(folder / name) for name in ("jobs", "clients"))
        return cls(FactLayer(jobs, clients, read_array(folder / "interactions.npy")))

    def _asked(self, asked: tuple[str, str], acts: Callable[[], Sequence[Acts]]) -> Pairs:
        """What `acts` give of all layers, gathered once: who asked is often asked for again."""
        return self._kept.get(asked, 0, lambda: _gathered(acts()))

    @property
    def _layers(self) -> tuple[FactLayer, ...]:
        return self.base, *self._later

    def _knows(self, row: Mapping[str, Any]) -> bool:
        mark = fingerprint(row["interaction_id"])
        return any(layer.knows(mark) for layer in self._layers)

    def _hires_with(self, layer: FactLayer) -> dict[str, int]:
        """`later_hires` of the jobs with hires in a new layer."""
        counts = {}
        for job in layer.hires[0].to_pylist():
            known, new = self.people_of_job(job), _gathered([layer.jobs.of_other(job)])
            hired = set(new.those(new.did(Act.HIRE))).difference(known.those(known.did(Act.HIRE)))
            counts[job] = self.later_hires.get(job, 0) + len(hired)
        return counts


_COLUMNS = ("interaction_id", "kind", "side", "freelancer_id", "job_id", "client_id", "event_timestamp")
_SCHEMA = pa.schema([INTERACTIONS.schema.field(name) for name in _COLUMNS])


def _gathered(layers: Sequence[Acts]) -> Pairs:
    """The acts of several layers, by counterpart."""
    ids = list(dict.fromkeys(chain.from_iterable(names for names, _, _ in layers)))
    place = {name: row for row, name in enumerate(ids)}
    last = np.full((len(ids), len(Act)), NEVER)
    for names, acts, moments in layers:
        rows = np.fromiter((place[name] for name in names), np.int64, len(names))
        last[rows, acts] = np.maximum(last[rows, acts], moments)
    return Pairs(ids, last)
