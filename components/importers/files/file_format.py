"""What a file is declared to be: its format, and how a text format spells characters, cells and the header."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FileFormat:
    """`format`: csv, json, jsonl, parquet or html; None: told by the file's first bytes, as is a missing `encoding`.

    `quote` None means that no cell is quoted; `escape` makes the character behind it plain. `header`: the first line
    holds the names (True), the line of this number does (below a title), there is none and columns are named by place,
    "1" first (False), or these are the names of a file without one. `records` is the dotted path to the list of records
    in a JSON document (None: the only list).
    """

    format: str | None = None
    encoding: str | None = None
    delimiter: str = ","
    quote: str | None = '"'
    escape: str | None = None
    header: bool | int | tuple[str, ...] = True
    records: str | None = None
