"""Where a person shows in files: bytes, Parquet and lines, found and taken out file by file.

A file is replaced whole. A number as an id is only believed between quotes, tags or spaces: bare, it is any number.
Knows a person and files, not what a place of the home is for.
"""

import html
import json
import mmap
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from components.privacy.person import Person
from metier.durable import replacing

NUMBERS_ONLY = {".npy", ".npz", ".onnx", ".ubj", ".safetensors", ".otf", ".png", ".gif", ".ico"}
"""Files that hold no words."""
ROWS_A_BATCH = 65_536


class Traces:
    """What to look for: names as whole words, texts anywhere; in plain, JSON and HTML spelling."""

    def __init__(self, person: Person) -> None:
        self.names = pa.array(sorted(person.names), pa.string())
        self.queries = pa.array(sorted(person.queries), pa.string())
        self._exact = pa.array(sorted(person.names | person.texts), pa.string())
        self._inside = [name for name in sorted(person.names) if not name.isdigit()]
        self._words = [(spelled, _word(spelled)) for name in sorted(person.names) for spelled in _spellings(name)]
        self._texts = [spelled for text in sorted(person.texts) for spelled in _spellings(text)]

    def in_bytes(self, data: bytes | mmap.mmap) -> bool:
        return any(data.find(text) >= 0 for text in self._texts) or any(
            data.find(plain) >= 0 and word.search(data) for plain, word in self._words
        )

    def in_file(self, path: Path) -> bool:
        """Whether the file holds any of it; Parquet is read, other files are searched as bytes."""
        if path.suffix in NUMBERS_ONLY or path.is_symlink() or not path.is_file() or path.stat().st_size == 0:
            return False
        if path.suffix == ".parquet":
            try:
                return self._in_parquet(path)
            except pa.ArrowInvalid:  # half a file, or none of that kind: its bytes may still tell
                pass
        with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return self.in_bytes(data)

    def in_folder(self, folder: Path) -> bool:
        return any(self.in_file(path) for path in sorted(folder.rglob("*")))

    def _in_parquet(self, path: Path) -> bool:
        with pq.ParquetFile(path) as file:
            columns = [field.name for field in file.schema_arrow if _is_text(field.type)]
            batches = file.iter_batches(ROWS_A_BATCH, columns=columns) if columns else iter(())
            return any(self._in_strings(_strings(column)) for batch in batches for column in batch.columns)

    def _in_strings(self, values: pa.Array) -> bool:
        if pc.any(pc.is_in(values, value_set=self._exact)).as_py():
            return True
        return any(
            self.in_bytes(value.encode())
            for name in self._inside
            for value in values.filter(pc.fill_null(pc.match_substring(values, name), False)).to_pylist()
        )


def without_rows(path: Path, unwanted: Callable[[pa.Table], pa.ChunkedArray]) -> int:
    """Rewrite a Parquet file without the rows marked as unwanted; how many there were."""
    dropped = 0

    def filtered(file: pq.ParquetFile) -> Iterator[pa.Table]:
        nonlocal dropped
        for batch in file.iter_batches(ROWS_A_BATCH):
            rows = pa.Table.from_batches([batch])
            remaining = rows.filter(pc.invert(unwanted(rows)))
            dropped += rows.num_rows - remaining.num_rows
            yield remaining.cast(file.schema_arrow)

    with replacing(path) as temporary:
        with pq.ParquetFile(path) as file, pq.ParquetWriter(temporary, file.schema_arrow, compression="zstd") as writer:
            for rows in filtered(file):
                writer.write_table(rows)
        if not dropped:
            temporary.unlink()
    return dropped


def naming_rows(traces: Traces) -> Callable[[pa.Table], pa.ChunkedArray]:
    """Marks rows that hold a name or a query of the person in a column of text."""
    values = pa.concat_arrays([traces.names, traces.queries])

    def marks(rows: pa.Table) -> pa.ChunkedArray:
        names_person = pa.chunked_array([pa.repeat(False, rows.num_rows)])
        for field in rows.schema:
            if pa.types.is_string(field.type):
                names_person = pc.or_(names_person, pc.is_in(rows[field.name], value_set=values))
        return names_person

    return marks


def without_lines(path: Path, unwanted: Callable[[bytes], bool]) -> int:
    """Rewrite a file without its unwanted lines, and remove one of which none is left; how many there were.

    Where lines went, the next one begins with as many blanks: offsets of lines that were noted elsewhere stay valid.
    """
    dropped, blanks, any_kept = 0, 0, False
    with replacing(path) as temporary:
        with path.open("rb") as source, temporary.open("wb") as sink:
            for line in source:
                if unwanted(line):
                    dropped, blanks = dropped + 1, blanks + len(line)
                    continue
                sink.write(b" " * blanks + line)
                blanks, any_kept = 0, True
        if not dropped:
            temporary.unlink()
    if dropped and not any_kept:
        path.unlink()
    return dropped


def open_here(paths: Iterable[Path]) -> set[Path]:
    """Which of the files a process of this machine has open, as far as that can be seen."""
    by_target = {str(path.resolve()): path for path in paths}
    opened: set[Path] = set()
    for descriptor in Path("/proc").glob("[0-9]*/fd/*") if by_target else ():
        try:
            target = os.readlink(descriptor)
        except OSError:  # it ended, or belongs to somebody else
            continue
        if target in by_target:
            opened.add(by_target[target])
    return opened


def _spellings(text: str) -> set[bytes]:
    escaped = (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    return {spelled.encode() for spelled in (text, *escaped, html.escape(text), html.escape(text, quote=False))}


def _word(name: bytes) -> re.Pattern[bytes]:
    if name.isdigit():
        return re.compile(rb"(?<=[\"'> ])" + name + rb"(?=[\"'<: ])")
    return re.compile(rb"(?<![\w-])" + re.escape(name) + rb"(?![\w-])")


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_list(kind) or pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _strings(column: pa.Array) -> pa.Array:
    while pa.types.is_list(column.type):
        column = column.flatten()
    return column.cast(pa.string())
