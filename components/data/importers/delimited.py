"""A CSV file as an Arrow table of text, with the rows that cannot be read marked and kept.

Knows CSV and UTF-8; no types, no tables.
"""

import csv
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from components.data.importers.conform import LINE, REASON
from metier.errors import ContractError, EmptyDataError

INVALID_UTF8 = "row is not valid UTF-8"
_PRIVATE_USE = range(0xE000, 0xF900)
_LARGEST_BLOCK = 1 << 30


def read_delimited(path: Path, delimiter: str = ",") -> pa.Table:
    """The file's columns as text, in its order; empty cells are empty text.

    Rows with invalid UTF-8 (decoded with replacement) or with the wrong number of values (whole, in column LINE)
    carry their reason in column REASON. EmptyDataError where there is not even a header.
    """
    text, mark = _decoded(_content(path))
    header = _header(path, text, delimiter)
    rows, malformed = _parsed(path, text, header, delimiter)
    return _with_marks(rows, malformed, mark)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ContractError(f"{path} cannot be read ({error.strerror}); make it a readable file") from error


def _decoded(content: bytes) -> tuple[str, str | None]:
    """The text, and the character that stands for invalid bytes: one that occurs nowhere else in it."""
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        text = content.decode("utf-8-sig", errors="surrogateescape")
    used = set(text)
    mark = next(chr(code) for code in _PRIVATE_USE if chr(code) not in used)
    return text.translate({code: mark for code in range(0xDC80, 0xDD00)}), mark


def _header(path: Path, text: str, delimiter: str) -> list[str]:
    try:
        header = next(csv.reader(io.StringIO(text), delimiter=delimiter), [])
    except csv.Error as error:
        raise ContractError(f"{path}: its header cannot be read ({error}); check its quotes and line ends") from error
    if not header:
        raise EmptyDataError(f"{path} is empty; export it again, with a header line, or leave the file out")
    if len(set(header)) < len(header):
        raise ContractError(f"{path}: two columns of its header have one name; rename or drop one of them")
    return header


def _parsed(path: Path, text: str, header: list[str], delimiter: str) -> tuple[pa.Table, list[arrow_csv.InvalidRow]]:
    malformed: list[arrow_csv.InvalidRow] = []

    def keep(row: arrow_csv.InvalidRow) -> str:
        malformed.append(row)
        return "skip"

    data = text.encode()
    try:
        rows = arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=min(len(data) + 1, _LARGEST_BLOCK)),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=keep
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={column: pa.string() for column in header}, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise ContractError(f"{path} cannot be read as CSV ({error}); check its quotes and separators") from error
    return rows, malformed


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
