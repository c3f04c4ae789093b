"""Which words of places and peoples say where somebody is, which say what they speak, and which say neither.

'German speaking' is a language and 'German developers' a country; 'British accent', 'US timezone' and 'the German
market' are neither, and in 'English to French translation' both are part of the work.
"""

from collections.abc import Sequence

from components.language.understanding import vocabulary
from components.language.understanding.elements import Element
from components.language.understanding.tokens import Token

_CUES = frozenset(("in", "from", "based", "outside", "of", "only", "within", "located", "living", "near", "non"))
_US_BEFORE = frozenset(
    ("in", "the", "outside", "non", "not", "only", "or", "and", "/", ",", "based", "to", "except", "but")
)
_US_AFTER = frozenset(
    ("based", "only", "or", "and", "/", "residents", "citizens", "preferred", "timezone", "time", ",")
)
_POLISHED = frozenset(("my", "up", "our", "the", "a", "this"))
_BORDERS = frozenset(("for", "with", "who", "in", "speaking", "speaker"))
_PEOPLES = ("people", "language", "other")
_AHEAD = 4
"""Words within which one bears on another."""
_IDLE = frozenset(("in", "at", "a", "very", "both", "is", "are", "level", "with", "who", "must", "the", "as", "also"))


def settle_people(elements: Sequence[Element], tokens: Sequence[Token]) -> None:
    """Make every `place`, `code` and `people` a `country`, whose value is codes, a `language` or `other`."""
    _People(elements, tokens).settle()


class _People:
    def __init__(self, elements: Sequence[Element], tokens: Sequence[Token]) -> None:
        self._elements, self._tokens = elements, tokens
        self._listed: Element | None = None
        """The language that the list at hand names, where a cue says that it is spoken."""

    def settle(self) -> None:
        for at, element in enumerate(self._elements):
            if element.kind in ("place", "code"):
                self._settle_place(at, element)
            elif element.kind == "people":
                self._settle_people(at, element)
            elif element.kind not in ("comma", "join", "negative join", "filler"):
                self._listed = None

    def _settle_place(self, at: int, element: Element) -> None:
        token = self._tokens[element.first]
        before, after = self._around(element)
        cued = before in _CUES or self._is_beside_a_place(at)
        if element.kind == "code":
            accepted = cued or token.raw in vocabulary.SAFE_CODES
            element.value = (element.value,)
        elif element.text == "us" and token.raw.islower():
            accepted = cued or before in _US_BEFORE or after in _US_AFTER or not (before or after)
        else:
            accepted = cued or element.text not in vocabulary.CUED
        element.kind = "country" if accepted and after not in vocabulary.NOT_WHERE else "other"

    def _settle_people(self, at: int, element: Element) -> None:
        country, language = element.value
        element.kind = self._kind(at, element, country, language)
        element.value = {"country": (country,), "language": language}.get(element.kind)

    def _kind(self, at: int, element: Element, country: str | None, language: str | None) -> str:
        before, after = self._around(element)
        if after in ("accent", "accents") or (element.text == "polish" and after in _POLISHED):
            return "other"
        if language and (after in vocabulary.SPEAKING or _is_spoken(before, country) or self._listed):
            self._listed = element
            return "language"
        if self._is_translated(at, element) or after in vocabulary.NOT_WHERE:
            return "other"
        if country and language != "English" and self._leads_to_people(element.last + 1):
            return "country"
        if language:
            return "language"
        return "country" if country and before in ("", ",") and after in ("", ",") else "other"

    def _is_translated(self, at: int, element: Element) -> bool:
        """Whether work leads from it or to it: 'from English to French', 'German translator'."""
        near = self._tokens[max(0, element.first - _AHEAD) : element.last + 1 + _AHEAD]
        if any(token.text.startswith(("translat", "localiz", "localis")) for token in near):
            return True
        pairs = (self._elements[at + 1 : at + 3], self._elements[max(0, at - 2) : at][::-1])
        return any(
            len(pair) == 2 and pair[0].text in ("to", "into", ">", "->", "=>") and pair[1].kind in _PEOPLES
            for pair in pairs
        )

    def _leads_to_people(self, at: int) -> bool:
        """Whether 'developers' or their like follow, behind other peoples and words that begin nothing else."""
        for place, token in enumerate(self._tokens[at : at + _AHEAD], at):
            if token.text in vocabulary.PEOPLE:
                return True
            if token.text in ("or", "and", "/"):
                joined = next((element for element in self._elements if element.first == place + 1), None)
                if joined is None or joined.kind != "people":
                    return False
            elif token.kind == "mark" or token.text in _BORDERS:
                return False
        return False

    def _is_beside_a_place(self, at: int) -> bool:
        """Whether 'or', 'and', a slash or a comma joins it to a country."""
        for joint, other in ((at - 1, at - 2), (at + 1, at + 2)):
            if 0 <= other < len(self._elements) and self._elements[other].kind in ("country", "place"):
                return self._elements[joint].kind in ("join", "negative join", "comma")
        return False

    def _around(self, element: Element) -> tuple[str, str]:
        """The words before and behind it, empty at the ends."""
        before = self._tokens[element.first - 1].text if element.first else ""
        return before, self._tokens[element.last + 1].text if element.last + 1 < len(self._tokens) else ""


def _is_spoken(before: str, country: str | None) -> bool:
    return before in vocabulary.SPEAKS and not (before in ("in", "good", "great", "advanced") and country == "PH")


def spoken_around(tokens: Sequence[Token], element: Element) -> tuple[int, int]:
    """The first and last token of what says that a language is spoken: 'fluent in German', 'native German speaker'."""
    first, last = element.first, element.last
    at = first - 1
    while at >= 0 and (tokens[at].text in vocabulary.SPEAKS or tokens[at].text in _IDLE) and tokens[at].kind == "word":
        if tokens[at].text in vocabulary.SPEAKS:
            first = at
        at -= 1
    while last + 1 < len(tokens) and tokens[last + 1].text in vocabulary.SPEAKING:
        last += 1
    return first, last
