"""Acts of pairs in compact arrays: for each freelancer, counterpart and act the moment at which it last happened.

Tables merge by the later moment, so neither the order in which acts come nor how often they come matters. Written
tables are mapped. Knows no kind of the contract and no rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from feature_repo.files.mapped import read_array, read_table, write_array, write_table
from feature_repo.files.names import contiguous

IntArray = npt.NDArray[np.int64]
Acts = tuple[list[str], npt.NDArray[np.int8], IntArray]
"""Of one side: the other sides, the acts and the moments (microseconds since 1970), each (n,)."""
_NAMES = ("freelancers", "others")
_ARRAYS = ("freelancer", "other", "act", "moment", "by_other")


@dataclass(frozen=True, eq=False)
class PairTable:
    """One row a freelancer, counterpart and act, ascending; 21 bytes each beside the names. Make one by `of`."""

    freelancers: pa.StringArray
    """Names, ascending."""
    others: pa.StringArray
    """Names of jobs or clients, ascending."""
    freelancer: npt.NDArray[np.int32]
    """Of each row its place in `freelancers`."""
    other: npt.NDArray[np.int32]
    act: npt.NDArray[np.int8]
    moment: IntArray
    by_other: npt.NDArray[np.int32]
    """Rows in the order of `other`."""

    @classmethod
    def of(
        cls,
        freelancers: pa.Array | pa.ChunkedArray | Sequence[str],
        others: pa.Array | pa.ChunkedArray | Sequence[str],
        act: npt.NDArray[np.int8],
        moment: IntArray,
    ) -> Self:
        """The table of acts in any order, of which each may appear several times."""
        people, freelancer = _coded(freelancers)
        names, other = _coded(others)
        order = np.lexsort((moment, act, other, freelancer))
        is_last = np.ones(len(order), np.bool_)
        columns = (freelancer, other, act)
        is_last[:-1] = np.any([column[order[1:]] != column[order[:-1]] for column in columns], axis=0)
        kept = order[is_last]
        by_other = np.argsort(other[kept], kind="stable").astype(np.int32)
        return cls(people, names, freelancer[kept], other[kept], act[kept], moment[kept], by_other)

    @classmethod
    def empty(cls) -> Self:
        """A table without rows."""
        return cls.of([], [], np.empty(0, np.int8), np.empty(0, np.int64))

    def __len__(self) -> int:
        return len(self.act)

    def merged(self, later: "PairTable") -> "PairTable":
        """The acts of both."""
        both = (self, later)
        return PairTable.of(
            pa.concat_arrays([table.freelancers.take(pa.array(table.freelancer)) for table in both]),
            pa.concat_arrays([table.others.take(pa.array(table.other)) for table in both]),
            np.concatenate([table.act for table in both]),
            np.concatenate([table.moment for table in both]),
        )

    def of_freelancer(self, name: str) -> Acts:
        """What one freelancer and their counterparts did."""
        code = _place(self.freelancers, name)
        rows = slice(0, 0) if code is None else slice(*self._freelancer_starts[code : code + 2].tolist())
        return self.others.take(pa.array(self.other[rows])).to_pylist(), self.act[rows], self.moment[rows]

    def of_other(self, name: str) -> Acts:
        """What one job or client and its freelancers did."""
        code = _place(self.others, name)
        rows = self.by_other[slice(0, 0) if code is None else slice(*self._other_starts[code : code + 2].tolist())]
        return self.freelancers.take(pa.array(self.freelancer[rows])).to_pylist(), self.act[rows], self.moment[rows]

    def counts(self, act: int) -> tuple[pa.StringArray, IntArray]:
        """Counterparts with such acts, and with how many freelancers each has some."""
        counts = np.bincount(self.other[self.act == act], minlength=len(self.others))
        some = np.flatnonzero(counts)
        return self.others.take(pa.array(some)), counts[some]

    def write(self, folder: Path) -> None:
        """Write the files that `read` maps."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in _NAMES:
            write_table(folder / f"{name}.arrow", pa.table({"name": getattr(self, name)}))
        for name in _ARRAYS:
            write_array(folder / f"{name}.npy", getattr(self, name))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The table that `write` left, mapped."""
        names = {name: contiguous(read_table(folder / f"{name}.arrow")["name"]) for name in _NAMES}
        return cls(**names, **{name: read_array(folder / f"{name}.npy") for name in _ARRAYS})

    @cached_property
    def _freelancer_starts(self) -> IntArray:
        """Of each freelancer the first row, and behind the last one the number of rows."""
        return _starts(self.freelancer, len(self.freelancers))

    @cached_property
    def _other_starts(self) -> IntArray:
        """The same of each counterpart, in `by_other`."""
        return _starts(self.other, len(self.others))


def _coded(names: pa.Array | pa.ChunkedArray | Sequence[str]) -> tuple[pa.StringArray, npt.NDArray[np.int32]]:
    """(distinct names, ascending by their UTF-8 as Python's strings are; the place of each name among them)."""
    encoded = contiguous(names).dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return encoded.dictionary.take(pa.array(order)), place[encoded.indices.to_numpy()]


def _place(names: pa.StringArray, name: str) -> int | None:
    """Where an ascending array holds a name."""
    first, end = 0, len(names)
    while first < end:
        middle = (first + end) // 2
        if names[middle].as_py() < name:
            first = middle + 1
        else:
            end = middle
    return first if first < len(names) and names[first].as_py() == name else None


def _starts(codes: npt.NDArray[np.int32], n: int) -> IntArray:
    return np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=n))])
