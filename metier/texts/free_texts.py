"""Free texts of a table on their way into the lake: made plain, personal data masked, with counts by column.

What every importer shares, whatever it reads: no text reaches an encoder, a log or quarantine before. Idempotent, so
that what the endpoint made plain already comes through as it is. Knows the contract's columns; no file.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from metier.texts.personal_data import MASKS, SIGNS, mask
from metier.texts.plain_text import one_line, tidy

Plain = Callable[[str], str]
Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]
FREE_TEXTS: dict[str, dict[str, Plain]] = {
    "freelancers": {"title": one_line, "overview": tidy, "skills": one_line, "city": one_line},
    "jobs": {
        "title": one_line,
        "description": tidy,
        "skills": one_line,
        "company": one_line,
        "industry": one_line,
        "city": one_line,
    },
    "queries": {"text": one_line},
}
"""Columns in which people write what they like, and whether their lines are kept."""
_TIDY = r"\A[!-~]+(?: [!-~]+)*\z"
_NOTHING: Counter[str] = Counter()


@dataclass(frozen=True)
class TextCounts:
    """Rows whose texts were cleaned or masked, in all and by column, and pieces of personal data by column and kind."""

    cleaned_rows: int = 0
    cleaned: dict[str, int] = field(default_factory=dict)
    masked_rows: int = 0
    masked: dict[str, dict[str, int]] = field(default_factory=dict)

    def __add__(self, other: "TextCounts") -> "TextCounts":
        columns = dict.fromkeys((*self.masked, *other.masked))
        masked = {name: Counter(self.masked.get(name, {})) + Counter(other.masked.get(name, {})) for name in columns}
        return TextCounts(
            self.cleaned_rows + other.cleaned_rows,
            dict(Counter(self.cleaned) + Counter(other.cleaned)),
            self.masked_rows + other.masked_rows,
            {name: dict(kinds) for name, kinds in masked.items()},
        )

    def render(self) -> list[str]:
        """A line for each of the two that found something."""
        lines = []
        if self.cleaned:
            counts = ", ".join(f"{name} {rows:,}" for name, rows in self.cleaned.items())
            lines.append(f"cleaned text in {self.cleaned_rows:,} rows: {counts}")
        if self.masked:
            counts = "; ".join(f"{name} {_rendered(kinds)}" for name, kinds in self.masked.items())
            lines.append(f"masked personal data in {self.masked_rows:,} rows: {counts}")
        return lines


def _are_plain(texts: pa.Array) -> pa.Array:
    """Which texts are printable ASCII with single spaces and hold no sign of personal data: nothing is done to them."""
    return pc.and_not(pc.match_substring_regex(texts, _TIDY), pc.match_substring_regex(texts, SIGNS))


def plain_texts(name: str, rows: pa.Table, otherwise: Mapping[str, Plain] | None = None) -> tuple[pa.Table, TextCounts]:
    """The rows with plain free texts, those of `otherwise` by its functions, and what was done to them."""
    return made_plain(rows, {**FREE_TEXTS.get(name, {}), **(otherwise or {})})


def made_plain(rows: pa.Table, columns: Mapping[str, Plain]) -> tuple[pa.Table, TextCounts]:
    """The rows with `columns` plain and masked, as far as they are there and hold text, and what was done to them."""
    marks = _Marks(rows.num_rows)
    for column, plain in columns.items():
        index = rows.schema.get_field_index(column)
        if index < 0 or not _holds_text(rows.schema.field(index).type):
            continue
        cleaned = _cleaned(rows[column].combine_chunks(), plain, column, marks)
        if cleaned is not None:
            rows = rows.set_column(index, rows.schema.field(index), cleaned)
    return rows, marks.counts()


class _Marks:
    """Which rows were cleaned, by column, and which masked."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._cleaned: dict[str, Flags] = {}
        self._masked_rows = np.zeros(rows, bool)
        self._masked: dict[str, dict[str, int]] = {}

    def cleaned(self, column: str, members: Flags, owner: Indices) -> None:
        """Members of a column that changed; `owner` says whose row each is."""
        if members.any():
            self._cleaned[column] = self._owners(members, owner)

    def masked(self, column: str, counts: Sequence[Counter[str]], codes: Indices, owner: Indices) -> None:
        """`counts[code]` in every member of that code; the code after the last is null."""
        total: Counter[str] = Counter()
        for number, kinds in zip(np.bincount(codes, minlength=len(counts)), counts, strict=False):
            total.update({kind: int(number) * count for kind, count in kinds.items()})
        if total:
            self._masked[column] = dict(total)
            self._masked_rows |= self._owners(np.array([*map(bool, counts), False])[codes], owner)

    def counts(self) -> TextCounts:
        every = np.any(list(self._cleaned.values()), axis=0) if self._cleaned else np.zeros(0, bool)
        by_column = {name: int(rows.sum()) for name, rows in self._cleaned.items()}
        return TextCounts(int(every.sum()), by_column, int(self._masked_rows.sum()), self._masked)

    def _owners(self, members: Flags, owner: Indices) -> Flags:
        rows = np.zeros(self._rows, bool)
        rows[owner[members]] = True
        return rows


def _cleaned(values: pa.Array, plain: Plain, column: str, marks: _Marks) -> pa.Array | None:
    """The column anew; None where every text was plain already. Each distinct text is looked at once."""
    lists = pa.types.is_list(values.type)
    coded = (values.flatten() if lists else values).dictionary_encode()
    original = coded.dictionary.to_pylist()
    is_plain = np.asarray(_are_plain(coded.dictionary))
    clean = [text if known else plain(text) for text, known in zip(original, is_plain, strict=True)]
    pairs = [(text, _NOTHING) if known else mask(text) for text, known in zip(clean, is_plain, strict=True)]
    if [text for text, _ in pairs] == original:
        return None
    codes = coded.indices.fill_null(len(original)).to_numpy(zero_copy_only=False)
    lengths = values.value_lengths().fill_null(0).to_numpy(zero_copy_only=False) if lists else np.ones(len(values), int)
    owner = np.repeat(np.arange(len(values)), lengths)
    changed = np.array([*(after != before for after, before in zip(clean, original, strict=True)), False])
    marks.cleaned(column, changed[codes], owner)
    marks.masked(column, [counts for _, counts in pairs], codes, owner)
    texts = pa.array([*(text for text, _ in pairs), None], pa.string()).take(pa.array(codes))
    if not lists:
        return texts
    kept = np.array([*(text not in MASKS for text, _ in pairs), True])[codes]
    texts, lengths = texts.filter(pa.array(kept)), np.bincount(owner[kept], minlength=len(values))
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, texts, mask=values.is_null())


def _holds_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind.value_type if pa.types.is_list(kind) else kind))


def _rendered(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} x {kind}" for kind, number in sorted(kinds.items()))
