"""Cells that name nobody: what programs write where an id was meant, each with what is wrong with it."""

import pyarrow as pa
import pyarrow.compute as pc

from metier.contract import TEXT

_REFUSED = {
    r"^(?i:true|false)$": "true or false, which is no id",
    r"^[0-9](?:[.,][0-9]+)?[eE]\+[0-9]+$": "a number that a spreadsheet cut short; export the id as text",
    r'^\s*[\[{]\s*["{\[]': "an object or a list, which is no id; name one value of it by a path",
}
_ANY = "|".join(_REFUSED)
"""One look at the many cells that are ids."""


def no_ids(texts: pa.Array) -> pa.Array:
    """Why each of the texts is no id; null for one that may be."""
    reasons = pa.nulls(len(texts), TEXT)
    if not pc.any(pc.match_substring_regex(texts, _ANY)).as_py():
        return reasons
    for pattern, reason in _REFUSED.items():
        found = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
        reasons = pc.if_else(found, pa.scalar(reason, TEXT), reasons)
    return reasons
