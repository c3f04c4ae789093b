"""Sessions of a day on the two retrieving surfaces: who asks when, for what, and the slates that the policy chose.

Knows nothing of what happens with a slate.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from components.simulator.candidates import PolicyCandidates
from components.simulator.config import HOUR_US
from components.simulator.demand import Demand
from components.simulator.geography import Integers
from components.simulator.log import NOBODY, Sessions
from components.simulator.market import Market
from components.simulator.people import MISSING
from components.simulator.policy import LONGEST, NOWHERE, POLICIES, SHORTEST, Evidence, Slates, choose_slates
from components.simulator.relevance import History
from components.simulator.searches import feed_texts, free_texts
from components.simulator.skills import Skills
from components.simulator.taxonomy import Floats, exact, full_taxonomy

HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 6, 9, 10, 10, 9, 8, 9, 10, 10, 9, 8, 7, 7, 6, 5, 3, 2], np.float64)
CELLS = 4_000_000
"""Most (queries x candidates) cells of the sessions that are lived at once."""
FREE_TEXT_SHARE, FILTER_SHARE = 0.4, 0.15
NOISE = {"weak": 0.3, "strong": 0.15}


@dataclass(frozen=True)
class Asked:
    """Sessions with what is needed to judge them. by_query: a row of `demand` belongs to a query, else to a job.

    wish: skills typed into a feed's search box.
    """

    sessions: Sessions
    demand: Demand
    by_query: bool
    wish: Skills

    def pairs(self) -> tuple[Integers, Integers, Integers]:
        """(freelancer, demand row, query) of each shown candidate, rank by rank."""
        query, _ = np.nonzero(self.sessions.there)
        shown = self.sessions.slates.shown[self.sessions.there]
        return (shown, query, query) if self.by_query else (self.sessions.actor[query], shown, query)


def times_of_day(market: Market, day: int, count: int) -> Integers:
    """Sorted moments of the day, most in working hours, none in its first five minutes."""
    hour = market.rng.choice(24, size=count, p=HOURS / HOURS.sum())
    within = market.rng.integers(300_000_000, HOUR_US, size=count)
    found: Integers = np.sort(market.day_start(day) + hour * HOUR_US + within)
    return found


def feed_sessions(market: Market, day: int, count: int) -> Iterator[Asked]:
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


def talent_sessions(market: Market, day: int, count: int) -> Iterator[Asked]:
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
    found: Integers = market.rng.choice(among, size=count, p=share / share.sum())
    return found


def _parts(count: int, scored: int) -> Iterator[slice]:
    step = max(1, CELLS // max(scored, 1))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def _feed(market: Market, actors: Integers, stamps: Integers, candidates: PolicyCandidates) -> Asked:
    text, wish = feed_texts(market, actors)
    wanted, filters = _filters(market, market.people.listed_category[actors])
    slates = Slates.merged([
        (rows, _feed_slates(market, actors[rows], stamps[rows], wish[rows], wanted[rows], pool))
        for rows, pool in candidates.near(market.people.family[actors], market.rng)
    ])  # fmt: skip
    nobody = np.full(len(actors), NOBODY)
    names = _policy_names(market, len(actors))
    sessions = Sessions("job_feed", actors, nobody, stamps, slates, text, filters, names)
    return Asked(sessions, market.jobs.demand, by_query=False, wish=wish)


def _feed_slates(market: Market, actors: Integers, stamps: Integers, wish: Skills, wanted: Integers,
                 pool: Integers) -> Slates:  # fmt: skip
    people, jobs, demand = market.people, market.jobs, market.jobs.demand
    typed, literal = np.flatnonzero(wish.weight.any(axis=1)), demand.literal[pool].dense()
    words = exact(people.literal[actors]) @ literal.T
    words[typed] += 2 * (wish[typed].dense() @ literal.T)

    def coverage() -> Floats:
        share = _covered(demand.listed[pool].dense(), exact(people.reach[actors])).T
        share[typed] += 0.5 * (wish[typed].dense() @ exact(market.covers[pool]).T)
        return share

    age_days = (stamps[:, None] - jobs.posted_us[pool]) / (24 * HOUR_US)
    evidence = _evidence(market, actors[:, None], pool[None, :], words, coverage,
                         (market.seen_jobs, pool), np.exp(-age_days / 5))  # fmt: skip
    score = _scored(market, evidence, (wanted[:, None] == MISSING) | (wanted[:, None] == demand.listed_category[pool]))
    score[age_days < 0] = NOWHERE
    return choose_slates(score, lambda best: market.settled.hold(actors[:, None], pool[best]),
                         _lengths(market.rng, len(actors)), jobs.promoted[pool], market.rng).of(pool)  # fmt: skip


def _talent(market: Market, actor: Integers, job: Integers, stamps: Integers, candidates: PolicyCandidates) -> Asked:
    demand = market.jobs.demand.take(np.maximum(job, 0))
    text = free_texts(market, actor, job, demand)
    wanted, filters = _filters(market, demand.listed_category)
    context = market.context(job, actor)
    slates = Slates.merged([
        (rows, _talent_slates(market, demand.take(rows), context[rows], stamps[rows], wanted[rows], pool))
        for rows, pool in candidates.near(full_taxonomy().family(demand.listed.dense()), market.rng)
    ])  # fmt: skip
    sessions = Sessions("talent_search", actor, job, stamps, slates, text, filters, _policy_names(market, len(job)))
    return Asked(sessions, demand, by_query=True, wish=Skills.empty(len(job), 1))


def _talent_slates(market: Market, demand: Demand, context: Integers, stamps: Integers, wanted: Integers,
                   pool: Integers) -> Slates:  # fmt: skip
    people, rng = market.people, market.rng
    words = demand.literal.dense() @ exact(people.literal[pool]).T

    def coverage() -> Floats:
        return _covered(demand.listed.dense(), exact(people.reach[pool]))

    age_days = (stamps[:, None] - people.arrives_us[pool]) / (24 * HOUR_US)
    evidence = _evidence(market, pool[None, :], np.arange(len(stamps))[:, None], words, coverage,
                         (market.seen_freelancers, pool), np.exp(-age_days / 20), demand)  # fmt: skip
    score = _scored(market, evidence, (wanted[:, None] == MISSING) | (wanted[:, None] == people.listed_category[pool]))
    return choose_slates(score, lambda best: market.settled.hold(pool[best], context[:, None]),
                         _lengths(rng, len(stamps)), people.promoted[pool], rng).of(pool)  # fmt: skip


def _covered(listed: Floats, reach: Floats) -> Floats:
    """(demands, people) share of the listed skills that claims reach."""
    share: Floats = listed @ reach.T / np.maximum(listed.sum(axis=1), 1)[:, None]
    return share


def _evidence(market: Market, one: Integers, row: Integers, words: Floats, coverage: Callable[[], Floats],
              seen: tuple[History, Integers], recency: Floats, demand: Demand | None = None) -> Evidence:  # fmt: skip
    """one, row: positions that broadcast to (queries, pool)."""
    people, need = market.people, demand or market.jobs.demand
    history, pool = seen
    popular = np.log1p(history.popularity[pool])
    _, _, rating = history.rates(pool)
    return Evidence(
        words=words,
        coverage=coverage,
        category=(people.listed_category[one] == need.listed_category[row]).astype(np.float32),
        price=lambda: np.log(people.listed_rate[one] / need.listed_pay[row]),
        level=lambda: np.abs(people.listed_level[one] - need.listed_level[row]).astype(np.float32),
        place=lambda: (people.listed_country[one] == need.country[row]).astype(np.float32),
        popularity=(popular / max(float(popular.max(initial=0)), 1.0)).astype(np.float32),
        recency=recency.astype(np.float32),
        rating=np.clip(rating - 4.2, -1, 1),
    )


def _scored(market: Market, evidence: Evidence, allowed: np.ndarray) -> Floats:
    name = market.config.logging_policy
    score = POLICIES[name](evidence).astype(np.float32)
    score += np.float32(NOISE[name]) * market.rng.standard_normal(score.shape, np.float32)
    score[~allowed] = NOWHERE
    return score


def _lengths(rng: np.random.Generator, count: int) -> Integers:
    return rng.integers(SHORTEST, LONGEST + 1, size=count)


def _policy_names(market: Market, count: int) -> list[str]:
    return [f"{market.config.logging_policy}-1"] * count


def _filters(market: Market, category: Integers) -> tuple[Integers, list[str]]:
    """(category asked for or MISSING, the filters as JSON)."""
    wanted = np.where(market.rng.random(len(category)) < FILTER_SHARE, category, MISSING)
    names = full_taxonomy().categories
    return wanted, [json.dumps({"category": names[c]}) if c != MISSING else "{}" for c in wanted]
