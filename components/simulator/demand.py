"""What somebody needs: latent, and as far as it is written down.

Knows nothing of posts, freelancers or outcomes.
"""

from dataclasses import dataclass, fields

import numpy as np

from components.simulator.clients import Clients
from components.simulator.geography import Integers, geography
from components.simulator.people import CHUNK, LEVEL_RATE, MISSING
from components.simulator.skills import Skills
from components.simulator.taxonomy import STEP, Floats, Taxonomy, full_taxonomy

SLOTS = 6
"""A job needs so many skills at most: four of its cluster and two strays."""


@dataclass
class Demand:
    """What somebody needs, one row a job or a free-text search. NaN or MISSING where nothing is written.

    needs: weights summing to about 1; listed, literal: 1 for the needed skills that are written, and written by name.
    wants (n, styles): the style that the client looks for; offers: the company's own.
    """

    client: Integers
    category: Integers
    level: Integers
    country: Integers
    city: Integers
    language: Integers
    pay_usd: Floats
    needs: Skills
    wants: Floats
    offers: Floats
    listed: Skills
    literal: Skills
    wants_shown: Floats
    offers_shown: Floats
    listed_category: Integers
    listed_level: Integers
    listed_pay: Floats
    fairness: Floats
    locality: Floats

    def take(self, rows: Integers) -> "Demand":
        """The demand at `rows`."""
        return Demand(**{f.name: getattr(self, f.name)[rows] for f in fields(Demand)})


def draw_needs(
    taxonomy: Taxonomy, cluster: int, least: int, most: int, rng: np.random.Generator
) -> tuple[Integers, Floats]:
    """(skills ascending, weights): mostly of the cluster, now and then of a neighbour in its category."""
    own = rng.choice(taxonomy.cluster_skills[cluster], int(rng.integers(least, most + 1)), replace=False)
    strays = rng.choice(taxonomy.neighbours[cluster], int(rng.integers(0, 3)) if most > 2 else 0, replace=False)
    weights = np.concatenate([rng.uniform(0.6, 1.4, len(own)), rng.uniform(0.2, 0.7, len(strays))])
    skills = np.concatenate([own, strays])
    order = np.argsort(skills)
    return skills[order], (np.round(weights / weights.sum() * STEP) / STEP)[order].astype(np.float32)


def create_demand(
    taxonomy: Taxonomy, clients: Clients, owner: Integers, cluster: Integers, rng: np.random.Generator
) -> Demand:
    count, world = len(owner), geography()
    category = np.array(taxonomy.cluster_category)[cluster]
    level = rng.choice(3, size=count, p=[0.25, 0.45, 0.3])
    needs = Skills.empty(count, SLOTS)
    for row, home in enumerate(cluster.tolist()):
        needs.put(row, *draw_needs(taxonomy, home, 2, 4, rng))
    country = clients.country[owner]
    base = np.array(taxonomy.base_rate_usd)[category] * LEVEL_RATE[level] * world.cost[country] ** 0.3 * 0.85
    pay = base * np.exp(0.15 * clients.generosity[owner] + 0.18 * rng.normal(size=count))
    local = np.array([world.speaks[c][0] for c in country])
    english = world.languages.index("English")
    return Demand(
        client=owner,
        category=category,
        level=level,
        country=country,
        city=clients.city[owner],
        language=np.where(rng.random(count) < 0.2, local, english),
        pay_usd=pay.astype(np.float32),
        needs=needs,
        wants=clients.wants[owner],
        offers=clients.offers[owner],
        listed=_written(needs, 0.92, rng),
        literal=Skills(needs.at, np.zeros_like(needs.weight)),
        wants_shown=_top(clients.wants[owner], 0.75, rng),
        offers_shown=_top(clients.offers[owner], 0.6, rng),
        listed_category=np.where(rng.random(count) < 0.04, MISSING, category),
        listed_level=np.where(rng.random(count) < 0.1, MISSING, level),
        listed_pay=np.where(rng.random(count) < 0.1, np.nan, pay).astype(np.float32),
        fairness=clients.fairness[owner],
        locality=clients.locality[owner],
    )


def _written(needs: Skills, share: float, rng: np.random.Generator) -> Skills:
    """A `share` of the needed skills; every skill there is gets its draw."""
    wide, written = len(full_taxonomy().skills), np.zeros_like(needs.weight)
    for start in range(0, len(written), CHUNK):
        part = needs[slice(start, start + CHUNK)]
        drawn = np.take_along_axis(rng.random((len(part.at), wide)), part.at, axis=1)
        written[start : start + CHUNK] = (part.weight > 0) & (drawn < share)
    return Skills(needs.at, written)


def _top(weights: Floats, share: float, rng: np.random.Generator) -> Floats:
    """One-hot of the largest weight in a `share` of the rows, zeros in the others."""
    one_hot = np.zeros_like(weights)
    rows = np.flatnonzero(rng.random(len(weights)) < share)
    one_hot[rows, weights[rows].argmax(axis=1)] = 1
    return one_hot
