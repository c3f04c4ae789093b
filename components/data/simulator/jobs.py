"""Jobs: what is needed (latent), what is written, and the versions of a post.

Knows nothing of freelancers, queries or outcomes.
"""

from dataclasses import dataclass, field, fields

import numpy as np

from components.data.simulator.clients import DAYS_BEFORE, Clients
from components.data.simulator.config import DAY_US, SimulatorConfig
from components.data.simulator.geography import Integers, geography
from components.data.simulator.people import LEVEL_RATE, MISSING, STYLES, Row
from components.data.simulator.taxonomy import STEP, Floats, Taxonomy, full_taxonomy
from components.data.simulator.text import Facts, TextGenerator
from metier.contract import JOB_STATUSES, LEVELS

OPEN, PAUSED, FILLED, CLOSED, REMOVED = range(len(JOB_STATUSES))
POSTED_BEFORE_START = 0.17


@dataclass
class Demand:
    """What somebody needs, one row a job or a free-text search. NaN or MISSING where nothing is written.

    needs (n, skills): weights summing to about 1, multiples of 1/STEP; listed, literal: skills written, by name.
    wants (n, styles): the style that the client looks for; offers: the company's own.
    """

    client: Integers
    category: Integers
    level: Integers
    country: Integers
    city: Integers
    language: Integers
    pay_usd: Floats
    needs: Floats
    wants: Floats
    offers: Floats
    listed: Floats
    literal: Floats
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


@dataclass
class Jobs:
    """Columns over jobs, ids in order of posting. openings_left: not promised yet; unfilled: no contract yet."""

    ids: list[str]
    demand: Demand
    cluster: Integers
    posted_us: Integers
    closes_day: Integers
    openings: Integers
    openings_left: Integers
    unfilled: Integers
    public: np.ndarray
    status: Integers
    promoted: np.ndarray
    facts: list[Facts] = field(default_factory=list)
    post: list[Row] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)

    def version(self, one: int, at_us: int) -> Row:
        """The post of job `one` as a row stamped `at_us`."""
        return self.post[one] | {"status": JOB_STATUSES[int(self.status[one])], "event_timestamp": int(at_us)}


def create_jobs(config: SimulatorConfig, clients: Clients, text: TextGenerator, rng: np.random.Generator) -> Jobs:
    """The jobs of the world, each by a client who has arrived by then."""
    taxonomy, count = full_taxonomy(), config.jobs
    posted = _posting_times(config, rng)
    owner = np.array([_owner(clients, at, rng) for at in posted])
    category = clients.categories[owner, (rng.random(count) < 0.25).astype(int)]
    cluster = np.array([rng.choice(taxonomy.clusters_of[c]) for c in category])
    demand = _demand(taxonomy, clients, owner, cluster, rng)
    life = np.clip(rng.lognormal(np.log(24), 0.5, count), 5, 90)
    openings = rng.choice([1, 2, 3, 5], size=count, p=[0.78, 0.13, 0.06, 0.03])
    jobs = Jobs(
        ids=[f"jb_{i:06d}" for i in range(count)],
        demand=demand,
        cluster=cluster,
        posted_us=posted,
        closes_day=((posted - config.start_us) // DAY_US + life).astype(np.int64) + 1,
        openings=openings,
        openings_left=openings.copy(),
        unfilled=openings.copy(),
        public=rng.random(count) < 0.93,
        status=np.full(count, OPEN),
        promoted=rng.random(count) < 0.06,
    )
    jobs.facts = [_facts(jobs, clients, one, rng) for one in range(count)]
    jobs.post = [_post(jobs, clients, one, text, rng) for one in range(count)]
    return jobs


def edit_post(jobs: Jobs, one: int, text: TextGenerator, rng: np.random.Generator) -> None:
    """Job `one` is offered for more money and says one sentence more."""
    raised = float(rng.uniform(1.08, 1.3))
    jobs.demand.pay_usd[one] *= raised
    jobs.demand.listed_pay[one] *= raised
    post = dict(jobs.post[one])
    post["description"] = f"{post['description']} {text.addition(jobs.facts[one])}"
    for bound in ("budget_min_usd", "budget_max_usd"):
        amount = post[bound]
        if isinstance(amount, float):
            post[bound] = round(amount * raised, 2)
    jobs.post[one] = post


def draw_needs(taxonomy: Taxonomy, cluster: int, least: int, most: int, rng: np.random.Generator) -> Floats:
    """(skills,) weights, multiples of 1/STEP: mostly of the cluster, now and then of a neighbour in its category."""
    near = [
        s
        for c in taxonomy.clusters_of[taxonomy.cluster_category[cluster]]
        if c != cluster
        for s in taxonomy.cluster_skills[c]
    ]
    own = rng.choice(taxonomy.cluster_skills[cluster], int(rng.integers(least, most + 1)), replace=False)
    strays = rng.choice(near, int(rng.integers(0, 3)) if most > 2 else 0, replace=False)
    weights = np.concatenate([rng.uniform(0.6, 1.4, len(own)), rng.uniform(0.2, 0.7, len(strays))])
    needs = np.zeros(len(taxonomy.skills), np.float32)
    needs[np.concatenate([own, strays]).astype(int)] = np.round(weights / weights.sum() * STEP) / STEP
    return needs


def _posting_times(config: SimulatorConfig, rng: np.random.Generator) -> Integers:
    before = int(config.jobs * POSTED_BEFORE_START)
    early = config.start_us - rng.integers(1, DAYS_BEFORE * DAY_US - DAY_US, size=before)
    weekday = np.array([(config.start_us // DAY_US + 3 + day) % 7 for day in range(config.days)])
    weight = np.where(weekday < 5, 1.2, 0.5)
    day = rng.choice(config.days, size=config.jobs - before, p=weight / weight.sum())
    return np.sort(
        np.concatenate([early, config.start_us + day * DAY_US + rng.integers(DAY_US // 4, DAY_US, len(day))])
    )


def _owner(clients: Clients, at_us: int, rng: np.random.Generator) -> int:
    there = int(np.searchsorted(clients.arrives_us, at_us))
    weight = clients.activity[:there].astype(np.float64)
    return int(rng.choice(there, p=weight / weight.sum()))


def _demand(
    taxonomy: Taxonomy, clients: Clients, owner: Integers, cluster: Integers, rng: np.random.Generator
) -> Demand:
    count, world = len(owner), geography()
    category = np.array(taxonomy.cluster_category)[cluster]
    level = rng.choice(3, size=count, p=[0.25, 0.45, 0.3])
    needs = np.array([draw_needs(taxonomy, c, 2, 4, rng) for c in cluster])
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
        listed=((needs > 0) & (rng.random(needs.shape) < 0.92)).astype(np.float32),
        literal=np.zeros_like(needs),
        wants_shown=_top(clients.wants[owner], 0.75, rng),
        offers_shown=_top(clients.offers[owner], 0.6, rng),
        listed_category=np.where(rng.random(count) < 0.04, MISSING, category),
        listed_level=np.where(rng.random(count) < 0.1, MISSING, level),
        listed_pay=np.where(rng.random(count) < 0.1, np.nan, pay).astype(np.float32),
        fairness=clients.fairness[owner],
        locality=clients.locality[owner],
    )


def _top(weights: Floats, share: float, rng: np.random.Generator) -> Floats:
    """One-hot of the largest weight in a `share` of the rows, zeros in the others."""
    shown = np.zeros_like(weights)
    rows = np.flatnonzero(rng.random(len(weights)) < share)
    shown[rows, weights[rows].argmax(axis=1)] = 1
    return shown


def _facts(jobs: Jobs, clients: Clients, one: int, rng: np.random.Generator) -> Facts:
    taxonomy, world, demand = full_taxonomy(), geography(), jobs.demand
    needed = np.flatnonzero(demand.needs[one])
    owner = demand.client[one]
    shown = np.concatenate([np.flatnonzero(demand.wants_shown[one]), np.flatnonzero(demand.offers_shown[one])])
    return Facts(
        skills=sorted(needed, key=lambda s: -demand.needs[one, s]),
        role=str(rng.choice(taxonomy.cluster_roles[jobs.cluster[one]])),
        level=("Junior", "Experienced", "Senior")[demand.level[one]],
        industry=clients.industry[owner],
        city=world.cities[demand.city[one]],
        language=world.languages[demand.language[one]],
        hours=int(rng.choice([5, 10, 20, 40])),
        years=int(rng.integers(1, 9)),
        styles=[STYLES[s] for s in dict.fromkeys(shown)],
        company=clients.company[owner],
    )


def _post(jobs: Jobs, clients: Clients, one: int, text: TextGenerator, rng: np.random.Generator) -> Row:
    """The row of job `one` but for status and clocks; fills literal, and hides the pay of a fixed price."""
    taxonomy, world, demand = full_taxonomy(), geography(), jobs.demand
    listed = rng.permutation(np.flatnonzero(demand.listed[one]))
    spelled = [text.spell(skill) for skill in listed]
    demand.literal[one, [s for s, name in zip(listed, spelled, strict=True) if name == taxonomy.skills[s]]] = 1
    hourly = rng.random() < 0.72
    pay, known = float(demand.pay_usd[one]), bool(np.isfinite(demand.listed_pay[one]))
    low, high = (0.85 * pay, 1.2 * pay) if hourly else (None, pay * float(rng.lognormal(np.log(35), 0.7)))
    if not hourly:
        demand.listed_pay[one] = np.nan
    title, description = text.job(jobs.facts[one])
    owner, city = demand.client[one], world.cities[demand.city[one]] if rng.random() < 0.8 else None
    category, level = demand.listed_category[one], demand.listed_level[one]
    region = world.regions[world.city_region[demand.city[one]]] if city else None
    return {
        "job_id": jobs.ids[one],
        "client_id": clients.ids[owner],
        "posted_at": int(jobs.posted_us[one]),
        "title": title,
        "description": description,
        "skills": list(dict.fromkeys(spelled)),
        "category": taxonomy.categories[category] if category >= 0 else None,
        "company": clients.company[owner],
        "industry": clients.industry[owner],
        "country": world.countries[demand.country[one]],
        "region": region,
        "city": city,
        "languages": [world.languages[demand.language[one]]],
        "budget_kind": "hourly" if hourly else "fixed",
        "budget_min_usd": round(low, 2) if known and low is not None else None,
        "budget_max_usd": round(high, 2) if known else None,
        "experience_level": LEVELS[level] if level >= 0 else None,
        "openings": int(jobs.openings[one]),
        "visibility": "public" if jobs.public[one] else "invite_only",
    }
