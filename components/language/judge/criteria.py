"""The criteria of the rubric, each a finding about one candidate. Only what was asked for is looked at.

A text beside a job adds to what the job asks for. A text on a feed stands in the place of the freelancer's own skills
and trade, and what it leaves open comes of the profile. Knows no points and no grade.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from components.language.judge.facts import Facts, FactsReader
from components.language.judge.pairs import Asking, Candidate
from components.language.judge.rubric import Finding, Name
from components.language.understanding import Exchange, Money
from metier.contract import LEVELS
from metier.surfaces import surface_spec

BEYOND = 1.25
"""How far beyond its limit pay may lie to count half."""


@dataclass(frozen=True)
class Sought:
    """A query as criteria read it: `side` is the job or the freelancer that candidates are compared with."""

    asking: Asking
    side: Facts | None
    reader: FactsReader
    exchange: Exchange

    @classmethod
    def of(cls, asking: Asking, reader: FactsReader, exchange: Exchange) -> "Sought":
        row = asking.freelancer if surface_spec(asking.surface).shows_jobs else asking.job
        return cls(asking, reader.read(row) if row else None, reader, exchange)

    @property
    def of_job(self) -> bool:
        """Whether candidates are jobs."""
        return surface_spec(self.asking.surface).shows_jobs

    def findings(self, candidate: Candidate) -> tuple[Finding, ...]:
        """What each criterion that was asked for finds."""
        facts, plan = self.reader.read(candidate.row), self.asking.plan
        found = [
            self._limits(candidate, facts),
            self._skills(facts),
            self._share("wishes", plan.nice, facts),
            self._trade(facts),
            self._level(facts),
            self._pay(facts),
            self._place(facts),
            self._language(facts),
            self._domain(facts),
            self._hours(facts),
            self._text(facts),
        ]
        return tuple(finding for finding in found if finding)

    def _limits(self, candidate: Candidate, facts: Facts) -> Finding | None:
        plan = self.asking.plan
        unwanted = sorted(frozenset(plan.not_) & facts.shown)
        broken = [*candidate.broken, *map(self.reader.label, unwanted)]
        if plan.levels and facts.level and facts.level not in plan.levels:
            broken.append(f"the level {facts.level}")
        return Finding("limits", 0.0, "against the text: " + ", ".join(broken)) if broken else None

    def _skills(self, facts: Facts) -> Finding | None:
        must = self.asking.plan.must
        if self.of_job and not must and self.side:
            return self._share("skills", sorted(facts.listed), self.side) or Finding(
                "skills", None, "no skill is named"
            )
        of_side = sorted(self.side.listed) if self.side and not self.of_job else ()
        return self._share("skills", tuple(dict.fromkeys((*must, *of_side))), facts)

    def _share(self, criterion: Name, asked: Sequence[str], facts: Facts) -> Finding | None:
        if not asked:
            return None
        has = self._labels([skill for skill in asked if skill in facts.shown])
        share = self.reader.covered(asked, facts.shown)
        return Finding(criterion, share, f"shows {has or 'none'} of {self._labels(asked)}")

    def _trade(self, facts: Facts) -> Finding | None:
        asked = self.side.category if self.side else None
        if not asked or (self.of_job and self.asking.plan.must):
            return None
        if not facts.category:
            return Finding("trade", None, "no category is stated")
        return Finding("trade", float(facts.category == asked), f"{facts.category} where {asked} is asked")

    def _level(self, facts: Facts) -> Finding | None:
        asked = self.asking.plan.levels or ((self.side.level,) if self.side and self.side.level else ())
        if not asked:
            return None
        if not facts.level:
            return Finding("level", None, "no level is stated")
        apart = min(abs(LEVELS.index(facts.level) - LEVELS.index(level)) for level in asked)
        return Finding("level", 1 - apart / 2, f"{facts.level} where {' or '.join(asked)} is asked")

    def _pay(self, facts: Facts) -> Finding | None:
        plan = self.asking.plan
        named = plan.rate_min if self.of_job else plan.rate_max
        limit = self._dollars(named)
        if limit is None and self.side and self.side.pay:
            limit = self.side.pay[0] if self.of_job else self.side.pay[1]
        if limit is None:
            return None
        if facts.pay is None:
            return Finding("pay", None, "no hourly pay is stated")
        offered = facts.pay[1] if self.of_job else facts.pay[0]
        beyond = limit / max(offered, 0.01) if self.of_job else offered / max(limit, 0.01)
        share = 1.0 if beyond <= 1 else 0.5 if beyond <= BEYOND else 0.0
        return Finding("pay", share, f"${offered:g} an hour where ${limit:g} is asked")

    def _place(self, facts: Facts) -> Finding | None:
        side = self.side
        if self.asking.plan.countries or side is None or not side.country:
            return None
        if not facts.country:
            return Finding("place", None, "no country is stated")
        if facts.country != side.country:
            return Finding("place", 0.0, "another country")
        is_same_city = facts.city is not None and facts.city == side.city
        return Finding("place", 1.0 if is_same_city else 0.75, "the same city" if is_same_city else "the same country")

    def _language(self, facts: Facts) -> Finding | None:
        side = self.side
        if self.asking.plan.languages or side is None or not side.languages:
            return None
        if not facts.languages:
            return Finding("language", None, "no language is stated")
        common = sorted(facts.languages & side.languages)
        return Finding("language", float(bool(common)), ", ".join(common) or "no language in common")

    def _domain(self, facts: Facts) -> Finding | None:
        domains = self.asking.plan.domains
        if not domains:
            return None
        shown = [name for name in domains if frozenset(self.reader.terms_of(name)) <= facts.words]
        return Finding("domain", len(shown) / len(domains), ", ".join(shown) or "no industry that was named")

    def _hours(self, facts: Facts) -> Finding | None:
        asked = self.asking.plan.hours_min
        if self.of_job or asked is None:
            return None
        if facts.hours is None:
            return Finding("hours", None, "no hours are stated")
        return Finding("hours", float(facts.is_open and facts.hours >= asked), f"{facts.hours:g} hours a week")

    def _text(self, facts: Facts) -> Finding | None:
        left = dict.fromkeys(self.reader.terms_of(self.asking.plan.text))
        if not left:
            return None
        shown = [word for word in left if word in facts.words]
        return Finding("text", len(shown) / len(left), f"shows {len(shown)} of {len(left)} other words")

    def _dollars(self, money: Money | None) -> float | None:
        return None if money is None else self.exchange.in_usd(money)

    def _labels(self, skills: Sequence[str]) -> str:
        return ", ".join(map(self.reader.label, skills))
