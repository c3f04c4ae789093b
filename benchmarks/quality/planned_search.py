"""Searching with the plan of a typed text against searching with the raw sentence, by the truth of simulated worlds.

    python benchmarks/quality/planned_search.py HOME [HOME ...] [--alias NAME] [--searches 300] [--seed 0] [--out FILE]

Each HOME holds a simulated world and bundles that were trained on it, as `metier simulate --seed N` and `metier
pipeline run training` leave it. People of the world type new texts, as its simulator draws them, into talent search and
the job feed; the engine answers each in process with `understand` true and false, where false reaches rankers too.
Relevance of every eligible candidate is computed by the world's own formula, 0 where a limit of the text is broken.
Per surface: NDCG@10 over all eligible candidates, a short slate gaining nothing where it is empty; and the share of
searches without a relevant candidate (grade 2 of 4 or more) in the first ten, of those where there is one. Intervals
are over actors of all worlds. Listings are those with which the world began; searches without any relevant eligible
candidate, and actors whom nobody knows at the end of the world, are left out.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from off_profile import Served
from rich.progress import track

from components.measures import ndcg_at_k, paired_difference
from components.ranking_files import judged_run
from components.simulator.asked import Asked, breaking_jobs, breaking_people
from components.simulator.market import Market
from components.simulator.relevance import as_asked, combined, graded, suitability
from components.simulator.searches import feed_texts, talent_texts
from components.simulator.taxonomy import Floats
from components.simulator.world import create_market, stored_config
from components.simulator.world_log import NOBODY
from metier.contract import Surface
from metier.errors import InputError, NotFoundError, SuspendedError
from metier.settings import Settings
from metier.stored import as_plain
from serving.request.ranking import RankingRequest

FIRST, RELEVANT = 10, 2.0
DRAWN = 12
"""Sessions drawn for each search wanted: of feeds only some have a text."""
MEASURES = ("ndcg", "none", "short")
WAYS = {"plan": True, "sentence": False}
KEYS: dict[Surface, str] = {"talent_search": "freelancer", "job_feed": "job"}


@dataclass(frozen=True)
class Typed:
    """A search: who types what, and the true relevance of every candidate of the world by id."""

    actor_id: str
    text: str
    is_limited: bool
    grades: dict[str, float]


def main() -> int:
    arguments = _arguments()
    rows: list[dict[str, Any]] = []
    for home in arguments.homes:
        settings = Settings(home=home)
        config = stored_config(settings.truth)
        if config is None:
            raise InputError(f"{home} holds no simulated world; run `metier simulate` there")
        market = create_market(config)
        market.rng = np.random.default_rng([config.seed, arguments.seed, 11])
        for surface, key in KEYS.items():
            served = Served(settings, surface, key, arguments.alias)
            searches = list((_feeds if surface == "job_feed" else _talents)(market, arguments.searches))
            for typed in track(searches, description=f"{home.name} {surface}"):
                rows += _measured(served, typed, f"{home.name}")
    result = {"homes": [str(home) for home in arguments.homes], "figures": _figures(rows)}
    print(json.dumps(result, indent=1))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({**result, "searches": rows}, indent=1))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("homes", nargs="+", type=lambda text: Path(text).absolute())
    parser.add_argument("--alias", choices=("champion", "challenger"))
    parser.add_argument("--searches", type=int, default=300, help="of each surface and world")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    arguments.out = arguments.out or arguments.homes[0] / "reports" / "benchmarks" / "planned_search.json"
    return arguments


def _feeds(market: Market, count: int) -> Iterator[Typed]:
    """Freelancers type into the feed."""
    actors = market.rng.integers(len(market.people), size=count * DRAWN)
    texts, asked = feed_texts(market, actors)
    rows, demand = np.arange(len(market.jobs)), market.jobs.demand
    for query in np.flatnonzero(asked.typed)[:count].tolist():
        person, number = np.full(len(rows), actors[query]), np.full(len(rows), query)
        suits = suitability(market.people, person, demand, rows)
        many = asked.skills.weight[query].sum()
        covered = asked.skills.total(number, market.covers, rows) / many
        wished = as_asked(combined(suits, client_asks=False), suits.skill, covered, asked.stands_in[number])
        grades = graded(wished, breaking_jobs(asked, number, demand, rows))
        yield _typed(market.people.ids[actors[query]], texts[query], asked, query, market.jobs.ids, grades)


def _talents(market: Market, count: int) -> Iterator[Typed]:
    """Clients look for people without a job."""
    actors = market.rng.integers(len(market.clients), size=count)
    jobs = np.full(count, NOBODY)
    demand = market.jobs.demand.take(np.zeros(count, np.int64))
    texts, asked = talent_texts(market, actors, jobs, demand)
    everyone = np.arange(len(market.people))
    for query in range(count):
        row = np.full(len(everyone), query)
        suits = combined(suitability(market.people, everyone, demand, row), True)
        grades = graded(suits, breaking_people(asked, row, market.people, everyone))
        yield _typed(market.clients.ids[actors[query]], texts[query], asked, query, market.people.ids, grades)


def _typed(actor_id: str, text: str | None, asked: Asked, query: int, ids: list[str], grades: Floats) -> Typed:
    by_id = dict(zip(ids, grades.tolist(), strict=True))
    return Typed(actor_id, text or "", bool(asked.limited[query]), by_id)


def _measured(served: Served, typed: Typed, world: str) -> list[dict[str, Any]]:
    """One row of the search where anybody eligible is relevant, both ways; none for an actor whom nobody may serve."""
    request = RankingRequest(served.surface, typed.actor_id, FIRST, text=typed.text)
    try:
        shown = {name: served.slate(replace(request, understand=on), "ensemble") for name, on in WAYS.items()}
    except (NotFoundError, SuspendedError):
        return []
    eligible = {one: typed.grades[one] for one in served.eligible(request)}
    if max(eligible.values(), default=0.0) < RELEVANT:
        return []
    row: dict[str, Any] = {"surface": served.surface, "actor": f"{world} {typed.actor_id}", "text": typed.text,
                           "limited": typed.is_limited}  # fmt: skip
    for name, ids in shown.items():
        row[f"ndcg {name}"] = _ndcg(ids, eligible)
        row[f"none {name}"] = float(max((typed.grades[one] for one in ids), default=0.0) < RELEVANT)
        row[f"short {name}"] = float(len(ids) < FIRST)
    return [row]


def _ndcg(shown: list[str], eligible: dict[str, float]) -> float:
    """NDCG@10 of a slate by the grades of the eligible; what a short slate lacks gains nothing."""
    run = {one: -float(rank) for rank, one in enumerate(shown)}
    judged = judged_run({"": run}, {"": eligible}, FIRST)
    return float(ndcg_at_k(judged.relevance, judged.score, judged.query_id, FIRST)[0])


def _figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """By surface, of all searches and of those with a limit: both means, and plan minus sentence with its interval."""
    figures: dict[str, Any] = {}
    for surface, limited in product(KEYS, (False, True)):
        own = [row for row in rows if row["surface"] == surface and row["limited"] >= limited]
        actors = [row["actor"] for row in own]
        columns = {name: [row[name] for row in own] for name in (f"{a} {b}" for a, b in product(MEASURES, WAYS))}
        figures[f"{surface}{', with a limit' if limited else ''}"] = {
            "searches": len(own),
            **{name: float(np.mean(values)) for name, values in columns.items()},
            **{f"{name} plan - sentence": as_plain(
                paired_difference(columns[f"{name} plan"], columns[f"{name} sentence"], actors))
               for name in MEASURES},
        }  # fmt: skip
    return figures


if __name__ == "__main__":
    raise SystemExit(main())
