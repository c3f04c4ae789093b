"""Moments as numbers: seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size."""

from datetime import UTC, datetime, timedelta

from metier.errors import RefusedValueError

NO_EPOCH = "a number that is no moment"
TWO_MOMENTS = "a number that is a date and seconds since 1970"
UNITS: tuple[tuple[float, float, float], ...] = (
    (1e8, 1e10, 1e6), (1e11, 1e13, 1e3), (1e14, 1e16, 1.0), (1e17, 9.2e18, 1e-3),
)  # fmt: skip
"""(least, below, microseconds in one): from 1973 on, no two units meet."""
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


def epoch(text: str) -> datetime:
    """The moment of a number, which may have a fraction or an exponent; whole numbers are read exactly."""
    value = int(text) if text.isdecimal() else float(text)
    if len(text) == 12 and text.isdecimal() and _is_date_and_time(text):
        raise RefusedValueError(TWO_MOMENTS)
    for least, below, microseconds in UNITS:
        if least <= value < below:
            if isinstance(value, int) and microseconds < 1:
                return _BEGIN + timedelta(microseconds=value // 1000)
            exact = value * int(microseconds) if isinstance(value, int) else round(value * microseconds)
            return _BEGIN + timedelta(microseconds=exact)
    raise RefusedValueError(NO_EPOCH)


def _is_date_and_time(digits: str) -> bool:
    try:
        return 1970 <= datetime.strptime(digits, "%Y%m%d%H%M").replace(tzinfo=UTC).year < 2100
    except ValueError:
        return False
