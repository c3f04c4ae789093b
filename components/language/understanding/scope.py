"""What the cues of a sentence bear on, for each element that is asked.

`must`, `nice`, `not`, `unneeded` ("doesn't have to"), `spared` of what is not wanted otherwise ("nobody from Asia
except Japan"), or `unsure`: under a negation whose object is another, unknown word, so that neither is certain.

A cue before ("not", "ideally") bears on what follows up to a border: a comma, unless a list of one kind goes on to its
"or" or "and"; a stop; the next thing that no "or" joins. A cue behind ("is a plus", "required", "excluded") bears on
what its clause named so far. Two negations are none: "nobody outside the EU". Knows elements by kind; no value.
"""

from collections.abc import Sequence

from components.language.understanding.elements import ASKED, LIMITS, Element
from components.language.understanding.words.who import PEOPLE, POSTS

_BEHIND = ("ok", "fine", "also ", "is ", "are ", "as ", "would help", "helps", "appreciated", "if possible",
           "beneficial", "big plus", "huge plus")  # fmt: skip
_AHEAD = ("ideally", "preferably", "bonus for", "bonus if", "bonus points", "extra points", "points for", "nice if",
          "plus if", "a plus if", "would love", "would like", "would prefer", "preference for", "plus points",
          "optionally", "maybe also", "possibly")  # fmt: skip
_AHEAD_ALONE = frozenset(("prefer", "we prefer", "maybe"))
_NEED = frozenset(
    ("required", "is required", "are required", "needed", "is needed", "are needed", "necessary", "essential")
)
_PATIENCE = {"no": 1, "without": 1, "w/o": 1, "zero": 1}
"""Unknown words that may stand between a negation and what it bears on: 'no shady crypto'."""
_TRANSPARENT = frozenset(("filler", "limit", "about", "only", "rate word"))
_BORDERS = frozenset(("comma", "stop", "join", "negative join", "sum"))
_LISTED = frozenset(("country", "language"))
"""Kinds of which a list goes on behind a comma without an 'or'."""


def set_scopes(elements: Sequence[Element]) -> None:
    """Set the scope of each element that is asked, and the cues that gave it."""
    _Scopes(elements).run()


class _Scopes:
    def __init__(self, elements: Sequence[Element]) -> None:
        self._elements = elements
        self._end()
        self._clause: list[Element] = []
        self._before: Element | None = None

    def run(self) -> None:
        steps = {
            "not": self._deny,
            "nice": self._cue,
            "unneeded": self._cue,
            "refused": self._refuse,
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
                self._ask(at, element)
            else:
                steps.get(element.kind, self._other)(at, element)

    def _stop(self, at: int, element: Element) -> None:
        self._end()
        self._clause, self._before = [], None

    def _break(self, at: int, element: Element) -> None:
        if not self._pending:
            self._end()

    def _begin(self, scope: str, cues: tuple[Element, ...], patience: int = 0) -> None:
        self._scope, self._cues, self._patience = scope, cues, patience
        self._pending, self._is_list, self._joined = True, False, True
        self._last: Element | None = None
        if cues:
            self._clause = []

    def _end(self) -> None:
        self._begin("must", ())
        self._pending = False

    def _deny(self, at: int, cue: Element) -> None:
        if self._is_answer(at):
            self._refuse(at, cue)
        elif cue.value and self._scope == "not" and self._pending:  # 'nobody outside'
            self._begin("must", (*self._cues, cue))
        elif cue.value == "except" and self._spares(at):
            self._begin("spared", (cue,))
        else:
            self._begin("not", (cue,), _PATIENCE.get(cue.text, 0))

    def _ask(self, at: int, element: Element) -> None:
        if self._scope == "not" and element.kind in ("agency", "team") and self._leads_to_a_place(at):
            if self._elements[at - 1].text != "by":  # 'no agencies from India': neither all of them, nor all of India
                self._begin("unsure", (), patience=99)
            element.scope = "unsure"
            return
        is_joined = self._joined and not (self._is_list and element.kind in LIMITS)
        if self._last is not None and not is_joined and not self._goes_on(element):
            self._end()
        element.scope, element.cues = self._scope, self._cues
        if self._scope == "unsure" and element.kind not in (*LIMITS, "domain"):
            element.scope, element.cues = "must", ()
        self._clause.append(element)
        self._last, self._pending, self._joined = element, False, False

    def _leads_to_a_place(self, at: int) -> bool:
        following = self._elements[at + 1 : at + 4]
        behind = [element for element in following if not _leads(element)]
        return bool(behind) and behind[0] is not following[0] and behind[0].kind == "country"

    def _goes_on(self, element: Element) -> bool:
        if self._is_list or self._scope == "unsure":
            return self._last is None or element.kind == self._last.kind or element.kind not in LIMITS
        return self._scope != "not" and self._last is not None and element.kind == self._last.kind

    def _cue(self, at: int, cue: Element) -> None:
        """A cue that may stand before or behind what it bears on."""
        if cue.value == "open":
            self._begin("unsure", (cue,), patience=9)
            return
        if self._is_ahead(at, cue):
            self._begin("nice" if cue.kind == "nice" else "unneeded", (cue,), patience=3 if cue.value else 1)
            return
        clause = self._clause or ([self._before] if self._before else [])
        for element in clause:
            is_meant = element.kind not in LIMITS or element.kind == clause[-1].kind
            if is_meant and (element.scope == "must" or cue.kind == "unneeded"):
                element.scope, element.cues = cue.kind, (cue,)
        self._end()

    def _is_ahead(self, at: int, cue: Element) -> bool:
        if cue.value == "ahead" or cue.text.startswith(_AHEAD) or cue.text in _AHEAD_ALONE:
            return True
        if cue.text.startswith(_BEHIND):
            return False
        following = self._elements[at + 1] if at + 1 < len(self._elements) else None
        if following is None or following.kind in ("stop", "join"):
            return False
        if following.text == ":":
            return True
        return not self._clause and following.kind in (*ASKED, "filler", "break", "other")

    def _spares(self, at: int) -> bool:
        """Whether it takes a place out of places that are not wanted."""
        following = next((other for other in self._elements[at + 1 :] if not _leads(other)), None)
        is_denied = self._scope == "not" and self._last is not None and self._last.kind == "country"
        return is_denied and following is not None and following.kind == "country"

    def _is_answer(self, at: int) -> bool:
        """Whether a 'no' answers what stands before it: 'India: no'."""
        before, behind = self._elements[max(0, at - 2) : at], self._elements[at + 1 : at + 2]
        return (
            self._elements[at].text in ("no", "not", "never", "none")
            and len(before) == 2
            and before[0].kind in ASKED
            and before[1].text in (":", "-", "?", "=", "->", "=>")
            and (not behind or behind[0].kind in ("comma", "stop"))
        )

    def _refuse(self, at: int, cue: Element) -> None:
        """'Excluded', behind what it bears on; before it where a colon follows."""
        if at + 1 < len(self._elements) and self._elements[at + 1].text == ":":
            self._begin("not", (cue,))
            return
        refused, is_joined = self._list_before(at)
        if not refused:  # 'do not apply if you are from'
            self._begin("not" if cue.text.endswith(("apply", "bother")) else "unsure", (cue,), patience=2)
            return
        for element in refused:
            is_certain = is_joined or element is refused[0]
            if is_certain or element.kind in LIMITS:
                element.scope, element.cues = ("not", (cue,)) if is_certain else ("unsure", ())
        self._end()

    def _list_before(self, at: int) -> tuple[list[Element], bool]:
        """What stands directly before a cue, the nearest first, and whether an 'or' or 'and' makes it one list."""
        found: list[Element] = []
        is_joined = False
        for element in reversed(self._elements[:at]):
            if element.kind in ASKED:
                if found and (element.kind != found[0].kind or element.scope != "must"):
                    break
                found.append(element)
            elif element.kind in ("join", "negative join"):
                is_joined = is_joined or bool(found)
            elif not (
                _leads(element)
                or element.kind == "only"
                or (element.kind == "comma" and (found or element.text in (":", "-")))
                or (not found and (element.text in PEOPLE or element.text == "?"))
            ):
                break
        return found, is_joined

    def _need(self, at: int, cue: Element) -> None:
        if self._scope == "not" and self._pending:  # 'nobody has to be'
            self._begin("unneeded", (*self._cues, cue), patience=3)
            return
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
        elif self._scope in ("not", "unsure") and self._last is not None and self._is_another_domain(at):
            self._begin("unsure", ())  # 'no crypto, gambling': another that is not wanted, or one that is
        else:
            self._end()
        if self._clause:
            self._before = self._clause[-1]
        if not self._joined or self._scope == "must":
            self._clause = []

    def _is_another_domain(self, at: int) -> bool:
        following = next((other for other in self._elements[at + 1 :] if other.kind != "filler"), None)
        return self._last is not None and following is not None and self._last.kind == following.kind == "domain"

    def _lists_on(self, at: int, last: Element) -> bool:
        """Whether a list of the same kind goes on behind a comma: up to its 'or' or 'and', of places to its end."""
        expects, goes_on = True, False
        is_negative = self._scope in ("not", "unneeded", "unsure") and last.kind in _LISTED
        for element in self._elements[at + 1 :]:
            if is_negative and element.kind == "only":
                return goes_on
            if _leads(element) or element.kind == "only":
                continue
            if expects and element.kind != last.kind:
                return (is_negative and goes_on) or element.kind in ("join", "negative join")
            if not expects and element.kind != "comma":
                return is_negative or element.kind in ("join", "negative join")
            expects, goes_on = not expects, True
        return is_negative and goes_on

    def _join(self, at: int, element: Element) -> None:
        if element.text == "nor" and self._scope != "not":
            self._deny(at, element)
            return
        following = next((other for other in self._elements[at + 1 :] if other.kind != "filler"), None)
        if element.text == "/" and self._clause and following is not None and following.kind != self._clause[-1].kind:
            self._comma(at, element)  # it parts clauses
            return
        is_and = element.text in ("and", "&", "+", "plus", "und")
        if self._scope == "not" and is_and and self._last is not None and following is not None:
            self._joined = following.kind == self._last.kind
        else:
            self._joined = True

    def _other(self, at: int, element: Element) -> None:
        if not self._pending or element.text in PEOPLE or element.text in POSTS:
            return
        self._patience -= 1
        if self._patience < 0 and self._scope in ("not", "unneeded"):
            self._begin("unsure", self._cues, patience=99)
        elif self._patience < 0:
            self._end()


def _leads(element: Element) -> bool:
    """Whether it only leads to a name: 'in', 'from'."""
    return element.kind == "filler" or element.text == "from"


def _pass(at: int, element: Element) -> None:
    """Words that change no scope."""
