"""What a file says of a row where no value can be read: it tells rows apart as a value would.

The refused cells stand as a hash beside their column until the row has its name, which they are a part of. Knows names
and the lake that holds them; no rule.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from components.importers.mapped.names import content_names, folded
from components.importers.values.typed_cells import is_text
from metier.contract import TEXT, Table
from metier.lake import Lake

SAID = "metier_said_"
"""What the columns begin with that hold the hash of refused cells, null where none was refused."""
OF_REFUSED = "[0-9a-f]{24}-[0-9a-f]{12}$"
"""How a name ends that refused cells are a part of."""
_DIGITS = 12


def said(cells: Sequence[pa.ChunkedArray], refused: pa.Array) -> pa.Array:
    """A hash of what a column's `cells` say in the rows where one was `refused`, null elsewhere."""
    rows = [column.filter(refused) for column in cells]
    hashes = content_names({f"cell{number}": folded(_texts(column)) for number, column in enumerate(rows)})
    places = pc.subtract(pc.cumulative_sum(refused.cast(pa.int64())), 1)
    return hashes.take(pc.if_else(refused, places, pa.scalar(None, pa.int64())))


def said_of(rows: pa.Table, columns: Iterable[str]) -> dict[str, pa.Array]:
    """The hashes that the rows have beside these columns, by name."""
    names = (f"{SAID}{column}" for column in columns)
    return {name: rows[name].combine_chunks() for name in names if name in rows.column_names}


def without_said(rows: pa.Table) -> pa.Table:
    """The rows without the hashes."""
    return rows.drop_columns([name for name in rows.column_names if name.startswith(SAID)])


@contextmanager
def names_held(lake: Lake, declared: Table) -> Iterator[Callable[[pa.Array], pa.Array]]:
    """What says of names whether the lake's table holds them as keys; what is written from now on does not count."""
    key = declared.key[0]
    with lake.connect() as connection:

        def held(names: pa.Array) -> pa.Array:
            connection.register("named", pa.table({key: names}))
            found = connection.sql(f"SELECT DISTINCT {key} FROM {declared.name} SEMI JOIN named USING ({key})")
            return pc.is_in(names, value_set=found.to_arrow_table()[key].cast(TEXT).combine_chunks())

        yield held


class Namer:
    """Names rows by their content and what was refused of it.

    `held` says which names the lake held before the import: of several rows that an earlier metier named alike, by
    their content alone, it wrote the first, which keeps that name.
    """

    def __init__(self, held: Callable[[pa.Array], pa.Array]) -> None:
        self._held = held
        self._keeps: dict[str, str] = {}

    def names(self, by_content: pa.Array, refused: Mapping[str, pa.Array]) -> pa.Array:
        """The names, given those by content and the hashes of `said`."""
        if not refused:
            return by_content
        some = reduce(pc.or_, map(pc.is_valid, refused.values()))
        ends = pc.utf8_slice_codeunits(content_names(refused), 0, _DIGITS)
        whole = pc.if_else(some, pc.binary_join_element_wise(by_content, ends, "-"), by_content)
        earlier = pc.and_(some, pc.and_(self._held(by_content), pc.invert(self._held(whole))))
        if not pc.any(earlier).as_py():
            return whole
        plain = pc.and_(pc.invert(some), pc.is_in(by_content, value_set=by_content.filter(earlier)))
        for name in by_content.filter(plain).to_pylist():
            self._keeps[name] = name
        rows = zip(by_content.to_pylist(), whole.to_pylist(), earlier.to_pylist(), strict=True)
        return pa.array([n if before and self._keeps.setdefault(n, w) == w else w for n, w, before in rows], TEXT)


def _texts(cells: pa.ChunkedArray) -> pa.Array:
    """The cells as texts, as JSON where they are none."""
    if is_text(cells.type):
        return cells.cast(TEXT).combine_chunks()
    values = (None if value is None else json.dumps(value, default=str) for value in cells.to_pylist())
    return pa.array(values, TEXT)
