"""Jobs: when they are posted, by whom, for what, and the versions of a post.

Knows nothing of freelancers, queries or outcomes.
"""

from dataclasses import dataclass, field

import numpy as np

from components.simulator.clients import DAYS_BEFORE, Clients
from components.simulator.config import DAY_US, SimulatorConfig
from components.simulator.demand import Demand, create_demand
from components.simulator.geography import Integers, geography
from components.simulator.people import STYLES, Row
from components.simulator.taxonomy import full_taxonomy, one_of
from components.simulator.text import Facts, TextGenerator
from metier.contract import JOB_STATUSES, LEVELS

OPEN, PAUSED, FILLED, CLOSED, REMOVED = range(len(JOB_STATUSES))
POSTED_BEFORE_START = 0.17
LOWEST_PAY, HIGHEST_PAY = 0.85, 1.2
"""An hourly budget reaches from and to these shares of what the client means to pay."""


@dataclass
class Jobs:
    """Columns over jobs, ids in order of posting. openings_left: not promised yet; unfilled: no contract yet.

    family: the cluster that most of the listed skills belong to.
    """

    ids: list[str]
    demand: Demand
    cluster: Integers
    family: Integers
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

    def version(self, job: int, at_us: int) -> Row:
        """The post of `job` as a row stamped `at_us`."""
        return self.post[job] | {"status": JOB_STATUSES[int(self.status[job])], "event_timestamp": int(at_us)}


def create_jobs(config: SimulatorConfig, clients: Clients, text: TextGenerator, rng: np.random.Generator) -> Jobs:
    """The jobs of the world, each by a client who has arrived by then."""
    taxonomy, count = full_taxonomy(), config.jobs
    posted = _posting_times(config, rng)
    owner = _owners(clients, posted, rng)
    category = clients.categories[owner, (rng.random(count) < 0.25).astype(int)]
    cluster = np.array([one_of(taxonomy.clusters_of[c], rng) for c in category])
    demand = create_demand(taxonomy, clients, owner, cluster, rng)
    life = np.clip(rng.lognormal(np.log(24), 0.5, count), 5, 90)
    openings = rng.choice([1, 2, 3, 5], size=count, p=[0.78, 0.13, 0.06, 0.03])
    jobs = Jobs(
        ids=[f"jb_{i:06d}" for i in range(count)],
        demand=demand,
        cluster=cluster,
        family=taxonomy.family(demand.listed.dense()),
        posted_us=posted,
        closes_day=((posted - config.start_us) // DAY_US + life).astype(np.int64) + 1,
        openings=openings,
        openings_left=openings.copy(),
        unfilled=openings.copy(),
        public=rng.random(count) < 0.93,
        status=np.full(count, OPEN),
        promoted=rng.random(count) < 0.06,
    )
    jobs.facts = [_facts(jobs, clients, job, rng) for job in range(count)]
    jobs.post = [_post(jobs, clients, job, text, rng) for job in range(count)]
    return jobs


def edit_post(jobs: Jobs, job: int, text: TextGenerator, rng: np.random.Generator) -> None:
    """`job` is offered for more money and says one sentence more."""
    raised = float(rng.uniform(1.08, 1.3))
    jobs.demand.pay_usd[job] *= raised
    jobs.demand.listed_pay[job] *= raised
    post = dict(jobs.post[job])
    post["description"] = f"{post['description']} {text.addition(jobs.facts[job])}"
    for bound in ("budget_min_usd", "budget_max_usd"):
        amount = post[bound]
        if isinstance(amount, float):
            post[bound] = round(amount * raised, 2)
    jobs.post[job] = post


def _posting_times(config: SimulatorConfig, rng: np.random.Generator) -> Integers:
    before = int(config.jobs * POSTED_BEFORE_START)
    early = config.start_us - rng.integers(1, DAYS_BEFORE * DAY_US - DAY_US, size=before)
    weekday = np.array([(config.start_us // DAY_US + 3 + day) % 7 for day in range(config.days)])
    weight = np.where(weekday < 5, 1.2, 0.5)
    day = rng.choice(config.days, size=config.jobs - before, p=weight / weight.sum())
    return np.sort(
        np.concatenate([early, config.start_us + day * DAY_US + rng.integers(DAY_US // 4, DAY_US, len(day))])
    )


def _owners(clients: Clients, at_us: Integers, rng: np.random.Generator) -> Integers:
    """By activity, one of the clients who were there at each moment."""
    n_arrived = np.searchsorted(clients.arrives_us, at_us)
    weight = np.cumsum(clients.activity, dtype=np.float64)
    drawn = rng.random(len(at_us)) * weight[n_arrived - 1]
    owners: Integers = np.minimum(np.searchsorted(weight, drawn, side="right"), n_arrived - 1)
    return owners


def _facts(jobs: Jobs, clients: Clients, job: int, rng: np.random.Generator) -> Facts:
    taxonomy, world, demand = full_taxonomy(), geography(), jobs.demand
    weight = demand.needs.weight[job][demand.needs.weight[job] > 0]
    owner = demand.client[job]
    styles = np.concatenate([np.flatnonzero(demand.wants_shown[job]), np.flatnonzero(demand.offers_shown[job])])
    return Facts(
        skills=demand.needs.of(job)[np.argsort(-weight, kind="stable")].tolist(),
        role=one_of(taxonomy.cluster_roles[jobs.cluster[job]], rng),
        level=("Junior", "Experienced", "Senior")[demand.level[job]],
        industry=clients.industry[owner],
        city=world.cities[demand.city[job]],
        language=world.languages[demand.language[job]],
        hours=one_of((5, 10, 20, 40), rng),
        years=int(rng.integers(1, 9)),
        styles=[STYLES[s] for s in dict.fromkeys(styles)],
        company=clients.company[owner],
    )


def _post(jobs: Jobs, clients: Clients, job: int, text: TextGenerator, rng: np.random.Generator) -> Row:
    """The row of `job` but for status and clocks; fills literal, and hides the pay of a fixed price."""
    taxonomy, world, demand = full_taxonomy(), geography(), jobs.demand
    listed = rng.permutation(demand.listed.of(job))
    spelled = [text.spell(skill) for skill in listed]
    by_name = [s for s, name in zip(listed, spelled, strict=True) if name == taxonomy.skills[s]]
    demand.literal.weight[job] = np.isin(demand.needs.at[job], by_name) & (demand.needs.weight[job] > 0)
    hourly = rng.random() < 0.72
    pay, has_pay = float(demand.pay_usd[job]), bool(np.isfinite(demand.listed_pay[job]))
    low, high = (LOWEST_PAY * pay, HIGHEST_PAY * pay) if hourly else (None, pay * float(rng.lognormal(np.log(35), 0.7)))
    if not hourly:
        demand.listed_pay[job] = np.nan
    title, description = text.job(jobs.facts[job])
    owner, city = demand.client[job], world.cities[demand.city[job]] if rng.random() < 0.8 else None
    category, level = demand.listed_category[job], demand.listed_level[job]
    region = world.regions[world.city_region[demand.city[job]]] if city else None
    return {
        "job_id": jobs.ids[job],
        "client_id": clients.ids[owner],
        "posted_at": int(jobs.posted_us[job]),
        "title": title,
        "description": description,
        "skills": list(dict.fromkeys(spelled)),
        "category": taxonomy.categories[category] if category >= 0 else None,
        "company": clients.company[owner],
        "industry": clients.industry[owner],
        "country": world.countries[demand.country[job]],
        "region": region,
        "city": city,
        "languages": [world.languages[demand.language[job]]],
        "budget_kind": "hourly" if hourly else "fixed",
        "budget_min_usd": round(low, 2) if has_pay and low is not None else None,
        "budget_max_usd": round(high, 2) if has_pay else None,
        "salary_min_usd": None,
        "salary_max_usd": None,
        "experience_level": LEVELS[level] if level >= 0 else None,
        "openings": int(jobs.openings[job]),
        "visibility": "public" if jobs.public[job] else "invite_only",
    }
