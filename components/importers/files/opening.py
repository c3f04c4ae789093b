"""A file of rows as pieces of an Arrow table, whatever its format."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from components.importers.conform import LINE, REASON
from components.importers.files.delimited import delimited_pieces
from components.importers.files.file_format import FileFormat
from components.importers.files.parquet import parquet_pieces
from metier.errors import ContractError


def open_rows(path: Path, declared: FileFormat, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Pieces of the file, one at least, with each of `columns` (None: all), and REASON and LINE where rows need them.

    A column is named by its header, by its place ("3") or by a dotted path to a nested field. Text formats give text;
    Parquet gives the types as stored. ContractError names a column that the file lacks, or what the file is instead.
    """
    pieces = parquet_pieces(path) if _is_parquet(path, declared) else delimited_pieces(path, declared.delimiter)
    for rows in pieces:
        yield rows if columns is None else _selected(rows, path, columns)


def _is_parquet(path: Path, declared: FileFormat) -> bool:
    return (declared.format or path.suffix.removeprefix(".")) == "parquet"


def _selected(rows: pa.Table, path: Path, columns: Sequence[str]) -> pa.Table:
    for column in columns:
        if column not in rows.column_names:
            present = ", ".join(name for name in rows.column_names if name not in (REASON, LINE))
            raise ContractError(f"{path} has no column {column!r}; its columns are: {present}")
    return rows.select([*columns, *(name for name in (REASON, LINE) if name in rows.column_names)])
