"""Fields of JSON objects as columns of text: scalars as JSON spells them, lists and objects as JSON text, null as null.

DuckDB reads the objects; a path through lists of objects is walked here.
"""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.importers.files.header import no_column
from components.importers.files.unread import Unread, with_unread
from metier.contract import TEXT

_OBJECTS = "objects"
REPEATED_FIELD = "a field stands twice in the record"


def object_rows(
    objects: pa.Array, unread: Sequence[Unread], wanted: Sequence[str] | None, path: Path | None
) -> pa.Table:
    """The wanted fields (None: all) of JSON objects, valid all of them, and below them what cannot be read.

    ContractError where no object has any of the fields, and `path` is given to be named.
    """
    with _Objects(objects) as read:
        repeating = read.repeating()
        if path is not None and wanted is not None:
            _require_any(read.keys(), wanted, path)
        rows = read.columns(read.keys() if wanted is None else wanted)
    lost = list(unread)
    if pc.any(repeating).as_py():
        lost += [(REPEATED_FIELD, text.rstrip()) for text in objects.filter(repeating.combine_chunks()).to_pylist()]
        rows = rows.filter(pc.invert(repeating))
    return with_unread(rows, lost)


def valid(texts: pa.Array) -> np.ndarray:
    """Which texts are JSON."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register(_OBJECTS, pa.table({"text": texts}))
        found = connection.sql(f"SELECT json_valid(text) FROM {_OBJECTS}").to_arrow_table()
    return np.asarray(found.column(0))


def parsed(text: bytes | str) -> Any:
    """The value that the JSON spells, control characters in its texts allowed; None where it spells none."""
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def dumped(value: Any) -> str:
    """The value as JSON; half a surrogate pair becomes a replacement character."""
    return json.dumps(value, ensure_ascii=False).encode(errors="replace").decode()


def _require_any(keys: Sequence[str], wanted: Sequence[str], path: Path) -> None:
    if keys and not any(name in keys or name.split(".")[0] in keys for name in wanted):
        raise no_column(path, wanted[0], keys)


class _Objects:
    """JSON objects, one text each and valid all of them, in a connection to be closed."""

    def __init__(self, texts: pa.Array) -> None:
        self._texts = texts
        self._connection = duckdb.connect(config={"threads": 1})
        self._connection.register(_OBJECTS, pa.table({"text": texts}))

    def __enter__(self) -> "_Objects":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def keys(self) -> list[str]:
        """Names of the fields that any object has, in the order in which they are met."""
        return list(dict.fromkeys(key for keys in self._shapes for key in keys))

    def repeating(self) -> pa.ChunkedArray:
        """Which objects have a field twice."""
        twice = [keys for keys in self._shapes if len(set(keys)) < len(keys)]
        if not twice:
            return pa.chunked_array([np.zeros(len(self._texts), bool)])
        query = f"SELECT json_keys(text) IN (SELECT unnest(?)) FROM {_OBJECTS}"
        return self._connection.sql(query, params=[twice]).to_arrow_table().column(0)

    def columns(self, wanted: Sequence[str]) -> pa.Table:
        """A column for each wanted field, which is named by its key or by a dotted path of keys and list indices."""
        steps_of = {name: name.split(".") for name in wanted}
        columns = self._texts_at([pointer([name]) for name in wanted])
        nested = [name for name in wanted if len(steps_of[name]) > 1]
        ends = self._texts_at([pointer(steps_of[name]) for name in nested])
        tops = self._texts_at([pointer(steps_of[name][:1]) for name in nested], "json_extract")
        found = dict(zip(wanted, columns, strict=True))
        for name, end, top in zip(nested, ends, tops, strict=True):
            found[name] = _through_lists(pc.coalesce(found[name], end), top, steps_of[name][1:])
        return pa.table(found)

    def _texts_at(self, pointers: Sequence[str], function: str = "json_extract_string") -> list[pa.ChunkedArray]:
        if not pointers:
            return []
        members = ", ".join(f"found[{at + 1}] AS c{at}" for at in range(len(pointers)))
        query = f"SELECT {members} FROM (SELECT {function}(text, ?) AS found FROM {_OBJECTS})"
        return list(self._connection.sql(query, params=[list(pointers)]).to_arrow_table().columns)

    @cached_property
    def _shapes(self) -> list[list[str]]:
        query = f"SELECT DISTINCT json_keys(text) FROM {_OBJECTS}"
        return [keys for (keys,) in self._connection.execute(query).fetchall()]


def walked(value: Any, steps: Sequence[str]) -> Any:
    """What stands at the end of the path; through a list, the list of what stands there for each member."""
    for at, step in enumerate(steps):
        if isinstance(value, list) and not step.isdecimal():
            members = [walked(member, steps[at:]) for member in value]
            lists = [member if isinstance(member, list) else [member] for member in members if member is not None]
            return [each for members in lists for each in members] or None
        if isinstance(value, list):
            value = value[int(step)] if int(step) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(step, value if step == "0" else None)
        else:
            return None
    return value


def spelled(value: Any) -> str | None:
    """The value as the text of a cell."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def pointer(steps: Sequence[str]) -> str:
    """The path as a JSON pointer (RFC 6901)."""
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)


def _through_lists(values: pa.ChunkedArray, tops: pa.ChunkedArray, steps: Sequence[str]) -> pa.ChunkedArray:
    """`values`, and where there is none what the path finds in `tops`, the JSON at its first key."""
    is_open = pc.and_(pc.is_null(values), pc.is_in(pc.utf8_slice_codeunits(tops, 0, 1), pa.array(["[", "{"])))
    if not pc.any(is_open).as_py():
        return values
    inner = [spelled(walked(json.loads(text), steps)) for text in tops.filter(is_open).to_pylist()]
    return pc.replace_with_mask(values.combine_chunks(), is_open.combine_chunks(), pa.array(inner, TEXT))
