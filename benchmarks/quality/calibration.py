"""Whether scores and heads come true on held-out time, by band of ranks: the figures that the gate's promise rests on.

    python benchmarks/quality/calibration.py [--home HOME] [--surface job_feed ...] [--ranker xgboost ...] [--out FILE]

HOME holds a lake and its features, as `metier simulate` and `metier features build` leave them. Rankers, blend and
calibration are those of the training pipeline; nothing is registered. Beside them stands the score as it would be were
it calibrated without knowing at which rank a row was shown.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from components.evaluation.reliability import RELEVANT, reliability_of
from components.measures.reliability import Reliability, reliability
from components.ranking import Ensemble
from components.ranking.blending.calibration import fit_calibration
from components.ranking.choice import choose
from components.training_sets import RankingDataset, TracedDataset
from components.training_sets.build import build
from components.training_sets.plan import Study
from feature_repo.client import FeatureStoreClient
from metier.contract import SURFACES, Surface
from metier.durable import write_whole
from metier.lake import Lake
from metier.settings import Settings
from metier.stored import as_plain


def main() -> None:
    """Fit, measure and write the figures of each surface."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=lambda text: Path(text).absolute(), default=Settings().home)
    parser.add_argument("--surface", action="append", choices=SURFACES)
    parser.add_argument("--ranker", action="append", help="xgboost and neural unless named")
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    settings = Settings(home=arguments.home)
    FeatureStoreClient(settings).apply()
    surfaces = arguments.surface or SURFACES
    figures = {surface: of_surface(surface, settings, arguments.ranker or ()) for surface in surfaces}
    out = arguments.out or arguments.home / "reports" / "benchmarks" / "calibration.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, json.dumps(figures, indent=1))


def of_surface(surface: Surface, settings: Settings, rankers: Sequence[str]) -> dict[str, Any]:
    """How the ensemble of `rankers` came true on the last part of the log."""
    as_of = Lake(settings.lake).as_of()
    with tempfile.TemporaryDirectory(dir=settings.home, prefix=".calibration-") as folder:
        parts = [Path(folder) / name for name in ("train", "validation", "held_out")]
        print(build(Study(surface, "logged_slates"), settings, as_of, *parts).render(), flush=True)
        train, validation = RankingDataset.read(parts[0]), RankingDataset.read(parts[1])
        ensemble = Ensemble.fit({choice.name: choice.fit(train, validation) for choice in choose(rankers)}, validation)
        held_out = TracedDataset.read(parts[2])
        rows = reliability_of(ensemble, held_out)
        without = without_ranks(ensemble, validation, held_out)
    for row in (*without, *rows):
        print(said(row), flush=True)
    return {
        "ensemble": repr(ensemble),
        "recording_delay_days": held_out.metadata["labels"]["recording_delay_days"],
        "dropped": dict(ensemble.outcomes.dropped),
        "calibrated": {row.head: row.calibrated for row in rows if row.band == "all"},
        "reliability": [as_plain(row) for row in rows],
        "without_ranks": [as_plain(row) for row in without],
    }


def without_ranks(ensemble: Ensemble, validation: RankingDataset, held_out: TracedDataset) -> tuple[Reliability, ...]:
    """Of the blend, calibrated on all validation rows alike."""
    calibration = fit_calibration(ensemble.blend(validation.features), validation.relevance > 0)
    dataset, actors = held_out.dataset, held_out.rows["actor_id"].to_numpy()
    probability = calibration.probability(ensemble.blend(dataset.features))
    rank = np.ones(len(dataset), dtype=np.int64) if dataset.rank is None else dataset.rank
    return reliability(f"{RELEVANT}, without ranks", probability, dataset.relevance > 0, rank, actors)


def said(row: Reliability) -> str:
    """One line for a person."""
    figures = f"said {row.predicted:.3f} seen {row.observed:.3f} ({row.positives:,} of {row.rows:,})"
    ratio, slope = (f"{i.value:.2f} [{i.low:.2f}, {i.high:.2f}]" for i in (row.ratio, row.slope))
    return f"{row.head:24} {row.band:5} {figures}, said / seen {ratio}, slope {slope}{'' if row.calibrated else ' *'}"


if __name__ == "__main__":
    main()
