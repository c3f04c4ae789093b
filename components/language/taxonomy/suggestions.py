"""What a person may be about to type: skills, titles and places by prefixes of their words.

Texts whose first word was begun come first, then those that have it as a later word or in an alias, the most used first
in both: "rea" offers React before Proofreading, of which it begins an alias. Immutable; knows no candidates.
"""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.language.taxonomy.taxonomy import Taxonomy
from components.language.taxonomy.tokens import name_key
from metier.contract import TEXT
from metier.texts.canonical import canonical

Kind = Literal["skill", "title", "place"]
Numbers = npt.NDArray[np.int32]

LONGEST_QUERY = 100
"""Characters that are looked at."""
_MOST_WORDS = 8
_WITHOUT_SLIP = 3
_END = "\U0010ffff"
_MOST_LETTERS = 64
_SPARE = 12
"""Entries looked at for each that is wanted: one may be there by several words, and a skill by its aliases."""
_COLUMNS = pa.schema(
    {"text": TEXT, "kind": pa.dictionary(pa.int8(), TEXT), "used": pa.int64(), "skill_id": TEXT, "alias": TEXT}
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text to offer; of a skill its label, its id, and the alias that was begun where it is none of the label."""

    text: str
    kind: Kind
    used: int
    skill_id: str | None = None
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """How often each text is there among candidates: as a member of their lists of skills, a title or a place."""

    skills: Mapping[str, int] = field(default_factory=dict)
    titles: Mapping[str, int] = field(default_factory=dict)
    places: Mapping[str, int] = field(default_factory=dict)


class Suggestions:
    """Everything that may be suggested."""

    def __init__(self, suggestions: Iterable[Suggestion]) -> None:
        best_first = sorted(suggestions, key=lambda each: (-each.used, len(each.alias or each.text), each.text))
        columns = ([getattr(each, name) for each in best_first] for name in _COLUMNS.names)
        self._entries = pa.table(list(columns), schema=_COLUMNS)
        self._skills: dict[tuple[str, ...], int] = {}
        every: dict[str, array[int]] = {}
        leading: dict[str, array[int]] = {}
        for number, entry in enumerate(best_first):
            words = _words(entry.alias or entry.text)
            if entry.kind == "skill":
                self._skills.setdefault(words, number)
            for word in dict.fromkeys(words):
                every.setdefault(word, array("i")).append(number)
            if words and entry.alias is None:
                leading.setdefault(words[0], array("i")).append(number)
        self._every, self._leading = _Prefixes(every), _Prefixes(leading)
        common = Counter(letter for word in every for letter in word).most_common(_MOST_LETTERS)
        self._letters = "".join(letter for letter, _ in common)

    @classmethod
    def of(cls, taxonomy: Taxonomy, used: Used) -> Self:
        """Of the taxonomy's skills, used or not, and of the titles and places of candidates."""
        return cls([*_skills(taxonomy, used.skills), *_texts("title", used.titles), *_texts("place", used.places)])

    def __len__(self) -> int:
        return int(self._entries.num_rows)

    def starting(self, query: str, limit: int) -> list[Suggestion]:
        """At most `limit` that have a word for each word of the query that begins with it, a text once, best first.

        Where there are too few, also those that would with one letter of a word of more than three letters other, too
        many, missing, or swapped with the next; its first letter stays.
        """
        words = _words(query[:LONGEST_QUERY])[:_MOST_WORDS]
        if not words:
            return []
        named = [self._skills[words]] if words in self._skills else []
        numbers = self._matching([[word] for word in words], limit)
        found = self._distinct([*named, *numbers], limit)
        if len(found) < limit and any(len(word) > _WITHOUT_SLIP for word in words):
            slips = self._matching([[word, *self._with_slip(word)] for word in words], limit)
            found = self._distinct([*named, *numbers, *slips], limit)
        return found

    def _matching(self, alternatives: Sequence[Sequence[str]], limit: int) -> Numbers:
        """Numbers of the best entries that have a word with one of the prefixes, for each of the alternatives."""
        slices = [self._every.having(prefixes) for prefixes in alternatives]
        slices.sort(key=len)
        best, *others = slices
        for other in others:
            has = np.zeros(len(self), bool)
            has[other] = True
            best = best[has[best]]
        leads = np.zeros(len(self), bool)
        for prefixes in alternatives:
            leads[self._leading.having(prefixes)] = True
        place = np.where(leads[best], best, best + len(self))
        most = _SPARE * limit
        return np.unique(np.partition(place, most)[:most] if len(place) > most else place) % len(self)

    def _with_slip(self, word: str) -> list[str]:
        """Prefixes one letter from the word that some word begins with (Norvig's spelling corrector)."""
        if len(word) <= _WITHOUT_SLIP:
            return []
        splits = [(word[:at], word[at:]) for at in range(1, len(word))]
        slips = {one + other[1:] for one, other in splits}
        slips |= {one + other[1] + other[0] + other[2:] for one, other in splits if len(other) > 1}
        slips |= {one + letter + other[1:] for one, other in splits for letter in self._letters}
        slips |= {one + letter + other for one, other in splits for letter in self._letters}
        return [slip for slip in slips if slip != word and self._every.has(slip)]

    def _distinct(self, numbers: Sequence[int], limit: int) -> list[Suggestion]:
        """The first `limit` of these numbers whose texts differ: a skill by its label, not by each of its names."""
        seen: dict[tuple[str, str], Suggestion] = {}
        for row in self._entries.take(pa.array(numbers, pa.int32())).to_pylist():
            entry = Suggestion(**row)
            seen.setdefault((entry.kind, entry.text.lower()), entry)
        return list(seen.values())[:limit]


class _Prefixes:
    """Numbers by words, which are sorted: those of every prefix lie side by side, two binary searches away."""

    def __init__(self, postings: Mapping[str, Sequence[int]]) -> None:
        self._words = sorted(postings)
        self._starts = np.cumsum([0, *(len(postings[word]) for word in self._words)])
        self._numbers = np.concatenate([np.zeros(0, np.int32), *(postings[word] for word in self._words)])

    def having(self, prefixes: Sequence[str]) -> Numbers:
        """Numbers of the words that begin with one of the prefixes; several times where several do."""
        slices = [self._numbers[slice(*self._starts[[*self._range(prefix)]])] for prefix in prefixes]
        return slices[0] if len(slices) == 1 else np.concatenate(slices)

    def has(self, prefix: str) -> bool:
        first, last = self._range(prefix)
        return first < last

    def _range(self, prefix: str) -> tuple[int, int]:
        return bisect_left(self._words, prefix), bisect_left(self._words, prefix + _END)


def _words(text: str) -> tuple[str, ...]:
    return name_key(canonical(text))


def _skills(taxonomy: Taxonomy, used: Mapping[str, int]) -> Iterable[Suggestion]:
    """Every skill by its label and each alias, as often as its names are used."""
    times: Counter[str] = Counter()
    for text, count in used.items():
        if (skill_id := taxonomy.find(text)) is not None:
            times[skill_id] += count
    for skill in taxonomy.skills.values():
        yield Suggestion(skill.label, "skill", times[skill.id], skill.id)
        for alias in skill.aliases:
            yield Suggestion(skill.label, "skill", times[skill.id], skill.id, alias)


def _texts(kind: Kind, used: Mapping[str, int]) -> Iterable[Suggestion]:
    """Each text once, as it is spelled most often."""
    spelled: dict[str, Counter[str]] = {}
    for text, count in used.items():
        if text.strip():
            spelled.setdefault(text.strip().lower(), Counter())[text.strip()] += count
    for counts in spelled.values():
        yield Suggestion(counts.most_common(1)[0][0], kind, counts.total())
