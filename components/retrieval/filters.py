"""The filters of a query: which are known for jobs and for people, and the mask of candidates that pass them all.

Filters are a JSON object. Words are compared in their canonical form without case, countries, languages, industries
and skills whatever they are called, levels and kinds of budget by any word that imports know; a list means any of its
values, null or an empty list means not asked. A candidate whose value is unknown does not pass a filter on it; of
limits that were only understood from a sentence it fails those that it is known to break
(`components.language.understanding.plan_filters` says why). Knows nothing of actors or pairs.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.language.names.allowed import allowed_word
from components.language.names.countries import country_code
from components.language.names.industries import industry_name
from components.language.names.spoken import language_name
from metier.contract import JOBS
from metier.errors import InputError, RefusedValueError, UnknownNameError
from metier.texts.canonical import canonical

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]
Key = Callable[[str], str]
"""A word to what it is compared by."""
Find = Callable[[str], str | None]  # None for a word that names nothing

WORD_COLUMNS = {
    "category": "category",
    "country": "country",
    "skills": "skills",
    "skills_all": "skills",
    "language": "languages",
    "level": "experience_level",
    "not_skills": "skills",
    "not_countries": "country",
    "not_levels": "experience_level",
    "not_industries": "industry",
    "budget_kind": "budget_kind",
}
"""The column of each filter on words. A name that begins with `not_` asks for none of them, one with `_all` for all."""
_ALLOWING = {name: JOBS.column(name) for name in ("experience_level", "budget_kind")}
"""Columns that allow a few words; people have the same levels."""
_SHARED = (
    "category",
    "country",
    "skills",
    "skills_all",
    "language",
    "level",
    "not_skills",
    "not_countries",
    "not_levels",
)
_RATES = ("rate_min_usd", "rate_max_usd")
"""The hourly rate of people, and of jobs that are paid by the hour their budget."""
PERSON_FILTERS = (*_SHARED, *_RATES, "hours_min", "available", "agencies")
JOB_FILTERS = (*_SHARED, *_RATES, "not_industries", "budget_kind", "budget_min_usd", "budget_max_usd", "posted_since")


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
    asked = {name: value for name, value in requested.items() if value is not None and value != []}
    for least, most in (("rate_min_usd", "rate_max_usd"), ("budget_min_usd", "budget_max_usd")):
        if least in asked and most in asked and _number(least, asked[least]) > _number(most, asked[most]):
            raise InputError(f"filter {least} is above {most}, which nobody passes; exchange them or leave one out")
    return asked


@dataclass(frozen=True)
class Words:
    """Which rows hold a word, for one column of text or of lists of text; words are compared by `key`."""

    size: int
    rows: Mapping[str, Rows] = field(default_factory=dict)
    key: Key = canonical

    @classmethod
    def of(cls, column: pa.ChunkedArray, key: Key) -> "Words":
        values = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], type=column.type)
        if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
            words, rows = pc.list_flatten(values), pc.list_parent_indices(values).to_numpy()
        else:
            words, rows = values, np.arange(len(values))
        spelled = pc.dictionary_encode(words.cast(pa.string()))
        word_of = pa.array([key(word) for word in spelled.dictionary.to_pylist()], pa.string())
        coded = pc.dictionary_encode(word_of.take(spelled.indices))
        codes = pc.fill_null(coded.indices, -1).to_numpy()
        order = np.argsort(codes, kind="stable")
        bounds = np.searchsorted(codes[order], np.arange(len(coded.dictionary) + 1))
        rows_of = {
            word: rows[order[bounds[code] : bounds[code + 1]]].astype(np.int32)
            for code, word in enumerate(coded.dictionary.to_pylist())
        }
        return cls(len(values), rows_of, key)

    def any_of(self, words: list[str]) -> BoolArray:
        mask = np.zeros(self.size, dtype=np.bool_)
        for word in words:
            mask[self.rows.get(self.key(word), [])] = True
        return mask

    def all_of(self, words: list[str]) -> BoolArray:
        return np.asarray(np.logical_and.reduce([self.any_of([word]) for word in words]))

    @cached_property
    def known(self) -> BoolArray:
        """Rows that hold a word."""
        mask = np.zeros(self.size, dtype=np.bool_)
        for rows in self.rows.values():
            mask[rows] = True
        return mask


class Filters:
    """The filterable columns of a candidate table, indexed once; absent columns pass nobody who is asked for them."""

    def __init__(self, candidates: pa.Table, names: tuple[str, ...], skill: Find | None = None) -> None:
        """`skill` finds the skill that a word names, where they are called by several names."""
        self._names = names
        self._size = candidates.num_rows
        columns = {WORD_COLUMNS[name] for name in names if name in WORD_COLUMNS}
        keys = {**_KEYS, "skills": lambda word: (skill and skill(word)) or _word(word)}
        self._words = {column: _indexed(candidates, column, keys.get(column, _word)) for column in columns}
        self._hours = _numbers(candidates, "hours_per_week")
        self._is_hourly = equal(candidates, "budget_kind", "hourly")
        self._budgets, self._rates = _sums(candidates, self._is_hourly)
        self._posted = _seconds(candidates, "posted_at")
        self._listed = equal(candidates, "status", "listed")
        self._of_agency = _is_set(candidates, "agency_id")

    def mask(self, filters: str | Mapping[str, Any] | None) -> BoolArray:
        """Who passes every filter that is asked."""
        passed = np.ones(self._size, dtype=np.bool_)
        for name, value in parsed(filters, self._names).items():
            passes, known = self._passes(name, value)
            passed &= passes & known
        return passed

    def broken(self, understood: Mapping[str, Any]) -> dict[str, BoolArray]:
        """Who is known to break each limit that was understood from a sentence.

        What is paid by the hour says nothing of what the whole may cost.
        """
        asked = {name: self._passes(name, value) for name, value in parsed(understood, self._names).items()}
        return {
            name: known & ~passes & ~(self._is_hourly & name.startswith("budget_m"))
            for name, (passes, known) in asked.items()
        }

    def _passes(self, name: str, value: Any) -> tuple[BoolArray, BoolArray]:
        """(who passes, whose value is known)."""
        if name in WORD_COLUMNS:
            words, asked = self._words[WORD_COLUMNS[name]], _asked_words(name, value)
            among = words.all_of(asked) if name.endswith("_all") else words.any_of(asked)
            return ~among if name.startswith("not_") else among, words.known
        if name in ("available", "agencies"):
            return self._is(name) == _flag(name, value), np.ones(self._size, dtype=np.bool_)
        if name == "posted_since":
            return np.asarray(self._posted >= _moment(name, value)), ~np.isnan(self._posted)
        return self._measured(name, _number(name, value))

    def _is(self, name: str) -> BoolArray:
        """Who may begin now (listed, and with hours left where they say how many), or belongs to an agency."""
        return self._of_agency if name == "agencies" else self._listed & ~(self._hours == 0)

    def _measured(self, name: str, limit: float) -> tuple[BoolArray, BoolArray]:
        compared: dict[str, tuple[FloatArray, Callable[[FloatArray, float], BoolArray]]] = {
            "rate_min_usd": (self._rates[1], np.greater_equal),
            "rate_max_usd": (self._rates[0], np.less_equal),
            "budget_min_usd": (self._budgets[1], np.greater_equal),
            "budget_max_usd": (self._budgets[0], np.less_equal),
            "hours_min": (self._hours, np.greater_equal),
        }
        values, passes = compared[name]
        return passes(values, limit), ~np.isnan(values)


def _sums(candidates: pa.Table, is_hourly: BoolArray) -> tuple[tuple[FloatArray, FloatArray], ...]:
    """(lowest, highest) budget, and (lowest, highest) rate."""
    ends = [_numbers(candidates, name) for name in ("budget_min_usd", "budget_max_usd")]
    budgets = np.fmin(*ends), np.fmax(*ends)
    rate = _numbers(candidates, "hourly_rate_usd")
    lowest, highest = (np.where(is_hourly, budget, rate) for budget in budgets)
    return budgets, (lowest, highest)


def _indexed(candidates: pa.Table, column: str, key: Key) -> Words:
    if column not in candidates.column_names:
        return Words(candidates.num_rows, {}, key)
    return Words.of(candidates[column], key)


def _word(spelled: str) -> str:
    return canonical(spelled).strip().lower()


def _country(spelled: str) -> str:
    return country_code(spelled) or _word(spelled)


def _language(spelled: str) -> str:
    return language_name(spelled) or _word(spelled)


def _industry(spelled: str) -> str:
    return industry_name(_word(spelled))


_KEYS: Mapping[str, Key] = {"country": _country, "languages": _language, "industry": _industry}
"""What words of a column are compared by, where the same is called by several names."""


def equal(candidates: pa.Table, name: str, value: str) -> BoolArray:
    """Rows with that value; null is no value, nor is what stands in no column."""
    if name not in candidates.column_names:
        return np.zeros(candidates.num_rows, dtype=np.bool_)
    found = pc.equal(candidates[name].cast(pa.string()), value)
    return np.asarray(pc.fill_null(found, False).to_numpy(), dtype=np.bool_)


def _is_set(candidates: pa.Table, name: str) -> BoolArray:
    if name not in candidates.column_names:
        return np.zeros(candidates.num_rows, dtype=np.bool_)
    return np.asarray(pc.is_valid(candidates[name]).to_numpy(), dtype=np.bool_)


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


def _asked_words(name: str, value: Any) -> list[str]:
    """Those of a column that allows a few words as the contract spells them."""
    words, column = _texts(name, value), _ALLOWING.get(WORD_COLUMNS[name])
    if column is None:
        return words
    try:
        return [allowed_word(word, column, {}) for word in words]
    except RefusedValueError as error:
        raise InputError(f"filter {name} is {value!r}; give one of: {', '.join(column.allowed)}") from error


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"filter {name} is {value!r}; give true or false")
    return value


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise InputError(f"filter {name} is {value!r}; give a number")
    if value < 0:
        raise InputError(f"filter {name} is {value!r}; give a number that is not below 0")
    return float(value)


def _moment(name: str, value: Any) -> float:
    """Epoch seconds of an ISO 8601 date or time, UTC where it names no zone."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise InputError(f"filter {name} is {value!r}; give an ISO date such as 2026-01-31") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
