"""Distinct strings by row, found by binary search: what a dict would hold, in arrays that processes can share.

Knows not what is named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from feature_repo.files.mapped import read_array, read_table, write_array, write_table
from metier.errors import FeatureError

Rows = npt.NDArray[np.int64]
END = b"\x01"
"""Ends every searched name: numpy cuts trailing zeros off, and b"" is then no name's."""


@dataclass(frozen=True, eq=False)
class Names:
    """Make one by `of` or `read`."""

    strings: pa.StringArray
    _ascending: npt.NDArray[np.bytes_]
    _row: Rows
    """Row of each of _ascending."""

    @classmethod
    def of(cls, strings: Sequence[str] | pa.Array | pa.ChunkedArray) -> Self:
        """FeatureError where a name appears twice."""
        column = contiguous(strings)
        encoded = _utf8(column.to_pylist())
        row = np.argsort(encoded, kind="stable")
        ascending = encoded[row]
        if (ascending[1:] == ascending[:-1]).any():
            raise FeatureError("a name appears twice; give the newest version of each alone")
        return cls(column, ascending, row)

    def __len__(self) -> int:
        return len(self.strings)

    def rows(self, names: Sequence[str | None]) -> Rows:
        """Row of each name (n,), -1 where it is unknown or None."""
        if not len(self) or all(name is None for name in names):
            return np.full(len(names), -1, np.int64)
        encoded = _utf8(names)
        position = np.searchsorted(self._ascending, encoded.astype(self._ascending.dtype))
        position[position == len(self)] = 0
        rows: Rows = np.where(self._ascending[position] == encoded, self._row[position], -1)
        return rows

    def at(self, rows: Rows) -> list[str]:
        """Names of rows."""
        names: list[str] = self.strings.take(pa.array(rows)).to_pylist()
        return names

    def write(self, folder: Path, name: str) -> None:
        """Write the files that `read` maps; files_of(name) are they."""
        folder.mkdir(parents=True, exist_ok=True)
        strings, ascending, row = (folder / file for file in files_of(name))
        write_table(strings, pa.table({"name": self.strings}))
        write_array(ascending, self._ascending)
        write_array(row, self._row)

    @classmethod
    def read(cls, folder: Path, name: str) -> Self:
        """The names that `write` left, mapped."""
        strings, ascending, row = (folder / file for file in files_of(name))
        return cls(contiguous(read_table(strings)["name"]), read_array(ascending), read_array(row))


def files_of(name: str) -> tuple[str, str, str]:
    """File names of written names."""
    return f"{name}.arrow", f"{name}.ascending.npy", f"{name}.row.npy"


def contiguous(strings: Sequence[str] | pa.Array | pa.ChunkedArray) -> pa.StringArray:
    """In one piece, without a copy where it is one."""
    if not isinstance(strings, pa.ChunkedArray):
        return strings if isinstance(strings, pa.Array) else pa.array(strings, pa.string())
    return strings.chunk(0) if strings.num_chunks == 1 else strings.combine_chunks()


def _utf8(names: Sequence[str | None]) -> npt.NDArray[np.bytes_]:
    return np.array([b"" if name is None else name.encode() + END for name in names], dtype=np.bytes_)
