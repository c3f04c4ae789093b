"""Live a world day by day and hand over its six tables; the truth goes to files of its own.

Equal configs give equal bytes. Days lie on a shelf until all of them are over, so that memory holds people and jobs,
not what they did. Knows no lake: `append` gets each table in blocks, entities first.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from components.simulator.clients import create_clients
from components.simulator.config import DAY_US, SimulatorConfig
from components.simulator.contracts import endings, hires
from components.simulator.funnel import (
    answers,
    applications,
    direct_answers,
    invites,
    present,
    seek,
)
from components.simulator.geography import geography
from components.simulator.handover import Handover
from components.simulator.jobs import create_jobs
from components.simulator.market import Market, first_versions, new_versions
from components.simulator.people import MISSING, STYLES
from components.simulator.policy import LONGEST, SHORTEST
from components.simulator.population import create_freelancers
from components.simulator.review import review_applicants
from components.simulator.sessions import feed_sessions, talent_sessions
from components.simulator.shelf import Shelf
from components.simulator.summary import WorldSummary, summarise
from components.simulator.tally import Tally
from components.simulator.taxonomy import exact, full_taxonomy
from components.simulator.text import TextGenerator
from metier.contract import LEVELS

DAYS = ".days"
"""Folder beside the truth where days wait; a killed simulation leaves it, the next one removes it."""
TRUTH = pa.schema([
    pa.field("query_id", pa.string(), nullable=False), pa.field("candidate_id", pa.string(), nullable=False),
    pa.field("true_relevance", pa.float32()),
])  # fmt: skip
BEFORE_US = 0
FEED_SHARE = 0.6
WEEKEND, WEEKDAY = 0.55, 1.15
APPLICATIONS_PER_JOB = 9.0
APPLICATIONS_PER_IMPRESSION = 0.02
LEAST_ORGANIC = 0.15
"""Applications from mail alerts, as a share of those from the feed, and enough for APPLICATIONS_PER_JOB."""
Progress = Callable[[float, str], None]
Append = Callable[[str, pa.Table], object]


def simulate(
    config: SimulatorConfig, append: Append, truth_dir: Path, progress: Progress | None = None
) -> WorldSummary:
    """Simulate `config`; `append(table, rows)` gets rows of the contract's schema: entities first, then block by block.

    Under `truth_dir` it writes impressions.parquet (query_id, candidate_id, true_relevance), searches.parquet (what
    typed texts ask for), freelancers.parquet, jobs.parquet and world.json. `progress` gets the share done and what is
    being done.
    """
    advance = progress or (lambda _share, _doing: None)
    advance(0.0, "creating people and jobs")
    market = create_market(config)
    days = truth_dir / DAYS
    shutil.rmtree(days, ignore_errors=True)
    days.mkdir(parents=True)
    with Shelf(days) as shelf:
        live(market, shelf, advance)
        shelf.finish()
        advance(0.8, "handing over the tables")
        tally = hand_over(market, shelf, append, truth_dir)
    shutil.rmtree(days)
    write_truth(market, truth_dir)
    advance(0.95, "measuring the world")
    summary = summarise(config, tally, market.log)
    advance(1.0, "done")
    return summary


def create_market(config: SimulatorConfig) -> Market:
    """The world before its first day."""
    text = TextGenerator(full_taxonomy(), config.seed)
    rng = np.random.default_rng([config.seed, 1])
    people = create_freelancers(config, text, rng)
    clients = create_clients(config, text, rng)
    jobs = create_jobs(config, clients, text, rng)
    return Market(config, people, clients, jobs, text, np.random.default_rng([config.seed, 2]))


def live(market: Market, shelf: Shelf, advance: Progress) -> None:
    """All days of the period; each is laid aside when it is over."""
    days = market.config.days
    weights = np.array([_weekday_weight(market, day) for day in range(days)])
    first_versions(market, BEFORE_US, market.day_start(0))
    reviewed = 0
    for day in range(days):
        advance(0.05 + 0.75 * day / days, f"day {day + 1} of {days}")
        first_versions(market, market.day_start(day), market.day_start(day + 1))
        left = (market.config.impressions - market.log.impressions) * weights[day] / weights[day:].sum()
        reviewed = _live_day(market, day, max(left - reviewed, 0), float(weights[day]))
        market.log.lay_aside(shelf, market.day_start(day + 1))


def hand_over(market: Market, shelf: Shelf, append: Append, truth_dir: Path) -> Tally:
    """Append every table, and write the truth of the impressions beside them, in their order."""
    ids = {"freelancer": market.people.ids, "client": market.clients.ids, "job": market.jobs.ids}
    handover = Handover(shelf, ids, market.config.end_us, np.random.default_rng([market.config.seed, 3]))
    tally = Tally(len(market.people))
    for name in ("clients", "freelancers", "jobs"):
        for rows in handover.entities(name):
            append(name, rows)
            tally.rows[name] += rows.num_rows
    with pq.ParquetWriter(truth_dir / "impressions.parquet", TRUTH) as truth:
        for events in handover.events():
            for name, rows in events.tables.items():
                append(name, rows)
            impressions = events.tables["impressions"].select(TRUTH.names[:2])
            truth.write_table(impressions.append_column(TRUTH.field(2), events.raw["impressions"]["truth"]).cast(TRUTH))
            tally.add(events)
    pq.write_table(_search_truth(handover.searches()), truth_dir / "searches.parquet")
    return tally


def write_truth(market: Market, truth_dir: Path) -> None:
    """The latent truth of people, jobs and the world, as files that no platform has."""
    pq.write_table(_freelancer_truth(market), truth_dir / "freelancers.parquet")
    pq.write_table(_job_truth(market), truth_dir / "jobs.parquet")
    world = asdict(market.config) | {"end": market.config.end.isoformat(), "styles": list(STYLES)}
    (truth_dir / "world.json").write_text(json.dumps(world, indent=1) + "\n", encoding="utf-8")


def stored_config(truth_dir: Path) -> SimulatorConfig | None:
    """What the world whose truth is in the folder was asked to be; None where there is none."""
    path = truth_dir / "world.json"
    if not path.exists():
        return None
    world = json.loads(path.read_text(encoding="utf-8"))
    world["end"] = datetime.fromisoformat(world["end"])
    return SimulatorConfig(**{name: world[name] for name in SimulatorConfig.__dataclass_fields__ if name in world})


def _live_day(market: Market, day: int, impressions: float, weight: float) -> int:
    """One day; the number of impressions that reviews took."""
    market.seen_freelancers.fade()
    market.seen_jobs.fade()
    new_versions(market, day)
    slates = impressions / ((SHORTEST + LONGEST) / 2)
    for batch in feed_sessions(market, day, round(FEED_SHARE * slates)):
        seek(market, present(market, batch), client_asks=False)
    for batch in feed_sessions(market, day, round(_alerts_a_day(market.config) * weight)):
        seek(market, present(market, batch, logged=False), client_asks=False)
    for batch in talent_sessions(market, day, round((1 - FEED_SHARE) * slates)):
        seek(market, present(market, batch), client_asks=True)
    applications(market, day)
    invites(market, day)
    before = market.log.impressions
    review_applicants(market, day, eagerness=weight)
    direct_answers(market, day)
    answers(market, day)
    hires(market, day)
    endings(market, day)
    return market.log.impressions - before


def _weekday_weight(market: Market, day: int) -> float:
    """1970-01-01 was a Thursday, weekday 3."""
    weekday = (market.day_start(day) // DAY_US + 3) % 7
    return WEEKDAY if weekday < 5 else WEEKEND


def _alerts_a_day(config: SimulatorConfig) -> float:
    """Mail alerts opened on a mean day: they bring what the feed's applications lack."""
    from_feed = APPLICATIONS_PER_IMPRESSION * FEED_SHARE * config.impressions
    organic = max(LEAST_ORGANIC * from_feed, APPLICATIONS_PER_JOB * config.jobs - from_feed)
    return organic / config.days / (APPLICATIONS_PER_IMPRESSION * (SHORTEST + LONGEST) / 2)


def _freelancer_truth(market: Market) -> pa.Table:
    people, names = market.people, full_taxonomy()
    skills = [np.flatnonzero(row) for row in people.depth]
    return pa.table(
        {
            "freelancer_id": people.ids,
            "category": [names.categories[c] for c in people.category],
            "level": people.level,
            "quality": people.quality,
            "responsiveness": people.responsiveness,
            "rate_usd": people.rate_usd,
            "hours_per_week": people.hours,
            "running_contracts": market.contracts,
            "style": list(people.style),
            "taste": list(people.taste),
            "skills": [[names.skills[s] for s in row] for row in skills],
            "depths": [exact(people.depth[person, row]) for person, row in enumerate(skills)],
        }
    )


def _search_truth(raw: pa.Table) -> pa.Table:
    """What typed texts ask for; null where a text sets no limit. off_profile: about another trade than the asker's."""
    names, world = full_taxonomy(), geography()
    skills = [[names.skills[skill] for skill in row] for row in raw["skills"].to_pylist()]
    words = {
        "category": names.categories, "country": world.countries, "language": world.languages, "level": LEVELS,
        "without": names.skills,
    }  # fmt: skip
    spelled = {name: _words(raw[name].to_numpy(), among) for name, among in words.items()}
    kept = {"query_id": raw["query_id"], "off_profile": raw["off_profile"]}
    pay = raw["pay_usd"].to_numpy()
    return pa.table({**kept, "skills": skills, **spelled, "pay_usd": pa.array(pay, mask=np.isnan(pay))})


def _words(at: np.ndarray, among: Sequence[str]) -> pa.Array:
    return pa.array(among, pa.string()).take(pa.array(at, mask=at == MISSING))


def _job_truth(market: Market) -> pa.Table:
    demand, names = market.jobs.demand, full_taxonomy()
    needed = [demand.needs.of(job) for job in range(len(market.jobs))]
    return pa.table(
        {
            "job_id": market.jobs.ids,
            "category": [names.categories[c] for c in demand.category],
            "level": demand.level,
            "pay_usd": demand.pay_usd,
            "fairness": demand.fairness,
            "locality": demand.locality,
            "wants": list(demand.wants),
            "offers": list(demand.offers),
            "skills": [[names.skills[s] for s in row] for row in needed],
            "weights": [demand.needs.weight[job, : len(row)] for job, row in enumerate(needed)],
        }
    )
