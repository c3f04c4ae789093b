"""Offsets and names of time zones: '+00', '-0500', 'GMT+2', 'CEST', 'Europe/Berlin'."""

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from metier.errors import RefusedValueError

TWO_ZONES = "names no date for certain: zone"
NO_ZONE = "names no date for certain: an unknown zone"
TWICE = "names no date for certain: a local time that the change of clocks repeats or leaves out"

_HOURS = {
    "z": 0, "utc": 0, "ut": 0, "gmt": 0, "wet": 0, "west": 1, "cet": 1, "cest": 2, "eet": 2, "eest": 3, "msk": 3,
    "edt": -4, "pdt": -7, "mdt": -6, "akst": -9, "akdt": -8, "jst": 9, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
}  # fmt: skip
"""Abbreviations that one zone uses."""
_SHARED = frozenset(
    {"est", "cst", "mst", "pst", "cdt", "ist", "bst", "ast", "adt", "sst", "gst", "wst", "ect", "pt", "et", "ct", "mt"}
)
_OFFSET = re.compile(r"(?:utc|gmt)?(?P<sign>[+-])(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-9]{2})(?::?00)?)?")
_BRACKETED = re.compile(r"\s?\[(?P<name>[a-z_+\-/0-9]+)\]$")


def in_utc(local: datetime, zone: str) -> datetime:
    """The moment at which clocks of `zone`, as spelled behind a time and casefolded, showed `local` (without zone)."""
    bracketed = _BRACKETED.search(zone)
    offset = zone[: bracketed.start()].strip() if bracketed else zone.strip()
    if bracketed and not offset:
        return _in_place(local, bracketed["name"])
    if offset in _SHARED:
        raise RefusedValueError(f"{TWO_ZONES} {offset.upper()} means more than one")
    if offset == "" or offset in _HOURS:
        return (local - timedelta(hours=_HOURS.get(offset, 0))).replace(tzinfo=UTC)
    if spelled := _OFFSET.fullmatch(offset):
        difference = timedelta(hours=int(spelled["hours"]), minutes=int(spelled["minutes"] or 0))
        timezone(difference)  # ValueError for an offset that no zone has
        return (local + (difference if spelled["sign"] == "-" else -difference)).replace(tzinfo=UTC)
    if re.fullmatch(r"[a-z_]+/[a-z_+\-/0-9]+", offset):
        return _in_place(local, offset)
    if re.fullmatch(r"[a-z]{2,5}", offset):
        raise RefusedValueError(NO_ZONE)
    raise ValueError(offset)


def _in_place(local: datetime, name: str) -> datetime:
    known = next((zone for zone in available_timezones() if zone.casefold() == name), None)
    try:
        place = ZoneInfo(known or name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RefusedValueError(NO_ZONE) from None
    first, second = (local.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first != second:
        raise RefusedValueError(TWICE)
    return first
