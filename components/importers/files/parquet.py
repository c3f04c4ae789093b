"""A Parquet file in pieces: columns typed as stored, bytes as text, fields of structures named by dotted path."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from components.importers.conform import REASON
from components.importers.files.header import no_column
from components.importers.values.byte_cells import with_texts
from metier.errors import ContractError, first_line

PIECE_ROWS = 131_072
"""A larger file comes in pieces of so many rows."""


def parquet_pieces(file: Path | IO[bytes], path: Path, wanted: Sequence[str] | None) -> Iterator[pa.Table]:
    """The wanted columns (None: all), in one piece at least, that a file without rows is noticed."""
    try:
        with pq.ParquetFile(file) as parquet:
            schema = parquet.schema_arrow
            tops = None if wanted is None else sorted({_top(name, schema.names, path) for name in wanted})
            if parquet.metadata.num_rows == 0:
                yield _readable(_selected(schema.empty_table(), wanted, path))
            for batch in parquet.iter_batches(PIECE_ROWS, columns=tops):
                yield _readable(_selected(pa.Table.from_batches([batch]), wanted, path))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ContractError(f"{path} cannot be read as Parquet ({first_line(error)}); export it again") from error


def _readable(rows: pa.Table) -> pa.Table:
    """The rows with bytes as text, and a REASON for those that hold others."""
    rows, reasons = with_texts(rows)
    return rows.append_column(REASON, reasons) if reasons.null_count < rows.num_rows else rows


def _top(name: str, present: Sequence[str], path: Path) -> str:
    """The column of the file that holds the wanted one."""
    top = name if name in present else name.split(".")[0]
    if top not in present:
        raise no_column(path, name, present)
    return top


def _selected(rows: pa.Table, wanted: Sequence[str] | None, path: Path) -> pa.Table:
    if wanted is None:
        return rows
    columns = {}
    for name in wanted:
        top = _top(name, rows.column_names, path)
        columns[name] = rows[top] if top == name else _field(rows[top], name, name.split(".")[1:], path)
    return pa.table(columns)


def _field(values: pa.ChunkedArray, name: str, steps: Sequence[str], path: Path) -> pa.ChunkedArray:
    return pa.chunked_array([_within(chunk, name, steps, path) for chunk in values.chunks] or [pa.nulls(0)])


def _within(values: pa.Array, name: str, steps: Sequence[str], path: Path) -> pa.Array:
    """The field at the end of the path; through a list of structures, the list of its values."""
    if not steps:
        return values
    if pa.types.is_large_list(values.type):
        values = values.cast(pa.list_(values.type.value_type))
    if pa.types.is_list(values.type):
        return _of_list(values, name, steps, path)
    if not pa.types.is_struct(values.type) or values.type.get_field_index(steps[0]) < 0:
        fields = [field.name for field in values.type] if pa.types.is_struct(values.type) else []
        raise no_column(path, name, fields)
    return _within(pc.struct_field(values, steps[0]), name, steps[1:], path)


def _of_list(values: pa.ListArray, name: str, steps: Sequence[str], path: Path) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(values), 0)
    if not steps[0].isdecimal():
        members = _within(values.flatten(), name, steps, path)
        offsets = pc.cumulative_sum(pa.concat_arrays([pa.array([0], pa.int32()), lengths]))
        return pa.ListArray.from_arrays(offsets, members, mask=values.is_null())
    at = pa.scalar(int(steps[0]), pa.int32())
    places = pc.if_else(pc.greater(lengths, at), pc.add(values.offsets[:-1], at), None)
    return _within(values.values.take(places), name, steps[1:], path)
