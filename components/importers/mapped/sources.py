"""One column of a file as a contract column, with what stands beside it or within it."""

import pyarrow as pa
import pyarrow.compute as pc

from components.importers.files.json_fields import parsed
from components.importers.mapped.rules import Rule
from components.importers.values.casting import SPELLED
from components.importers.values.pay.terms import with_terms
from components.importers.values.reading import ReadColumn, Reading, read_column
from components.importers.values.typed_cells import as_text, is_text
from metier.contract import TEXT, Column
from metier.errors import ContractError, UnconvertibleTypeError

AN_OBJECT = "an object; name a field of it by a path"
SEVERAL = "several values; name one by its number, as in locations.0.name"
_OBJECT_OR_LIST = r'^\s*(?:\{\s*"|\[\s*["0-9{\[-])'


def read_source(rule: Rule, source: str, rows: pa.Table) -> ReadColumn:
    """The cells of `source` by the rule; ContractError where nothing of their type can become the rule's column."""
    cells = rows[source]
    if rule.currency or rule.period:
        currencies, periods = (rows[name] if name else None for name in (rule.currency, rule.period))
        cells = with_terms(cells, currencies, periods, rule.reading.missing)
    return read_cells(cells, source, rule.column, rule.reading)


def read_cells(cells: pa.ChunkedArray, source: str, column: Column, reading: Reading) -> ReadColumn:
    """The cells as values of `column`; ContractError, which names their `source`, where none of their type can be."""
    reasons = None
    if column.type == TEXT and is_text(cells.type):
        cells, reasons = _scalars(cells)
    try:
        read = read_column(cells, column, reading)
    except UnconvertibleTypeError as error:
        inner = cells.type.value_type if pa.types.is_list(cells.type) else cells.type
        move = "name a field of it by a path" if pa.types.is_struct(inner) else "write it as text"
        raise ContractError(
            f"column {source!r} of the file has type {cells.type}, which cannot become the {SPELLED[column.type]} of "
            f"{column.name}; {move}, or leave the column out"
        ) from error
    return read if reasons is None else ReadColumn(read.values, pc.coalesce(reasons, read.reasons))


def _scalars(cells: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.Array | None]:
    """Cells of a text column without objects and lists of JSON, with reasons; a list of one value is it."""
    texts = as_text(cells)
    flags = pc.fill_null(pc.match_substring_regex(texts, _OBJECT_OR_LIST), False)
    if not pc.any(flags).as_py():
        return cells, None
    pairs = [
        _scalar(text) if flag else (text, None) for text, flag in zip(texts.to_pylist(), flags.to_pylist(), strict=True)
    ]
    values, reasons = zip(*pairs, strict=True)
    return pa.chunked_array([pa.array(values, TEXT)]), pa.array(reasons, TEXT)


def _scalar(text: str) -> tuple[str | None, str | None]:
    found = parsed(text)
    members = found if isinstance(found, list) else [found]
    if any(isinstance(member, dict | list) for member in members):
        return None, AN_OBJECT
    if not isinstance(found, list):
        return text, None
    distinct = list(dict.fromkeys(map(str, members)))
    return (distinct[0], None) if len(distinct) == 1 else (None, SEVERAL if distinct else None)
