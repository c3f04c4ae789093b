"""Freelancers: who they are (latent), what they list (noisy, missing, partly false), and their profile versions.

Knows nothing of jobs, queries or outcomes.
"""

from dataclasses import dataclass, field

import numpy as np

from components.data.simulator.config import DAY_US, SimulatorConfig
from components.data.simulator.geography import Geography, Integers, geography
from components.data.simulator.taxonomy import STEP, Floats, Taxonomy, full_taxonomy, read_data
from components.data.simulator.text import Facts, TextGenerator
from metier.contract import FREELANCER_STATUSES, LEVELS

LISTED, UNAVAILABLE, PRIVATE, SUSPENDED = range(len(FREELANCER_STATUSES))
LEVEL_RATE = np.array([0.7, 1.0, 1.45], np.float32)
STYLES: tuple[str, ...] = tuple(read_data("phrases.json")["styles"])  # type: ignore[arg-type]
PRESENT_AT_START = 0.7
MISSING = -1
Row = dict[str, object]


@dataclass
class Freelancers:
    """Columns over freelancers. Latent first; `claimed`, `reach`, `literal` and `listed_*` follow the newest version.

    depth, effective, claimed, reach, literal: (n, skills); style, taste, style_shown: (n, styles).
    effective is depth with help from related skills; reach the same of claims; literal the claims spelled by name.
    """

    ids: list[str]
    cluster: Integers
    category: Integers
    level: Integers
    country: Integers
    city: Integers
    quality: Floats
    responsiveness: Floats
    honesty: Floats
    activity: Floats
    rate_usd: Floats
    hours: Integers
    style: Floats
    taste: Floats
    depth: Floats
    effective: Floats
    speaks: Floats
    arrives_us: Integers
    joined_us: Integers
    claimed: Floats
    reach: Floats
    literal: Floats
    style_shown: Floats
    listed_rate: Floats
    listed_category: Integers
    listed_level: Integers
    listed_country: Integers
    listed_city: Integers
    status: Integers
    promoted: np.ndarray
    profile: list[Row] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)

    def version(self, one: int, at_us: int) -> Row:
        """The profile of freelancer `one` as a row stamped `at_us`."""
        status = FREELANCER_STATUSES[int(self.status[one])]
        return self.profile[one] | {"status": status, "event_timestamp": int(at_us)}


def reached(held: Floats, transfer: Floats) -> Floats:
    """(n, skills) held -> what is reached through related skills: the best of own and transferred depth."""
    out = np.zeros_like(held)
    for one in range(len(held)):
        skills = np.flatnonzero(held[one])
        if len(skills):
            out[one] = (transfer[skills] * held[one, skills, None]).max(axis=0)
    return np.round(out * STEP) / np.float32(STEP)


def create_freelancers(config: SimulatorConfig, text: TextGenerator, rng: np.random.Generator) -> Freelancers:
    """The freelancers of the world, ids in order of arrival."""
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
    people = Freelancers(
        ids=[f"fr_{i:06d}" for i in range(count)],
        cluster=cluster,
        category=category,
        level=level,
        country=country,
        city=np.array([rng.choice(world.cities_of(c)) for c in country]),
        quality=quality,
        responsiveness=rng.beta(4, 2, count).astype(np.float32),
        honesty=rng.beta(4, 1.5, count).astype(np.float32),
        activity=rng.lognormal(0, 0.8, count).astype(np.float32),
        rate_usd=(base * np.exp(0.12 * quality + 0.2 * rng.normal(size=count))).astype(np.float32),
        hours=rng.choice([10, 20, 30, 40], size=count, p=[0.2, 0.3, 0.2, 0.3]),
        style=rng.dirichlet([0.35] * len(STYLES), count).astype(np.float32),
        taste=rng.dirichlet([0.35] * len(STYLES), count).astype(np.float32),
        depth=depth,
        effective=reached(depth, taxonomy.transfer),
        speaks=_speaks(world, country, rng),
        arrives_us=arrives,
        joined_us=np.where(arrives < config.start_us, earlier, arrives),
        claimed=_claims(taxonomy, depth, category, rng),
        reach=np.zeros_like(depth),
        literal=np.zeros_like(depth),
        style_shown=np.zeros((count, len(STYLES)), np.float32),
        listed_rate=np.zeros(count, np.float32),
        listed_category=_hidden(category, 0.06, rng),
        listed_level=_hidden(np.minimum(level + (rng.random(count) < 0.12), 2), 0.1, rng),
        listed_country=_hidden(country, 0.03, rng),
        listed_city=np.full(count, MISSING),
        status=rng.choice(3, size=count, p=[0.94, 0.03, 0.03]),
        promoted=rng.random(count) < 0.05,
    )
    wrong = rng.random(count) < 0.04
    people.listed_category[wrong] = rng.integers(len(taxonomy.categories), size=wrong.sum())
    people.listed_city = np.where(people.listed_country == MISSING, MISSING, _hidden(people.city, 0.2, rng))
    people.listed_rate = _listed_rate(people.rate_usd, rng)
    people.reach = reached(people.claimed, taxonomy.transfer)
    agency = _agencies(count, rng)
    people.profile = [_profile(people, one, agency[one], text, rng) for one in range(count)]
    return people


def edit_profile(people: Freelancers, one: int, text: TextGenerator, rng: np.random.Generator) -> None:
    """Freelancer `one` corrects the rate, adds a held skill and rewrites title and overview."""
    unlisted = np.flatnonzero((people.depth[one] > 0) & (people.claimed[one] == 0))
    if len(unlisted):
        people.claimed[one, rng.choice(unlisted)] = 1
    people.listed_rate[one] = round(float(people.rate_usd[one] * np.exp(0.05 * rng.normal())), 2)
    people.reach[one : one + 1] = reached(people.claimed[one : one + 1], full_taxonomy().transfer)
    people.profile[one] = _profile(people, one, people.profile[one]["agency_id"], text, rng)


def _arrivals(config: SimulatorConfig, count: int, rng: np.random.Generator) -> Integers:
    """First version of each profile: most in the ten days before the start, the rest through the period."""
    present = int(count * PRESENT_AT_START)
    before = config.start_us - rng.integers(1, 10 * DAY_US, size=present)
    during = config.start_us + (rng.random(count - present) * 0.95 * config.days * DAY_US).astype(np.int64)
    return np.sort(np.concatenate([before, during]))


def _depths(
    taxonomy: Taxonomy, cluster: Integers, level: Integers, quality: Floats, rng: np.random.Generator
) -> Floats:
    """(n, skills) multiples of 1/STEP: several skills of the home cluster, some of its category, a stray one."""
    depth = np.zeros((len(cluster), len(taxonomy.skills)), np.float32)
    clusters_of = taxonomy.clusters_of
    for one, home in enumerate(cluster):
        near = [
            s for c in clusters_of[taxonomy.cluster_category[home]] if c != home for s in taxonomy.cluster_skills[c]
        ]
        held = [
            *rng.choice(taxonomy.cluster_skills[home], rng.integers(3, 7), replace=False),
            *rng.choice(near, rng.integers(1, 5), replace=False),
            *rng.choice(len(taxonomy.skills), rng.integers(0, 2), replace=False),
        ]
        middle = 0.42 + 0.1 * (level[one] - 1) + 0.09 * quality[one]
        depth[one, held] = np.clip(middle + 0.18 * rng.normal(size=len(held)), 0.08, 1.0)
    return np.round(depth * STEP) / np.float32(STEP)


def _claims(taxonomy: Taxonomy, depth: Floats, category: Integers, rng: np.random.Generator) -> Floats:
    """(n, skills) 0 or 1: most held skills, and some of the category that are not held at all."""
    claimed = ((depth > 0) & (rng.random(depth.shape) < 0.88)).astype(np.float32)
    clusters_of = taxonomy.clusters_of
    false_claims = rng.poisson(1.1, len(depth))
    for one in np.flatnonzero(false_claims):
        pool = [s for c in clusters_of[category[one]] for s in taxonomy.cluster_skills[c]]
        claimed[one, rng.choice(pool, min(false_claims[one], 5), replace=False)] = 1
    for one in np.flatnonzero(claimed.sum(axis=1) == 0):
        claimed[one, depth[one].argmax()] = 1
    return claimed


def _speaks(world: Geography, country: Integers, rng: np.random.Generator) -> Floats:
    """(n, languages) 0 or 1: the mother tongue always, the country's others mostly."""
    known = np.zeros((len(country), len(world.languages)), np.float32)
    for one, home in enumerate(country):
        mother, *others = world.speaks[home]
        known[one, mother] = 1
        known[one, [o for o in others if rng.random() < 0.8]] = 1
    return known


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


def _profile(
    people: Freelancers, one: int, agency: object, text: TextGenerator, rng: np.random.Generator
) -> dict[str, object]:
    """The row of freelancer `one` but for status and clocks; fills style_shown and literal."""
    taxonomy, world = full_taxonomy(), geography()
    claims = rng.permutation(np.flatnonzero(people.claimed[one]))
    spelled = [text.spell(skill) for skill in claims]
    people.literal[one] = 0
    people.literal[one, [s for s, name in zip(claims, spelled, strict=True) if name == taxonomy.skills[s]]] = 1
    first, second = np.argsort(-people.style[one], kind="stable")[:2]
    shown = [
        s for s, chance in ((first, 0.9), (second, 0.5 * (people.style[one, second] > 0.2))) if rng.random() < chance
    ]
    people.style_shown[one] = 0
    people.style_shown[one, shown] = 1
    home, region = people.listed_country[one], people.listed_city[one]
    level, rate = people.listed_level[one], people.listed_rate[one]
    languages = [world.languages[i] for i in np.flatnonzero(people.speaks[one])]
    facts = Facts(
        skills=sorted(claims, key=lambda s: -people.depth[one, s]),
        role=str(rng.choice(taxonomy.cluster_roles[people.cluster[one]])),
        level=("Junior", "Experienced", "Senior")[people.level[one]],
        industry=str(rng.choice(taxonomy.industries[people.category[one]])),
        city=world.cities[people.city[one]],
        language=languages[0],
        hours=int(people.hours[one]),
        years=int(1 + 4 * people.level[one] + rng.integers(0, 4)),
        styles=[STYLES[s] for s in shown],
    )
    title, overview = text.freelancer(facts)
    return {
        "freelancer_id": people.ids[one],
        "title": title,
        "overview": overview,
        "skills": list(dict.fromkeys(spelled)),
        "category": taxonomy.categories[people.listed_category[one]] if people.listed_category[one] >= 0 else None,
        "country": world.countries[home] if home >= 0 else None,
        "region": world.regions[world.city_region[region]] if region >= 0 else None,
        "city": world.cities[region] if region >= 0 else None,
        "languages": languages if rng.random() < 0.95 else None,
        "hourly_rate_usd": round(float(rate), 2) if np.isfinite(rate) else None,
        "experience_level": LEVELS[level] if level >= 0 else None,
        "hours_per_week": float(people.hours[one]) if rng.random() < 0.8 else None,
        "agency_id": agency,
        "joined_at": int(people.joined_us[one]),
    }
