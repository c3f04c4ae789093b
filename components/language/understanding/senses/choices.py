"""Limits that the rest of a sentence takes back, and that stay in its text.

'Full-time or part-time', 'India or anywhere', 'under $40, no wait, under $60', 'a Spanish assistant in Colombia'.
"""

from collections.abc import Iterator, Sequence

from components.language.understanding.elements import Element

_JOINS = frozenset(("join", "negative join"))
_PASSED = frozenset(("filler", "only", "comma", "nice"))
_BEFORE_A_PLACE = frozenset(("filler", "only", "other", "limit"))
_AVAILABLE = frozenset(("available", "who is available", "who are available", "must be available"))
_CORRECTED = {
    **{kind: kind for kind in ("sum", "people", "level", "hours", "available", "kind of budget", "skill")},
    **dict.fromkeys(("place", "code"), "place"),
}
_LEADS = frozenset(("comma", "stop", "filler", "limit", "about", "only", "correction", "rate word", "budget word"))


def correct(elements: Sequence[Element]) -> None:
    """Make `other` of what is said again, otherwise, behind 'no wait' or its like; of the words of a sum too."""
    for at, element in enumerate(elements):
        if element.kind != "correction":
            continue
        before = _beside(elements, at, -1)
        behind = _beside(elements, at, 1)
        if before is None or behind is None or _kind(elements[before]) != _kind(elements[behind]):
            continue
        for taken_back in elements[before:at]:
            taken_back.kind = "other"
        while before and elements[before - 1].kind in ("limit", "about"):
            before -= 1
            elements[before].kind = "other"
        element.kind = "stop"


def _beside(elements: Sequence[Element], at: int, step: int) -> int | None:
    """The nearest element that may be corrected, or correct another."""
    at += step
    while 0 <= at < len(elements) and (elements[at].kind in _LEADS or elements[at].text.startswith("..")):
        at += step
    return at if 0 <= at < len(elements) and _kind(elements[at]) else None


def _kind(element: Element) -> str | None:
    return _CORRECTED.get(element.kind)


def leave_open(elements: Sequence[Element]) -> None:
    """Set the scope of limits that say nothing beside others to `unsure`."""
    for kind in ("hours", "kind of budget"):
        asked = [element for element in elements if element.kind == kind and element.scope == "must"]
        if len({element.value for element in asked}) > 1:
            _leave(asked)
    _leave(element for at, element in enumerate(elements) if element.scope == "must" and _is_open(elements, at))
    _leave_peoples(elements)


def _leave(elements: Iterator[Element] | Sequence[Element]) -> None:
    for element in [*elements]:
        element.scope, element.cues = "unsure", ()


def _is_open(elements: Sequence[Element], at: int) -> bool:
    """Whether an 'or' joins it to what takes everybody in."""
    element = elements[at]
    if element.kind in ("country", "language"):
        return any(other.kind == "open" for other in _alternatives(elements, at))
    if element.kind == "kind of budget":
        return any(other.text == "fixed" for other in _alternatives(elements, at))
    if element.kind == "hours":
        return any(other.text in ("full", "part") for other in _alternatives(elements, at))
    if element.kind == "available":
        is_later = element.text in _AVAILABLE and _says_when(elements, at)
        return is_later or any(other.kind == "later" for other in _alternatives(elements, at))
    if element.kind in ("agency", "individual"):
        return any(
            other.kind == {"agency": "individual", "individual": "agency"}[element.kind]
            or (other.text.startswith(("freelance", "individual", "person", "independent")))
            for other in _alternatives(elements, at)
        )
    return False


def _says_when(elements: Sequence[Element], at: int) -> bool:
    """Whether 'available' goes on to say when, or what for: 'in January', 'weekends'."""
    following = elements[at + 1] if at + 1 < len(elements) else None
    return following is not None and (
        following.kind in ("later", "break", "hours", "limit", "about", "other", "open")
        or following.text in ("in", "on")
    )


def _alternatives(elements: Sequence[Element], at: int) -> Iterator[Element]:
    """What an 'or' joins an element to, over others of its kind."""
    for step in (-1, 1):
        place, is_joined = at + step, False
        while 0 <= place < len(elements):
            other = elements[place]
            is_joined = is_joined or other.kind in _JOINS or other.text.startswith("or ")
            if other.kind in _JOINS:
                pass
            elif other.kind == elements[at].kind:
                yield other
                is_joined = False
            elif other.kind not in _PASSED and other.text != "from":
                if is_joined:
                    yield other
                break
            elif is_joined and other.text in ("people", "folks", "person"):
                yield other
            place += step


def _leave_peoples(elements: Sequence[Element]) -> None:
    """A people beside a place elsewhere is no place: 'a Spanish assistant in Colombia'."""
    asked = [at for at, element in enumerate(elements) if element.kind == "country" and element.scope == "must"]
    places = {code for at in asked if not elements[at].is_adjective for code in elements[at].value}
    for at in asked:
        elsewhere = places and elements[at].is_adjective and not places.issuperset(elements[at].value)
        if elsewhere and not any(_is_joined(elements, other) for other in asked if not elements[other].is_adjective):
            _leave([elements[at]])


def _is_joined(elements: Sequence[Element], at: int) -> bool:
    """Whether an 'or' leads to a place from something that is none: 'Ukrainian or from Poland'."""
    before = [element for element in elements[max(0, at - 4) : at] if element.kind not in _BEFORE_A_PLACE]
    return bool(before) and before[-1].kind in _JOINS and not (len(before) > 1 and _is_place(before[-2]))


def _is_place(element: Element) -> bool:
    return element.kind == "country" and not element.is_adjective
