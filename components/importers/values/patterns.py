"""The part of a cell that a mapping's `pattern:` names, by RE2: its time grows with the cell, whatever the pattern."""

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from metier.contract import TEXT
from metier.errors import RefusedValueError

LONGEST = 500
NOT_AS_THE_PATTERN = "not as the pattern says"


def require_pattern(pattern: str) -> None:
    """RefusedValueError with the reason unless it is a regular expression of RE2 with one group, not too long."""
    if len(pattern) > LONGEST:
        raise RefusedValueError(f"is longer than {LONGEST} characters")
    if not _is_valid(pattern, r"\0"):
        raise RefusedValueError("is no regular expression of RE2; correct it by github.com/google/re2/wiki/Syntax")
    if not _is_valid(pattern, r"\1") or _is_valid(pattern, r"\2"):
        raise RefusedValueError("has not one group; put '(...)' around the part to read and '(?:...)' around others")


def parts(texts: pa.Array, pattern: str) -> tuple[pa.Array, pa.Array]:
    """What the group holds in each text, null where the pattern is not found; and the reasons of those."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("texts", pa.table({"value": texts}))
        matching = "CASE WHEN regexp_matches(value, ?, 's') THEN regexp_extract(value, ?, 1, 's') END"
        found = connection.sql(f"SELECT {matching} AS value FROM texts", params=[pattern, pattern]).to_arrow_table()
    part = found["value"].combine_chunks().cast(TEXT)
    without = pc.and_(pc.is_valid(texts), pc.is_null(part))
    return part, pc.if_else(without, pa.scalar(NOT_AS_THE_PATTERN, TEXT), pa.scalar(None, TEXT))


def _is_valid(pattern: str, replacement: str) -> bool:
    try:
        pc.replace_substring_regex(pa.array([""], TEXT), pattern=pattern, replacement=replacement)
    except pa.ArrowInvalid:
        return False
    return True
