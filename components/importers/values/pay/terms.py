"""Sums whose currency or period stands in columns beside them: 25, USD and HOURLY are '$ 25 per hour'."""

from collections.abc import Sequence, Set

import pyarrow as pa

from components.importers.values.missing import MISSING
from components.importers.values.pay.objects import period_named, spelled_range
from components.importers.values.typed_cells import as_text, spelled
from components.language.amounts.currencies import foreign_code
from metier.contract import TEXT
from metier.errors import RefusedValueError


def with_terms(
    sums: pa.ChunkedArray, currencies: pa.ChunkedArray | None, periods: pa.ChunkedArray | None, missing: Sequence[str]
) -> pa.ChunkedArray:
    """The sums as texts that name their currency and period; missing sums, and objects of JSON, as they are.

    Where the period is empty, a sum is believed to be what its column takes only as far as people earn that.
    """
    nothing = MISSING | {word.strip().casefold() for word in missing}
    columns = [_texts(cells, len(sums), nothing) for cells in (sums, currencies, periods)]
    has = periods is not None
    priced = [_priced(text, currency, period, has) for text, currency, period in zip(*columns, strict=True)]
    return pa.chunked_array([pa.array(priced, TEXT)])


def _texts(cells: pa.ChunkedArray | None, rows: int, nothing: Set[str]) -> list[str | None]:
    if cells is None:
        return [None] * rows
    texts = as_text(spelled(cells, of_money=True)).to_pylist()
    return [None if text is None or text.strip().casefold() in nothing else text.strip() for text in texts]


def _range_or_text(text: str | None) -> str | None:
    try:
        return text and spelled_range(text)
    except RefusedValueError:
        return text


def _priced(text: str | None, currency: str | None, period: str | None, has_periods: bool) -> str | None:
    text = _range_or_text(text)
    if text is None or text.startswith(("{", "[")):
        return text
    unit = period_named(period)
    is_plain = currency is None and (unit or not has_periods)
    code = "" if is_plain else foreign_code(currency) or "$"
    return " ".join(part for part in (code, text, f"per {unit}" if unit else "") if part)
