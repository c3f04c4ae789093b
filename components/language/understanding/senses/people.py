"""Which words of places and peoples say where somebody is, which say what they speak, and which say neither.

'German speaking' is a language and 'German developers' a country; 'British accent', 'US timezone' and 'the German
market' are neither, and in 'English to French translation' both are part of the work. A name that describes another
thing ('turkey recipes', 'Italian restaurant menu') or a place inside another ('CA, USA') is no limit.
"""

from collections.abc import Container, Sequence

from components.language.names.countries import demonyms
from components.language.names.provinces import province_codes, province_names
from components.language.understanding.elements import Element
from components.language.understanding.senses.described import Described, described
from components.language.understanding.tokens import Token
from components.language.understanding.words import who
from metier.contract import Surface
from metier.surfaces import surface_spec

_CUES = frozenset(
    ("in", "from", "based", "outside", "only", "within", "located", "living", "near", "non", "across", "throughout",
     "anywhere", "inside", "excluding", "except", "not", "no")
)  # fmt: skip
_US_BEFORE = frozenset(
    ("in", "the", "outside", "non", "not", "only", "or", "and", "/", ",", "based", "to", "except", "but")
)
_US_AFTER = frozenset(
    ("based", "only", "or", "and", "/", "residents", "citizens", "preferred", "timezone", "time", ",")
)
_POLISHED = frozenset(("my", "up", "our", "the", "a", "this", "and", "these", "your", "it", "an", "their"))
_BORDERS = frozenset(("for", "with", "who", "in", "speaking", "speaker"))
_PEOPLES = ("people", "language", "other")
_AHEAD = 4
"""Words within which one bears on another."""
_IDLE = frozenset(("in", "at", "a", "very", "both", "is", "are", "level", "with", "who", "must", "the", "as", "also"))
_COMPASS = frozenset(("se", "ne", "sw", "nw"))


def settle_people(elements: Sequence[Element], tokens: Sequence[Token], surface: Surface) -> None:
    """Make every `place`, `code` and `people` a `country`, whose value is codes, a `language` or `other`.

    On a feed it is where clients are, and elsewhere where people are who work.
    """
    _People(elements, tokens, "client" if surface_spec(surface).shows_jobs else "role").settle()


class _People:
    def __init__(self, elements: Sequence[Element], tokens: Sequence[Token], wanted: Described) -> None:
        self._elements, self._tokens = elements, tokens
        self._wanted = wanted
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
        if element.kind == "code":
            element.value = (element.value,)
        element.kind = "country" if self._is_where(at, element) else "other"

    def _is_where(self, at: int, element: Element) -> bool:
        token = self._tokens[element.first]
        before, after = self._around(element)
        if after in who.NOT_WHERE or self._is_in_another(at, element):
            return False
        listed = self._is_beside_a_place(at)
        cued = before in _CUES or listed
        if element.kind == "code":
            return self._is_code_of_country(at, token, cued)
        if element.text == "us" and token.raw.islower():
            return cued or before in _US_BEFORE or after in _US_AFTER or not (before or after)
        thing = described(self._elements, self._tokens, at)
        if thing == "noun" and (not cued or (token.raw.islower() and element.text in who.THINGS)):
            return False
        if (element.text in who.CUED and not cued) or (element.text in province_names("US") and not listed):
            return False
        return cued or self._is_whose(thing, at)

    def _is_code_of_country(self, at: int, token: Token, cued: bool) -> bool:
        if token.raw in province_codes("US"):  # 'in CA' may be either; in a list of codes it is a country
            return self._is_beside_a_place(at)
        thing = described(self._elements, self._tokens, at)
        return cued or (token.raw in who.SAFE_CODES and (thing == "thing" or self._is_whose(thing, at)))

    def _is_whose(self, thing: Described, at: int) -> bool:
        """Whether what a name describes is somebody whom the surface shows, or nothing that stands there."""
        if thing == "nothing":
            return self._may_follow(at, who.NOT_BEFORE)
        return self._is_wanted(thing) and self._may_follow(at, who.NOT_SPOKEN_BEFORE)

    def _is_wanted(self, thing: Described) -> bool:
        return thing == self._wanted or (thing == "writer" and self._wanted == "role")

    def _may_follow(self, at: int, others: Container[str]) -> bool:
        """Whether the word before a name leaves it to be where somebody is."""
        before = [element.text for element in self._elements[max(0, at - 3) : at] if element.text != "the"]
        if before[-1:] == ["of"]:
            return before[-2:-1] != [] and before[-2] in who.OF_WHERE
        return not before or before[-1] not in others

    def _is_in_another(self, at: int, element: Element) -> bool:
        """Whether it is a part of a longer place: 'CA, USA', 'Paris, Texas', 'SE London'."""
        following = [other for other in self._elements[at + 1 : at + 3] if other.text not in (",", "(")]
        if not following:
            return False
        is_parted = following[0] is not self._elements[at + 1]
        if following[0].kind == "province":
            return is_parted
        is_compass = element.kind == "code" and element.text in _COMPASS and not is_parted
        if following[0].kind not in ("place", "code", "country"):
            return is_compass and following[0].kind == "other" and following[0].text not in who.PEOPLE
        inside = following[0].value if isinstance(following[0].value, tuple) else (following[0].value,)
        raw = self._tokens[element.first].raw
        return is_compass or any(raw in province_codes(code) or element.text in province_names(code) for code in inside)

    def _settle_people(self, at: int, element: Element) -> None:
        country, language = element.value
        element.kind = self._kind(at, element, country, language)
        element.value = {"country": (country,), "language": language}.get(element.kind)
        element.is_adjective = element.kind == "country"

    def _kind(self, at: int, element: Element, country: str | None, language: str | None) -> str:
        before, after = self._around(element)
        if after in ("accent", "accents") or (element.text == "polish" and self._is_to_polish(element, before, after)):
            return "other"
        thing = described(self._elements, self._tokens, at)
        spoken = _is_spoken(before, country) and not (before in who.PRAISE and thing in ("noun", "thing"))
        if language and (after in who.SPEAKING or spoken or self._listed):
            self._listed = element
            return "language"
        if (
            self._is_translated(at, element)
            or after in who.NOT_WHERE
            or not self._may_follow(at, who.NOT_SPOKEN_BEFORE)
        ):
            return "other"
        if country and (self._is_plural(element) or (language != "English" and self._is_wanted(thing))):
            return "language" if language and thing == "writer" else "country"
        if language and (thing in ("words", "nothing", "writer") or language == "English"):
            return "language"
        return "country" if country and thing == "nothing" and before in ("", ",") and after in ("", ",") else "other"

    def _is_plural(self, element: Element) -> bool:
        """Whether the people themselves are named: 'no Germans'."""
        raw = self._tokens[element.first].raw.lower()
        return raw.endswith("s") and (raw[:-1] in demonyms() or (raw in demonyms() and not raw.endswith("ss")))

    def _is_to_polish(self, element: Element, before: str, after: str) -> bool:
        """Whether it is the verb: at the beginning of a clause, or of something."""
        begins = before in ("", ".", ";", "to", "please", "and", "then")
        return after in _POLISHED - {"and"} or (begins and after in ("and", "")) or before in ("to", "please")

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

    def _is_beside_a_place(self, at: int) -> bool:
        """Whether 'or', 'and', a slash or a comma joins it to a country."""
        for joint, other in ((at - 1, at - 2), (at + 1, at + 2)):
            if 0 <= other < len(self._elements) and self._names_a_place(self._elements[other]):
                return self._elements[joint].kind in ("join", "negative join", "comma")
        return False

    def _names_a_place(self, element: Element) -> bool:
        is_code = element.kind == "code" and self._tokens[element.first].raw not in province_codes("US")
        return is_code or element.kind in ("country", "place")

    def _around(self, element: Element) -> tuple[str, str]:
        """The words before and behind it, empty at the ends."""
        before = self._tokens[element.first - 1].text if element.first else ""
        return before, self._tokens[element.last + 1].text if element.last + 1 < len(self._tokens) else ""


def _is_spoken(before: str, country: str | None) -> bool:
    return before in who.SPEAKS and not (before in ("in", "good", "great", "advanced") and country == "PH")


def spoken_around(tokens: Sequence[Token], element: Element) -> tuple[int, int]:
    """The first and last token of what says that a language is spoken: 'fluent in German', 'native German speaker'."""
    first, last = element.first, element.last
    at = first - 1
    while at >= 0 and (tokens[at].text in who.SPEAKS or tokens[at].text in _IDLE) and tokens[at].kind == "word":
        if tokens[at].text in who.SPEAKS:
            first = at
        at -= 1
    while last + 1 < len(tokens) and tokens[last + 1].text in who.SPEAKING:
        last += 1
    return first, last
