"""Interactions that were posted again: equal but for the server's clock, they become equal to the first, so count once.

A repeat that differs in anything else, or for which the caller gave another time, stays as it came: for ingest it
contradicts the first. Knows the columns of one table; what is a duplicate or a contradiction is ingest's.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from components.importers.logs.event_lines import Line, stamp
from metier.contract import CLOCK_COLUMNS, INTERACTIONS
from metier.lake import Lake

Post = tuple[object, ...]
"""What was posted: an interaction without its clocks."""
Delivery = tuple[str, datetime | None]
"""Id of an interaction, and when it was recorded: equal in both logs."""

_CLOCKS = [column.name for column in CLOCK_COLUMNS]
_CONTENT = [column.name for column in INTERACTIONS.columns if column.name not in _CLOCKS]


def with_first_clocks(lake: Lake, lines: Sequence[Line]) -> list[Line]:
    """The lines, repeats on the clocks of the first of their post, in the lake or among `lines`.

    Repeats of what the lake holds come first: ingest must not take them for contradictions of a row that is one.
    """
    repeats, others = _repeats_and_others(lake, lines)
    return repeats + others


def without_stored(lake: Lake, lines: Sequence[Line]) -> list[Line]:
    """The same without repeats of what the lake holds, or set aside when another log brought it."""
    others = _repeats_and_others(lake, lines)[1]
    named = {str(line.row.get("interaction_id")) for line in others if line.table == INTERACTIONS.name}
    if not named or not (aside := _set_aside(lake, named)):
        return others
    return [line for line in others if line.table != INTERACTIONS.name or _delivery(line.row) not in aside]


def _set_aside(lake: Lake, ids: Collection[str]) -> set[Delivery]:
    """Which deliveries of these ids quarantine holds."""
    rows = (json.loads(row) for row in lake.quarantined(INTERACTIONS.name)["row"].to_pylist())
    return {_delivery(row) for row in rows if row.get("interaction_id") in ids}


def _delivery(row: dict[str, Any]) -> Delivery:
    return str(row.get("interaction_id")), stamp(row.get("recorded_at"))


def _repeats_and_others(lake: Lake, lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    stored = _stored_clocks(
        lake, [str(line.row.get("interaction_id")) for line in lines if line.table == INTERACTIONS.name]
    )
    first = dict(stored)
    repeats: list[Line] = []
    others: list[Line] = []
    for line in lines:
        post = _post(line)
        if post in first and _repeats(line, first[post]):
            (repeats if post in stored else others).append(replace(line, row={**line.row, **first[post]}))
            continue
        if post is not None and _has_sound_clocks(line.row):
            first.setdefault(post, {clock: line.row[clock] for clock in _CLOCKS})
        others.append(line)
    return repeats, others


def _repeats(line: Line, first: dict[str, str]) -> bool:
    return line.server_clock or stamp(line.row.get("event_timestamp")) == stamp(first["event_timestamp"])


def _has_sound_clocks(row: dict[str, Any]) -> bool:
    happened, recorded = (stamp(row.get(clock)) for clock in _CLOCKS)
    return happened is not None and recorded is not None and happened <= recorded


def _post(line: Line) -> Post | None:
    return _content(line.row) if line.table == INTERACTIONS.name else None


def _content(row: dict[str, Any]) -> Post:
    return tuple(_comparable(row.get(name)) for name in _CONTENT)


def _comparable(value: Any) -> object:
    """Empty as missing, as conform has it; a value that no column takes as its text."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str | int | float) else repr(value)


def _stored_clocks(lake: Lake, ids: list[str]) -> dict[Post | None, dict[str, str]]:
    """The clocks of the lake's interactions of these ids, by what was posted."""
    if not ids:
        return {}
    with lake.connect() as connection:
        connection.register("posted", pa.table({"interaction_id": ids}))
        query = "SELECT * FROM interactions SEMI JOIN posted USING (interaction_id)"
        rows = connection.sql(query).to_arrow_table().to_pylist()
    return {_content(row): {clock: row[clock].isoformat() for clock in _CLOCKS} for row in rows}
