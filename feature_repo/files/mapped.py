"""Arrays, sparse rows and Arrow tables as files that a node's processes map: they share its pages and copy nothing.

A file is written beside its place and renamed, so that whoever maps an earlier one keeps it whole. No pickle. Knows
no feature.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp

from metier.durable import replacing

Array = npt.NDArray
CSR_PARTS = ("data", "indices", "indptr")


def write_array(path: Path, values: Array) -> None:
    """A .npy file."""
    with replacing(path) as temporary, temporary.open("wb") as out:
        np.save(out, values, allow_pickle=False)


def read_array(path: Path) -> Array:
    """Read-only, mapped; a plain array, which is faster to index than np.memmap."""
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


def write_arrays(folder: Path, arrays: Mapping[str, Array | sp.csr_array]) -> None:
    """One `<name>.npy` an array, three a sparse one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in arrays.items():
        if isinstance(values, sp.csr_array):
            for part in CSR_PARTS:
                write_array(folder / f"{name}.{part}.npy", getattr(values, part))
        else:
            write_array(folder / f"{name}.npy", values)


def read_rows(folder: Path, name: str, columns: int) -> sp.csr_array:
    """The sparse rows of that name over the mapped arrays."""
    data, indices, indptr = (read_array(folder / f"{name}.{part}.npy") for part in CSR_PARTS)
    return sp.csr_array((data, indices, indptr), shape=(len(indptr) - 1, columns), copy=False)


def write_table(path: Path, table: pa.Table) -> None:
    """An uncompressed Arrow IPC file of one batch."""
    combined = table.combine_chunks()
    with (
        replacing(path) as temporary,
        pa.OSFile(str(temporary), "wb") as out,
        pa.ipc.new_file(out, combined.schema) as writer,
    ):
        writer.write_table(combined, max_chunksize=max(combined.num_rows, 1))


def read_table(path: Path) -> pa.Table:
    """The table over the mapped file."""
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all()
