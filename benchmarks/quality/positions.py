"""Training that knows positions against naive training, by the truth of simulated worlds.

    python benchmarks/quality/positions.py [--clicks position] [--seeds 3] [--impressions N] [--home DIR] [--out FILE]

A world for each seed, clicked by position, by position with trust in the top, or one after the other (cascade). On the
feed and the talent search, trees are fitted in each of the ways that training knows, and in the one that it chooses;
figures are true NDCG@10 of held-out slates less that of the plain fit, with intervals over the actors of all worlds,
beside the examination that training estimated and, where clicks go by position, the true one. Worlds and figures of a
seed are kept under DIR and not made again.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from components.evaluation.truth import true_relevance
from components.measures import ndcg_at_k, paired_difference
from components.ranking.choice import RankerChoice
from components.ranking.positions.choice import PLAIN, FitChoice, choose_fit
from components.ranking.positions.fits import KINDS
from components.simulator import SimulatorConfig, simulate
from components.simulator.clicks import examined_on_screen
from components.simulator.config import CLICK_MODELS
from components.simulator.funnel import PATIENCE
from components.training_sets import RankingDataset, TracedDataset
from components.training_sets.build import build
from components.training_sets.plan import Study
from feature_repo.build.feature_tables import build_all
from feature_repo.client import FeatureStoreClient
from feature_repo.texts import Encoder
from metier.contract import Surface
from metier.durable import write_whole
from metier.lake import Lake
from metier.settings import Settings
from metier.stored import as_json, as_plain, from_json

SURFACES: tuple[Surface, ...] = ("job_feed", "talent_search")
TREES = RankerChoice("xgboost", "xgboost")
RANKS = 10
FEWEST_CANDIDATES = 3
"""Queries with fewer candidates have no order worth measuring."""


@dataclass(frozen=True)
class SeedFigures:
    """What came of one world's surface: the choice, and by fit the true NDCG@10 of each held-out query."""

    chosen: FitChoice
    true: dict[str, tuple[float | None, ...]]
    actors: tuple[str, ...]


def main() -> None:
    """Make what is not there yet, print a line a world, write all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clicks", choices=CLICK_MODELS, default=CLICK_MODELS[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--impressions", type=int, default=100_000)
    parser.add_argument("--home", type=lambda text: Path(text).absolute(), default=Settings().home / "worlds")
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    by_surface: dict[Surface, list[SeedFigures]] = {surface: [] for surface in SURFACES}
    for seed in range(arguments.seeds):
        config = SimulatorConfig(seed=seed, impressions=arguments.impressions, click_model=arguments.clicks)
        settings = Settings(home=arguments.home / f"{arguments.clicks}-{arguments.impressions}-{seed}")
        for surface in SURFACES:
            figures = of_world(surface, config, settings)
            by_surface[surface].append(figures)
            print(f"seed {seed}, {surface}: {figures.chosen.render()}", flush=True)
    result = {surface: pooled(figures, surface, arguments.clicks) for surface, figures in by_surface.items()}
    out = arguments.out or arguments.home / f"positions-{arguments.clicks}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, json.dumps(result, indent=1))
    print(json.dumps(result, indent=1))


def of_world(surface: Surface, config: SimulatorConfig, settings: Settings) -> SeedFigures:
    """Figures of one surface of one world, which are read where they were kept."""
    kept, sets = settings.home / f"{surface}.json", settings.home / "sets" / surface
    if kept.exists():
        return from_json(SeedFigures, kept.read_bytes())
    _live(config, settings)
    parts = [sets / name for name in ("train", "validation", "held_out")]
    build(Study(surface, "logged_slates"), settings, Lake(settings.lake).as_of(), *parts)
    train, validation, held_out = (
        TracedDataset.read(parts[0]),
        RankingDataset.read(parts[1]),
        TracedDataset.read(parts[2]),
    )
    truth = true_relevance(settings.truth, held_out.rows["query_id"], held_out.rows["candidate_id"])
    figures = compared(train, validation, held_out, truth)
    write_whole(kept, as_json(figures))
    return figures


def compared(
    train: TracedDataset, validation: RankingDataset, held_out: TracedDataset, truth: np.ndarray
) -> SeedFigures:
    """Fit trees in every way and in the chosen one; true NDCG@10 of each held-out query that has an order."""
    chosen, dataset = choose_fit(train, validation), held_out.dataset
    fits = {kind: PLAIN if kind == "plain" else replace(chosen, kind=kind) for kind in KINDS}
    asked = dataset.group_sizes >= FEWEST_CANDIDATES
    rows = asked[dataset.query_index]
    true = {}
    for kind, fit in fits.items():
        if kind == "plain" or fit.examination is not None:
            score = TREES.fit(train.dataset, validation, fit).score(dataset.features)
            values = ndcg_at_k(truth[rows], score[rows], dataset.query_index[rows], RANKS)
            true[kind] = tuple(None if np.isnan(value) else float(value) for value in values)
    true["chosen"] = true[chosen.kind]
    actors = np.asarray(held_out.queries()["actor_id"].to_pylist())[asked]
    return SeedFigures(chosen, true, tuple(actors.tolist()))


def pooled(worlds: Sequence[SeedFigures], surface: Surface, clicks: str) -> dict[str, Any]:
    """Means over the queries of all worlds, differences to the plain fit, and what was chosen where."""
    whose = np.concatenate([[f"{seed} {actor}" for actor in world.actors] for seed, world in enumerate(worlds)])

    def values(kind: str) -> np.ndarray:
        per_world = [world.true.get(kind, world.true["plain"]) for world in worlds]
        return np.concatenate([np.asarray(each, dtype=np.float64) for each in per_world])

    plain = values("plain")
    figures: Mapping[str, Any] = {
        kind: {
            "true ndcg@10": float(np.nanmean(values(kind))),
            "less plain": asdict(paired_difference(values(kind), plain, whose)),
        }
        for kind in (*KINDS, "chosen")
    }
    known = clicks != "cascade"
    true_examination = examined_on_screen(RANKS, PATIENCE[surface]).tolist() if known else None
    return {
        **figures,
        "choices": [as_plain(world.chosen) for world in worlds],
        "true examination": true_examination,
    }


def _live(config: SimulatorConfig, settings: Settings) -> None:
    """The world in its lake, with its features; what is there already stays."""
    done = settings.home / "lived"
    if done.exists():
        return
    lake = Lake(settings.lake)
    simulate(config, lambda name, rows: lake.append(name, rows), settings.truth)
    build_all(lake, settings, lake.as_of(), Encoder.load())
    FeatureStoreClient(settings).apply()
    write_whole(done, "")


if __name__ == "__main__":
    main()
