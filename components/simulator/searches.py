"""What is typed into the search boxes of both sides, and what is meant by it.

Knows nothing of who is shown for it.
"""

import numpy as np

from components.simulator.demand import Demand, draw_needs
from components.simulator.geography import Integers, geography
from components.simulator.market import Market
from components.simulator.people import LEVEL_RATE, MISSING, STYLES
from components.simulator.skills import Skills
from components.simulator.taxonomy import full_taxonomy, one_of
from components.simulator.text import Facts
from components.simulator.world_log import NOBODY

FEED_TEXT_SHARE = 0.15


def feed_texts(market: Market, actors: Integers) -> tuple[list[str | None], Skills]:
    """Texts and the skills meant by them: one or two that the freelancer really has."""
    people, rng = market.people, market.rng
    texts: list[str | None] = [None] * len(actors)
    wish = Skills.empty(len(actors), 2)
    for query in np.flatnonzero(rng.random(len(actors)) < FEED_TEXT_SHARE).tolist():
        person = actors[query]
        skills = rng.choice(np.flatnonzero(people.depth[person]), int(rng.integers(1, 3)), replace=False)
        wish.put(query, np.sort(skills), np.ones(len(skills), np.float32))
        texts[query] = market.text.search(
            _search_facts(market, int(people.cluster[person]), skills.tolist(), int(people.city[person]))
        )
    return texts, wish


def free_texts(market: Market, actor: Integers, job: Integers, demand: Demand) -> list[str | None]:
    """Texts for searches without a job; writes what they mean into their rows of `demand`."""
    taxonomy, rng, clients = full_taxonomy(), market.rng, market.clients
    texts: list[str | None] = [None] * len(job)
    for query in np.flatnonzero(job == NOBODY).tolist():
        client = actor[query]
        cluster = one_of(taxonomy.clusters_of[int(one_of(clients.categories[client], rng))], rng)
        skills, weights = draw_needs(taxonomy, cluster, 1, 2, rng)
        texts[query] = market.text.search(_search_facts(market, cluster, skills.tolist(), int(clients.city[client])))
        category, level = taxonomy.cluster_category[cluster], int(rng.integers(3))
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
    return texts


def _search_facts(market: Market, cluster: int, skills: list[int], city: int) -> Facts:
    taxonomy, rng = full_taxonomy(), market.rng
    return Facts(
        skills=skills,
        role=one_of(taxonomy.cluster_roles[cluster], rng),
        level=one_of(("junior", "experienced", "senior"), rng),
        industry=one_of(taxonomy.industries[taxonomy.cluster_category[cluster]], rng),
        city=geography().cities[city],
        language="English",
        hours=20,
        years=3,
        styles=[],
    )
