"""Jobs, freelancers, clients and interactions as callers send them, turned into rows of the data contract.

Texts are made plain and personal data masked as every import does it, so that what is served is what the lake will
hold. Knows columns and clocks; writes nothing.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from metier.contract import EARLIEST, FUTURE_BY, table
from metier.errors import InputError
from metier.texts.free_texts import FREE_TEXTS
from metier.texts.personal_data import MASKS, mask
from serving.events.event_log import Event, Row


def version_row(name: str, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The row of a PUT; without event_timestamp where the server's clock counts.

    InputError for a moment in the future or before any market began: of the version, of its post, of who joined.
    """
    for column in ("posted_at", "joined_at"):
        happened(f"{column} of this version of {name[:-1]}", values.get(column), now)
    plain: Mapping[str, Callable[[str], str]] = FREE_TEXTS.get(name, {})
    row = {column: _plain(value, plain[column]) if column in plain else value for column, value in values.items()}
    optional = [column.name for column in table(name).columns if not column.required]
    row |= {column: None for column in optional if row.get(column) == ""}
    row["event_timestamp"] = happened(f"this version of {name[:-1]}", values.get("event_timestamp"), now)
    return row


def interaction_event(values: Mapping[str, Any], now: datetime) -> Event:
    """The event of an interaction; InputError for one in the future or before any market began."""
    moment = happened(f"interaction {values['interaction_id']!r}", values["event_timestamp"], now)
    if moment is None:
        return ("interactions", {**values, "event_timestamp": now, "recorded_at": now}, "server")
    return ("interactions", {**values, "recorded_at": now})


def as_posted(event: Event) -> Row:
    """The row of an interaction's event, without event_timestamp where that is the server's clock."""
    return {**event[1], "event_timestamp": None} if len(event) == 3 else event[1]


def happened(what: str, moment: datetime | None, now: datetime) -> datetime | None:
    """The caller's clock; None where there is none or it runs ahead of the server's.

    InputError for a moment in the future, or before any market of this kind began.
    """
    if moment is not None and moment < EARLIEST:
        raise InputError(
            f"{what} lies before {EARLIEST:%Y-%m-%d} ({moment.isoformat()}); send when it happened, in UTC, as "
            "ISO 8601 or as seconds since 1970"
        )
    if moment is not None and moment > now + FUTURE_BY:
        raise InputError(f"{what} lies in the future ({moment.isoformat()}); send when it happened, in UTC")
    return moment if moment is not None and moment <= now else None


def plain_text(text: str) -> str:
    """A typed text as the lake will hold it."""
    return mask(FREE_TEXTS["queries"]["text"](text))[0]


def _plain(value: Any, plain: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [text for text in (_plain(item, plain) for item in value) if text not in MASKS]
    return mask(plain(value))[0] if isinstance(value, str) else value
