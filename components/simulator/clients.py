"""Clients: where they are, what they look for in people, and the versions of their rows.

Knows nothing of jobs or freelancers.
"""

from dataclasses import dataclass

import numpy as np

from components.simulator.config import DAY_US, SimulatorConfig
from components.simulator.geography import Integers, geography
from components.simulator.people import STYLES, Row
from components.simulator.taxonomy import Floats, full_taxonomy, one_of
from components.simulator.text import TextGenerator

DAYS_BEFORE = 20
"""The oldest jobs were posted this long before the start; their clients came earlier."""


@dataclass
class Clients:
    """Columns over clients; everything but country and payment_verified is latent."""

    ids: list[str]
    country: Integers
    city: Integers
    joined_us: Integers
    arrives_us: Integers
    verified: np.ndarray
    industry: list[str]
    company: list[str]
    categories: Integers
    wants: Floats
    offers: Floats
    fairness: Floats
    generosity: Floats
    locality: Floats
    diligence: Floats
    activity: Floats
    curiosity: Floats
    """How often a search is about a trade that the client does not usually look for."""

    def __len__(self) -> int:
        return len(self.ids)


def create_clients(config: SimulatorConfig, text: TextGenerator, rng: np.random.Generator) -> Clients:
    """The clients of the world; half are there at the start."""
    taxonomy, world, count = full_taxonomy(), geography(), config.client_count
    wealth = world.share * world.cost
    country = rng.choice(len(world.countries), size=count, p=wealth / wealth.sum())
    categories = rng.integers(len(taxonomy.categories), size=(count, 2))
    before = config.start_us - DAYS_BEFORE * DAY_US - rng.integers(1, DAY_US, size=(count + 1) // 2)
    during = config.start_us + (rng.random(count // 2) * 0.8 * config.days * DAY_US).astype(np.int64)
    arrives = np.sort(np.concatenate([before, during]))
    earlier = arrives - (rng.exponential(400, count) * DAY_US).astype(np.int64)
    return Clients(
        ids=[f"cl_{i:06d}" for i in range(count)],
        country=country,
        city=world.draw_cities(country, rng),
        joined_us=np.where(arrives < config.start_us, earlier, arrives),
        arrives_us=arrives,
        verified=rng.random(count) < 0.75,
        industry=[one_of(taxonomy.industries[c], rng) for c in categories[:, 0]],
        company=[text.company() for _ in range(count)],
        categories=categories,
        wants=rng.dirichlet([0.3] * len(STYLES), count).astype(np.float32),
        offers=rng.dirichlet([0.35] * len(STYLES), count).astype(np.float32),
        fairness=rng.normal(size=count).astype(np.float32),
        generosity=rng.normal(size=count).astype(np.float32),
        locality=(rng.random(count) < 0.3).astype(np.float32),
        diligence=rng.beta(4, 2, count).astype(np.float32),
        activity=rng.lognormal(0, 0.9, count).astype(np.float32),
        curiosity=rng.beta(1, 4, count).astype(np.float32),
    )


def client_version(clients: Clients, client: int, at_us: int) -> Row:
    """The row of client `client` stamped `at_us`."""
    return {
        "client_id": clients.ids[client],
        "country": geography().countries[clients.country[client]],
        "payment_verified": bool(clients.verified[client]),
        "status": "active",
        "joined_at": int(clients.joined_us[client]),
        "event_timestamp": int(at_us),
    }
