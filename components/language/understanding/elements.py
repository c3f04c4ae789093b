"""A sentence as a row of elements: skills, phrases of the lexicon, sums, and the words between them.

Knows what stands where, and no scope.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from components.language.amounts.currencies import spoken_currency
from components.language.names.countries import country_code
from components.language.understanding.sums import NUMBER_WORDS, read_sum
from components.language.understanding.tokens import Sentence, Token
from components.language.understanding.words.lexicon import Lexicon

LIMITS = frozenset(("country", "language", "agency", "team", "individual", "available", "kind of budget", "hours"))
"""Kinds that leave candidates out where they are asked for."""
ASKED = LIMITS | {"skill", "level", "domain"}
"""Kinds that a cue of scope may bear on."""
_WORDED = frozenset(("place", "people", "domain", "level", "agency", "available", "hours", "kind of budget"))
"""Kinds that count where a skill is called the same."""
TAKEN = "taken"
"""Kind of a token that was understood before, and of one that belongs to a skill."""


class Named(Protocol):
    """A mention of a skill: text[start:end]."""

    @property
    def skill_id(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


@dataclass(slots=True)
class Element:
    """Tokens from `first` to `last`, both included; `scope` is set for what is asked."""

    kind: str
    value: Any
    first: int
    last: int
    text: str = ""
    scope: str = "must"
    used: bool = False
    cues: tuple["Element", ...] = ()
    """What gave it its scope."""
    is_adjective: bool = False
    """Of a country: that a people was named, and no place."""


def elements_of(sentence: Sentence, lexicon: Lexicon, mentions: Sequence[Named]) -> list[Element]:
    """The elements in order; every token belongs to one."""
    tokens = sentence.tokens
    skills = _by_token(tokens, mentions)
    for at, token in enumerate(tokens):
        if token.kind == "word" and at not in skills:
            token.text = lexicon.mended(token.text)
    return list(_elements(tokens, lexicon, skills))


def _elements(
    tokens: Sequence[Token], lexicon: Lexicon, skills: Mapping[int, tuple[str, int, int]]
) -> Iterator[Element]:
    at = 0
    while at < len(tokens):
        element = _element(tokens, lexicon, skills, at)
        yield element
        at = element.last + 1


def _element(tokens: Sequence[Token], lexicon: Lexicon, skills: Mapping[int, tuple[str, int, int]], at: int) -> Element:
    token, skill = tokens[at], skills.get(at)
    if token.kind == TAKEN:
        return Element("comma", None, at, at, used=True)
    if not skill and (token.kind == "number" or token.text in NUMBER_WORDS or _begins_a_sum(tokens, at, skills)):
        total = read_sum(tokens, at)
        if total is not None:
            return Element("sum", total, at, total.last, token.text)
    if skill and (money := _in_its_money(tokens, skill)):
        return Element("other", None, at, money, token.text)
    last = skill[2] if skill else at - 1
    if (found := lexicon.match(tokens, at)) and not _cuts(skills, at, end := at + found[1] - 1):
        sense = found[0]
        if end > last or (end == last and sense.kind in _WORDED):
            return Element(sense.kind, sense.value, at, end, token.text if end == at else _joined(tokens, at, end))
    if skill:
        return Element("skill", skill[0], at, last, token.text)
    if token.kind == "word" and len(token.raw) == 2 and token.raw.isupper() and country_code(token.raw):
        return Element("code", country_code(token.raw), at, at, token.text)
    return Element("other", None, at, at, token.text)


def _by_token(tokens: Sequence[Token], mentions: Sequence[Named]) -> dict[int, tuple[str, int, int]]:
    """For each token of a skill (id, first, last)."""
    found: dict[int, tuple[str, int, int]] = {}
    at = 0
    for mention in mentions:
        while at < len(tokens) and tokens[at].end <= mention.start:
            at += 1
        first = at
        while at < len(tokens) and tokens[at].start < mention.end:
            at += 1
        found |= {place: (mention.skill_id, first, at - 1) for place in range(first, at)}
    return found


def _cuts(skills: Mapping[int, tuple[str, int, int]], first: int, last: int) -> bool:
    """Whether a phrase takes a part of a skill's name and leaves the rest."""
    return any(
        skills[place][1] < first or skills[place][2] > last for place in range(first, last + 1) if place in skills
    )


def _begins_a_sum(tokens: Sequence[Token], at: int, skills: Mapping[int, tuple[str, int, int]]) -> bool:
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if following is None or at in skills or not (following.kind == "number" or following.text in ("$", ".")):
        return False
    return spoken_currency(tokens[at].text) is not None or (following.text == "$" and following.is_glued)


def _in_its_money(tokens: Sequence[Token], skill: tuple[str, int, int]) -> int | None:
    """The last token of 'PHP 500/hr', which may be of pesos as well as of the language."""
    token = tokens[skill[1]]
    if skill[1] != skill[2] or not token.raw.isupper() or spoken_currency(token.text) is None:
        return None
    total = read_sum(tokens, skill[1])
    return total.last if total and total.per == "hour" and total.last > skill[1] else None


def _joined(tokens: Sequence[Token], first: int, last: int) -> str:
    return " ".join(token.text for token in tokens[first : last + 1])
