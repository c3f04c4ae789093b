"""Values that a question asks candidates to have: sums by sums of money, hours by hours, years by years. Pure.

"Under $20 an hour" is compared with what is charged by the hour, and with no other number. English.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from components.language.answers.shown import PROSE, Shown, Unit
from components.language.answers.words import CUE_OF_WORD
from metier.contract import Surface
from metier.surfaces import surface_spec

_BELOW = "under|below|less than|fewer than|cheaper than|lower than|not over|not above"
_AT_MOST = "at most|up to|no more than|not more than|a maximum of|maximum|max"
_ABOVE = "over|above|more than|higher than|greater than|beyond"
_AT_LEAST = "at least|no less than|not less than|not under|not below|a minimum of|minimum|min|from"
_NEAR = "about|around|roughly|approximately|some"
_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_QUANTITY = re.compile(
    rf"(?<![\w.,-])(?:(?P<bound>between|exactly|{_BELOW}|{_AT_MOST}|{_ABOVE}|{_AT_LEAST}|{_NEAR}) )?"
    rf"(?P<mark>us\$|[$€£]|usd |eur |gbp )?(?P<number>{_NUMBER})(?P<thousand>k\b)?"
    rf"(?: ?(?:-|–|to|and) ?[$€£]?(?P<to>{_NUMBER}))?(?P<plus>\+| or more(?= (?:hour|hr|year|yr|dollar|usd|opening)))?"
    r"(?![\w%])"
    r"(?: ?(?P<name>usd|dollars?|bucks|[$€£]|euros?|eur|pounds?|gbp|hours?|hrs?|h|years?|yrs?|openings?|vacancies)"
    r"(?!\w))?"
    r"(?: ?(?:/|per|an?|each|every) ?(?P<per>hour|hr|h|day|week|month|year|project|word|page)\b|(?P<weekly> weekly\b))?"
    r"(?P<after> or (?:more|above|over|higher|less|fewer|below|under|lower)\b)?(?P<past> (?:ago|old)\b)?",
    re.IGNORECASE,
)
_YEARS = re.compile(
    rf"(?<![\w.,-])({_NUMBER})\+?(?: ?(?:-|–|to) ?{_NUMBER})?[ -](?:years?|yrs?)\b(?! (?:ago|old)\b)", re.I
)
_HOURLY = re.compile(r"\b(?:(?:paid|pays?) )?(?:hourly|by the hour|per hour|an hour)\b", re.IGNORECASE)
_FIXED = re.compile(r"\b(?:fixed|flat)(?:[- ](?:price|budget|fee|rate|sum))?d?\b", re.IGNORECASE)
_PAY_OF_JOBS = {"budget_max_usd": "budget_min_usd", "salary_max_usd": "salary_min_usd"}
"""What a job pays at most, and at least."""
_NEARNESS = 0.1


@dataclass(frozen=True)
class Value:
    """A value that a candidate has to have in one of `fields`: a number within bounds, or one of some words."""

    text: str
    fields: tuple[str, ...]
    least: float = -math.inf
    most: float = math.inf
    is_open: bool = False
    """Whether the bounds themselves are outside."""
    words: tuple[str, ...] = ()

    @property
    def is_said(self) -> bool:
        """Whether sentences say it, and no value."""
        return bool({*self.fields} & {*PROSE})

    @property
    def is_pay(self) -> bool:
        """Whether it is a sum of money."""
        return any(field.endswith("_usd") for field in self.fields)

    def shown_by(self, shown: Shown) -> Iterator[Unit]:
        """The spans that show it: whole values, or sentences that say so many years."""
        if self.is_said:
            sentences = (unit for unit in shown.units if unit.field in self.fields)
            yield from (unit for unit in sentences if any(map(self._is_within, _years_in(unit.text))))
            return
        for field in self.fields:
            bounded = field in shown.texts or self.most < math.inf
            name = field if bounded else _PAY_OF_JOBS.get(field, field)
            unit, value = shown.whole(name), shown.values.get(name)
            if unit is None or value is None:
                continue
            if value in self.words if self.words else self._is_within(float(value)):
                yield unit

    def _is_within(self, number: float) -> bool:
        if self.is_open:
            return self.least < number < self.most
        return self.least <= number <= self.most


@dataclass(frozen=True)
class Values:
    """The values that a question asks for, the question without them, and why they cannot be compared, if so."""

    values: tuple[Value, ...]
    rest: str
    refusal: str | None = None


def values_in(question: str, surface: Surface) -> Values:
    """The values of a question in canonical form."""
    values: list[Value] = []
    refusal: str | None = None
    rest, done = "", 0
    for match in _QUANTITY.finditer(question):
        kind = _kind(match, question[: match.start()])
        if kind is None:
            continue
        refusal = refusal or _incomparable(match, kind, surface)
        values += _values(match, kind, surface)
        rest, done = f"{rest}{question[done : match.start()]} , ", match.end()
    rest += question[done:]
    if surface_spec(surface).shows_jobs:
        for pattern, words in ((_HOURLY, "hourly"), (_FIXED, "fixed")):
            if named := pattern.search(rest):
                values.append(Value(named[0], ("budget_kind",), words=(words,)))
                rest = pattern.sub(" , ", rest)
    return Values(tuple(dict.fromkeys(values)), rest, refusal)


def _kind(match: re.Match[str], before: str) -> str | None:
    """What the number counts: money, hours, years, openings; None where it is a word like another."""
    name, per = (match["name"] or "").lower(), match["per"]
    if match["past"]:
        return None
    if match["mark"] or name.startswith(("usd", "dollar", "buck", "$", "€", "£", "eur", "pound", "gbp")):
        return "money"
    if name.startswith(("year", "yr")):
        return "years"
    if name.startswith("h") or match["weekly"] or (per == "week" and not name):
        return "hours"
    if name:
        return "openings"
    nearest = [CUE_OF_WORD.get(word) for word in re.findall(r"\w+", before.lower())[-3:]]
    return "money" if per in ("hour", "hr", "h") or "pay" in nearest else None


def _incomparable(match: re.Match[str], kind: str, surface: Surface) -> str | None:
    name, per = (match["name"] or match["mark"] or "").lower().strip(), match["per"] or "hour"
    if kind == "money" and name.startswith(("€", "£", "eur", "pound", "gbp")):
        return "sums are known in US dollars; ask for one in dollars"
    if kind == "money" and per not in ("hour", "hr", "h") and not surface_spec(surface).shows_jobs:
        return f"what people charge is known by the hour, not by the {per}"
    if kind == "hours" and match["per"] not in (None, "week"):
        return f"hours are known by the week, not by the {match['per']}"
    return None


def _values(match: re.Match[str], kind: str, surface: Surface) -> Iterator[Value]:
    """What a quantity asks for; of jobs that are paid by the hour also that they are."""
    text = match[0].strip()
    least, most, is_open = _bounds(match, "least" if kind == "years" else "exact")
    if kind != "money":
        fields = {"hours": ("hours_per_week",), "years": PROSE, "openings": ("openings",)}[kind]
        yield Value(text, fields, least, most, is_open)
    elif not surface_spec(surface).shows_jobs:
        yield Value(text, ("hourly_rate_usd",), least, most, is_open)
    else:
        is_hourly = match["per"] in ("hour", "hr", "h")
        if is_hourly:
            yield Value(text, ("budget_kind",), words=("hourly",))
        yield Value(text, ("budget_max_usd",) if is_hourly else tuple(_PAY_OF_JOBS), least, most, is_open)


def _bounds(match: re.Match[str], alone: str) -> tuple[float, float, bool]:
    """(least, most, whether they are outside) of a quantity; `alone`: of a number by itself."""
    bound, after = (match["bound"] or "").lower(), (match["after"] or "").lower()
    number = float(match["number"].replace(",", "")) * (1_000 if match["thousand"] else 1)
    if match["to"]:
        return number, float(match["to"].replace(",", "")), False
    if re.fullmatch(_BELOW, bound) or re.fullmatch(_ABOVE, bound):
        return (-math.inf, number, True) if re.fullmatch(_BELOW, bound) else (number, math.inf, True)
    if re.fullmatch(_AT_MOST, bound) or re.search("less|fewer|below|under|lower", after):
        return -math.inf, number, False
    if re.fullmatch(_AT_LEAST, bound) or after or match["plus"] or (alone == "least" and bound != "exactly"):
        return number, math.inf, False
    if re.fullmatch(_NEAR, bound):
        return number * (1 - _NEARNESS), number * (1 + _NEARNESS), False
    return number, number, False


def _years_in(text: str) -> Iterator[float]:
    return (float(match[1].replace(",", "")) for match in _YEARS.finditer(text))
