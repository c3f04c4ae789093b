"""Ids that imported interactions name and the lake does not hold. Knows lines and the lake."""

from collections.abc import Sequence

import pyarrow as pa

from components.importers.logs.event_lines import Line
from metier.contract import ENTITY_TABLES, INTERACTIONS, TABLES
from metier.lake import Lake

Unknown = dict[str, tuple[str, ...]]
"""Ids by the table that lacks them."""


def unknown_ids(lake: Lake, lines: Sequence[Line]) -> Unknown:
    """Of the interactions among `lines`; tables that hold all they name are left out."""
    rows = [line.row for line in lines if line.table == INTERACTIONS.name]
    if not rows:
        return {}
    keys = {name: TABLES[name].key[0] for name in ENTITY_TABLES}
    named = {name: {row[key] for row in rows if isinstance(row.get(key), str)} for name, key in keys.items()}
    return still_unknown(lake, {name: tuple(ids) for name, ids in named.items()})


def still_unknown(lake: Lake, named: Unknown) -> Unknown:
    """Of ids by table those that the lake does not hold."""
    unknown: Unknown = {}
    with lake.connect() as connection:
        for name, ids in named.items():
            key = TABLES[name].key[0]
            connection.register("named", pa.table({key: pa.array(sorted(ids), pa.string())}))
            absent = connection.sql(f"SELECT {key} FROM named ANTI JOIN {name} USING ({key})").fetchall()
            if absent:
                unknown[name] = tuple(sorted(value for (value,) in absent))
    return unknown


def joined(one: Unknown, other: Unknown) -> Unknown:
    """The ids of both."""
    return {name: tuple(sorted({*one.get(name, ()), *other.get(name, ())})) for name in {**one, **other}}
