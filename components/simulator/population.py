"""The freelancers of a world as they are drawn: who they are, and what of it they are willing to say.

Knows nothing of jobs, queries or outcomes.
"""

import numpy as np

from components.simulator.config import DAY_US, SimulatorConfig
from components.simulator.geography import Geography, Integers, geography
from components.simulator.people import CHUNK, LEVEL_RATE, MISSING, STYLES, Freelancers, covered_skills, write_profile
from components.simulator.taxonomy import STEP, Floats, Halves, Taxonomy, full_taxonomy
from components.simulator.text import TextGenerator

PRESENT_AT_START = 0.7
CURIOSITY = (1.2, 2.8)
"""Beta distribution of how often somebody's searches are about another trade: three in ten on average."""


def create_freelancers(config: SimulatorConfig, text: TextGenerator, rng: np.random.Generator) -> Freelancers:
    """The freelancers of the world, ids in order of arrival."""
    people = _people(config, rng)
    _list(people, rng)
    agency = _agencies(len(people), rng)
    people.profile = [write_profile(people, person, agency[person], text, rng) for person in range(len(people))]
    return people


def _people(config: SimulatorConfig, rng: np.random.Generator) -> Freelancers:
    """Who they are, and what of it they are willing to say; `_list` and `_profile` fill what is left."""
    taxonomy, world, count = full_taxonomy(), geography(), config.freelancers
    experience = rng.normal(size=count)
    cluster = rng.integers(len(taxonomy.cluster_roles), size=count)
    category = np.array(taxonomy.cluster_category)[cluster]
    level = np.digitize(experience, [-0.6, 0.7])
    quality = (0.3 * experience + 0.95 * rng.normal(size=count)).astype(np.float32)
    country = rng.choice(len(world.countries), size=count, p=world.share / world.share.sum())
    base = np.array(taxonomy.base_rate_usd)[category] * world.cost[country] ** 0.6 * LEVEL_RATE[level]
    depth = _depths(taxonomy, cluster, level, quality, rng)
    arrives = _arrivals(config, count, rng)
    earlier = arrives - (rng.exponential(300, count) * DAY_US).astype(np.int64)
    return Freelancers(
        ids=[f"fr_{i:06d}" for i in range(count)],
        cluster=cluster,
        category=category,
        level=level,
        country=country,
        city=world.draw_cities(country, rng),
        quality=quality,
        responsiveness=rng.beta(4, 2, count).astype(np.float32),
        honesty=rng.beta(4, 1.5, count).astype(np.float32),
        activity=rng.lognormal(0, 0.8, count).astype(np.float32),
        curiosity=rng.beta(*CURIOSITY, count).astype(np.float32),
        rate_usd=(base * np.exp(0.12 * quality + 0.2 * rng.normal(size=count))).astype(np.float32),
        hours=rng.choice([10, 20, 30, 40], size=count, p=[0.2, 0.3, 0.2, 0.3]),
        style=rng.dirichlet([0.35] * len(STYLES), count).astype(np.float32),
        taste=rng.dirichlet([0.35] * len(STYLES), count).astype(np.float32),
        depth=depth,
        effective=covered_skills(depth, taxonomy.transfer),
        speaks=_speaks(world, country, rng),
        arrives_us=arrives,
        joined_us=np.where(arrives < config.start_us, earlier, arrives),
        claimed=_claims(taxonomy, depth, category, rng),
        covers=np.zeros_like(depth),
        literal=np.zeros_like(depth),
        family=np.zeros(count, np.int64),
        style_shown=np.zeros((count, len(STYLES)), np.float32),
        listed_rate=np.zeros(count, np.float32),
        listed_category=_hidden(category, 0.06, rng),
        listed_level=_hidden(np.minimum(level + (rng.random(count) < 0.12), 2), 0.1, rng),
        listed_country=_hidden(country, 0.03, rng),
        listed_city=np.full(count, MISSING),
        status=rng.choice(3, size=count, p=[0.94, 0.03, 0.03]),
        promoted=rng.random(count) < 0.05,
    )


def _list(people: Freelancers, rng: np.random.Generator) -> None:
    """What follows from what is said: wrong categories, places, rates, and what the claims reach."""
    taxonomy = full_taxonomy()
    wrong = rng.random(len(people)) < 0.04
    people.listed_category[wrong] = rng.integers(len(taxonomy.categories), size=wrong.sum())
    people.listed_city = np.where(people.listed_country == MISSING, MISSING, _hidden(people.city, 0.2, rng))
    people.listed_rate = _listed_rate(people.rate_usd, rng)
    people.covers = covered_skills(people.claimed, taxonomy.transfer)
    people.family = taxonomy.family(people.claimed)


def _arrivals(config: SimulatorConfig, count: int, rng: np.random.Generator) -> Integers:
    """First version of each profile: most in the ten days before the start, the rest through the period."""
    present = int(count * PRESENT_AT_START)
    before = config.start_us - rng.integers(1, 10 * DAY_US, size=present)
    during = config.start_us + (rng.random(count - present) * 0.95 * config.days * DAY_US).astype(np.int64)
    return np.sort(np.concatenate([before, during]))


def _depths(
    taxonomy: Taxonomy, cluster: Integers, level: Integers, quality: Floats, rng: np.random.Generator
) -> Halves:
    """(n, skills): several skills of the home cluster, some of its category, a stray one."""
    depth = np.zeros((len(cluster), len(taxonomy.skills)), np.float16)
    own = [np.array(skills) for skills in taxonomy.cluster_skills]
    for person, home in enumerate(cluster.tolist()):
        skills = [
            *rng.choice(own[home], rng.integers(3, 7), replace=False),
            *rng.choice(taxonomy.neighbours[home], rng.integers(1, 5), replace=False),
            *rng.choice(len(taxonomy.skills), rng.integers(0, 2), replace=False),
        ]
        middle = 0.42 + 0.1 * (level[person] - 1) + 0.09 * quality[person]
        deep = np.clip(middle + 0.18 * rng.normal(size=len(skills)), 0.08, 1.0).astype(np.float32)
        depth[person, skills] = np.round(deep * STEP) / np.float32(STEP)
    return depth


def _claims(taxonomy: Taxonomy, depth: Halves, category: Integers, rng: np.random.Generator) -> Halves:
    """(n, skills) 0 or 1: most held skills, and some of the category that are not held at all."""
    claimed = np.zeros_like(depth)
    for start in range(0, len(depth), CHUNK):
        part = depth[start : start + CHUNK]
        claimed[start : start + CHUNK] = (part > 0) & (rng.random(part.shape) < 0.88)
    pools = {
        home: np.array([s for c in clusters for s in taxonomy.cluster_skills[c]])
        for home, clusters in taxonomy.clusters_of.items()
    }
    false_claims = rng.poisson(1.1, len(depth))
    for person in np.flatnonzero(false_claims):
        claimed[person, rng.choice(pools[category[person]], min(false_claims[person], 5), replace=False)] = 1
    for person in np.flatnonzero(claimed.sum(axis=1) == 0):
        claimed[person, depth[person].argmax()] = 1
    return claimed


def _speaks(world: Geography, country: Integers, rng: np.random.Generator) -> Floats:
    """(n, languages) 0 or 1: the mother tongue always, the country's others mostly."""
    spoken = np.zeros((len(country), len(world.languages)), np.float32)
    for person, home in enumerate(country):
        mother, *further = world.speaks[home]
        spoken[person, mother] = 1
        spoken[person, [o for o in further if rng.random() < 0.8]] = 1
    return spoken


def _hidden(values: Integers, share: float, rng: np.random.Generator) -> Integers:
    return np.where(rng.random(len(values)) < share, MISSING, values)


def _listed_rate(rate: Floats, rng: np.random.Generator) -> Floats:
    """NaN where nothing is listed; one in ten lists a rate from long ago."""
    stale = np.where(rng.random(len(rate)) < 0.1, rng.uniform(0.65, 0.9, len(rate)), 1.0)
    listed = np.round(rate * stale * np.exp(0.07 * rng.normal(size=len(rate))), 2)
    return np.where(rng.random(len(rate)) < 0.12, np.nan, listed).astype(np.float32)


def _agencies(count: int, rng: np.random.Generator) -> list[str | None]:
    """One in eight freelancers belongs to an agency of about six."""
    agencies = max(1, count // 48)
    drawn = rng.integers(agencies, size=count)
    member = rng.random(count) < 0.125
    return [f"ag_{a:04d}" if m else None for a, m in zip(drawn, member, strict=True)]
