"""What the cues of a sentence bear on: `must`, `nice`, `not`, or `unneeded` for each element that is asked.

A cue before ("not", "ideally") bears on what follows up to a border: a comma, unless a list of one kind goes on to its
"or" or "and"; a stop; the next thing that no "or" joins. A cue behind ("is a plus", "required") bears on what its
clause named so far. Knows elements by kind; no value.
"""

from collections.abc import Sequence

from components.language.understanding.elements import ASKED, Element

_BEHIND = ("ok", "fine", "also ", "is ", "are ", "as ", "would help", "helps", "appreciated", "if possible",
           "beneficial", "big plus", "huge plus")  # fmt: skip
_AHEAD = ("ideally", "preferably", "bonus for", "bonus if", "bonus points", "extra points", "points for", "nice if",
          "plus if", "a plus if", "would love", "would like", "would prefer", "preference for", "plus points",
          "optionally", "maybe also", "possibly", "no need", "don't", "dont", "do not", "doesn't need",
          "not necessarily")  # fmt: skip
_AHEAD_ALONE = frozenset(("prefer", "we prefer", "maybe"))
_NEED = frozenset(
    ("required", "is required", "are required", "needed", "is needed", "are needed", "necessary", "essential")
)
_STRONG = frozenset(("no", "without", "w/o", "zero"))
"""Negations that a word may stand behind before what they bear on: 'no shady crypto'."""
_TRANSPARENT = frozenset(("filler", "limit", "about", "only", "rate word"))


def set_scopes(elements: Sequence[Element]) -> None:
    """Set the scope of each element that is asked, and mark the cues that had an effect as used."""
    _Scopes(elements).run()


class _Scopes:
    def __init__(self, elements: Sequence[Element]) -> None:
        self._elements = elements
        self._end()
        self._clause: list[Element] = []
        self._before: Element | None = None

    def run(self) -> None:
        steps = {
            "not": lambda at, cue: self._begin("not", cue, patience=int(cue.text in _STRONG)),
            "nice": self._cue,
            "unneeded": self._cue,
            "must": self._need,
            "stop": self._stop,
            "sum": self._stop,
            "comma": self._comma,
            "join": self._join,
            "negative join": self._join,
            "break": self._break,
            **dict.fromkeys(_TRANSPARENT, _pass),
        }
        for at, element in enumerate(self._elements):
            if element.kind in ASKED:
                self._ask(element)
            else:
                steps.get(element.kind, self._other)(at, element)

    def _stop(self, at: int, element: Element) -> None:
        self._end()
        self._clause, self._before = [], None

    def _break(self, at: int, element: Element) -> None:
        if not self._pending:
            self._end()

    def _begin(self, scope: str, cue: Element | None, patience: int = 0) -> None:
        self._scope, self._cue_element, self._patience = scope, cue, patience
        self._pending, self._is_list, self._joined = True, False, True
        self._last: Element | None = None
        if cue is not None:
            self._clause = []

    def _end(self) -> None:
        self._begin("must", None)
        self._pending = False

    def _ask(self, element: Element) -> None:
        if self._last is not None and not self._joined and not self._goes_on(element):
            self._end()
        element.scope = self._scope
        if self._cue_element is not None:
            self._cue_element.used = True
        self._clause.append(element)
        self._last, self._pending, self._joined = element, False, False

    def _goes_on(self, element: Element) -> bool:
        return self._is_list or (self._scope != "not" and self._last is not None and element.kind == self._last.kind)

    def _cue(self, at: int, cue: Element) -> None:
        """A cue that may stand before or behind what it bears on."""
        if self._is_ahead(at, cue):
            self._begin("nice" if cue.kind == "nice" else "unneeded", cue, patience=1)
            return
        for element in self._clause or ([self._before] if self._before else []):
            if element.scope == "must" or cue.kind == "unneeded":
                element.scope, cue.used = cue.kind, True
        self._end()

    def _is_ahead(self, at: int, cue: Element) -> bool:
        if cue.text.startswith(_AHEAD) or cue.text in _AHEAD_ALONE:
            return True
        if cue.text.startswith(_BEHIND):
            return False
        following = self._elements[at + 1] if at + 1 < len(self._elements) else None
        if following is None or following.kind in ("stop", "join"):
            return False
        if following.text == ":":
            return True
        return not self._clause and following.kind in (*ASKED, "filler", "break", "other")

    def _need(self, at: int, cue: Element) -> None:
        if self._scope == "not" and self._clause and cue.text in _NEED:
            for element in self._clause:
                element.scope = "unneeded"
        cue.used = bool(self._clause)
        if not self._clause and at + 1 < len(self._elements):
            cue.used = self._elements[at + 1].kind in (*ASKED, "comma", "filler")
        self._end()

    def _comma(self, at: int, element: Element) -> None:
        if element.text in (":", "-") and self._pending:
            self._is_list, self._joined = element.text == ":", True
            return
        if self._is_list or (self._last is not None and self._lists_on(at, self._last)):
            self._joined = True
        else:
            self._end()
        if self._clause:
            self._before = self._clause[-1]
        if not self._joined or self._scope == "must":
            self._clause = []

    def _lists_on(self, at: int, last: Element) -> bool:
        """Whether a list of the same kind goes on behind a comma, up to its 'or' or 'and'."""
        expects = True
        for element in self._elements[at + 1 :]:
            if element.kind in ("filler", "only"):
                continue
            if expects and element.kind != last.kind:
                return element.kind in ("join", "negative join")
            if not expects and element.kind != "comma":
                return element.kind in ("join", "negative join")
            expects = not expects
        return False

    def _join(self, at: int, element: Element) -> None:
        following = next((other for other in self._elements[at + 1 :] if other.kind != "filler"), None)
        is_and = element.text in ("and", "&", "+", "plus", "und")
        if self._scope == "not" and is_and and self._last is not None and following is not None:
            self._joined = following.kind == self._last.kind
        else:
            self._joined = True

    def _other(self, at: int, element: Element) -> None:
        if self._pending:
            self._patience -= 1
            if self._patience < 0:
                self._end()


def _pass(at: int, element: Element) -> None:
    """Words that change no scope."""
