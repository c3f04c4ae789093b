"""Places and languages that somebody names of themselves: 'I'm based in Poland', 'our company is in India'.

They say nothing of whom or what is looked for. What somebody says of themselves goes on to the verb that says what they
look for, or to the end of the sentence.
"""

from collections.abc import Sequence

from components.language.understanding.elements import Element
from components.language.understanding.tokens import Token
from components.language.understanding.words.who import CLIENTS, PEOPLE
from metier.contract import Surface
from metier.surfaces import surface_spec

_I = frozenset(("i", "we", "i'm", "im", "we're"))
_BEING = frozenset(
    ("am", "are", "live", "reside", "come", "stay", "speak", "operate", "study", "was", "based", "located", "from")
)
_BEHIND_I = frozenset(
    ("currently", "originally", "also", "both", "myself", "all", "a", "an", "the", "don't", "dont", "do", "not", "no")
)
_MINE = frozenset(("my", "our"))
_OWNED = frozenset(
    ("company", "business", "shop", "store", "startup", "start", "office", "team", "agency", "firm", "studio", "home",
     "country", "location", "address", "hq", "headquarters", "client", "clients", "customers", "customer", "employer",
     "family", "brand", "warehouse", "restaurant", "hotel", "factory", "clinic", "practice", "school", "organization",
     "organisation", "ngo", "website", "site", "language", "mother", "native", "base")
)  # fmt: skip
_LOOKING = frozenset(
    ("look", "looking", "seek", "seeking", "search", "searching", "want", "wanting", "need", "needing", "hire",
     "hiring", "find", "finding", "require", "prefer", "after", "interested", "open", "would", "wish", "should",
     "must", "can", "work", "working", "recruiting", "needs", "seeks", "wants", "hires", "requires", "prefers",
     "searches", "wanted", "needed", "show", "pay", "paying")
)  # fmt: skip
_ENDS = frozenset((".", ";", "!", "?", "\n"))
_NAMES = frozenset(("place", "code", "people"))


def leave_own(elements: Sequence[Element], tokens: Sequence[Token], surface: Surface) -> None:
    """Make `other` of the places, codes and peoples that somebody names of themselves."""
    own = _own(tokens)
    if surface_spec(surface).shows_jobs:
        own |= _before_looking(tokens)
    for element in elements:
        if element.kind in _NAMES and element.first in own:
            element.kind = "other"


def _own(tokens: Sequence[Token]) -> set[int]:
    found: set[int] = set()
    for at, token in enumerate(tokens):
        if (token.text in _I and _says_being(tokens, at)) or (token.text in _MINE and _is_owned(tokens, at)):
            found.update(range(at, _end(tokens, at + 1)))
    return found


def _says_being(tokens: Sequence[Token], at: int) -> bool:
    """Whether 'I' goes on with what one is: 'I am a', 'we live', and not 'I am looking'."""
    following = [token.text for token in tokens[at + 1 : at + 5]]
    while following and following[0] in _BEHIND_I:
        following.pop(0)
    contracted = "'" in tokens[at].text or tokens[at].text == "im"
    if not contracted and (not following or following.pop(0) not in _BEING):
        return False
    return bool(following) and not {*following[:2]} & _LOOKING


def _is_owned(tokens: Sequence[Token], at: int) -> bool:
    return any(token.text in _OWNED for token in tokens[at + 1 : at + 3])


def _end(tokens: Sequence[Token], at: int) -> int:
    while at < len(tokens) and tokens[at].text not in _ENDS and tokens[at].text not in _LOOKING:
        at += 1
    return at


def _before_looking(tokens: Sequence[Token]) -> set[int]:
    """On a feed also 'senior developer from Poland, looking for', where clients are not who looks."""
    start = 0
    for at, token in enumerate(tokens):
        if token.text in _ENDS:
            start = at + 1
        elif token.text in ("looking", "seeking", "searching", "available"):
            words = {other.text for other in tokens[start:at]}
            return set(range(start, at)) if words & PEOPLE and not words & CLIENTS else set()
    return set()
