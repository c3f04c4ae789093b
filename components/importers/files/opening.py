"""A file of rows as pieces of an Arrow table, whatever its format."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile

import pyarrow as pa

from components.importers.files.delimited import delimited_pieces
from components.importers.files.file_format import FileFormat
from components.importers.files.json_documents import json_document_pieces, page_pieces
from components.importers.files.json_lines import are_json_lines, json_line_pieces
from components.importers.files.kinds import PARQUET, text_format
from components.importers.files.parquet import parquet_pieces
from components.importers.files.unpacking import Content, unpacked
from components.importers.files.utf8 import Blocks, Utf8


def open_rows(path: Path, declared: FileFormat, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Pieces of the file, one at least, with each of `columns` (None: all), and REASON and LINE where rows need them.

    A column is named by its header, by its place ("3") or by a dotted path to a nested field. Text formats give text;
    Parquet gives the types as stored. ContractError names a column that the file lacks, or what the file is instead.
    """
    with unpacked(path) as content:
        if declared.format == "parquet" or (declared.format is None and content.head().startswith(PARQUET)):
            yield from _parquet(content, path, columns)
        else:
            yield from _text(Utf8(content, path, declared.encoding), declared, columns)


def _text(text: Utf8, declared: FileFormat, columns: Sequence[str] | None) -> Iterator[pa.Table]:
    kind = declared.format or text_format(text.head, text.path)
    blocks = Blocks(text)
    if kind == "csv":
        yield from delimited_pieces(text, blocks, declared, columns)
    elif kind == "html":
        yield from page_pieces(text, blocks, columns)
    else:
        blocks.fill()
        are_lines = kind == "jsonl" or (declared.records is None and are_json_lines(blocks.text))
        yield from (
            json_line_pieces(text, blocks, columns)
            if are_lines
            else json_document_pieces(text, blocks, declared.records, columns)
        )


def _parquet(content: Content, path: Path, columns: Sequence[str] | None) -> Iterator[pa.Table]:
    if not content.is_packed:
        yield from parquet_pieces(path, path, columns)
        return
    with TemporaryFile() as seekable:  # Parquet is read from its end
        copyfileobj(content, seekable)
        yield from parquet_pieces(seekable, path, columns)


def read_rows(path: Path, declared: FileFormat, columns: Sequence[str] | None = None) -> pa.Table:
    """The pieces of open_rows as one table."""
    return pa.concat_tables(open_rows(path, declared, columns), promote_options="default")
