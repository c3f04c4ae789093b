"""The filters of a query: which are known for jobs and for people, and the mask of candidates that pass them all.

Filters are a JSON object. Words are compared in their canonical form without case, a list means any of its values, null
or an empty list means not asked. A candidate whose value is unknown does not pass a filter on it. Knows nothing of
actors or pairs.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from metier.errors import InputError, UnknownNameError
from metier.texts.canonical import canonical

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

WORD_COLUMNS = {
    "category": "category",
    "country": "country",
    "skills": "skills",
    "language": "languages",
    "level": "experience_level",
}
PERSON_FILTERS = (*WORD_COLUMNS, "rate_min_usd", "rate_max_usd")
JOB_FILTERS = (*WORD_COLUMNS, "budget_kind", "budget_min_usd", "budget_max_usd", "posted_since")


def parsed(filters: str | Mapping[str, Any] | None, names: tuple[str, ...]) -> dict[str, Any]:
    """What is asked, by name; InputError on broken JSON, UnknownNameError on a filter outside `names`."""
    if isinstance(filters, str):
        try:
            filters = json.loads(filters) if filters.strip() else {}
        except ValueError as error:
            raise InputError(f"filters are not JSON ({error}); send an object such as {{}}") from error
    if filters is not None and not isinstance(filters, Mapping):
        raise InputError("filters are not a JSON object; send one such as {}")
    requested = dict(filters or {})
    for name in requested:
        if name not in names:
            raise UnknownNameError("filter", name, names)
    return {name: value for name, value in requested.items() if value is not None and value != []}


@dataclass(frozen=True)
class Words:
    """Which rows hold a word, for one column of text or of lists of text."""

    size: int
    rows: Mapping[str, IntArray] = field(default_factory=dict)

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> "Words":
        values = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], type=column.type)
        if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
            words, rows = pc.list_flatten(values), pc.list_parent_indices(values).to_numpy()
        else:
            words, rows = values, np.arange(len(values))
        spelled = pc.dictionary_encode(words.cast(pa.string()))
        word_of = pa.array([_word(word) for word in spelled.dictionary.to_pylist()], pa.string())
        coded = pc.dictionary_encode(word_of.take(spelled.indices))
        codes = pc.fill_null(coded.indices, -1).to_numpy()
        order = np.argsort(codes, kind="stable")
        bounds = np.searchsorted(codes[order], np.arange(len(coded.dictionary) + 1))
        rows_of = {
            word: rows[order[bounds[code] : bounds[code + 1]]].astype(np.int64)
            for code, word in enumerate(coded.dictionary.to_pylist())
        }
        return cls(len(values), rows_of)

    def any_of(self, words: list[str]) -> BoolArray:
        mask = np.zeros(self.size, dtype=np.bool_)
        for word in words:
            mask[self.rows.get(_word(word), [])] = True
        return mask


class Filters:
    """The filterable columns of a candidate table, indexed once; absent columns pass nobody who is asked for them."""

    def __init__(self, candidates: pa.Table, names: tuple[str, ...]) -> None:
        self._names = names
        self._size = candidates.num_rows
        words = {**WORD_COLUMNS, "budget_kind": "budget_kind"}
        self._words = {name: self._word_index(candidates, words[name]) for name in names if name in words}
        self._numbers = {
            name: _numbers(candidates, name) for name in ("hourly_rate_usd", "budget_min_usd", "budget_max_usd")
        }
        self._posted = _seconds(candidates, "posted_at")

    def mask(self, filters: str | Mapping[str, Any] | None) -> BoolArray:
        """Who passes every filter that is asked."""
        passed = np.ones(self._size, dtype=np.bool_)
        for name, value in parsed(filters, self._names).items():
            passed &= (
                self._words[name].any_of(_texts(name, value)) if name in self._words else self._measured(name, value)
            )
        return passed

    def _measured(self, name: str, value: Any) -> BoolArray:
        if name == "posted_since":
            return np.asarray(self._posted >= _moment(name, value))
        limit, numbers = _number(name, value), self._numbers
        lowest = np.fmin(numbers["budget_min_usd"], numbers["budget_max_usd"])
        highest = np.fmax(numbers["budget_min_usd"], numbers["budget_max_usd"])
        passes: dict[str, Callable[[], BoolArray]] = {
            "rate_min_usd": lambda: numbers["hourly_rate_usd"] >= limit,
            "rate_max_usd": lambda: numbers["hourly_rate_usd"] <= limit,
            "budget_min_usd": lambda: highest >= limit,
            "budget_max_usd": lambda: lowest <= limit,
        }
        return passes[name]()

    def _word_index(self, candidates: pa.Table, column: str) -> Words:
        return Words.of(candidates[column]) if column in candidates.column_names else Words(self._size)


def _word(spelled: str) -> str:
    return canonical(spelled).strip().lower()


def _numbers(candidates: pa.Table, name: str) -> FloatArray:
    if name not in candidates.column_names:
        return np.full(candidates.num_rows, np.nan)
    return np.asarray(candidates[name].cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def _seconds(candidates: pa.Table, name: str) -> FloatArray:
    """Epoch seconds, NaN where unknown."""
    if name not in candidates.column_names:
        return np.full(candidates.num_rows, np.nan)
    stamps = candidates[name].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    return _numbers(pa.table({name: stamps}), name) / 1e6


def _texts(name: str, value: Any) -> list[str]:
    values = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(word, str) for word in values):
        raise InputError(f"filter {name} is {value!r}; give a text or a list of texts")
    return list(values)


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise InputError(f"filter {name} is {value!r}; give a number")
    return float(value)


def _moment(name: str, value: Any) -> float:
    """Epoch seconds of an ISO 8601 date or time, UTC where it names no zone."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise InputError(f"filter {name} is {value!r}; give an ISO date such as 2026-01-31") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
