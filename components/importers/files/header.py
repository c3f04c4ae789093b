"""The first row of delimited text: the columns that there are, and those of them that were asked for."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from components.importers.files.file_format import FileFormat
from components.importers.files.quotes import Dialect
from components.importers.files.utf8 import Blocks, Utf8
from metier.errors import ContractError, EmptyDataError

_MOST_NAMED = 40
_DELIMITERS = {";": "';'", "\t": '"\\t"', "|": "'|'", ",": "','"}
_SEPARATOR_LINE = re.compile(rb"sep=([^\r\n\w\"'])\r?\n")
"""First line by which a spreadsheet names its delimiter."""


@dataclass(frozen=True)
class Sheet:
    """`width`: values of a row; `places`: for each wanted column its place among them, counted from 0.

    `is_whole`: all columns are wanted.
    """

    dialect: Dialect
    width: int
    places: dict[str, int]
    is_whole: bool


def read_header(text: Utf8, blocks: Blocks, declared: FileFormat, wanted: Sequence[str] | None) -> Sheet:
    """What all rows have in common; `blocks` then starts with the first of them.

    ContractError for a wanted column that is not there or whose name stands twice; None wants each that has a name.
    """
    start = 0
    if separator := _SEPARATOR_LINE.match(blocks.text):
        declared, start = replace(declared, delimiter=separator[1].decode()), separator.end()
    if isinstance(declared.header, int) and not isinstance(declared.header, bool):
        for _ in range(declared.header - 1):
            start = blocks.text.find(b"\n", start) + 1 or len(blocks.text)
        declared = replace(declared, header=True)
    first, end = _first_row(text, blocks, declared, start)
    blocks.drop(end if declared.header is True else start)
    if declared.header is True:
        names = first
    elif isinstance(declared.header, tuple):
        names = list(declared.header)
    else:
        names = [str(place + 1) for place in range(len(first))]
    if len(names) != len(first):
        raise ContractError(
            f"{text.path}: {len(names)} names are declared for rows of {len(first)} values; name every column"
        )
    dialect = Dialect(
        declared.delimiter.encode(),
        declared.quote.encode() if declared.quote else None,
        declared.escape.encode() if declared.escape else None,
    )
    columns = [name for name in names if name] if wanted is None else wanted
    places = {name: _place(names, name, text.path, declared.delimiter) for name in columns}
    return Sheet(dialect, len(names), places, is_whole=wanted is None)


def no_column(path: Path, name: str, present: Sequence[str], hint: str = "") -> ContractError:
    """The error for a column that is not among the `present` ones."""
    listed = ", ".join(present[:_MOST_NAMED])
    if len(present) > _MOST_NAMED:
        listed += f", and {len(present) - _MOST_NAMED} more"
    spelled = {other.casefold().strip(): other for other in reversed(present)}
    near = get_close_matches(name.casefold().strip(), spelled, n=1)
    meant = f"; did you mean {spelled[near[0]]!r}?" if near else ""
    return ContractError(f"{path} has no column {name!r}; its columns are: {listed}{meant}{hint}")


def _place(names: Sequence[str], name: str, path: Path, delimiter: str) -> int:
    number = list(names).count(name)
    if number == 1 and name:
        return names.index(name)
    if number:
        at = " or ".join(str(place + 1) for place, other in enumerate(names) if other == name)
        what = f"{number} columns have the name {name!r}" if name else "a column without a name is asked for"
        raise ContractError(f"{path}: {what} in its header; say which by its place, {at}, or rename it")
    if name.isdecimal() and 1 <= int(name) <= len(names):
        return int(name) - 1
    raise no_column(path, name, [other for other in names if other], _hint(names, delimiter))


def _hint(names: Sequence[str], delimiter: str) -> str:
    """What a file with a header of one column may be instead."""
    if len(names) > 1:
        return ""
    for other, spelled in _DELIMITERS.items():
        if other != delimiter and other in names[0]:
            return f"; if {spelled} stands between its columns, declare that as the delimiter"
    return "; this is text of one column: give a table, or declare its delimiter"


def _first_row(text: Utf8, blocks: Blocks, declared: FileFormat, start: int) -> tuple[list[str], int]:
    """The cells of the first row that is not blank, and where the next one starts."""
    ends = [start]

    def lines() -> Iterator[str]:
        while ends[-1] < len(blocks.text):
            ends.append(blocks.text.find(b"\n", ends[-1]) + 1 or len(blocks.text))
            yield _decoded(text, blocks, ends[-2], ends[-1])

    rows = csv.reader(
        lines(),
        delimiter=declared.delimiter,
        quotechar=declared.quote,
        escapechar=declared.escape,
        quoting=csv.QUOTE_MINIMAL if declared.quote else csv.QUOTE_NONE,
        strict=True,
    )
    try:
        first = next((row for row in rows if row), None)
    except csv.Error as error:
        raise ContractError(
            f"{text.path}: its header cannot be read ({error}); check its quotes and line ends"
        ) from error
    if first is None:
        raise EmptyDataError(f"{text.path} is empty; export it again, with a header line, or leave the file out")
    return first, ends[-1]


def _decoded(text: Utf8, blocks: Blocks, start: int, end: int) -> str:
    line = blocks.text[start:end]
    if wrong := text.wrong_byte(line):
        raise ContractError(
            f"{text.path}: line {blocks.line_at(start)}, its header, is not valid {text.encoding.upper()} "
            f"(byte 0x{wrong[1]:02X}); declare the file's encoding, such as cp1252"
        )
    return line.decode()
