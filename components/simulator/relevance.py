"""True relevance of a (freelancer, demand) pair, what an actor sees at a glance, and what the platform could observe.

All functions are pure and take flat pairs: `person` positions of freelancers, `row` positions in a Demand. The truth
leaves this package only through the truth files. Knows nothing of capacity, positions or clicks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from components.simulator.clicks import Mask
from components.simulator.demand import Demand
from components.simulator.geography import Integers
from components.simulator.people import Freelancers
from components.simulator.taxonomy import Floats, full_taxonomy

CLIENT_SIDE, FREELANCER_SIDE = 0.78, 0.32
"""Weight of the client's suitability where the client asks, and where the freelancer does."""
STEEPNESS, MIDDLE = 1.4, 0.0
SKILL = 0.85
"""Weight of the skills, the freelancer's or those that are typed into a feed."""
REFUSED = np.float32(-4.0)
"""Suitability of what breaks a limit, at most."""


@dataclass(frozen=True)
class Suitability:
    """Latent suitability per pair: for the client, for the freelancer, and the client's first glance at the profile.

    skill: what the freelancer's skills add to the first two.
    """

    client: Floats
    freelancer: Floats
    glance: Floats
    skill: Floats


@dataclass
class History:
    """Counts that the platform's own log holds, by freelancer and by job, up to the day's start."""

    impressions: Floats
    clicked: Floats
    moved: Floats
    accepted: Floats
    hired: Floats
    rating_sum: Floats
    rated: Floats
    popularity: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.popularity = np.zeros_like(self.impressions)

    @classmethod
    def empty(cls, count: int) -> "History":
        return cls(*(np.zeros(count, np.float32) for _ in range(7)))

    def fade(self) -> None:
        """One day passes over popularity."""
        self.popularity *= np.float32(0.95)

    def rates(self, of: Integers) -> tuple[Floats, Floats, Floats]:
        """Smoothed click rate, move rate (applies or invites a click) and mean rating of those."""
        clicked = self.clicked[of]
        return (
            (clicked + 4) / (self.impressions[of] + 50),
            (self.moved[of] + 2) / (clicked + 10),
            (self.rating_sum[of] + 12.6) / (self.rated[of] + 3),
        )


def suitability(people: Freelancers, person: Integers, demand: Demand, row: Integers) -> Suitability:
    """Latent suitability from depth, quality, taste, responsiveness, price, level, place and language."""
    skill = SKILL * (demand.needs.total(row, people.effective, person) - 0.42) / 0.22
    claimed = (shown_coverage(people, person, demand, row) - 0.6) / 0.3
    over = np.log(people.rate_usd[person] / demand.pay_usd[row])
    level = np.abs(people.level[person] - demand.level[row])
    language = people.speaks[person, demand.language[row]]
    same_country = (people.country[person] == demand.country[row]).astype(np.float32)
    same_city = (people.city[person] == demand.city[row]).astype(np.float32)
    suited = (_dot(demand.wants[row], people.style[person]) - 0.125) / 0.19
    enjoyed = (_dot(demand.offers[row], people.taste[person]) - 0.125) / 0.19
    location = demand.locality[row] * (0.7 * same_country + 0.5 * same_city - 0.3) + 0.15 * same_country
    shared = 0.5 * (language - 1) - 0.22 * level + location
    answering = 0.2 * (people.responsiveness[person] - 0.67) / 0.18
    client = shared - 0.75 * np.clip(over, -0.2, 1.2) + 0.3 * suited + answering
    freelancer = shared - 0.8 * np.tanh(over / 0.5) + 0.25 * enjoyed + 0.25 * demand.fairness[row]
    at_first_sight = 0.75 * (0.5 * skill / SKILL + 0.5 * claimed) + 0.2 * people.quality[person]
    return Suitability(
        client=(client + skill + 0.42 * people.quality[person]).astype(np.float32),
        freelancer=(freelancer + skill).astype(np.float32),
        glance=(client + at_first_sight).astype(np.float32),
        skill=skill.astype(np.float32),
    )


def combined(match: Suitability, client_asks: bool) -> Floats:
    """The match's suitability on a surface: the asking side's weighs most."""
    weight = np.float32(CLIENT_SIDE if client_asks else FREELANCER_SIDE)
    weighted: Floats = weight * match.client + (1 - weight) * match.freelancer
    return weighted


def as_asked(suits: Floats, skill: Floats, covered: Floats, stands_in: Floats) -> Floats:
    """Suitability of jobs for freelancers who typed a text: what it names stands in for what they can do.

    covered: share of the typed skills that the job asks for; stands_in: 0 without a text, 1 for another trade.
    """
    wished: Floats = SKILL * (covered - 0.5) / 0.3
    asked: Floats = (suits + stands_in * (wished - skill)).astype(np.float32)
    return asked


def graded(suitable: Floats, broken: Mask | None = None) -> Floats:
    """Suitability -> true relevance in [0, 4]; 0 of what breaks a limit."""
    grade: Floats = (4 / (1 + np.exp(-STEEPNESS * (suitable - MIDDLE)))).astype(np.float32)
    return grade if broken is None else np.where(broken, np.float32(0), grade)


def shown_coverage(people: Freelancers, person: Integers, demand: Demand, row: Integers) -> Floats:
    """Share of the written skills that the claims reach, related skills counting in part."""
    share: Floats = demand.listed.total(row, people.covers, person) / _written(demand, row)
    return share


OBSERVABLE = (
    "coverage", "overlap", "claims", "category", "price_gap", "price_gap_squared", "price_unknown", "level_gap",
    "level", "level_unknown", "country", "city", "language", "rate_residual", "style_written", "style_learned",
    "offer_learned", "locality", "freelancer_click_rate", "freelancer_move_rate", "freelancer_rating",
    "freelancer_hires", "job_click_rate", "job_move_rate", "stands_in", "wish", "broken",
)  # fmt: skip


def observable(
    people: Freelancers,
    person: Integers,
    demand: Demand,
    row: Integers,
    *,
    freelancer: History,
    job_rates: Floats,
    asked: Sequence[np.ndarray],
) -> Floats:
    """(pairs, OBSERVABLE): attributes as a platform with perfect reading could compute them.

    Synonyms and typos are read without error; what a client wants and a freelancer enjoys is known as if histories had
    told all of it, styles only as far as profiles state them. Skill depth, quality, fairness, responsiveness, the true
    rate and what a profile hides or fakes stay out; of quality only its traces in the log come in.
    job_rates: (pairs, 2) smoothed click and move rate of the job. asked: the last three of OBSERVABLE, (pairs,) each.
    """
    price = np.log(people.listed_rate[person] / demand.listed_pay[row])
    gap = np.nan_to_num(price)
    written_level, listed_level = demand.listed_level[row], people.listed_level[person]
    level_known = (written_level >= 0) & (listed_level >= 0)
    clicks, moves, rating = freelancer.rates(person)
    style = people.style_shown[person]
    columns = (
        shown_coverage(people, person, demand, row),
        demand.listed.total(row, people.claimed, person) / _written(demand, row),
        people.claimed[person].sum(axis=1, dtype=np.float32) / 10,
        people.listed_category[person] == demand.listed_category[row],
        gap,
        gap * gap,
        np.isnan(price),
        np.where(level_known, np.abs(written_level - listed_level), 0.7),
        np.where(listed_level >= 0, listed_level, 1),
        ~level_known,
        people.listed_country[person] == demand.country[row],
        people.listed_city[person] == demand.city[row],
        people.speaks[person, demand.language[row]],
        _rate_residual(people, person),
        _dot(demand.wants_shown[row], style),
        _dot(demand.wants[row], style),
        _dot(demand.offers_shown[row], people.taste[person]),
        demand.locality[row] * (people.listed_country[person] == demand.country[row]),
        clicks * 10,
        moves * 4,
        rating - 4.2,
        np.log1p(freelancer.hired[person]),
        job_rates[:, 0] * 10,
        job_rates[:, 1] * 4,
        *asked,
    )
    return np.stack([np.asarray(column, np.float32) for column in columns], axis=1)


def _written(demand: Demand, row: Integers) -> Floats:
    """(pairs,) how many skills are listed, at least one."""
    many: Floats = np.maximum(demand.listed.weight.sum(axis=1)[row], 1)
    return many


def _rate_residual(people: Freelancers, person: Integers) -> Floats:
    """Logarithm of the listed rate over the category's base, 0 where nothing is listed: dear people tend to be good."""
    base = np.array(full_taxonomy().base_rate_usd, np.float32)[people.listed_category[person]]
    residual: Floats = np.nan_to_num(np.log(people.listed_rate[person] / base)).astype(np.float32)
    return residual


def _dot(left: Floats, right: Floats) -> Floats:
    result: Floats = np.einsum("ij,ij->i", left, right, dtype=np.float32)
    return result
