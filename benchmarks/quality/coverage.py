"""How often the intervals hold what is true: every type, from the fewest actors that it asks for on.

    python benchmarks/quality/coverage.py [--runs 500] [--out FILE]

Actors with queries of their own are drawn from worlds whose truth is known: differences of NDCG, skewed figures, hits
and rare hits, weighted means as the correction for examination makes them, kappa of a judge, F1 of slots, ratios of
promised to seen, and off-policy estimates. `covered` is the share of runs whose 95% interval holds the truth, `below`
and `above` those that lie under and over it: 2.5% each where an interval is fair to both sides. Runs whose interval
says that it has too few are not counted; `kept` is the share of the others. Where it is under half, the world lies
below the floor of the interval.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.measures import Interval, mean_interval
from components.measures.agreement import kappa
from components.measures.intervals import FEWEST_ACTORS, cluster_sums, statistic_interval
from components.measures.off_policy import FEWEST_CLUSTERS, METHODS, Method, estimate
from components.measures.slots import slot_f1
from metier.durable import write_whole
from metier.errors import UnsupportedEstimate

Random = np.random.Generator
World = Callable[[Random, int], tuple[Interval, float]]
"""(random numbers, actors) -> an interval of one draw, and the truth."""
ACTORS = (FEWEST_ACTORS, 100, 300)
BOUNDS = (0.93, 0.97)
GRADES, AGREED = 4, 0.6
ITEMS, ROWS = 10, 2_000


@dataclass(frozen=True)
class Coverage:
    """Of one interval with so many actors."""

    interval: str
    actors: int
    kept: float
    covered: float
    below: float
    above: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    rows = study(arguments.runs, ACTORS)
    for row in rows:
        print(rendered(row))
    judged = [row for row in rows if row.kept >= 0.5]
    inside = sum(BOUNDS[0] <= row.covered <= BOUNDS[1] for row in judged)
    print(f"{inside} of {len(judged)} at or above their floor cover {BOUNDS[0]:.0%} to {BOUNDS[1]:.0%}")
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(arguments.out, json.dumps([asdict(row) for row in rows], indent=1))
    return 0


def rendered(row: Coverage) -> str:
    """One line for a person."""
    sides = f"below {row.below:.3f}, above {row.above:.3f}, kept {row.kept:.2f}"
    return f"{row.interval:<20}{row.actors:>5} actors: covered {row.covered:.3f}, {sides}"


def study(runs: int, actors: tuple[int, ...], names: tuple[str, ...] | None = None) -> list[Coverage]:
    """Every world (or those of `names`) with every number of actors, `runs` draws each; equal runs give equal rows."""
    chosen = {name: world for name, world in WORLDS.items() if names is None or name in names}
    rows = [coverage(name, world, n, runs) for name, world in chosen.items() for n in actors]
    if names is None:
        rows += [off_policy(method, FEWEST_CLUSTERS, runs) for method in METHODS]
    return rows


def coverage(name: str, world: World, actors: int, runs: int) -> Coverage:
    """Of draws of one world."""
    random = np.random.default_rng([actors, *name.encode()])
    drawn = [world(random, actors) for _ in range(runs)]
    counted = [(interval, truth) for interval, truth in drawn if not interval.too_few and interval.low == interval.low]
    return _summed(name, actors, runs, [(interval.low, interval.high, truth) for interval, truth in counted])


def off_policy(method: Method, clusters: int, runs: int) -> Coverage:
    """Of logs of a policy that prefers some of ITEMS, the value of the uniform one, over actors of different worth."""
    random = np.random.default_rng([clusters, *method.encode()])
    held = []
    for _ in range(runs):
        worth = random.uniform(0.05, 0.3, ITEMS)
        logged = random.dirichlet(np.full(ITEMS, 2.0)) * 0.9 + 0.1 / ITEMS
        item, actor = random.choice(ITEMS, ROWS, p=logged), random.integers(0, clusters, ROWS)
        mood = random.uniform(0.5, 1.5, clusters)
        reward = random.random(ROWS) < worth[item] * mood[actor]
        guess = np.clip(worth + random.normal(0, 0.05, ITEMS), 0, 1)
        try:
            found = estimate(
                reward, logged[item], np.full(ROWS, 1 / ITEMS), guess[item], np.full(ROWS, guess.mean()), method,
                cluster=actor,
            )  # fmt: skip
        except UnsupportedEstimate:
            continue
        held.append((found.low, found.high, float(worth.mean())))
    return _summed(f"off-policy {method}", clusters, runs, held)


def _summed(name: str, actors: int, runs: int, held: list[tuple[float, float, float]]) -> Coverage:
    low, high, truth = np.array(held).reshape(-1, 3).T
    below, above = float((high < truth).mean()), float((low > truth).mean())
    return Coverage(name, actors, len(held) / runs, 1 - below - above, below, above)


def _asked(random: Random, actors: int, most: int = 5) -> NDArray[np.int64]:
    """The actor of each query: 1 to `most` queries each."""
    return np.arange(actors).repeat(random.integers(1, most + 1, actors))


def _ndcg_difference(random: Random, actors: int) -> tuple[Interval, float]:
    """Half of the slates are ordered alike; the others differ, those of an actor a little more alike."""
    actor = _asked(random, actors)
    taste = random.normal(0, 0.05, actors)[actor]
    difference = np.where(random.random(len(actor)) < 0.5, 0.0, random.normal(taste, 0.3))
    return mean_interval(difference, actor), 0.0


def _skewed(random: Random, actors: int) -> tuple[Interval, float]:
    actor = _asked(random, actors)
    return mean_interval(random.exponential(1, actors)[actor] * random.exponential(1, len(actor)), actor), 1.0


def _hits(rate: float) -> World:
    def world(random: Random, actors: int) -> tuple[Interval, float]:
        actor = _asked(random, actors)
        own = random.beta(rate * 3, (1 - rate) * 3, actors)
        return mean_interval(random.random(len(actor)) < own[actor], actor), rate

    return world


def _weighted(random: Random, actors: int) -> tuple[Interval, float]:
    """Gains logged at ranks that were looked at less count more, and are ordered worse: 1, .6 and .3 of them."""
    actor = _asked(random, actors)
    examination = random.choice([1.0, 0.5, 0.25], len(actor), p=[0.6, 0.25, 0.15])
    mean = np.select([examination == 1.0, examination == 0.5], [0.2, 0.0], -0.2)
    value = random.normal(mean + random.normal(0, 0.1, actors)[actor], 0.4)
    truth = (0.6 * 0.2 - 0.15 * 4 * 0.2) / (0.6 + 0.25 * 2 + 0.15 * 4)
    return mean_interval(value, actor, 1 / examination), truth


def _kappa(random: Random, actors: int) -> tuple[Interval, float]:
    """Judges agree AGREED of the time and guess else; of grades that are all as frequent, that is kappa."""
    query = _asked(random, actors, 10)
    known = random.integers(0, GRADES, len(query))
    judged = np.where(random.random(len(query)) < AGREED, known, random.integers(0, GRADES, len(query)))
    return kappa(judged, known, query, n_grades=GRADES), AGREED


def _slot_f1(random: Random, actors: int) -> tuple[Interval, float]:
    """Two thirds of what is planned and asked is right: 2 * 2 / (3 + 3)."""
    asked = random.integers(1, 6, actors)
    return slot_f1(np.column_stack([random.binomial(asked, 2 / 3), asked, asked])), 2 / 3


def _promised(random: Random, actors: int) -> tuple[Interval, float]:
    """What was promised over what came true, where each comes true as promised."""
    actor = _asked(random, actors, 20)
    promised = random.beta(2, 6, len(actor))
    sums = cluster_sums(np.column_stack([promised, random.random(len(actor)) < promised]), actor)
    return statistic_interval(sums, lambda totals: totals[:, 0] / totals[:, 1], len(actor)), 1.0


WORLDS: dict[str, World] = {
    "difference of NDCG": _ndcg_difference,
    "skewed mean": _skewed,
    "hits, 30%": _hits(0.3),
    "rare hits, 10%": _hits(0.1),
    "weighted mean": _weighted,
    "kappa": _kappa,
    "F1 of slots": _slot_f1,
    "promised over seen": _promised,
}


if __name__ == "__main__":
    sys.exit(main())
