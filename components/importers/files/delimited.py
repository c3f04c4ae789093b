"""A CSV file as an Arrow table of text, with the rows that cannot be read marked and kept.

Knows CSV and UTF-8; no types, no tables.
"""

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from components.importers.conform import LINE, REASON
from metier.errors import ContractError, EmptyDataError

INVALID_UTF8 = "row is not valid UTF-8"
_PRIVATE_USE = range(0xE000, 0xF900)
INVALID = range(0xDC80, 0xDD00)
"""What a byte that is no UTF-8 is decoded to."""
READ_BYTES = 1 << 20
PIECE_BYTES = 1 << 26


def read_delimited(path: Path, delimiter: str = ",") -> pa.Table:
    """The file's columns as text, in its order; empty cells are empty text.

    Rows with invalid UTF-8 (decoded with replacement) or with the wrong number of values (whole, in column LINE)
    carry their reason in column REASON. EmptyDataError where there is not even a header.
    """
    return pa.concat_tables(delimited_pieces(path, delimiter), promote_options="default")


def delimited_pieces(path: Path, delimiter: str = ",", size: int = PIECE_BYTES) -> Iterator[pa.Table]:
    """As read_delimited, in pieces of about `size` bytes, one at least; no row may be longer than a piece."""
    try:
        with path.open("rb") as file:
            mark = _unused_mark(file)
            header = _header(path, file, mark, delimiter)
            yield from _parsed(path, _Readable(file, mark), header, mark, delimiter, size)
    except OSError as error:
        raise ContractError(f"{path} cannot be read ({error.strerror}); make it a readable file") from error


class _Readable(io.RawIOBase):
    """A file's bytes as valid UTF-8, from its beginning: invalid ones are `mark`."""

    def __init__(self, file: BinaryIO, mark: str | None) -> None:
        super().__init__()
        self._texts = _texts(file)
        self._marks = {code: mark for code in INVALID}
        self._pending = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._pending:
            text = next(self._texts, None)
            if text is None:
                return 0
            self._pending = (text if text.isascii() else text.translate(self._marks)).encode()
        content, self._pending = self._pending[: len(buffer)], self._pending[len(buffer) :]
        buffer[: len(content)] = content
        return len(content)


def _texts(file: BinaryIO) -> Iterator[str]:
    """The file from its beginning; an invalid byte is a lone surrogate."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="surrogateescape")
    while content := file.read(READ_BYTES):
        yield decoder.decode(content)
    yield decoder.decode(b"", final=True)


def _unused_mark(file: BinaryIO) -> str | None:
    """A character that stands for invalid bytes, one that occurs nowhere in the file; None where all are valid."""
    used: set[str] = set()
    for text in _texts(file):
        if not text.isascii():
            used.update(text)
    if not any(chr(code) in used for code in INVALID):
        return None
    return next(chr(code) for code in _PRIVATE_USE if chr(code) not in used)


def _header(path: Path, file: BinaryIO, mark: str | None, delimiter: str) -> list[str]:
    lines = io.TextIOWrapper(io.BufferedReader(_Readable(file, mark)), encoding="utf-8", newline="\n")
    try:
        header = next(csv.reader(lines, delimiter=delimiter), [])
    except csv.Error as error:
        raise ContractError(f"{path}: its header cannot be read ({error}); check its quotes and line ends") from error
    if not header:
        raise EmptyDataError(f"{path} is empty; export it again, with a header line, or leave the file out")
    if len(set(header)) < len(header):
        raise ContractError(f"{path}: two columns of its header have one name; rename or drop one of them")
    return header


def _parsed(
    path: Path, content: _Readable, header: list[str], mark: str | None, delimiter: str, size: int
) -> Iterator[pa.Table]:
    malformed: deque[arrow_csv.InvalidRow] = deque()  # filled by the reader's own thread

    def keep(row: arrow_csv.InvalidRow) -> str:
        malformed.append(row)
        return "skip"

    try:
        reader = arrow_csv.open_csv(
            pa.PythonFile(content, mode="r"),
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=size),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=keep
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={column: pa.string() for column in header}, strings_can_be_null=False
            ),
        )
        some = False
        for batch in reader:
            some = True
            bad_rows = [malformed.popleft() for _ in range(len(malformed))]
            yield _with_marks(pa.Table.from_batches([batch]), bad_rows, mark)
        if malformed or not some:
            yield _with_marks(reader.schema.empty_table(), list(malformed), mark)
    except pa.ArrowInvalid as error:
        raise ContractError(f"{path} cannot be read as CSV ({error}); check its quotes and separators") from error


def _with_marks(rows: pa.Table, malformed: list[arrow_csv.InvalidRow], mark: str | None) -> pa.Table:
    """`rows`, the malformed ones below them, and the reason columns where any row needs one."""
    width = rows.num_columns
    if mark is not None:
        rows = _with_invalid(rows, mark)
    if not malformed:
        return rows
    reasons = [f"row has {row.actual_columns} values where the header has {width}" for row in malformed]
    lines = [row.text.replace(mark, "�") if mark else row.text for row in malformed]
    return pa.concat_tables([rows, pa.table({REASON: reasons, LINE: lines})], promote_options="default")


def _with_invalid(rows: pa.Table, mark: str) -> pa.Table:
    invalid = pa.array([False] * rows.num_rows, pa.bool_())
    columns = {}
    for column in rows.column_names:
        invalid = pc.or_(invalid, pc.match_substring(rows[column], mark))
        columns[column] = pc.replace_substring(rows[column], mark, "�")
    reasons = pc.if_else(invalid, INVALID_UTF8, pa.scalar(None, pa.string()))
    return pa.table({**columns, REASON: reasons})
