"""The first rows of a file, with how it is written: its encoding, its delimiter and the line of its header."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from components.importers.conform import LINE, REASON
from components.importers.files.file_format import FileFormat
from components.importers.files.opening import open_rows
from components.importers.mapped.guessing.aliases import plain_name
from components.importers.values.typed_cells import spelled
from metier.contract import TEXT
from metier.errors import ContractError, EmptyDataError

SAMPLE = 1_000
"""Rows that are looked at."""
_DELIMITERS = (",", ";", "\t", "|")
_ONE_BYTE = "cp1252"
"""What a text is taken for that is not UTF-8."""
_ONE_OBJECT = ("basesalary", "salary", "compensation", "salaryrange", "payrange")
"""Objects that are read as one value."""
Sample = dict[str, pa.ChunkedArray]


def sampled(path: Path) -> tuple[FileFormat, Sample]:
    """How the file is written, and its first rows, nested fields by dotted path."""
    found: list[tuple[int, FileFormat, pa.Table]] = []
    refused: ContractError | None = None
    for delimiter in _DELIMITERS:
        try:
            declared, rows = _first_rows(path, FileFormat(delimiter=delimiter))
        except ContractError as error:
            refused = refused or error
            continue
        names_read = [name for name in rows.column_names if name not in (REASON, LINE) and name[:1] != "@"]
        found.append((len(names_read), declared, rows.select(names_read)))
    if not found:
        raise refused or ContractError(f"{path} cannot be read; give a file of rows")
    _, declared, rows = max(found, key=lambda entry: entry[0])
    return declared, {name: values for name in rows.column_names for name, values in _flat(name, rows[name])}


def _first_rows(path: Path, declared: FileFormat) -> tuple[FileFormat, pa.Table]:
    """The rows, in another encoding where some are not of UTF-8."""
    try:
        rows = next(open_rows(path, declared)).slice(0, SAMPLE)
    except EmptyDataError:
        raise
    except ContractError as error:
        if "not valid UTF-8" not in str(error):
            raise
        rows = None
    if rows is None or _has_other_bytes(rows):
        declared = replace(declared, encoding=_ONE_BYTE)
        rows = next(open_rows(path, declared)).slice(0, SAMPLE)
    return declared, rows


def _has_other_bytes(rows: pa.Table) -> bool:
    reasons = rows[REASON].drop_null().to_pylist() if REASON in rows.column_names else []
    return any("not valid UTF-8" in reason for reason in reasons)


def _flat(name: str, cells: pa.ChunkedArray) -> Iterator[tuple[str, pa.ChunkedArray]]:
    """The column, or those of the objects that it holds; of lists of objects, those of the first."""
    texts = spelled(cells)
    if texts.type != TEXT:
        yield name, cells
        return
    values = [_value(cell) for cell in texts.to_pylist()]
    objects = [value if isinstance(value, dict) else {} for value in values]
    firsts = [value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else {} for value in values]
    if any(firsts) or not any(objects) or plain_name(name) in _ONE_OBJECT:
        yield name, cells
    yield from _fields(f"{name}.0", firsts)
    yield from _fields(name, objects)


def _fields(name: str, objects: list[dict[str, Any]]) -> Iterator[tuple[str, pa.ChunkedArray]]:
    for key in dict.fromkeys(key for entry in objects for key in entry if not key.startswith("@")):
        values = [entry.get(key) for entry in objects]
        told = [value if isinstance(value, str | None) else json.dumps(value) for value in values]
        yield from _flat(f"{name}.{key}", pa.chunked_array([pa.array(told, TEXT)]))


def _value(cell: str | None) -> Any:
    if not cell or not cell.lstrip().startswith(("{", "[{")):
        return None
    try:
        return json.loads(cell)
    except ValueError:
        return None
