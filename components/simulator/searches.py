"""What is typed into the search boxes of both sides, and what is meant by it.

People look for another trade than their own, each as often as is like them, set limits, and spell as they can. Knows
nothing of who is shown for it.
"""

from dataclasses import dataclass

import numpy as np

from components.simulator.asked import MOST_SKILLS, Asked
from components.simulator.demand import Demand, draw_needs
from components.simulator.geography import Integers, geography
from components.simulator.market import Market
from components.simulator.people import LEVEL_RATE, MISSING, STYLES
from components.simulator.taxonomy import Floats, full_taxonomy, one_of
from components.simulator.text import Facts
from components.simulator.world_log import NOBODY
from metier.contract import LEVELS

FEED_TEXT_SHARE, JOB_TEXT_SHARE = 0.15, 0.15
"""Share of feeds with a text, and of searches for a job that say something beside it."""
LIMIT_SHARE = {"country": 0.12, "pay_usd": 0.16, "level": 0.16, "language": 0.06, "without": 0.06}
FEED_LANGUAGE_SHARE = 0.02
"""Few jobs are in another language than English, so that few freelancers name one."""
LEAST_PAY, MOST_PAY = (0.4, 0.9), (0.7, 1.5)
"""Ranges of pay limits on a feed and on a search, as shares of what is usual."""
ROUND_FROM, ROUND_TO = 20, 5
"""Limits of this many dollars or more are named in fives."""
Texts = list[str | None]


@dataclass(frozen=True)
class _Typing:
    """The queries that get a text, and for each of them what it is about: all (n,)."""

    queries: Integers
    cluster: Integers
    level: Integers
    usual_pay: Floats
    city: Integers


def feed_texts(market: Market, actors: Integers) -> tuple[Texts, Asked]:
    """Texts of feeds and what they ask for: one or two skills that the freelancer has, or of another trade."""
    people, rng, taxonomy = market.people, market.rng, full_taxonomy()
    asked = Asked.nothing(len(actors))
    queries = np.flatnonzero(rng.random(len(actors)) < FEED_TEXT_SHARE)
    person, cluster = actors[queries], people.cluster[actors[queries]]
    strays = rng.random(len(queries)) < people.curiosity[person]
    for number, (query, one) in enumerate(zip(queries.tolist(), person.tolist(), strict=True)):
        if strays[number]:
            cluster[number] = _another_trade(market, int(people.category[one]))
        among = taxonomy.cluster_skills[cluster[number]] if strays[number] else np.flatnonzero(people.depth[one])
        skills = np.sort(rng.choice(among, int(rng.integers(1, MOST_SKILLS + 1)), replace=False))
        asked.skills.put(query, skills, np.ones(len(skills), np.float32))
    asked.off_profile[queries] = strays
    usual = np.array(taxonomy.base_rate_usd)[np.array(taxonomy.cluster_category)[cluster]]
    typing = _Typing(queries, cluster, people.level[person], usual, people.city[person])
    _draw_limits(market, asked, typing, LEAST_PAY, LIMIT_SHARE | {"language": FEED_LANGUAGE_SHARE})
    return _texts(market, asked, typing, len(actors), pay="least"), asked


def talent_texts(market: Market, actor: Integers, job: Integers, demand: Demand) -> tuple[Texts, Asked]:
    """Texts of searches without a job and of some with one; writes what they mean into their rows of `demand`."""
    taxonomy, rng, clients = full_taxonomy(), market.rng, market.clients
    asked = Asked.nothing(len(job))
    queries = np.flatnonzero((job == NOBODY) | (rng.random(len(job)) < JOB_TEXT_SHARE))
    client, alone = actor[queries], job[queries] == NOBODY
    level = np.where(alone, rng.integers(3, size=len(queries)), demand.level[queries])
    asked.off_profile[queries] = alone & (rng.random(len(queries)) < clients.curiosity[client])
    cluster = np.where(alone, 0, market.jobs.cluster[job[queries]])
    for number in np.flatnonzero(alone).tolist():
        query, one = queries[number], client[number]
        home = int(one_of(clients.categories[one], rng))
        strays = asked.off_profile[query]
        cluster[number] = _another_trade(market, home) if strays else one_of(taxonomy.clusters_of[home], rng)
        _demand_of_text(market, demand, query, int(cluster[number]), int(level[number]), one)
    for query in queries.tolist():
        needed = demand.needs.of(query)[:MOST_SKILLS]
        asked.skills.put(query, needed, np.ones(len(needed), np.float32))
    usual = demand.pay_usd[queries] / LEVEL_RATE[level]
    typing = _Typing(queries, cluster, level, usual, clients.city[client])
    _draw_limits(market, asked, typing, MOST_PAY, LIMIT_SHARE)
    spoken = asked.language[queries] != MISSING
    demand.language[queries[spoken]] = asked.language[queries[spoken]]
    return _texts(market, asked, typing, len(job), pay="most"), asked


def _another_trade(market: Market, category: int) -> int:
    """A cluster of another category."""
    taxonomy = full_taxonomy()
    others = [cluster for cluster, own in enumerate(taxonomy.cluster_category) if own != category]
    return one_of(others, market.rng)


def _demand_of_text(market: Market, demand: Demand, query: int, cluster: int, level: int, client: int) -> None:
    """What a search without a job needs, into its row of `demand`."""
    taxonomy, rng, clients = full_taxonomy(), market.rng, market.clients
    skills, weights = draw_needs(taxonomy, cluster, 1, MOST_SKILLS, rng)
    category = taxonomy.cluster_category[cluster]
    pay = taxonomy.base_rate_usd[category] * LEVEL_RATE[level] * geography().cost[clients.country[client]] ** 0.3
    values = {
        "client": client, "category": category, "level": level, "country": clients.country[client],
        "city": clients.city[client], "language": geography().languages.index("English"), "pay_usd": pay,
        "wants": clients.wants[client], "offers": clients.offers[client], "wants_shown": np.zeros(len(STYLES)),
        "offers_shown": np.zeros(len(STYLES)), "listed_category": MISSING, "listed_level": MISSING,
        "listed_pay": np.nan, "fairness": clients.fairness[client], "locality": clients.locality[client],
    }  # fmt: skip
    for name, value in values.items():
        getattr(demand, name)[query] = value
    by_name = rng.random(len(taxonomy.skills))[skills] < 0.75
    demand.needs.put(query, skills, weights)
    demand.listed.put(query, skills, (weights > 0).astype(np.float32))
    demand.literal.put(query, skills, by_name.astype(np.float32))


def _draw_limits(
    market: Market, asked: Asked, typing: _Typing, pay_range: tuple[float, float], shares: dict[str, float]
) -> None:
    """Limits and categories of the typed queries, into their rows of `asked`."""
    rng, world, size = market.rng, geography(), len(typing.queries)
    pay = typing.usual_pay * rng.uniform(*pay_range, size=size)
    drawn = {
        "country": rng.choice(len(world.countries), size=size, p=world.share / world.share.sum()),
        "pay_usd": np.where(pay < ROUND_FROM, np.round(pay), ROUND_TO * np.round(pay / ROUND_TO)),
        "level": typing.level,
        "language": rng.integers(len(world.languages), size=size),
        "without": _unwanted(market, asked, typing),
    }
    for name, values in drawn.items():
        limited = rng.random(size) < shares[name]
        getattr(asked, name)[typing.queries[limited]] = values[limited]
    asked.typed[typing.queries] = True
    asked.category[typing.queries] = np.array(full_taxonomy().cluster_category)[typing.cluster]


def _unwanted(market: Market, asked: Asked, typing: _Typing) -> Integers:
    """A skill of each query's trade that it does not ask for."""
    taxonomy, wanted = full_taxonomy(), asked.skills[typing.queries]
    skills = np.array([one_of(taxonomy.cluster_skills[cluster], market.rng) for cluster in typing.cluster.tolist()])
    asks = ((wanted.at == skills[:, None]) & (wanted.weight > 0)).any(axis=1)
    return np.where(asks, MISSING, skills)


def _texts(market: Market, asked: Asked, typing: _Typing, count: int, pay: str) -> Texts:
    """(count,) what is typed; `pay` says how a limit of pay is meant."""
    taxonomy = full_taxonomy()
    texts: Texts = [None] * count
    for query, cluster, level, city in zip(
        *(column.tolist() for column in (typing.queries, typing.cluster, typing.level, typing.city)), strict=True
    ):
        facts = Facts(
            skills=asked.skills.of(query).tolist(),
            role=one_of(taxonomy.cluster_roles[cluster], market.rng),
            level=LEVELS[level],
            industry=one_of(taxonomy.industries[taxonomy.cluster_category[cluster]], market.rng),
            city=geography().cities[city],
            language="English",
            hours=20,
            years=3,
            styles=[],
        )
        named = None if asked.level[query] == MISSING else LEVELS[asked.level[query]]
        texts[query] = market.text.search(facts, named, _limits(market, asked, query, pay))
    return texts


def _limits(market: Market, asked: Asked, query: int, pay: str) -> dict[str, str]:
    """The limits of a query but its level, by their kinds of phrases, as somebody types them."""
    limits = {}
    if asked.country[query] != MISSING:
        limits["country"] = market.text.place(geography().countries[asked.country[query]])
    if not np.isnan(asked.pay_usd[query]):
        limits[pay] = f"{asked.pay_usd[query]:.0f}"
    if asked.language[query] != MISSING:
        limits["language"] = geography().languages[asked.language[query]]
    if asked.without[query] != MISSING:
        limits["without"] = market.text.spell(int(asked.without[query]))
    return limits
