"""A feature as people read it: what it is about, and what a value of it says. Knows no feature by name."""

import math
from collections.abc import Callable
from dataclasses import dataclass

Show = Callable[[float], str]


@dataclass(frozen=True)
class Phrase:
    """`about` is a noun phrase for the feature, `says` the statement that a known value makes."""

    about: str
    says: Show

    def of(self, value: float) -> str:
        """What the value says; that it is not known, where it is NaN."""
        return f"not known: {self.about}" if math.isnan(value) else self.says(value)


def stating(about: str, statement: str, show: Show) -> Phrase:
    """A phrase whose statement has the value, shown by `show`, in place of `{value}`."""
    return Phrase(about, lambda value: statement.replace("{value}", show(value)))


def either(about: str, yes: str, no: str) -> Phrase:
    """The phrase of a feature that is 1 or 0."""
    return Phrase(about, lambda value: yes if value > 0 else no)


def category(about: str) -> Phrase:
    """The phrase of a categorical bucket, whose number says nothing to people; 0 is unknown."""
    return Phrase(about, lambda value: about if value > 0 else f"not known: {about}")


def unlogged(show: Show) -> Show:
    """Shows what a feature holds as log(1 + x)."""
    return lambda value: show(math.expm1(value))


def percent(value: float) -> str:
    """Such as 80%, or 2.5% below ten."""
    share = 100 * value
    return f"{share:.0f}%" if abs(share) >= 10 else f"{share:.2g}%"


def number(value: float) -> str:
    """At most one decimal, thousands apart."""
    return f"{value:,.1f}".removesuffix(".0")


def dollars(value: float) -> str:
    """Such as $35, $37.50 or $1,200."""
    return f"${value:,.2f}".removesuffix(".00")


def alike(value: float) -> str:
    """A similarity, of which 1 is the most."""
    return f"{value:.2f} of 1"


def times(value: float) -> str:
    """How often: once, twice, 3 times."""
    count = round(value)
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def hours(value: float) -> str:
    """A span of hours, in days from two on."""
    return counted(value, "hour") if value < 48 else counted(value / 24, "day")


def counted(value: float, unit: str) -> str:
    """A number and its unit."""
    shown = number(value)
    return f"{shown} {unit}" if shown == "1" else f"{shown} {unit}s"
