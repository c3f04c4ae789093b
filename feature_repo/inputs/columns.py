"""Columns of stored features as numpy: numbers, comparable codes, ragged lists, text rows.

They come in a table, or as one row: a mapping from names to Python values, which costs a request less. A column that is
absent or null means "not known": NaN, code 0, an empty list. Knows no feature by name.
"""

import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp

from feature_repo.texts import TextVectors
from feature_repo.texts.text import headline
from metier.contract import TIMESTAMP
from metier.texts.canonical import canonical

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Rows: TypeAlias = pa.Table | Mapping[str, Any]
"""Many rows, or one."""

CATEGORY_BUCKETS = 1023
TOKEN_COLUMNS = 2**20
MOST_REMEMBERED = 16_384
"""So many codes of strings are remembered: actors turn to the same candidates and live in the same places."""
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_FIRST = np.zeros(1, np.int64)


def numbers(rows: Rows, name: str) -> Doubles:
    """(n,) float64 with NaN where absent; booleans are 0 and 1."""
    if not isinstance(rows, pa.Table):
        value = rows.get(name)
        return np.array([np.nan if value is None else value], np.float64)
    column = _column(rows, name)
    if column is None:
        return np.full(rows.num_rows, np.nan)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        column = column.cast(pa.float64())
    values: Doubles = column.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
    return values


def seconds(rows: Rows, name: str) -> Doubles:
    """(n,) seconds since 1970 of a timestamp column, NaN where absent."""
    if not isinstance(rows, pa.Table):
        moment = rows.get(name)
        return np.array([np.nan if moment is None else (moment - EPOCH) // MICROSECOND], np.float64) / 1e6
    column = _column(rows, name)
    if column is None or pa.types.is_null(column.type):
        return np.full(rows.num_rows, np.nan)
    stamps = column.cast(TIMESTAMP, safe=False).cast(pa.int64())
    values: Doubles = stamps.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False) / 1e6
    return values


def codes(rows: Rows, name: str) -> Codes:
    """(n,) 64-bit code of each string by its canonical form, without case and outer spaces; 0 where absent."""
    return _strings(rows, name).coded(code_of)


def buckets(rows: Rows, name: str) -> Codes:
    """(n,) categorical bucket: 0 unknown, 1..1023 hashed."""
    return _strings(rows, name).coded(_bucket)


def strings(rows: Rows, name: str) -> list[str | None]:
    """(n,) strings, None where absent."""
    return _strings(rows, name).spelled()


@dataclass(frozen=True)
class Strings:
    """Strings of a column as values, not necessarily distinct, and the position among them of each, (n,)."""

    values: list[str | None]
    position: Codes

    @classmethod
    def of(cls, column: pa.Array | list[str | None]) -> "Strings":
        """Those of a column, or as they are listed."""
        if isinstance(column, list):
            return cls(column, np.arange(len(column)))
        coded = column.dictionary_encode(null_encoding="encode")
        return cls(coded.dictionary.to_pylist(), coded.indices.to_numpy())

    def coded(self, code: Callable[[str], int], empty: int = 0) -> Codes:
        """(n,) code of each, `empty` of what is absent or empty."""
        table = np.array([code(value) if value else empty for value in self.values], np.int64)
        codes: Codes = table[self.position]
        return codes

    def spelled(self) -> list[str | None]:
        """(n,) the strings themselves."""
        return [self.values[position] for position in self.position.tolist()]

    def rows(self, vectors: TextVectors) -> Codes:
        """(n,) rows of text keys in `vectors`, -1 where unknown."""
        rows: Codes = vectors.rows(self.values)[self.position]
        return rows


@dataclass(frozen=True)
class Lists:
    """One list a row: row i holds flat[offsets[i]:offsets[i + 1]]."""

    offsets: Codes
    flat: pa.Array | list[Any]

    @property
    def lengths(self) -> Codes:
        """(n,) how long each list is."""
        lengths: Codes = self.offsets[1:] - self.offsets[:-1]
        return lengths

    def padded(self, values: npt.NDArray, longest: int, empty: float) -> npt.NDArray:
        """(n, longest): the first `longest` of each row's `values` (aligned with flat), filled with `empty`."""
        lengths = np.minimum(self.lengths, longest)
        table = np.full((len(lengths), longest), empty, values.dtype)
        if len(lengths) == 1:
            table[0, : lengths[0]] = values[: lengths[0]]
            return table
        inside = np.arange(longest) < lengths[:, None]
        table[inside] = values[(self.offsets[:-1, None] + np.arange(longest))[inside]]
        return table

    def strings(self) -> Strings:
        """The elements of flat."""
        return Strings.of(self.flat)

    def codes(self) -> Codes:
        """Code of each element of flat."""
        return self.strings().coded(code_of)

    def numbers(self) -> Doubles:
        """The elements of flat, whole numbers."""
        flat = self.flat if isinstance(self.flat, list) else self.flat.to_numpy()
        return np.array(flat, np.int64).astype(np.float64)


def lists(rows: Rows, name: str, element: pa.DataType | None = None) -> Lists:
    """The lists of a column (of strings by default), empty where absent."""
    if not isinstance(rows, pa.Table):
        listed = rows.get(name) or []
        return Lists(np.array([0, len(listed)]), listed)
    kind = element or pa.string()
    column = _column(rows, name)
    if column is None or pa.types.is_null(column.type):
        return Lists(np.zeros(rows.num_rows + 1, np.int64), pa.array([], kind))
    if column.type.value_type != kind:
        column = column.cast(pa.large_list(kind))
    lengths = column.value_lengths()
    if lengths.null_count:
        lengths = lengths.fill_null(0)
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths.to_numpy(), out=offsets[1:])
    return Lists(offsets, column.flatten())


def token_sets(rows: Rows, name: str) -> sp.csr_array:
    """(n, 2**20) rows of ones at the hashed columns of each row's distinct tokens."""
    tokens = lists(rows, name)
    count = len(tokens.offsets) - 1
    if not len(tokens.flat):
        return _without_tokens(count)
    columns = tokens.strings().coded(token_column, empty=-1).astype(np.int32)
    present = columns >= 0
    before = np.zeros(len(columns) + 1, np.int32)
    np.cumsum(present, out=before[1:])
    ones = np.ones(before[-1], np.float32)
    sets = sp.csr_array((ones, columns[present], before[tokens.offsets]), shape=(count, TOKEN_COLUMNS))
    sets.sum_duplicates()
    sets.data[:] = 1
    return sets


@lru_cache(MOST_REMEMBERED)
def _without_tokens(count: int) -> sp.csr_array:
    """Rows without an element, which nobody changes."""
    return sp.csr_array((count, TOKEN_COLUMNS), dtype=np.float32)


@dataclass(frozen=True)
class Headlines:
    """Distinct headlines as TF-IDF rows, the last row empty; `row` is each owner's (the last: no headline)."""

    lexical: sp.csr_array
    row: Codes

    @property
    def has_headline(self) -> Flags:
        """Whose headline is known, in the shape of `row`."""
        has_headline: Flags = self.row < self.lexical.shape[0] - 1
        return has_headline

    @classmethod
    def encode(cls, cards: Sequence[str], vectors: TextVectors) -> "Headlines":
        """One headline a row; an empty one is unknown."""
        index: dict[str, int] = {}
        row = np.array([index.setdefault(card, len(index)) if card else -1 for card in cards], np.int64)
        row[row < 0] = len(index)
        return cls(vectors.weights.headlines([*index, ""]), row)


def headlines_of(rows: Rows, prefix: str, vectors: TextVectors) -> Headlines:
    """Headlines of profiles whose columns start with `prefix`."""
    parts = [strings(rows, f"{prefix}{name}") for name in ("title", "city", "region", "company")]
    return Headlines.encode([headline(*card) for card in zip(*parts, strict=True)], vectors)


def text_rows(rows: Rows, name: str, vectors: TextVectors) -> Codes:
    """(n,) rows of text keys in `vectors`, -1 where unknown."""
    return _strings(rows, name).rows(vectors)


def _strings(rows: Rows, name: str) -> Strings:
    if not isinstance(rows, pa.Table):
        return Strings([rows.get(name)], _FIRST)
    column = _column(rows, name)
    if column is None:
        return Strings([None], np.zeros(rows.num_rows, np.int64))
    return Strings.of(column if pa.types.is_string(column.type) else column.cast(pa.string()))


def _column(table: pa.Table, name: str) -> pa.Array | None:
    """The column in one piece; None where it is absent."""
    index = table.schema.get_field_index(name)
    if index < 0:
        return None
    column = table.column(index)
    if column.num_chunks == 1:
        return column.chunk(0)
    combined = column.combine_chunks()
    return pa.concat_arrays(combined.chunks) if isinstance(combined, pa.ChunkedArray) else combined


@lru_cache(MOST_REMEMBERED)
def code_of(value: str) -> int:
    """The code that `codes` gives a string; never 0."""
    return int.from_bytes(hashlib.blake2b(_folded(value), digest_size=8).digest(), "little", signed=True) or 1


def _bucket(value: str) -> int:
    return 1 + zlib.crc32(_folded(value)) % CATEGORY_BUCKETS


def token_column(value: str) -> int:
    """The column that `token_sets` gives a token."""
    return zlib.crc32(_folded(value)) % TOKEN_COLUMNS


def _folded(value: str) -> bytes:
    return canonical(value).strip().casefold().encode()
