"""Cells that name nobody: what programs write where an id was meant, each with what is wrong with it."""

import pyarrow as pa
import pyarrow.compute as pc

from metier.contract import TEXT
from metier.texts.ids import NO_IDS

_ANY = "|".join(NO_IDS)
"""One look at the many cells that are ids."""


def no_ids(texts: pa.Array) -> pa.Array:
    """Why each of the texts is no id; null for one that may be."""
    reasons = pa.nulls(len(texts), TEXT)
    if not pc.any(pc.match_substring_regex(texts, _ANY)).as_py():
        return reasons
    for pattern, reason in NO_IDS.items():
        found = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
        reasons = pc.if_else(found, pa.scalar(reason, TEXT), reasons)
    return reasons
