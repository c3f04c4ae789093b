"""The deterministic understanding: a taxonomy, a lexicon, rules of scope. Pure: equal texts give equal plans."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from components.language.names.countries import country_name
from components.language.understanding.bounds import Bound, Bounds
from components.language.understanding.elements import TAKEN, Element, Named, elements_of
from components.language.understanding.exchange import Exchange, shipped_exchange
from components.language.understanding.plan import Money, Plan, Span
from components.language.understanding.recency import posted_within, tokens_within
from components.language.understanding.scope import set_scopes
from components.language.understanding.senses.choices import correct, leave_open
from components.language.understanding.senses.people import settle_people, spoken_around
from components.language.understanding.senses.whose import leave_own
from components.language.understanding.tokens import Sentence
from components.language.understanding.words.lexicon import lexicon
from components.language.understanding.words.who import NO_LEVEL, PEOPLE
from metier.contract import Surface
from metier.surfaces import surface_spec

LONGEST = 400
"""Characters of a text that are read as a search; what follows stays text."""
_PARTS = {"must": "must", "nice": "nice", "not": "not_"}
_AROUND = frozenset(("filler", "join", "negative join", "comma", "break", "stop", "about", "only", "must"))
"""Kinds of words that say nothing alone."""
_BEHIND_AGENCY = frozenset(
    ("please", "people", "freelancers", "contractors", "profiles", "accounts", "bids", "proposals", "applicants",
     "applications", "candidates", "workers", "staff", "in", "from", "of", "is", "are", "or", "based", "located",
     "that", "who", "at", "all", "thanks", "thank", "with", "be", "can", "would", "should", "we", "i", "based in",
     "located in", "who is", "who are", "not", "thank you", "also", "would be", "will", "apply", "reply", "hi",
     "hello")
)  # fmt: skip
"""Words behind 'agency' that it does not describe, or that mean its people."""
_SIGNS = frozenset("$€£¥₹₽₩₴₱₦₫₺₪฿%#<>+")
"""Marks that say something beside a word that is left."""
_SIDES = frozenset(("in", "from", "based in", "based", "located in", "living in", "only", "of", "the", "within"))


class Skills(Protocol):
    """What the grammar asks of a taxonomy."""

    @property
    def digest(self) -> str:
        """Equal for equal skills."""
        ...

    def mentions(self, text: str) -> Sequence[Named]:
        """The skills that a text names, in its order."""
        ...


class Grammar:
    """Plans of typed sentences."""

    def __init__(self, taxonomy: Skills, exchange: Exchange | None = None) -> None:
        self._taxonomy = taxonomy
        self._lexicon = lexicon()
        self._usd = (exchange or shipped_exchange()).usd

    def reads_as(self, other: Any) -> bool:
        """Whether the other is a grammar that has the same plan for every text."""
        return type(other) is Grammar and (self._taxonomy.digest, self._usd) == (other._taxonomy.digest, other._usd)

    def plan(self, text: str, surface: Surface) -> Plan:
        """What the text asks for; what a surface cannot be asked stays in `text`."""
        sentence = Sentence.of(text[:LONGEST])
        plan = _Reading(sentence, surface)
        plan.read_recency()
        elements = elements_of(sentence, self._lexicon, self._taxonomy.mentions(sentence.text))
        plan.read(elements, self._usd)
        return plan.finished(text)


class _Reading:
    """The plan of one sentence while it is read."""

    def __init__(self, sentence: Sentence, surface: Surface) -> None:
        self._sentence, self._surface = sentence, surface
        self._parts: dict[str, Any] = {}
        self._spans: list[Span] = []
        self._known = [False] * len(sentence.tokens)
        self._elements: list[Element] = []

    def read_recency(self) -> None:
        if not surface_spec(self._surface).shows_jobs:
            return
        found = posted_within(self._sentence.text.lower())
        if found is None:
            return
        within = tokens_within(self._sentence.tokens, found[1], found[2])
        if within:
            self._set("posted_within_days", found[0], within[0], within[-1])
            for at in within:
                self._sentence.tokens[at].kind = TAKEN

    def read(self, elements: list[Element], usd: Mapping[str, float]) -> None:
        tokens = self._sentence.tokens
        self._elements = elements
        correct(elements)
        leave_own(elements, tokens, self._surface)
        settle_people(elements, tokens, self._surface)
        for bound in Bounds(elements, tokens, self._surface, usd).read():
            self._bound(bound)
        self._settle_others(elements)
        set_scopes(elements)
        leave_open(elements)
        for at, element in enumerate(elements):
            self._take(at, element)

    def finished(self, typed: str) -> Plan:
        """The plan, its cues taken out of the text."""
        for at, element in enumerate(self._elements):
            if element.used or (element.kind in ("only", "must", "nice") and self._is_beside_known(at)):
                self._know(element.first, element.last)
        left = [*self._segments(typed), typed[LONGEST:].strip()]
        plan = Plan(text=" ".join(filter(None, left)), spans=tuple(sorted(self._spans, key=lambda span: span.start)))
        return replace(plan, **self._parts)

    def _settle_others(self, elements: Sequence[Element]) -> None:
        """What means something only beside certain words."""
        for element in elements:
            if element.kind == "level" and not element.value:  # 'lead developer', and no leads
                near = self._sentence.tokens[element.last + 1 : element.last + 4]
                leads = any(token.text in PEOPLE for token in near)
                element.kind, element.value = ("level", ("expert",)) if leads else ("other", None)
            elif element.kind == "kind of budget" and element.used:
                self._add_kind(element)
            elif self._says_nothing(element):
                element.kind = "other"

    def _says_nothing(self, element: Element) -> bool:
        """Whether it is a 'fixed' without a budget, or a 'senior' of no role."""
        is_fixed = element.kind == "kind of budget" and element.text == "fixed"
        return is_fixed or (element.kind == "level" and self._follows(element, NO_LEVEL))

    def _follows(self, element: Element, words: Container[str]) -> bool:
        following = self._sentence.tokens[element.last + 1 : element.last + 2]
        return bool(following) and following[0].text in words

    def _add_kind(self, element: Element) -> None:
        self._set("budget_kind", element.value, element.first, element.last)
        element.kind = "filler"

    def _take(self, at: int, element: Element) -> None:
        takers = {
            "skill": self._skill, "country": self._country, "language": self._language, "level": self._level,
            "domain": self._domain, "agency": self._agency, "team": self._agency, "individual": self._individual,
            "available": self._available, "kind of budget": self._kind, "hours": self._hours,
        }  # fmt: skip
        take = takers.get(element.kind)
        if take is None or element.scope in ("unneeded", "unsure"):
            return
        spans = len(self._spans)
        take(at, element)
        for cue in element.cues if len(self._spans) > spans else ():
            cue.used = True

    def _skill(self, at: int, element: Element) -> None:
        if part := _PARTS.get(element.scope):
            self._add(part, (element.value,), element)

    def _country(self, at: int, element: Element) -> None:
        if element.scope in ("must", "not"):
            self._add("countries" if element.scope == "must" else "not_countries", element.value, element)
            self._know_around(at)
        elif element.scope == "spared":
            unwanted = self._parts.get("not_countries", ())
            self._parts["not_countries"] = tuple(code for code in unwanted if code not in element.value)

    def _language(self, at: int, element: Element) -> None:
        if element.scope == "must":
            first, last = spoken_around(self._sentence.tokens, element)
            self._add("languages", (element.value,), replace(element, first=first, last=last))

    def _level(self, at: int, element: Element) -> None:
        if element.scope in ("must", "nice", "not"):
            self._add("not_levels" if element.scope == "not" else "levels", element.value, element)

    def _domain(self, at: int, element: Element) -> None:
        if element.scope in ("must", "nice", "not"):
            self._add("not_domains" if element.scope == "not" else "domains", (element.value,), element)

    def _agency(self, at: int, element: Element) -> None:
        if element.kind == "agency" and self._describes(at):
            return
        if element.scope == "not":
            self._set("agencies", False, element.first, element.last)
        elif element.scope == "must" and element.kind == "agency" and self._wants_agency(at):
            self._set("agencies", True, element.first, element.last)

    def _individual(self, at: int, element: Element) -> None:
        if element.scope == "must":
            self._set("agencies", False, element.first, element.last)

    def _available(self, at: int, element: Element) -> None:
        if element.scope == "must":
            self._set("available", True, element.first, element.last)

    def _kind(self, at: int, element: Element) -> None:
        other = {"fixed": "hourly", "hourly": "fixed"}
        if element.scope in ("must", "not"):
            kind = other[element.value] if element.scope == "not" else element.value
            self._set("budget_kind", kind, element.first, element.last)

    def _hours(self, at: int, element: Element) -> None:
        """'Full time', where the text does not say how many hours."""
        if element.scope != "must" or {"hours_min", "hours_max"} & self._parts.keys():
            return
        for part, value in zip(("hours_min", "hours_max"), element.value, strict=True):
            if value is not None:
                self._set(part, value, element.first, element.last)

    def _describes(self, at: int) -> bool:
        """Whether it says what another word is: 'an agency assistant', 'agency experience'."""
        following = self._elements[at + 1 : at + 2]
        if not following or self._elements[at].text != "agency":
            return False
        beside = following[0]
        return beside.kind in ("skill", "domain") or (
            beside.kind in ("other", "filler")
            and self._sentence.tokens[beside.first].kind == "word"
            and beside.text not in _BEHIND_AGENCY
        )

    def _wants_agency(self, at: int) -> bool:
        """'agency only', 'looking for an agency'."""
        following = self._elements[at + 1] if at + 1 < len(self._elements) else None
        if following is not None and following.kind == "only":
            following.used = True
            return True
        tokens = self._sentence.tokens
        before = [token.text for token in tokens[max(0, self._elements[at].first - 3) : self._elements[at].first]]
        return any(word in ("hire", "hiring", "need", "want", "looking", "seeking", "only") for word in before)

    def _bound(self, bound: Bound) -> None:
        value = bound.value
        shown = str(value) if isinstance(value, Money) else f"{value:g}"
        self._set(bound.part, value, bound.first, bound.last, shown)

    def _add(self, part: str, values: Sequence[Any], element: Element) -> None:
        self._parts[part] = tuple(dict.fromkeys((*self._parts.get(part, ()), *values)))
        shown = values[0] if len(values) == 1 else element.text.replace(" .", ".")
        self._span(part, country_name(shown) if part.endswith("countries") else shown, element.first, element.last)

    def _set(self, part: str, value: Any, first: int, last: int, shown: str | None = None) -> None:
        """The first that is said counts; another value stays in the text."""
        if self._parts.setdefault(part, value) == value:
            self._span(part, str(value) if shown is None else shown, first, last)

    def _span(self, part: str, value: str, first: int, last: int) -> None:
        self._spans.append(Span(part, value, *self._sentence.span(first, last)))
        self._know(first, last)

    def _know(self, first: int, last: int) -> None:
        self._known[first : last + 1] = [True] * (last + 1 - first)

    def _know_around(self, at: int) -> None:
        """The words that only lead to a place: 'based in', 'US only'."""
        for step in (-1, 1):
            beside = at + step
            while 0 <= beside < len(self._elements) and self._elements[beside].text in _SIDES:
                self._know(self._elements[beside].first, self._elements[beside].last)
                beside += step

    def _is_beside_known(self, at: int) -> bool:
        element = self._elements[at]
        before = element.first > 0 and self._known[element.first - 1]
        return before or (element.last + 1 < len(self._known) and self._known[element.last + 1])

    def _is_mark(self, element: Element) -> bool:
        token = self._sentence.tokens[element.first]
        return element.first == element.last and token.kind == "mark" and token.text not in _SIGNS

    def _segments(self, typed: str) -> list[str]:
        """What is left between the parts that are known, without the words around it that lead to them."""
        idle = [False] * len(self._known)
        for element in self._elements:
            if element.kind in _AROUND or (element.kind == "other" and self._is_mark(element)):
                idle[element.first : element.last + 1] = [True] * (element.last + 1 - element.first)
        segments, run = [], []
        for at, known in enumerate([*self._known, True]):
            if not known:
                run.append(at)
                continue
            while run and idle[run[0]]:
                run.pop(0)
            while run and idle[run[-1]]:
                run.pop()
            if run:
                start, end = self._sentence.span(run[0], run[-1])
                segments.append(typed[start:end])
            run = []
        return segments
