"""Rows that cannot be read, as a piece of a table."""

from collections.abc import Sequence

import pyarrow as pa

from components.importers.conform import LINE, REASON
from metier.contract import TEXT

Unread = tuple[str, str]
"""Why a row cannot be read, and its text."""


def with_unread(rows: pa.Table, unread: Sequence[Unread]) -> pa.Table:
    """The rows, and below them those that cannot be read, by REASON and LINE alone."""
    if not unread:
        return rows
    reasons, lines = zip(*unread, strict=True)
    marked = pa.table({REASON: pa.array(reasons, TEXT), LINE: pa.array(lines, TEXT)})
    return pa.concat_tables([rows, marked], promote_options="default")
