"""Texts as programs write them, read column by column: ISO 8601 moments, epochs, plain numbers.

Each function gives values that are null where a text is spelled otherwise, which is then read one by one; what is read
here is what the readers of one value make of it.
"""

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.importers.values.moments.epochs import UNITS
from metier.contract import INTEGER, NUMBER, TIMESTAMP

_ISO = (
    r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}(?:[T ](?:[01][0-9]|2[0-3]):[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
    r"(?: ?(?:Z|UTC|GMT|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?))?)?$"
)
_MOMENT = "TRY_CAST(replace(replace(value, ' -', '-'), ' +', '+') AS TIMESTAMPTZ)"
_EPOCH = r"^(?:[0-9]{9,11}|[0-9]{13}|[0-9]{15,19})(?:\.0*)?$"
_PLAIN = r"^[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?$"
_POSITIVE = r"^[0-9]+(?:\.[0-9]+)?$"
_DECIMAL_COMMA = r"^[+-]?(?:[0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,[0-9]+)?$"
_THOUSANDS_COMMA = r"^[+-]?[1-9][0-9]{0,2},[0-9]{3}$"
_THREE_DECIMALS = r"^[1-9][0-9]{0,2}\.[0-9]{3}$"
_TIDY = "^[!-~]+(?: [!-~]+)*$"
_LARGEST = 1e12


def moments(texts: pa.Array) -> pa.Array:
    """Timestamps of ISO 8601 texts and of whole numbers of an epoch."""
    iso = pc.match_substring_regex(texts, _ISO)
    read = _iso(pc.if_else(iso, texts, None)) if pc.any(iso).as_py() else pa.nulls(len(texts), TIMESTAMP)
    numbers = pc.match_substring_regex(texts, _EPOCH)
    if not pc.any(numbers).as_py():
        return read
    whole = pc.replace_substring_regex(pc.if_else(numbers, texts, None), r"\.0*$", "")
    return pc.coalesce(read, epochs(pc.cast(whole, INTEGER)))


def epochs(numbers: pa.Array) -> pa.Array:
    """Timestamps of numbers of seconds, milliseconds, microseconds or nanoseconds; null for any other number."""
    known = np.asarray(pc.is_valid(numbers))
    exact = pa.types.is_integer(numbers.type)
    values = np.asarray(numbers.fill_null(0), dtype=np.int64 if exact else np.float64)
    microseconds, found = np.zeros(len(values), np.int64), np.zeros(len(values), bool)
    for least, below, factor in UNITS:
        of_unit = known & (values >= least) & (values < below)
        some = values[of_unit]
        scaled = (some * int(factor) if factor >= 1 else some // 1000) if exact else np.rint(some * factor)
        microseconds[of_unit] = scaled
        found |= of_unit
    return pa.array(microseconds, mask=~found).cast(TIMESTAMP)


def numbers(texts: pa.Array) -> pa.Array:
    """Finite numbers with a decimal point, a sign or an exponent."""
    plain = pc.if_else(pc.match_substring_regex(texts, _PLAIN), texts, None)
    read = pc.cast(plain, NUMBER)
    return pc.if_else(pc.is_finite(read), read, None)


def whole_numbers(texts: pa.Array) -> pa.Array:
    """Numbers without a fraction that a float holds exactly."""
    read = numbers(texts)
    whole = pc.and_(pc.equal(read, pc.floor(read)), pc.less(pc.abs(read), 2.0**53))
    return pc.if_else(whole, read, None).cast(INTEGER)


def plain_texts(texts: pa.Array) -> pa.Array:
    """Texts of printable ASCII with single spaces, which nothing needs to be done to."""
    return pc.if_else(pc.match_substring_regex(texts, _TIDY), texts, None)


def sums(texts: pa.Array, decimal_point: bool) -> pa.Array:
    """Sums without a sign; '1.200' only where the column shows that its point is a decimal point."""
    plain = pc.match_substring_regex(texts, _POSITIVE)
    if not decimal_point:
        plain = pc.and_not(plain, pc.match_substring_regex(texts, _THREE_DECIMALS))
    read = pc.cast(pc.if_else(plain, texts, None), NUMBER)
    return pc.if_else(pc.less_equal(read, _LARGEST), read, None)


def has_decimal_comma(texts: pa.Array) -> bool:
    """Whether all texts are numbers that may have a decimal comma, of which one can be no thousands' comma."""
    return _decides(texts, ",", _DECIMAL_COMMA, _THOUSANDS_COMMA)


def has_decimal_point(texts: pa.Array) -> bool:
    """Whether all texts are plain numbers of a program, of which some have other than three decimals."""
    return _decides(texts, ".", _PLAIN, _THREE_DECIMALS)


def with_points(texts: pa.Array) -> pa.Array:
    """Numbers with a decimal comma as those with a decimal point; other texts as they are."""
    is_number = pc.match_substring_regex(texts, _DECIMAL_COMMA)
    pointed = pc.replace_substring(pc.replace_substring(texts, ".", ""), ",", ".")
    return pc.if_else(is_number, pointed, texts)


def _decides(texts: pa.Array, mark: str, every: str, undecided: str) -> bool:
    """Whether all texts are spelled as `every`, of which one has the mark and is not `undecided`."""
    marked = pc.match_substring(texts, mark)
    if not pc.any(marked).as_py() or not pc.all(pc.match_substring_regex(texts, every)).as_py():
        return False
    return bool(pc.any(pc.and_not(marked, pc.match_substring_regex(texts, undecided))).as_py())


def _iso(texts: pa.Array) -> pa.Array:
    """By DuckDB, which reads any offset that follows the time at once; of a fraction, microseconds are kept."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("texts", pa.table({"value": texts}))
        return connection.sql(f"SELECT {_MOMENT} AS value FROM texts").to_arrow_table()["value"].combine_chunks()
