"""Sessions of a day on the two retrieving surfaces: who asks when, for what, and the slates that the policy chose.

Knows nothing of what happens with a slate.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from components.data.simulator.config import HOUR_US
from components.data.simulator.geography import Integers, geography
from components.data.simulator.jobs import Demand, draw_needs
from components.data.simulator.log import NOBODY, Sessions
from components.data.simulator.market import Market
from components.data.simulator.people import LEVEL_RATE, MISSING, STYLES
from components.data.simulator.policy import EMPTY, LONGEST, NOWHERE, POLICIES, SHORTEST, Evidence, choose_slates
from components.data.simulator.relevance import History
from components.data.simulator.taxonomy import Floats, full_taxonomy
from components.data.simulator.text import Facts

HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 6, 9, 10, 10, 9, 8, 9, 10, 10, 9, 8, 7, 7, 6, 5, 3, 2], np.float64)
CELLS = 4_000_000
"""Most (queries x pool) cells scored at once."""
FREE_TEXT_SHARE, FEED_TEXT_SHARE, FILTER_SHARE = 0.4, 0.15, 0.15
NOISE = {"weak": 0.3, "strong": 0.15}


@dataclass(frozen=True)
class Asked:
    """Sessions with what is needed to judge them. by_query: a row of `demand` belongs to a query, else to a job.

    wish: (queries, skills) skills typed into a feed's search box, zeros without.
    """

    sessions: Sessions
    demand: Demand
    by_query: bool
    wish: Floats

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
    for part in _parts(len(actors), len(pool)):
        yield _feed(market, actors[part], stamps[part], pool)


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
    for part in _parts(count, len(pool)):
        yield _talent(market, actor[part], job[part], stamps[part], pool)


def _draw(market: Market, among: Integers, weight: Floats, count: int) -> Integers:
    if not len(among):
        return among
    share = weight[among].astype(np.float64)
    found: Integers = market.rng.choice(among, size=count, p=share / share.sum())
    return found


def _parts(count: int, pool: int) -> Iterator[slice]:
    step = max(1, CELLS // max(pool, 1))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def _feed(market: Market, actors: Integers, stamps: Integers, pool: Integers) -> Asked:
    people, jobs, demand, rng = market.people, market.jobs, market.jobs.demand, market.rng
    text, wish = _feed_texts(market, actors)
    words = people.literal[actors] @ demand.literal[pool].T + 2 * (wish @ demand.literal[pool].T)
    written = np.maximum(demand.listed[pool].sum(axis=1), 1)
    coverage = people.reach[actors] @ demand.listed[pool].T / written + 0.5 * (wish @ market.covers[pool].T)
    age_days = (stamps[:, None] - jobs.posted_us[pool]) / (24 * HOUR_US)
    evidence = _evidence(market, actors[:, None], pool[None, :], words, coverage,
                         (market.seen_jobs, pool), np.exp(-age_days / 5))  # fmt: skip
    wanted, filters = _filters(market, people.listed_category[actors])
    score = _scored(market, evidence, (wanted[:, None] == MISSING) | (wanted[:, None] == demand.listed_category[pool]))
    score[age_days < 0] = NOWHERE
    slates = choose_slates(score, lambda best: market.settled.hold(actors[:, None], pool[best]),
                           _lengths(rng, len(actors)), jobs.promoted[pool], rng)  # fmt: skip
    slates.shown[:] = np.where(slates.shown == EMPTY, EMPTY, pool[slates.shown])
    sessions = Sessions("job_feed", actors, np.full(len(actors), NOBODY), stamps, slates, text, filters,
                        _policy_names(market, len(actors)))  # fmt: skip
    return Asked(sessions, demand, by_query=False, wish=wish)


def _talent(market: Market, actor: Integers, job: Integers, stamps: Integers, pool: Integers) -> Asked:
    people, rng = market.people, market.rng
    demand = market.jobs.demand.take(np.maximum(job, 0))
    text = _free_texts(market, actor, job, demand)
    words = demand.literal @ people.literal[pool].T
    written = np.maximum(demand.listed.sum(axis=1), 1)[:, None]
    coverage = demand.listed @ people.reach[pool].T / written
    age_days = (stamps[:, None] - people.arrives_us[pool]) / (24 * HOUR_US)
    evidence = _evidence(market, pool[None, :], np.arange(len(job))[:, None], words, coverage,
                         (market.seen_freelancers, pool), np.exp(-age_days / 20), demand)  # fmt: skip
    wanted, filters = _filters(market, demand.listed_category)
    score = _scored(market, evidence, (wanted[:, None] == MISSING) | (wanted[:, None] == people.listed_category[pool]))
    context = market.context(job, actor)
    slates = choose_slates(score, lambda best: market.settled.hold(pool[best], context[:, None]),
                           _lengths(rng, len(job)), people.promoted[pool], rng)  # fmt: skip
    slates.shown[:] = np.where(slates.shown == EMPTY, EMPTY, pool[slates.shown])
    sessions = Sessions("talent_search", actor, job, stamps, slates, text, filters, _policy_names(market, len(job)))
    return Asked(sessions, demand, by_query=True, wish=np.zeros_like(demand.needs))


def _evidence(market: Market, one: Integers, row: Integers, words: Floats, coverage: Floats,
              seen: tuple[History, Integers], recency: Floats, demand: Demand | None = None) -> Evidence:  # fmt: skip
    """one, row: positions that broadcast to (queries, pool)."""
    people, need = market.people, demand or market.jobs.demand
    history, pool = seen
    popular = np.log1p(history.popularity[pool])
    _, _, rating = history.rates()
    return Evidence(
        words=words,
        coverage=coverage,
        category=(people.listed_category[one] == need.listed_category[row]).astype(np.float32),
        price=np.log(people.listed_rate[one] / need.listed_pay[row]),
        level=np.abs(people.listed_level[one] - need.listed_level[row]).astype(np.float32),
        place=(people.listed_country[one] == need.country[row]).astype(np.float32),
        popularity=(popular / max(float(popular.max(initial=0)), 1.0)).astype(np.float32),
        recency=recency.astype(np.float32),
        rating=np.clip(rating[pool] - 4.2, -1, 1),
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


def _feed_texts(market: Market, actors: Integers) -> tuple[list[str | None], Floats]:
    """Texts and the skills meant by them: one or two that the freelancer really has."""
    people, rng = market.people, market.rng
    texts: list[str | None] = [None] * len(actors)
    wish = np.zeros((len(actors), people.depth.shape[1]), np.float32)
    for query in np.flatnonzero(rng.random(len(actors)) < FEED_TEXT_SHARE):
        one = actors[query]
        skills = rng.choice(np.flatnonzero(people.depth[one]), int(rng.integers(1, 3)), replace=False)
        wish[query, skills] = 1
        texts[query] = market.text.search(
            _search_facts(market, int(people.cluster[one]), skills.tolist(), int(people.city[one]))
        )
    return texts, wish


def _free_texts(market: Market, actor: Integers, job: Integers, demand: Demand) -> list[str | None]:
    """Texts for searches without a job; writes what they mean into their rows of `demand`."""
    taxonomy, rng, clients = full_taxonomy(), market.rng, market.clients
    texts: list[str | None] = [None] * len(job)
    for query in np.flatnonzero(job == NOBODY):
        client = actor[query]
        cluster = int(rng.choice(taxonomy.clusters_of[int(rng.choice(clients.categories[client]))]))
        needs = draw_needs(taxonomy, cluster, 1, 2, rng)
        skills = np.flatnonzero(needs).tolist()
        texts[query] = market.text.search(_search_facts(market, cluster, skills, int(clients.city[client])))
        category, level = taxonomy.cluster_category[cluster], int(rng.integers(3))
        pay = taxonomy.base_rate_usd[category] * LEVEL_RATE[level] * geography().cost[clients.country[client]] ** 0.3
        values = {
            "client": client, "category": category, "level": level, "country": clients.country[client],
            "city": clients.city[client], "language": geography().languages.index("English"), "pay_usd": pay,
            "needs": needs, "wants": clients.wants[client], "offers": clients.offers[client], "listed": needs > 0,
            "literal": (needs > 0) & (rng.random(len(needs)) < 0.75), "wants_shown": np.zeros(len(STYLES)),
            "offers_shown": np.zeros(len(STYLES)), "listed_category": MISSING, "listed_level": MISSING,
            "listed_pay": np.nan, "fairness": clients.fairness[client], "locality": clients.locality[client],
        }  # fmt: skip
        for name, value in values.items():
            getattr(demand, name)[query] = value
    return texts


def _search_facts(market: Market, cluster: int, skills: list[int], city: int) -> Facts:
    taxonomy, rng = full_taxonomy(), market.rng
    return Facts(
        skills=skills,
        role=str(rng.choice(taxonomy.cluster_roles[cluster])),
        level=str(rng.choice(["junior", "experienced", "senior"])),
        industry=str(rng.choice(taxonomy.industries[taxonomy.cluster_category[cluster]])),
        city=geography().cities[city],
        language="English",
        hours=20,
        years=3,
        styles=[],
    )
