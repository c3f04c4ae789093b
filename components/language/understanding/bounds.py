"""Which sum of a sentence bounds what: the rate, the budget or the hours of a week, from below or from above.

A sum that says neither its side nor its kind is what people mean where they type it: whoever looks for people names the
most they pay, whoever looks for jobs the least they take, and a small sum is by the hour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from components.language.understanding.elements import Element
from components.language.understanding.plan import Money
from components.language.understanding.sums import Sum, joined_by_and
from components.language.understanding.tokens import Token
from metier.contract import Surface
from metier.surfaces import surface_spec

LEAST_BUDGET_USD = 100.0
"""A sum that names no period is taken for an hour's pay below it, and for a budget from it on."""
_LEADS = frozenset(("limit", "about", "rate word", "budget word", "filler", "kind of budget"))
_WISHES = frozenset(("ideally", "preferably", "prefer", "we prefer", "would prefer", "would like", "would love"))
_WISHED = ("would be", "preferred", "is preferred", "preferable", "if possible", "desirable", "ideal")
_OTHER_SIDE = {"min": "max", "max": "min"}
_BORDERS = frozenset(("comma", "stop"))
_PAYING = frozenset(
    ("go", "going", "goes", "pay", "paying", "pays", "spend", "spending", "charge", "charges", "charging", "cost",
     "costs", "afford", "exceed", "ask", "asks", "asking", "bill", "bills", "be", "is", "quote", "quotes",
     "freelancers", "people", "developers", "anything", "rates", "prices", "budgets", "jobs", "wish", "able", "it",
     "more")
)  # fmt: skip
"""Words between a denial and the limit that it turns round: 'don't want to pay more than'."""
_AGAIN = frozenset(
    ("comma", "stop", "join", "negative join", "filler", "limit", "about", "not", "rate word", "budget word")
)
"""What may stand between both ends of a range that are said one after the other."""
_TRAILS = frozenset(("budget word", "kind of budget", "rate word", "limit"))


@dataclass(slots=True)
class _Beside:
    """What stands directly before and behind a sum."""

    limit: str | None = None
    is_rate: bool = False
    is_budget: bool = False
    kind: str | None = None
    is_soft: bool = False
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


def _is_bare(total: Sum) -> bool:
    return total.currency is None and total.per is None and not total.is_hours and total.low == total.high > 0


def _holds(bound: Bound, element: Element) -> bool:
    return bound.first <= element.first and element.last <= bound.last


def _are_ends(bound: Bound, end: tuple[str, Money | float]) -> bool:
    """Whether both are a range, the lower at its lower end."""
    one, other = (value.amount if isinstance(value, Money) else value for value in (bound.value, end[1]))
    return one <= other if end[0] == "max" else other <= one


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
        found: dict[int, list[Bound]] = {}
        loose: list[tuple[int, Sum, _Beside]] = []
        for at, element in enumerate(self._elements):
            if element.kind == "sum":
                beside = self._beside(at, element.value)
                found[at] = self._of(at, element.value, beside)
                if not found[at] and _is_bare(element.value) and (beside.limit or element.value.bound):
                    loose.append((at, element.value, beside))
        for at, total, beside in loose:
            found[at] = self._other_end(at, total, beside, found)
        for at, bounds in found.items():
            self._elements[at].used = bool(bounds)
            if not bounds and self._elements[at].kind == "sum":
                self._elements[at].kind = "other"
        return self._loosest([bound for at in sorted(found) for bound in found[at]])

    def _loosest(self, bounds: Sequence[Bound]) -> list[Bound]:
        """Of several bounds of a part the one that leaves out fewest; the others go back to the text."""
        kept: dict[str, Bound] = {}
        for bound in bounds:
            if bound.part not in kept or self._is_looser(bound, kept[bound.part]):
                kept[bound.part] = bound
        values = {part: bound.value for part, bound in kept.items()}
        spans = {place for bound in kept.values() for place in range(bound.first, bound.last + 1)}
        for element in self._elements:
            is_bound = element.kind == "sum" or element.used
            if (
                is_bound
                and element.first not in spans
                and all(values[b.part] != b.value for b in bounds if _holds(b, element))
            ):
                element.used = False
                element.kind = "other" if element.kind == "sum" else element.kind
        return [bound for bound in bounds if values[bound.part] == bound.value]

    def _is_looser(self, bound: Bound, other: Bound) -> bool:
        worth, others = self._worth(bound.value), self._worth(other.value)
        return worth > others if bound.part.endswith("max") else worth < others

    def _worth(self, value: Money | float) -> float:
        return value.amount * self._usd.get(value.currency, 1.0) if isinstance(value, Money) else value

    def _of(self, at: int, total: Sum, beside: _Beside) -> list[Bound]:
        if beside.limit == "between" and total.low == total.high and (both := joined_by_and(self._tokens, total)):
            self._take_over(at, both, beside)
            total = both
        if total.low < total.high and not beside.used and self._stands_alone(at):
            total.currency = total.currency or "USD"  # ', 500 to 1500'
        part = "hours" if total.is_hours else self._part(total, beside)
        if part is None or beside.is_soft or total.high <= 0:
            return []
        return self._bounds(part, total, beside)

    def _bounds(self, part: str, total: Sum, beside: _Beside) -> list[Bound]:
        for element in beside.used:
            element.used = True
        sides = self._sides(part, total, beside)
        return [Bound(f"{part}_{side}", value, beside.first, beside.last) for side, value in sides]

    def _other_end(self, at: int, total: Sum, beside: _Beside, found: Mapping[int, list[Bound]]) -> list[Bound]:
        """The bound of a number that says its side alone, beside the other end: 'max $40/h, not less than 20'."""
        for step in (-1, 1):
            other = at + step
            while 0 <= other < len(self._elements) and self._may_stand_between(other):
                other += step
            if bounds := found.get(other):
                part, _, side = bounds[0].part.rpartition("_")
                value = bounds[0].value
                ends = self._sides(part, replace(total, currency=getattr(value, "currency", None)), beside)
                if len(bounds) == 1 and ends[0][0] == _OTHER_SIDE[side] and _are_ends(bounds[0], ends[0]):
                    return self._bounds(part, replace(total, currency=getattr(value, "currency", None)), beside)
        return []

    def _may_stand_between(self, at: int) -> bool:
        return self._elements[at].kind in _AGAIN or self._elements[at].text in ("hours", "hrs", "h")

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
        following = next((other for other in self._elements[at + 1 :] if other.first == beside.last + 1), None)
        wished = following is not None and following.kind == "nice" and following.text.startswith(_WISHED)
        beside.is_soft = beside.is_soft or wished or (following is not None and following.kind == "refused")
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
                self._turn_round(element, beside)
                break
            if element.kind == "nice" and element.text in _WISHES:
                beside.is_soft = True
                break
            if beside.limit in _OTHER_SIDE and element.text in _PAYING and (denial := self._denial(element)):
                self._turn_round(denial, beside)
                break
            if element.kind not in _LEADS and element.text not in (":", "=", "@", "at"):
                break
            if element.kind == "kind of budget" and element.text == "hourly" and total.is_hours:
                break
            if element.kind != "filler":
                self._note(element, beside)
                beside.first = element.first

    def _turn_round(self, denial: Element, beside: _Beside) -> None:
        beside.limit = _OTHER_SIDE[str(beside.limit)]
        beside.used.append(denial)
        beside.first = denial.first

    def _denial(self, element: Element) -> Element | None:
        """The 'not' that goes before words of paying: 'don't want to pay'."""
        at = next(at for at, other in enumerate(self._elements) if other is element)
        for other in reversed(self._elements[max(0, at - 4) : at]):
            if other.kind == "not":
                return other
            if other.text not in _PAYING and other.kind not in ("filler", "break"):
                return None
        return None

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
