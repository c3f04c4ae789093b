"""The records of a JSON document: a list, the one list in an object as job boards publish it, or the object itself."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from components.importers.files.job_postings import page_postings, postings
from components.importers.files.json_fields import dumped, object_rows, pointer, valid
from components.importers.files.kinds import refuse
from components.importers.files.parquet import PIECE_ROWS
from components.importers.files.unread import Unread, with_unread
from components.importers.files.utf8 import Blocks, Utf8
from metier.contract import TEXT
from metier.errors import ContractError

DOCUMENT_BYTES = 1 << 28
"""A longer document is refused: it is held whole."""
_DEEPEST = 3
NOT_AN_OBJECT = "record is not a JSON object"


def json_document_pieces(
    text: Utf8, blocks: Blocks, records: str | None, wanted: Sequence[str] | None
) -> Iterator[pa.Table]:
    """The wanted fields (None: all) of the document's records, those of `records` if that path is given."""
    document = _whole(text, blocks)
    found = None if records else postings(document)
    if found is None:
        found = _records(document, text.path, records, wanted)
    yield from record_pieces(found, wanted, text.path)


def page_pieces(text: Utf8, blocks: Blocks, wanted: Sequence[str] | None) -> Iterator[pa.Table]:
    """The wanted fields of the job postings that an HTML page describes for search engines."""
    page = page_postings(_read_whole(text, blocks).decode())
    if not len(page.found) and not page.broken:
        which = "whose JobPosting is microdata or RDFa, not JSON-LD" if page.unread else "without a JobPosting"
        refuse(text.path, f"an HTML page {which}", "export the posts as CSV or JSON")
    unread = [("script of JSON-LD is not JSON", script) for script in page.broken]
    unread += [("job posting in microdata or RDFa, which is not read", element) for element in page.unread]
    for rows in record_pieces(page.found, wanted, text.path):
        yield with_unread(rows, unread)
        unread = []


def record_pieces(records: pa.Array, wanted: Sequence[str] | None, path: Path) -> Iterator[pa.Table]:
    """Records, one JSON text each, in pieces of PIECE_ROWS, one piece at least."""
    for start in range(0, max(len(records), 1), PIECE_ROWS):
        texts = records.slice(start, PIECE_ROWS)
        is_object = pc.starts_with(texts, "{")
        unread: list[Unread] = [(NOT_AN_OBJECT, each) for each in texts.filter(pc.invert(is_object)).to_pylist()]
        yield object_rows(texts.filter(is_object), unread, wanted, None if start else path)


def _read_whole(text: Utf8, blocks: Blocks) -> bytes:
    while blocks.fill():
        if len(blocks.text) > DOCUMENT_BYTES:
            raise ContractError(
                f"{text.path} is one JSON document of more than {DOCUMENT_BYTES:,} bytes; write it as JSON lines, "
                f"one record a line, as jq -c '.[]' does"
            )
    if wrong := text.wrong_byte(blocks.text):
        raise ContractError(
            f"{text.path}: line {blocks.line_at(wrong[0]):,} is not valid {text.encoding.upper()} "
            f"(byte 0x{wrong[1]:02X}); declare the file's encoding, such as cp1252"
        )
    return blocks.text


def _whole(text: Utf8, blocks: Blocks) -> str:
    document = _read_whole(text, blocks).decode()
    if valid(pa.array([document]))[0]:
        return document
    try:
        return dumped(json.loads(document, strict=False))
    except json.JSONDecodeError as error:
        raise ContractError(
            f"{text.path} is not valid JSON in line {error.lineno:,}, column {error.colno:,} ({error.msg}); "
            f"export it again, or declare format: jsonl if each line is a record"
        ) from error
    except RecursionError as error:
        raise ContractError(f"{text.path} is JSON that is nested too deeply; export a list of flat records") from error


def _records(document: str, path: Path, declared: str | None, wanted: Sequence[str] | None) -> pa.Array:
    """The texts of the document's records."""
    with duckdb.connect(config={"threads": 1}) as connection:
        reader = _Document(connection, document)
        if declared is not None:
            at = pointer(declared.split("."))
            if reader.types([at]) != ["ARRAY"]:
                lists = ", ".join(map(_dotted, reader.lists())) or "none"
                raise ContractError(f"{path} has no list at records: {declared}; its lists of objects are: {lists}")
            return reader.members(at)
        if reader.types([""]) != ["OBJECT"]:
            return reader.members("")
        chosen = _chosen(reader.lists(), reader.keys(""), path, wanted)
        return pa.array([document], TEXT) if chosen is None else reader.members(chosen)


def _chosen(lists: dict[str, list[str]], fields: list[str], path: Path, wanted: Sequence[str] | None) -> str | None:
    """Where the list with the most wanted fields is; None: more of them are fields of the object itself."""
    tops = {name for column in wanted or () for name in (column, column.split(".")[0])}
    known = {at: len(tops.intersection(names)) for at, names in lists.items()}
    most = max(known.values(), default=0)
    if not lists or most < len(tops.intersection(fields)):
        return None
    best = [at for at, number in known.items() if number == most]
    if len(best) > 1:
        names = ", ".join(map(_dotted, best))
        raise ContractError(f"{path} holds several lists of objects; say by records: which of {names} is meant")
    return best[0]


def _dotted(at: str) -> str:
    return at.removeprefix("/").replace("/", ".").replace("~1", "/").replace("~0", "~")


class _Document:
    """A valid JSON document; places in it are JSON pointers."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, text: str) -> None:
        self._connection = connection
        connection.register("document", pa.table({"text": pa.array([text], TEXT)}))

    def types(self, places: Sequence[str]) -> list[str | None]:
        """JSON types of what stands there; None where nothing does."""
        return list(self._value("json_type(text, ?)", list(places)))

    def keys(self, at: str) -> list[str]:
        """Names of the object's fields."""
        return list(self._value("json_keys(text, ?)", at))

    def members(self, at: str) -> pa.Array:
        """The JSON of each member of a list; the JSON itself of what is none."""
        query = "SELECT unnest(json_extract(json_extract(text, ?), '$[*]')) FROM document"
        return self._connection.sql(query, params=[at]).to_arrow_table().column(0).cast(TEXT).combine_chunks()

    def lists(self) -> dict[str, list[str]]:
        """Lists of objects, and empty ones where there are none, with the fields of their first members."""
        full: dict[str, list[str]] = {}
        empty: dict[str, list[str]] = {}
        waiting = [("", 0)]
        while waiting:
            at, depth = waiting.pop(0)
            places = [at + pointer([key]) for key in self.keys(at)]
            firsts = self.types([f"{place}/0" for place in places])
            for place, kind, first in zip(places, self.types(places), firsts, strict=True):
                if kind == "ARRAY" and first == "OBJECT":
                    full[place] = self.keys(f"{place}/0")
                elif kind == "ARRAY" and first is None:
                    empty[place] = []
                elif kind == "OBJECT" and depth < _DEEPEST:
                    waiting.append((place, depth + 1))
        return full or empty

    def _value(self, expression: str, parameter: Any) -> Any:
        ((found,),) = self._connection.execute(f"SELECT {expression} FROM document", [parameter]).fetchall()
        return found or []
