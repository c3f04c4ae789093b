"""Delimited text as pieces of an Arrow table of text, with the rows that cannot be read marked and kept.

Knows CSV in any dialect; no types, no tables of the contract.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from components.importers.conform import REASON
from components.importers.files.file_format import FileFormat
from components.importers.files.header import Sheet, read_header
from components.importers.files.quotes import BACKSLASH, LONGEST_ROW, Dialect, Split, split
from components.importers.files.unread import with_unread
from components.importers.files.utf8 import Blocks, Utf8, is_valid, shown
from metier.contract import TEXT
from metier.errors import ContractError

_PARSED_BYTES = 1 << 20
_NOT_ASCII = 0x80

Cut = tuple[int, int, str]
"""Start and end of a row that cannot be read, and why."""


def delimited_pieces(
    text: Utf8, blocks: Blocks, declared: FileFormat, wanted: Sequence[str] | None
) -> Iterator[pa.Table]:
    """The wanted columns (None: all with a name) as text in a piece for each block; empty cells are empty text.

    Rows of another width, rows with bytes that do not decode and lines whose quote is never closed are below the
    others, each with its reason in REASON and its text in LINE.
    """
    blocks.fill()
    sheet = read_header(text, blocks, declared, wanted)
    reading = True
    while reading:
        parts = split(blocks.text, sheet.dialect, blocks.is_last)
        if parts.end or blocks.is_last:
            yield _piece(sheet, text, blocks, parts)
        elif len(blocks.text) > 2 * LONGEST_ROW:
            raise ContractError(
                f"{text.path}: the row in line {blocks.line:,} has more than {LONGEST_ROW:,} bytes; mend its line ends"
            )
        blocks.drop(parts.end)
        reading = blocks.fill()


def _piece(sheet: Sheet, text: Utf8, blocks: Blocks, parts: Split) -> pa.Table:
    cuts = [
        (start, end, f"{_fault(blocks.text[start:end], sheet)} (line {blocks.line_at(end - 1):,})")
        for start, end in parts.broken
    ]
    wrong = [] if is_valid(blocks.text[: parts.end]) else list(_undecodable(text, blocks, parts))
    rows, malformed = _parsed(sheet, _without(parts, sorted([*cuts, *wrong])), bool(len(parts.opens)))
    lost = [(reason, shown(blocks.text[start:end])) for start, end, reason in cuts]
    lost += [(_other_width(row, sheet), row.text) for row in malformed]
    pieces = [rows, _with_columns(sheet, blocks, wrong)] if wrong else [rows]
    return with_unread(pa.concat_tables(pieces, promote_options="default"), lost)


def _fault(row: bytes, sheet: Sheet) -> str:
    quote = sheet.dialect.quote or b""
    if sheet.dialect.escape is None and BACKSLASH + quote in row:
        return 'a quote stands behind a backslash; declare escape: "\\\\"'
    return "a quote is opened and never closed"


def _other_width(row: arrow_csv.InvalidRow, sheet: Sheet) -> str:
    return f"row has {row.actual_columns} values where the header has {sheet.width}"


def _with_columns(sheet: Sheet, blocks: Blocks, wrong: list[Cut]) -> pa.Table:
    """Rows that do not decode: in their columns where all columns are read, else by their text."""
    texts = [shown(blocks.text[start:end]) for start, end, _ in wrong]
    reasons = [reason for _, _, reason in wrong]
    if not sheet.is_whole:
        return with_unread(pa.table({}), list(zip(reasons, texts, strict=True)))
    rows, malformed = _parsed(sheet, memoryview("\n".join(texts).encode()), has_quoted=True)
    ragged = {row.text for row in malformed}
    whole = [reason for reason, text in zip(reasons, texts, strict=True) if text not in ragged]
    lost = [(reason, text) for reason, text in zip(reasons, texts, strict=True) if text in ragged]
    return with_unread(rows.append_column(REASON, pa.array(whole, TEXT)), lost)


def _undecodable(text: Utf8, blocks: Blocks, parts: Split) -> Iterator[Cut]:
    """The rows with bytes that their encoding does not have."""
    ends = parts.row_ends()
    codes = np.frombuffer(blocks.text, np.uint8, parts.end)
    suspects = np.unique(np.searchsorted(ends, np.flatnonzero(codes >= _NOT_ASCII), side="right"))
    broken = {start for start, _ in parts.broken}
    line, counted = blocks.line, 0
    for suspect in suspects.tolist():
        start, end = int(ends[suspect - 1]) if suspect else 0, int(ends[suspect])
        wrong = text.wrong_byte(blocks.text[start:end])
        if wrong is None or start in broken:
            continue
        position = start + wrong[0]
        line, counted = line + blocks.text.count(b"\n", counted, position), position
        yield start, end, f"row is not valid {text.encoding.upper()} (line {line:,}, byte 0x{wrong[1]:02X})"


def _without(parts: Split, cuts: list[Cut]) -> memoryview:
    """The rows without those that cannot be read; a carriage return that ends no line is a space."""
    content = memoryview(parts.text)[: parts.end]
    loose = parts.loose_returns()
    if len(loose):
        codes = np.frombuffer(parts.text, np.uint8, parts.end).copy()
        codes[loose] = ord(" ")
        content = memoryview(codes.tobytes())
    if not cuts:
        return content
    starts = [0, *(end for _, end, _ in cuts)]
    ends = [*(start for start, _, _ in cuts), len(content)]
    return memoryview(b"".join(content[start:end] for start, end in zip(starts, ends, strict=True)))


def _parsed(sheet: Sheet, content: memoryview, has_quoted: bool) -> tuple[pa.Table, list[arrow_csv.InvalidRow]]:
    """The rows of the header's width, and the others."""
    malformed: list[arrow_csv.InvalidRow] = []  # filled by the reader's own threads

    def keep(row: arrow_csv.InvalidRow) -> str:
        malformed.append(row)
        return "skip"

    columns = list(dict.fromkeys(map(str, sheet.places.values())))
    converting = arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(columns, TEXT), include_columns=columns, strings_can_be_null=False
    )
    if not content[:_PARSED_BYTES].tobytes().strip() and not content.tobytes().strip():
        return pa.table({name: pa.array([], TEXT) for name in sheet.places}), []
    names = list(map(str, range(sheet.width)))
    parsing = _parse_options(sheet.dialect, has_quoted, keep)
    try:
        is_long = len(content) > _PARSED_BYTES  # of one block threads would parse nothing sooner
        reading = arrow_csv.ReadOptions(column_names=names, block_size=_PARSED_BYTES, use_threads=is_long)
        rows = arrow_csv.read_csv(pa.BufferReader(pa.py_buffer(content)), reading, parsing, converting)
    except pa.ArrowInvalid:  # a row is longer than a block
        malformed.clear()
        reading = arrow_csv.ReadOptions(column_names=names, block_size=len(content) + 1, use_threads=False)
        rows = arrow_csv.read_csv(pa.BufferReader(pa.py_buffer(content)), reading, parsing, converting)
    return pa.table({name: rows[str(place)] for name, place in sheet.places.items()}), malformed


def _parse_options(
    dialect: Dialect, has_quoted: bool, keep: Callable[[arrow_csv.InvalidRow], str]
) -> arrow_csv.ParseOptions:
    return arrow_csv.ParseOptions(
        delimiter=dialect.delimiter.decode(),
        quote_char=dialect.quote.decode() if dialect.quote else False,
        escape_char=dialect.escape.decode() if dialect.escape else False,
        newlines_in_values=has_quoted or dialect.escape is not None,
        invalid_row_handler=keep,
    )
