"""A challenger that learned from shuffled relevance must not be promoted by the gate.

    python benchmarks/quality/shuffled_challenger.py [--home HOME] [--surface job_feed] [--out FILE]

HOME holds a lake, features and a registry, as `metier pipeline run training` leaves them. The challenger is trained and
evaluated as any other, against the champion where there is one; nothing is registered.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from components.evaluation.evaluate import evaluate
from components.evaluation.publish import merged
from components.ranking import Ensemble, XGBoostRanker
from components.ranking.trees.config import WATCHED
from components.releases import open_registry
from components.releases.aliases import champions
from components.training_sets import RankingDataset
from components.training_sets.build import build
from components.training_sets.plan import plan
from metier.lake import Lake
from metier.settings import Settings
from metier.stored import as_plain


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=lambda text: Path(text).absolute(), default=Settings().home)
    parser.add_argument("--surface", default="job_feed")
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    settings = Settings(home=arguments.home)
    lake = Lake(settings.lake)
    as_of = lake.as_of()
    study = plan(lake, as_of, [arguments.surface], champions(open_registry(settings)))[0]
    with tempfile.TemporaryDirectory(dir=arguments.home, prefix=".shuffled-") as folder:
        parts = [Path(folder) / name for name in ("train", "validation", "held_out")]
        print(build(study, settings, as_of, *parts).render(), flush=True)
        train, validation = shuffled(RankingDataset.read(parts[0]), 0), shuffled(RankingDataset.read(parts[1]), 1)
        ranker = XGBoostRanker().fit(train, WATCHED, validation)
        print(ranker, flush=True)
        evaluation = evaluate(study, parts[2], Ensemble.fit([ranker], validation), settings, as_of, print)
    (report,) = merged([evaluation], {})
    decision = as_plain(report.decision) if report.decision else {}
    print(json.dumps(decision, indent=1))
    out = arguments.out or arguments.home / "reports" / "benchmarks" / "shuffled_challenger.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(decision, indent=1))
    return 1 if decision.get("verdict") == "promote" else 0


def shuffled(dataset: RankingDataset, seed: int) -> RankingDataset:
    """The same rows with the relevance of each query in random order: nothing is left to learn but its distribution."""
    random = np.random.default_rng(seed).random(len(dataset))
    order = np.lexsort((random, dataset.query_index))
    relevance = dataset.relevance[order]
    return replace(dataset, relevance=relevance, outcomes=None)


if __name__ == "__main__":
    sys.exit(main())
