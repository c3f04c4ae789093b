"""Words of a search, by part, as a plan: what each is worth, and where in the search it stands.

What the search does not hold, and what no reader knows the value of, is dropped. Knows no model.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, get_args

from components.language.names.countries import country_code, country_name, demonyms, folded_name
from components.language.names.industries import industries
from components.language.names.regions import region_countries
from components.language.names.spoken import language_name
from components.language.query_model.words import Words
from components.language.taxonomy import Taxonomy
from components.language.understanding import Money, Plan, Span
from components.language.understanding.recency import posted_within
from components.language.understanding.sums import Sum, joined_by_and, read_sum
from components.language.understanding.tokens import Sentence
from components.language.understanding.words.lexicon import Sense, lexicon
from metier.contract import BudgetKind

_AGENCIES = ("agency", "team", "individual")
_MARKS = " \t\n,.;:!?-–/|+&()"


def plan_of(words: Words, text: str, taxonomy: Taxonomy) -> Plan:
    """The plan that the words mean where they stand in `text`; the rest of the text is its `text`."""
    parts: dict[str, Any] = {}
    spans: list[Span] = []
    for part, said, value, shown in _values(words, text, taxonomy):
        if isinstance(value, tuple):
            parts[part] = tuple(dict.fromkeys((*parts.get(part, ()), *value)))
        else:
            parts.setdefault(part, value)
        spans.append(Span(part, shown, *said))
    spans.sort(key=lambda span: (span.start, span.end))
    return replace(Plan(text=_rest(text, spans), spans=tuple(spans)), **parts)


def _values(words: Words, text: str, taxonomy: Taxonomy) -> Iterator[tuple[str, tuple[int, int], Any, str]]:
    """(part, where it stands, its value, the value as it is shown)."""
    read = _readers(taxonomy)
    for field in Words.model_fields:
        said = getattr(words, field)
        for each in said if isinstance(said, list) else [said]:
            place = _place_of(each, text)
            value = read[field](each) if place else None
            if place and value is not None:
                yield _PART.get(field, field), place, value, _shown(value, each)


def _readers(taxonomy: Taxonomy) -> dict[str, Callable[[str], Any]]:
    skill = partial(_skill, taxonomy)
    readers: dict[str, Callable[[str], Any]] = {
        "must": skill, "nice": skill, "not_": skill, "levels": _level, "not_levels": _level,
        "countries": _countries, "not_countries": _countries, "languages": _language,
        "budget_kind": _budget_kind, "available": lambda said: _names(said, ("available",)) or None,
        "no_agencies": lambda said: False if _names(said, _AGENCIES) else None,
        "agencies_only": lambda said: _names(said, _AGENCIES) or None,
        "domains": _domain, "not_domains": _domain, "posted_within_days": _days,
    }  # fmt: skip
    for side in ("min", "max"):
        readers |= dict.fromkeys((f"rate_{side}", f"budget_{side}"), partial(_money, side))
        readers[f"hours_{side}"] = partial(_hours, side)
    return readers


_PART = {"no_agencies": "agencies", "agencies_only": "agencies"}
"""The part of a plan that a field of Words is for, where it is called otherwise."""


def _place_of(said: str, text: str) -> tuple[int, int] | None:
    """Where the text holds the words, whole and in any case."""
    if not said.strip():
        return None
    found = re.search(rf"(?<!\w){re.escape(said.strip())}(?!\w)", text, re.IGNORECASE)
    return found.span() if found else None


def _skill(taxonomy: Taxonomy, said: str) -> tuple[str] | None:
    if found := taxonomy.find(said):
        return (found,)
    mentions = taxonomy.mentions(said)
    is_whole = len(mentions) == 1 and said[: mentions[0].start].strip() == said[mentions[0].end :].strip() == ""
    return (mentions[0].skill_id,) if is_whole else None


def _level(said: str) -> tuple[str, ...] | None:
    sense = _sense(said)
    return sense.value or None if sense and sense.kind == "level" else None


def _budget_kind(said: str) -> str | None:
    sense = _sense(said)
    return sense.value if sense and sense.value in get_args(BudgetKind) else None


def _countries(said: str) -> tuple[str, ...] | None:
    for name in (said, _mended(said)):
        if codes := region_countries(name):
            return codes
        if code := country_code(name) or demonyms().get(folded_name(name)):
            return (code,)
    return None


def _language(said: str) -> tuple[str] | None:
    name = language_name(said) or language_name(_mended(said))
    return (name,) if name else None


def _domain(said: str) -> tuple[str] | None:
    name = industries().get(_mended(said))
    return (name,) if name else None


def _days(said: str) -> int | None:
    found = posted_within(said.lower())
    return found[0] if found else None


def _money(side: str, said: str) -> Money | None:
    total = _sum(said)
    if total is None or total.is_hours:
        return None
    return Money(total.low if side == "min" else total.high, total.currency or "USD")


def _hours(side: str, said: str) -> float | None:
    sense = _sense(said)
    if sense and sense.kind == "hours":
        return next((value for value in sense.value if value is not None), None)
    total = _sum(said)
    return None if total is None or total.currency else total.low if side == "min" else total.high


def _sum(said: str) -> Sum | None:
    """The first sum of the words, and the other end of a range that 'and' joins."""
    tokens = Sentence.of(said).tokens
    for at in range(len(tokens)):
        if total := read_sum(tokens, at):
            return joined_by_and(tokens, total) or total
    return None


def _sense(said: str) -> Sense | None:
    """What the lexicon knows all of the words as."""
    tokens = _known_tokens(said)
    found = lexicon().match(tokens, 0) if tokens else None
    return found[0] if found and found[1] == len(tokens) else None


def _names(said: str, kinds: tuple[str, ...]) -> bool:
    """Whether some of the words are of one of the kinds."""
    tokens = _known_tokens(said)
    return any((found := lexicon().match(tokens, at)) and found[0].kind in kinds for at in range(len(tokens)))


def _known_tokens(said: str) -> list[Any]:
    tokens = list(Sentence.of(said).tokens)
    for token in tokens:
        token.text = lexicon().mended(token.text)
    return tokens


def _mended(said: str) -> str:
    return " ".join(token.text for token in _known_tokens(said))


def _shown(value: Any, said: str) -> str:
    if isinstance(value, tuple):
        return said if len(value) > 1 else country_name(value[0])
    return str(value)


def _rest(text: str, spans: list[Span]) -> str:
    """What no span covers, piece by piece, without marks at its ends."""
    pieces, end = [], 0
    for span in spans:
        pieces.append(text[end : span.start])
        end = max(end, span.end)
    pieces.append(text[end:])
    return " ".join(filter(None, (piece.strip(_MARKS) for piece in pieces)))
