"""Words drawn for a part of a search, and what they mean: skills with slips, places, sums, hours. Knows no form."""

import random
from dataclasses import dataclass
from typing import Any

from components.language.names.countries import country_facts, country_name
from components.language.names.industries import industries
from components.language.names.regions import regions
from components.language.taxonomy import Taxonomy

SLIPS = 0.08
"""Share of the words with a slip, of those of LEAST_LETTERS or more."""
LEAST_LETTERS = 6
ROLES = (
    "developer",
    "dev",
    "freelancer",
    "designer",
    "engineer",
    "specialist",
    "consultant",
    "writer",
    "person",
    "pro",
)
LEVELS = {
    "entry": ("junior", "entry level", "beginner", "jr"),
    "intermediate": ("mid level", "intermediate", "mid-level", "mid"),
    "expert": ("senior", "expert", "sr", "seasoned"),
}
COMMON = ("IN", "UA", "US", "GB", "PH", "PK", "PL", "BR", "DE", "CA", "NG", "RO", "BD", "ES", "MX", "AR", "VN", "EG")
"""Countries that half of the searches for one name."""
SPOKEN = ("English", "Spanish", "German", "French", "Portuguese", "Italian", "Dutch", "Polish", "Russian", "Ukrainian",
          "Arabic", "Hindi", "Japanese", "Korean", "Turkish", "Swedish", "Romanian", "Greek")  # fmt: skip
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
CODES = {"USD": ("usd", "dollars", "USD"), "EUR": ("eur", "euro", "EUR"), "GBP": ("gbp", "pounds", "GBP")}
HOURLY = ("/h", "/hr", " per hour", " an hour", "/hour", " hourly")
POSTED = (
    ("posted today", 1), ("posted this week", 7), ("posted in the last 3 days", 3), ("from the last 2 weeks", 14),
    ("posted within 5 days", 5), ("last 7 days", 7), ("posted this month", 30), ("posted yesterday", 2),
)  # fmt: skip
LITERALS: dict[tuple[str, str], Any] = {
    ("levels", "beginners"): "entry", ("hours_min", "full time"): 40.0, ("hours_min", "fulltime"): 40.0,
    ("hours_max", "part time"): 20.0, ("hours_max", "part-time"): 20.0,
}  # fmt: skip
"""What words that stand in a form mean, by part, but for kinds of budget, agencies and being available."""


@dataclass(frozen=True)
class Drawn:
    """Words, the fields of Words that they are copied into, and what they mean; one value or a list of them."""

    said: str
    fields: tuple[str, ...]
    plan: tuple[tuple[str, Any], ...]
    is_one: bool = True


class Values:
    """Draws by a generator of its caller."""

    def __init__(self, taxonomy: Taxonomy, draw: random.Random) -> None:
        self._draw = draw
        self._skills = [
            (name, skill.label)
            for skill in taxonomy.skills.values()
            for name in (skill.label, skill.label, *skill.aliases)
            if taxonomy.find(name) == taxonomy.find(skill.label) == skill.id and "," not in name
        ]
        self._industries = list(industries().items())
        self._regions = list(regions())
        self._codes = list(country_facts())

    def role(self) -> str:
        return self._draw.choice(ROLES)

    def draw(self, slot: str) -> Drawn:
        """For a slot such as `must`, `not_countries`, `rate_max` or `budget_range`."""
        part, _, side = slot.rpartition("_")
        if part in ("rate", "budget"):
            return self._sum(part, side)
        if part == "hours":
            hours = self._draw.choice((5, 10, 15, 20, 25, 30, 35, 40))
            return Drawn(f"{hours}{self._draw.choice((' hours', ' hrs', 'h'))}", (slot,), ((slot, float(hours)),))
        if slot == "posted_within_days":
            said, days = self._draw.choice(POSTED)
            return Drawn(said, (slot,), ((slot, days),))
        said, meant = self._name(slot.removeprefix("not_"))
        return Drawn(self._slipped(said), (slot,), ((slot, meant),), is_one=False)

    def literal(self, slot: str, said: str) -> Drawn:
        """Words that stand in the form."""
        if slot in ("no_agencies", "agencies_only"):
            return Drawn(said, (slot,), (("agencies", slot == "agencies_only"),))
        if slot == "available":
            return Drawn(said, (slot,), ((slot, True),))
        if slot == "budget_kind":
            return Drawn(said, (slot,), ((slot, "fixed" if "fix" in said else "hourly"),))
        return Drawn(said, (slot,), ((slot, LITERALS[slot, said]),), is_one=slot != "levels")

    def _name(self, part: str) -> tuple[str, str]:
        if part == "levels":
            level = self._draw.choice(list(LEVELS))
            return self._draw.choice(LEVELS[level]), level
        if part == "countries":
            if self._draw.random() < 0.15:
                region = self._draw.choice(self._regions)
                return region.title() if len(region) > 4 else region.upper(), region
            code = self._draw.choice(COMMON if self._draw.random() < 0.5 else self._codes)
            return country_name(code), country_name(code)
        if part == "languages":
            return (self._draw.choice(SPOKEN),) * 2
        return self._draw.choice(self._industries if part == "domains" else self._skills)

    def _sum(self, part: str, side: str) -> Drawn:
        is_rate = part == "rate"
        low = self._draw.randrange(5, 95, 5) if is_rate else self._draw.randrange(200, 9_000, 100)
        high = low + (self._draw.randrange(5, 60, 5) if is_rate else self._draw.randrange(100, 5_000, 100))
        currency = self._draw.choice(("USD", "USD", "EUR", "GBP"))
        behind = self._draw.choice(HOURLY) if is_rate else ""
        between = {"range": self._draw.choice(("-", " to ", " - ")), "and": " and "}.get(side)
        if between is None:
            said = self._priced(f"{low}", currency) + behind
            return Drawn(said, (f"{part}_{side}",), ((f"{part}_{side}", _money(low, currency)),))
        said = self._priced(f"{low}{between}{high}", currency) + behind
        sides = (f"{part}_min", f"{part}_max")
        return Drawn(said, sides, tuple(zip(sides, (_money(low, currency), _money(high, currency)), strict=True)))

    def _priced(self, number: str, currency: str) -> str:
        if self._draw.random() < 0.3:
            return f"{number} {self._draw.choice(CODES[currency])}"
        is_before = currency == "USD" or self._draw.random() < 0.5
        return f"{SIGNS[currency]}{number}" if is_before else f"{number}{SIGNS[currency]}"

    def _slipped(self, said: str) -> str:
        """Two letters exchanged, one left out or one doubled, now and then, in a long word."""
        if len(said) < LEAST_LETTERS or not said.isalpha() or self._draw.random() >= SLIPS:
            return said
        at = self._draw.randrange(1, len(said) - 2)
        slips = (said[:at] + said[at + 1] + said[at] + said[at + 2 :], said[:at] + said[at + 1 :],
                 said[: at + 1] + said[at] + said[at + 1 :])  # fmt: skip
        return self._draw.choice(slips)


def _money(amount: int, currency: str) -> dict[str, Any]:
    return {"amount": float(amount), "currency": currency}
