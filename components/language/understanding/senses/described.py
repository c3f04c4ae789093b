"""What a name of a place or people describes that stands before it: a role, work done in words, another thing."""

from collections.abc import Sequence
from typing import Literal

from components.language.understanding.elements import Element
from components.language.understanding.tokens import Token
from components.language.understanding.words import who

Described = Literal["role", "client", "writer", "words", "thing", "noun", "nothing"]
"""Somebody, a client of theirs, somebody whose work is a language, such work, another skill or an industry, or any
other word."""
_PASSED = frozenset(("level", "people", "place", "code", "country", "language", "hours", "kind of budget"))
_JOINS = frozenset(("or", "and", "/", "&", "and/or"))
_WORDS = frozenset(("other", "open", "province"))
_ROLES = frozenset(("other", "skill", "filler", "team", "domain", "code"))
_FURTHEST = 6


def described(elements: Sequence[Element], tokens: Sequence[Token], at: int) -> Described:
    """What the element at a place describes."""
    found: Described = "nothing"
    for place in range(at + 1, min(len(elements), at + 1 + _FURTHEST)):
        element = elements[place]
        last = tokens[element.last].text
        if last in who.PEOPLE and element.kind in _ROLES:
            return _whose(last, found)
        if element.kind in _PASSED or _joins(elements, place):
            continue
        step = _step(tokens, element, found)
        if step is None:
            return found
        if step == "noun":
            return step if found == "nothing" else found
        found = step
    return found


def _whose(role: str, found: Described) -> Described:
    if role in who.CLIENTS:
        return "client"
    return "writer" if found == "words" or (found == "nothing" and role in who.WORDY) else "role"


def _joins(elements: Sequence[Element], at: int) -> bool:
    """Whether it joins another name to the one before."""
    return elements[at].text in _JOINS and at + 1 < len(elements) and elements[at + 1].kind in _PASSED


def _step(tokens: Sequence[Token], element: Element, found: Described) -> Described | None:
    """What is described once an element is read too; None where it ends the clause."""
    if element.kind in ("skill", "domain"):
        if found != "nothing":
            return found
        is_wordy = any(token.text in who.WORDY for token in tokens[element.first : element.last + 1])
        return "words" if is_wordy else "thing"
    if element.kind not in _WORDS or tokens[element.first].kind != "word":
        return None
    last = tokens[element.last].text
    if last in who.WORDY and found in ("nothing", "words"):
        return "words"
    return found if last in who.NEUTRAL else "noun"
