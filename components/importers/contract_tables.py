"""Read a folder of tables that already keep the data contract's columns: Parquet, CSV or JSON, whole or in parts.

Knows files and names; what the rows must look like is conform's.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from components.importers.conform import SPELLED_AS
from components.importers.files.file_format import FileFormat
from components.importers.files.opening import open_rows
from components.importers.files.parquet import PIECE_ROWS
from components.importers.values.reading import Reading, decided
from metier.contract import TABLES, table
from metier.errors import ContractError, SettingsError

ENDINGS = tuple(
    f".{kind}{packed}" for kind in ("parquet", "csv", "jsonl", "ndjson", "json") for packed in ("", ".gz", ".zip")
)
"""What the name of a table's file ends with."""


def read_contract_directory(directory: Path) -> Iterator[tuple[str, str, pa.Table]]:
    """(table name, source, rows) of `<table>` with each of ENDINGS, and of `<table>/**/*.parquet`, entities first.

    Large files come in pieces. A part without rows among others is passed over. ContractError names a file that is none
    of these or is broken.
    """
    if not directory.is_dir():
        raise SettingsError(f"{directory} is not a folder; give the folder that holds the tables")
    _refuse_strangers(directory)
    files_of = {name: _files(directory, name) for name in TABLES}
    if not any(files_of.values()):
        raise ContractError(f"{directory} holds no table; expected files such as freelancers.csv or jobs.parquet")
    for name, files in files_of.items():
        yield from _read(directory, name, files)


def _refuse_strangers(directory: Path) -> None:
    for path in sorted(directory.iterdir()):
        _require_readable(path)
        is_table = path.name.endswith(ENDINGS) and ".json" not in path.suffixes  # other programs leave notes in JSON
        if is_table and path.name.split(".")[0] not in TABLES and not _hidden(path):
            raise ContractError(
                f"{path} names no table of the contract; rename it to one of {', '.join(TABLES)}, or move it away"
            )


def _require_readable(path: Path) -> None:
    """A file, or a part, that is named as a table and would be passed over is refused: its rows would be missed."""
    name = path.name.split(".")[0].casefold()
    if _hidden(path) or name not in TABLES:
        return
    read = {name, *(f"{name}{ending}" for ending in ENDINGS)}
    strange = [path] if path.name not in read or (path.is_file() and not path.suffix) else []
    if path.is_dir():
        parts = (part for part in sorted(path.rglob("*")) if part.is_file() and part.suffix != ".parquet")
        strange += [part for part in parts if not any(map(_hidden, map(Path, part.relative_to(path).parts)))]
    for file in strange:
        raise ContractError(
            f"{file} is no file of {name} that is read; write it as {name}.csv, .jsonl, .json or .parquet (or .gz or "
            f".zip of these), import it by a mapping, or move it away"
        )


def _files(directory: Path, name: str) -> list[Path]:
    files: list[Path] = []
    for path in (*(directory / f"{name}{ending}" for ending in ENDINGS), directory / name):
        if path.is_dir():
            parts = sorted(p for p in path.rglob("*.parquet") if not _hidden(p))
            if not parts:
                raise ContractError(f"{path} holds no .parquet file; export the table again or remove the folder")
            files += parts
        elif path.exists() and path.suffix:
            files.append(path)
    return files


def _hidden(path: Path) -> bool:
    return path.name.startswith((".", "_"))


def _read(directory: Path, name: str, files: list[Path]) -> Iterator[tuple[str, str, pa.Table]]:
    passed_over = []
    some = False
    for path in files:
        source = f"{directory.resolve().name}/{path.relative_to(directory).as_posix()}"
        is_single = path.parent == directory
        for rows in _pieces(name, path):
            if rows.num_rows or is_single:
                some = True
                yield name, source, rows
            else:
                passed_over.append((name, source, rows))
    if not some:
        yield from passed_over[:1]


def _pieces(name: str, path: Path) -> Iterator[pa.Table]:
    readings: dict[str, Reading] = {}
    lines = {"ndjson": "jsonl"}
    kind = next((lines.get(kind, kind) for kind in ("parquet", "jsonl", "ndjson") if f".{kind}" in path.name), None)
    for rows in open_rows(path, FileFormat(format=kind)):
        for column in table(name).columns:
            if column.name in rows.column_names:
                reading = readings.get(column.name, Reading())
                readings[column.name] = decided(rows[column.name], column, reading)
        told = {column: reading.told() for column, reading in readings.items()}
        marked = rows.replace_schema_metadata({**(rows.schema.metadata or {}), SPELLED_AS: json.dumps(told)})
        for start in range(0, max(rows.num_rows, 1), PIECE_ROWS):
            yield marked.slice(start, PIECE_ROWS)
