"""Sessions of a day on the two retrieving surfaces: who asks when, for what, and the slates that the policy chose.

Knows nothing of what happens with a slate.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from components.simulator.asked import Asked
from components.simulator.config import HOUR_US
from components.simulator.demand import Demand
from components.simulator.geography import Integers
from components.simulator.market import Market
from components.simulator.people import MISSING
from components.simulator.policy import (
    LONGEST,
    NOWHERE,
    POLICIES,
    SHORTEST,
    ChosenSlates,
    PolicyInputs,
    choose_slates,
    policy_names,
)
from components.simulator.policy_candidates import PolicyCandidates
from components.simulator.relevance import History
from components.simulator.searches import feed_texts, talent_texts
from components.simulator.taxonomy import Floats, exact, full_taxonomy
from components.simulator.world_log import NOBODY, Sessions

HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 6, 9, 10, 10, 9, 8, 9, 10, 10, 9, 8, 7, 7, 6, 5, 3, 2], np.float64)
CELLS = 4_000_000
"""Most (queries x candidates) cells of the sessions that are lived at once."""
FREE_TEXT_SHARE, FILTER_SHARE = 0.4, 0.15
NOISE = {"weak": 0.3, "strong": 0.15}
OWN_WORDS, TYPED_WORDS = 0.5, 2.0
"""What a policy makes of the profile's words and of typed ones, where a text was typed into a feed."""


@dataclass(frozen=True)
class SessionBatch:
    """Sessions with what is needed to judge them. by_query: a row of `demand` belongs to a query, else to a job."""

    sessions: Sessions
    demand: Demand
    by_query: bool
    asked: Asked

    def pairs(self) -> tuple[Integers, Integers, Integers]:
        """(freelancer, demand row, query) of each shown candidate, rank by rank."""
        query, _ = np.nonzero(self.sessions.filled)
        candidates = self.sessions.slates.candidates[self.sessions.filled]
        return (candidates, query, query) if self.by_query else (self.sessions.actor[query], candidates, query)


def times_of_day(market: Market, day: int, count: int) -> Integers:
    """Sorted moments of the day, most in working hours, none in its first five minutes."""
    hour = market.rng.choice(24, size=count, p=HOURS / HOURS.sum())
    within = market.rng.integers(300_000_000, HOUR_US, size=count)
    moments: Integers = np.sort(market.day_start(day) + hour * HOUR_US + within)
    return moments


def feed_sessions(market: Market, day: int, count: int) -> Iterator[SessionBatch]:
    """Freelancers look at their feed of open, public jobs; one in seven types something."""
    pool = market.open_jobs(day)
    pool = pool[market.jobs.public[pool]]
    actors = _draw(market, market.listed(day), market.people.activity, count)
    if not len(pool) or not len(actors):
        return
    stamps = times_of_day(market, day, len(actors))
    candidates = PolicyCandidates(pool, market.jobs.family, market.seen_jobs.popularity)
    for part in _parts(len(actors), candidates.scored):
        yield _feed(market, actors[part], stamps[part], candidates)


def talent_sessions(market: Market, day: int, count: int) -> Iterator[SessionBatch]:
    """Clients search for people, for one of their open jobs or by free text."""
    pool = market.listed(day)
    jobs = market.open_jobs(day)
    jobs = jobs[market.jobs.posted_us[jobs] < market.day_start(day)]
    clients = np.flatnonzero(market.clients.arrives_us < market.day_start(day))
    if not len(pool):
        return
    by_text = market.rng.random(count) < (FREE_TEXT_SHARE if len(jobs) else 1.0)
    job = np.full(count, NOBODY)
    if len(jobs):
        job[~by_text] = _draw(market, jobs, market.clients.diligence[market.jobs.demand.client], int((~by_text).sum()))
    actor = _draw(market, clients, market.clients.activity, count)
    actor[~by_text] = market.jobs.demand.client[job[~by_text]]
    stamps = times_of_day(market, day, count)
    candidates = PolicyCandidates(pool, market.people.family, market.seen_freelancers.popularity)
    for part in _parts(count, candidates.scored):
        yield _talent(market, actor[part], job[part], stamps[part], candidates)


def _draw(market: Market, among: Integers, weight: Floats, count: int) -> Integers:
    if not len(among):
        return among
    share = weight[among].astype(np.float64)
    drawn: Integers = market.rng.choice(among, size=count, p=share / share.sum())
    return drawn


def _parts(count: int, scored: int) -> Iterator[slice]:
    step = max(1, CELLS // max(scored, 1))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def _feed(market: Market, actors: Integers, stamps: Integers, candidates: PolicyCandidates) -> SessionBatch:
    text, asked = feed_texts(market, actors)
    category_filter, filters = _filters(
        market, np.where(asked.typed, asked.category, market.people.listed_category[actors])
    )
    family = market.people.family[actors]
    if asked.off_profile.any():
        family[asked.off_profile] = full_taxonomy().family(asked.skills[np.flatnonzero(asked.off_profile)].dense())
    slates = ChosenSlates.merged([
        (rows, _feed_slates(market, actors[rows], stamps[rows], asked.take(rows), category_filter[rows], pool))
        for rows, pool in candidates.near(family, market.rng)
    ])  # fmt: skip
    nobody = np.full(len(actors), NOBODY)
    names = policy_names(slates, [f"{market.config.logging_policy}-1"] * len(actors))
    sessions = Sessions("job_feed", actors, nobody, stamps, slates, text=text, filters=filters, policy=names)
    return SessionBatch(sessions, market.jobs.demand, by_query=False, asked=asked)


def _feed_slates(market: Market, actors: Integers, stamps: Integers, asked: Asked, category_filter: Integers,
                 pool: Integers) -> ChosenSlates:  # fmt: skip
    people, jobs, demand = market.people, market.jobs, market.jobs.demand
    typed, literal = np.flatnonzero(asked.typed), demand.literal[pool].dense()
    wish = asked.skills[typed].dense()
    words = exact(people.literal[actors]) @ literal.T
    words[typed] = OWN_WORDS * words[typed] + TYPED_WORDS * (wish @ literal.T)

    def coverage() -> Floats:
        share = _covered(demand.listed[pool].dense(), exact(people.covers[actors])).T
        share[typed] = OWN_WORDS * share[typed] + 0.5 * (wish @ exact(market.covers[pool]).T)
        return share

    age_days = (stamps[:, None] - jobs.posted_us[pool]) / (24 * HOUR_US)
    inputs = _policy_inputs(
        market, actors[:, None], pool[None, :], demand,
        words=words, coverage=coverage, history=market.seen_jobs, pool=pool, recency=np.exp(-age_days / 5),
    )  # fmt: skip
    score = _scored(market, inputs, category_filter, demand.listed_category[pool])
    score[age_days < 0] = NOWHERE
    return choose_slates(score, lambda best: market.settled.contains(actors[:, None], pool[best]),
                         _lengths(market.rng, len(actors)), jobs.promoted[pool],
                         market.config.randomised_share, market.rng).of(pool)  # fmt: skip


def _talent(
    market: Market, actor: Integers, job: Integers, stamps: Integers, candidates: PolicyCandidates
) -> SessionBatch:
    demand = market.jobs.demand.take(np.maximum(job, 0))
    text, asked = talent_texts(market, actor, job, demand)
    category_filter, filters = _filters(market, demand.listed_category)
    context = market.context(job, actor)
    slates = ChosenSlates.merged([
        (rows, _talent_slates(market, demand.take(rows), context[rows], stamps[rows], category_filter[rows], pool))
        for rows, pool in candidates.near(full_taxonomy().family(demand.listed.dense()), market.rng)
    ])  # fmt: skip
    names = policy_names(slates, [f"{market.config.logging_policy}-1"] * len(job))
    sessions = Sessions("talent_search", actor, job, stamps, slates, text=text, filters=filters, policy=names)
    return SessionBatch(sessions, demand, by_query=True, asked=asked)


def _talent_slates(market: Market, demand: Demand, context: Integers, stamps: Integers, category_filter: Integers,
                   pool: Integers) -> ChosenSlates:  # fmt: skip
    people, rng = market.people, market.rng
    words = demand.literal.dense() @ exact(people.literal[pool]).T

    def coverage() -> Floats:
        return _covered(demand.listed.dense(), exact(people.covers[pool]))

    age_days = (stamps[:, None] - people.arrives_us[pool]) / (24 * HOUR_US)
    inputs = _policy_inputs(
        market, pool[None, :], np.arange(len(stamps))[:, None], demand,
        words=words, coverage=coverage, history=market.seen_freelancers, pool=pool, recency=np.exp(-age_days / 20),
    )  # fmt: skip
    score = _scored(market, inputs, category_filter, people.listed_category[pool])
    return choose_slates(score, lambda best: market.settled.contains(pool[best], context[:, None]),
                         _lengths(rng, len(stamps)), people.promoted[pool],
                         market.config.randomised_share, rng).of(pool)  # fmt: skip


def _covered(listed: Floats, covers: Floats) -> Floats:
    """(demands, people) share of the listed skills that claims reach."""
    share: Floats = listed @ covers.T / np.maximum(listed.sum(axis=1), 1)[:, None]
    return share


def _policy_inputs(
    market: Market,
    person: Integers,
    row: Integers,
    demand: Demand,
    *,
    words: Floats,
    coverage: Callable[[], Floats],
    history: History,
    pool: Integers,
    recency: Floats,
) -> PolicyInputs:
    """person, row: positions of freelancers and in `demand` that broadcast to (queries, pool); history: of the pool."""
    people = market.people
    popular = np.log1p(history.popularity[pool])
    _, _, rating = history.rates(pool)
    own, listed = people.listed_category[person], demand.listed_category[row]
    return PolicyInputs(
        words=words,
        coverage=coverage,
        category=((own == listed) & (listed != MISSING)).astype(np.float32),
        price=lambda: np.log(people.listed_rate[person] / demand.listed_pay[row]),
        level=lambda: np.abs(people.listed_level[person] - demand.listed_level[row]).astype(np.float32),
        place=lambda: (people.listed_country[person] == demand.country[row]).astype(np.float32),
        popularity=(popular / max(float(popular.max(initial=0)), 1.0)).astype(np.float32),
        recency=recency.astype(np.float32),
        rating=np.clip(rating - 4.2, -1, 1),
    )


def _scored(market: Market, inputs: PolicyInputs, category_filter: Integers, category: Integers) -> Floats:
    """(queries, pool) noisy scores; NOWHERE for what the query's category filter leaves out."""
    name = market.config.logging_policy
    score = POLICIES[name](inputs).astype(np.float32)
    score += np.float32(NOISE[name]) * market.rng.standard_normal(score.shape, np.float32)
    allowed = (category_filter[:, None] == MISSING) | (category_filter[:, None] == category)
    score[~allowed] = NOWHERE
    return score


def _lengths(rng: np.random.Generator, count: int) -> Integers:
    return rng.integers(SHORTEST, LONGEST + 1, size=count)


def _filters(market: Market, category: Integers) -> tuple[Integers, list[str]]:
    """(category asked for or MISSING, the filters as JSON)."""
    category_filter = np.where(market.rng.random(len(category)) < FILTER_SHARE, category, MISSING)
    names = full_taxonomy().categories
    return category_filter, [json.dumps({"category": names[c]}) if c != MISSING else "{}" for c in category_filter]
