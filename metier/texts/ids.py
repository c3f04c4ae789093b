"""Ids as every door spells them: one that holds an e-mail address is its hash, which still tells owners apart.

The hash of an id is 'id-' and the first 24 hexadecimal digits of the sha256 of the id in one line and folded case. What
is imported, what the endpoint is sent and whom `metier forget` removes all go by it. Pure, and idempotent.
"""

import re
from collections.abc import Sequence
from hashlib import sha256

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from metier.texts.personal_data import EMAIL, mask
from metier.texts.plain_text import one_line

_SIGN = r"(?i)[@＠﹫]|[(\[]\s?at\s?[)\]]"
"""In what holds an address."""
_SIGNED = re.compile(_SIGN)


NO_IDS = {
    r"^(?i:true|false)$": "true or false, which is no id",
    r"^[0-9](?:[.,][0-9]+)?[eE]\+[0-9]+$": "a number that a spreadsheet cut short; export the id as text",
    r'^\s*[\[{]\s*["{\[]': "an object or a list, which is no id; name one value of it by a path",
}
"""What programs write where an id was meant, by pattern, each with what is wrong with it: it names nobody."""

_ORDINARY = re.compile(r"(?!(?i:true|false)\Z)[A-Za-z0-9_.:-]+")
"""What most ids are made of: none of NO_IDS, and no address."""
_ALL_ORDINARY = re.compile(r"(?:(?!(?i:true|false)$)[A-Za-z0-9_.:-]+(?:\n(?=[^\n])|\Z))+", re.MULTILINE)
"""As many of them, a line each. A request brings hundreds."""


def is_ordinary(name: str) -> bool:
    """Whether a text is an id, and its own spelling, without a closer look."""
    return _ORDINARY.fullmatch(name) is not None


def are_ordinary(names: Sequence[str]) -> bool:
    """Whether `is_ordinary` holds for all of some texts, at the price of one look at them together."""
    joined = "\n".join(names)
    return _ALL_ORDINARY.fullmatch(joined) is not None and joined.count("\n") == len(names) - 1


def why_no_id(name: str) -> str | None:
    """What is wrong with a text that names nobody; None for one that may be an id."""
    return next((reason for pattern, reason in NO_IDS.items() if re.search(pattern, name.strip())), None)


def plain_id(name: str) -> str:
    """The id, or its hash where it holds an e-mail address.

    >>> from metier.texts.ids import plain_id
    >>> plain_id("fr_000042"), plain_id("jane@mail.example") == plain_id("Jane@Mail.example ")
    ('fr_000042', True)
    """
    if not _SIGNED.search(name):
        return name
    value = one_line(name)
    _, removed = mask(value)
    return f"id-{sha256(value.casefold().encode()).hexdigest()[:24]}" if removed[EMAIL] else name


def plain_ids(names: pa.Array | pa.ChunkedArray) -> tuple[pa.Array, int]:
    """The ids of a column of text as `plain_id` has them, and how many were hashed."""
    names = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
    if not pc.any(pc.match_substring_regex(names, _SIGN)).as_py():
        return names, 0
    coded = names.dictionary_encode()
    spelled = coded.dictionary.to_pylist()
    plain = [plain_id(name) for name in spelled]
    is_hash = np.array([after != before for after, before in zip(plain, spelled, strict=True)], np.bool_)
    hashed = int(is_hash[coded.indices.drop_null().to_numpy()].sum())
    return (pa.array(plain, names.type).take(coded.indices), hashed) if hashed else (names, 0)


def with_plain_ids(rows: pa.Table, columns: list[str]) -> tuple[pa.Table, dict[str, int]]:
    """The rows with `columns` as `plain_ids` has them, as far as they hold text, and how many were hashed by column."""
    hashed: dict[str, int] = {}
    for position, field in enumerate(rows.schema):
        if field.name in columns and (pa.types.is_string(field.type) or pa.types.is_large_string(field.type)):
            ids, number = plain_ids(rows[field.name])
            if number:
                rows, hashed[field.name] = rows.set_column(position, field, ids), number
    return rows, hashed
