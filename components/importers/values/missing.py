"""How exports spell a value that is not there."""

MISSING = frozenset(
    {"", "-", "--", "na", "n/a", "nan", "none", "null", "<na>", "nat", "\\n", "#n/a", "n.a.", "(null)", "undefined"}
)
"""Whatever the case. A file's own words are declared in its mapping, as `missing:`."""


def is_missing(text: str) -> bool:
    return text.strip().casefold() in MISSING
