"""Which sum of a sentence bounds what: the rate, the budget or the hours of a week, from below or from above.

A sum that says neither its side nor its kind is what people mean where they type it: whoever looks for people names the
most they pay, whoever looks for jobs the least they take, and a small sum is by the hour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from components.language.understanding.elements import Element
from components.language.understanding.plan import Money
from components.language.understanding.sums import Sum, joined_by_and
from components.language.understanding.tokens import Token
from metier.contract import Surface
from metier.surfaces import surface_spec

LEAST_BUDGET_USD = 100.0
"""A sum that names no period is taken for an hour's pay below it, and for a budget from it on."""
_LEADS = frozenset(("limit", "about", "rate word", "budget word", "filler", "kind of budget"))
_OTHER_SIDE = {"min": "max", "max": "min"}
_BORDERS = frozenset(("comma", "stop"))
_TRAILS = frozenset(("budget word", "kind of budget", "rate word", "limit"))


@dataclass(slots=True)
class _Beside:
    """What stands directly before and behind a sum."""

    limit: str | None = None
    is_rate: bool = False
    is_budget: bool = False
    kind: str | None = None
    first: int = 0
    last: int = 0
    used: list[Element] = field(default_factory=list)


@dataclass(frozen=True)
class Bound:
    """A part of the plan, its value, and the tokens that gave it."""

    part: str
    value: Money | float
    first: int
    last: int


class Bounds:
    """Reads the sums of one sentence; `usd` is what one unit of a currency is worth."""

    def __init__(
        self, elements: Sequence[Element], tokens: Sequence[Token], surface: Surface, usd: Mapping[str, float]
    ) -> None:
        self._elements, self._tokens, self._usd = elements, tokens, usd
        self._bare = "min" if surface_spec(surface).shows_jobs else "max"
        kinds = {element.value for element in elements if element.kind == "kind of budget" and element.text != "fixed"}
        self._kind = kinds.pop() if len(kinds) == 1 else None

    def read(self) -> list[Bound]:
        """The bounds in their order; elements that gave one are used, sums that gave none become `other`."""
        found: list[Bound] = []
        for at, element in enumerate(self._elements):
            if element.kind != "sum":
                continue
            bounds = self._of(at, element.value)
            found += bounds
            element.used = bool(bounds)
            if not bounds:
                element.kind = "other"
        return found

    def _of(self, at: int, total: Sum) -> list[Bound]:
        beside = self._beside(at, total)
        if beside.limit == "between" and total.low == total.high and (both := joined_by_and(self._tokens, total)):
            self._take_over(at, both, beside)
            total = both
        if total.low < total.high and not beside.used and self._stands_alone(at):
            total.currency = total.currency or "USD"  # ', 500 to 1500'
        part = "hours" if total.is_hours else self._part(total, beside)
        if part is None:
            return []
        for element in beside.used:
            element.used = True
        sides = self._sides(part, total, beside)
        return [Bound(f"{part}_{side}", value, beside.first, beside.last) for side, value in sides]

    def _stands_alone(self, at: int) -> bool:
        """Whether a sum is all of its clause."""
        around = (self._elements[at - 1] if at else None, *self._elements[at + 1 : at + 2])
        return at > 0 and all(element is None or element.kind in _BORDERS for element in around)

    def _take_over(self, at: int, both: Sum, beside: _Beside) -> None:
        beside.last = max(beside.last, both.last)
        self._elements[at].last = both.last
        for element in self._elements[at + 1 :]:
            if element.first <= both.last:
                element.kind, element.used = "filler", True

    def _part(self, total: Sum, beside: _Beside) -> str | None:
        if total.per == "hour":
            return "rate"
        if total.per == "project":
            return "budget"
        if total.per is not None:
            return None
        if beside.is_budget or beside.kind == "fixed":
            return "budget"
        if beside.is_rate or beside.kind == "hourly":
            return "rate"
        if total.currency is None:
            return None
        if self._kind is not None:
            return "rate" if self._kind == "hourly" else "budget"
        return "rate" if total.high * self._usd.get(total.currency, 1.0) < LEAST_BUDGET_USD else "budget"

    def _sides(self, part: str, total: Sum, beside: _Beside) -> list[tuple[str, Money | float]]:
        low, high = total.low, total.high
        worth = (lambda value: value) if part == "hours" else (lambda value: Money(value, total.currency or "USD"))
        if low != high:
            return [("min", worth(low)), ("max", worth(high))]
        side = beside.limit if beside.limit in ("min", "max") else total.bound
        bare = self._bare if part != "hours" else ("max" if self._bare == "min" else "min")
        return [(side or bare, worth(low))]

    def _beside(self, at: int, total: Sum) -> _Beside:
        beside = _Beside(first=self._elements[at].first, last=self._elements[at].last)
        self._look_back(at, total, beside)
        for element in self._elements[at + 1 : at + 3]:
            if element.kind not in _TRAILS or (element.kind == "limit" and element.value not in ("min", "max")):
                break
            if element.kind == "limit" and (beside.limit or total.bound or not self._ends_here(element)):
                break
            self._note(element, beside)
            beside.last = element.last
        return beside

    def _look_back(self, at: int, total: Sum, beside: _Beside) -> None:
        for element in reversed(self._elements[max(0, at - 5) : at]):
            if element.used:
                break
            if element.text == "for" and not beside.used and total.per is None and total.currency:
                beside.is_budget = True
                beside.used.append(element)
                beside.first = element.first
                break
            if element.kind == "not" and beside.limit in _OTHER_SIDE and beside.used:  # 'nothing above $25'
                beside.limit = _OTHER_SIDE[beside.limit]
                beside.used.append(element)
                beside.first = element.first
                break
            if element.kind not in _LEADS and element.text not in (":", "=", "@", "at"):
                break
            if element.kind == "kind of budget" and element.text == "hourly" and total.is_hours:
                break
            if element.kind != "filler":
                self._note(element, beside)
                beside.first = element.first

    def _note(self, element: Element, beside: _Beside) -> None:
        beside.used.append(element)
        if element.kind == "limit":
            beside.limit = beside.limit or element.value
            words = set(element.text.split())
            beside.is_rate = beside.is_rate or "rate" in words
            beside.is_budget = beside.is_budget or "budget" in words
        elif element.kind == "rate word":
            beside.is_rate = True
        elif element.kind == "budget word":
            beside.is_budget = True
        elif element.kind == "kind of budget":
            beside.kind = element.value

    def _ends_here(self, element: Element) -> bool:
        """Whether nothing follows a limit that it could bound instead."""
        following = next((other for other in self._elements if other.first == element.last + 1), None)
        return following is None or following.kind not in ("sum", "other", "budget word", "rate word")
