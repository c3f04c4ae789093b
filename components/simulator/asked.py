"""What typed texts ask for: skills that may be another trade's than the asker's, and limits that nobody may break.

A limit is held against what is listed, and where nothing is listed against what is so. Draws nothing; knows neither
clicks nor slates.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from components.simulator.clicks import Mask
from components.simulator.demand import Demand
from components.simulator.geography import Integers
from components.simulator.jobs import HIGHEST_PAY
from components.simulator.people import MISSING, Freelancers
from components.simulator.skills import Skills
from components.simulator.taxonomy import Floats

MOST_SKILLS = 2
OWN_TRADE, OTHER_TRADE = 0.5, 1.0
"""How far what is typed into a feed stands in for what the freelancer can do: half of it, or all."""


@dataclass
class Asked:
    """One row a query. MISSING or NaN: not asked for.

    skills: what is meant; typed: whether there is a text; off_profile: whether it is about another trade than the
    asker's. pay_usd is the least that a job may pay, the most that a freelancer may take; without: a skill.
    """

    skills: Skills
    typed: Mask
    off_profile: Mask
    category: Integers
    country: Integers
    pay_usd: Floats
    level: Integers
    language: Integers
    without: Integers

    @classmethod
    def nothing(cls, count: int) -> Self:
        """Queries without a text."""
        return cls(
            skills=Skills.empty(count, MOST_SKILLS),
            typed=np.zeros(count, bool),
            off_profile=np.zeros(count, bool),
            pay_usd=np.full(count, np.nan, np.float32),
            **{name: np.full(count, MISSING) for name in ("category", "country", "level", "language", "without")},
        )

    def take(self, rows: Integers) -> "Asked":
        """What the queries `rows` ask for."""
        return Asked(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @property
    def stands_in(self) -> Floats:
        """(n,) how far the skills typed into a feed stand in for the asker's own; 0 without a text."""
        share: Floats = (self.typed * np.where(self.off_profile, OTHER_TRADE, OWN_TRADE)).astype(np.float32)
        return share

    @property
    def limited(self) -> Mask:
        """(n,) whether there is anything that nobody may break."""
        named = (self.country, self.level, self.language, self.without)
        limited: Mask = np.any([limit != MISSING for limit in named], axis=0) | ~np.isnan(self.pay_usd)
        return limited


def breaking_jobs(asked: Asked, query: Integers, demand: Demand, row: Integers) -> Mask:
    """(pairs,) which of the jobs `row` break a limit of their query."""
    some = np.flatnonzero(asked.limited[query])
    limits, job = asked.take(query[some]), row[some]
    pay = HIGHEST_PAY * _known(demand.listed_pay[job], demand.pay_usd[job])
    named = (demand.needs.at[job] == limits.without[:, None]) & (demand.listed.weight[job] > 0)
    broken = _differs(limits.country, demand.country[job]) | _differs(limits.language, demand.language[job])
    broken |= _differs(limits.level, _known(demand.listed_level[job], demand.level[job]))
    return _spread(broken | named.any(axis=1) | (pay < limits.pay_usd), some, len(query))


def breaking_people(asked: Asked, query: Integers, people: Freelancers, person: Integers) -> Mask:
    """(pairs,) which of the freelancers `person` break a limit of their query."""
    some = np.flatnonzero(asked.limited[query])
    limits, one = asked.take(query[some]), person[some]
    rate = _known(people.listed_rate[one], people.rate_usd[one])
    broken = _differs(limits.country, _known(people.listed_country[one], people.country[one]))
    broken |= _differs(limits.level, _known(people.listed_level[one], people.level[one]))
    broken |= (limits.language != MISSING) & (people.speaks[one, limits.language] == 0)
    broken |= (limits.without != MISSING) & (people.claimed[one, limits.without] > 0)
    return _spread(broken | (rate > limits.pay_usd), some, len(query))


def _differs(limit: Integers, value: np.ndarray) -> Mask:
    differs: Mask = (limit != MISSING) & (limit != value)
    return differs


def _known(listed: np.ndarray, true: np.ndarray) -> np.ndarray:
    """What is listed; what is so where nothing is."""
    unknown = np.isnan(listed) if listed.dtype.kind == "f" else listed == MISSING
    return np.where(unknown, true, listed)


def _spread(broken: Mask, rows: Integers, count: int) -> Mask:
    every = np.zeros(count, bool)
    every[rows] = broken
    return every
