"""XGBoostRanker and NeuralRanker beside LightGBM's LGBMRanker on svmlight ranking data, five folds by query.

`python benchmarks/lambdarank.py DIR [--out FILE]`, where DIR is a fold of a LETOR set (train.txt, vali.txt, test.txt)
or holds rank.train and rank.test, each with sizes of its queries in `<name>.query`. All queries of both files are split
into folds, every ranker learns from four and scores the fifth, and NDCG@10 is compared query by query. XGBoost and
LightGBM grow the same number of trees and leaves. Whatever is tuned, such as the epoch of the neural ranker, is tuned
inside the four folds. The official split is scored once, at the end.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.measures import Interval, mean_interval, ndcg_at_k, paired_difference
from components.ranking import NeuralRanker, XGBoostConfig, XGBoostRanker
from components.training_sets import RankingDataset, read_letor
from metier.errors import InputError
from metier.stored import as_plain, from_plain

FOLDS = 5
TREES = 100
LEAVES = 31
FLOORS = {"xgboost": -0.02, "neural": -0.05}
"""How far the lower bound of the NDCG@10 difference to LightGBM may lie below zero."""

Scores = NDArray[np.float32]
FitAndScore = Callable[[RankingDataset, RankingDataset], Scores]


def lightgbm_scores(train: RankingDataset, test: RankingDataset) -> Scores:
    """By the settings of LightGBM's own lambdarank example."""
    import lightgbm

    ranker = lightgbm.LGBMRanker(
        n_estimators=TREES,
        learning_rate=0.1,
        num_leaves=LEAVES,
        min_child_samples=50,
        min_child_weight=5.0,
        n_jobs=1,
        verbose=-1,
    )
    ranker.fit(train.features, train.relevance.astype(int), group=train.group_sizes)
    return np.asarray(ranker.predict(test.features), dtype=np.float32)


def xgboost_scores(train: RankingDataset, test: RankingDataset) -> Scores:
    return XGBoostRanker().fit(train, XGBoostConfig(trees=TREES, leaves=LEAVES)).score(test.features)


def neural_scores(train: RankingDataset, test: RankingDataset) -> Scores:
    return NeuralRanker().fit(train).score(test.features)


RANKERS: dict[str, FitAndScore] = {
    "lightgbm": lightgbm_scores,
    "xgboost": xgboost_scores,
    "neural": neural_scores,
}


def read_official(folder: Path) -> tuple[RankingDataset, RankingDataset]:
    """The official train (with validation) and test sets with the same columns."""
    if (folder / "train.txt").is_file():
        fold = read_letor(folder)
        return joined(fold.train, fold.validation), fold.test
    widest = max(len(RankingDataset.from_svmlight(folder / name).feature_names) for name in ("rank.train", "rank.test"))
    train, test = (
        RankingDataset.from_svmlight(folder / name, n_features=widest) for name in ("rank.train", "rank.test")
    )
    return train, test


def joined(first: RankingDataset, second: RankingDataset) -> RankingDataset:
    """The queries of both, renumbered."""
    return RankingDataset(
        features=np.concatenate([first.features, second.features]),
        relevance=np.concatenate([first.relevance, second.relevance]),
        query_id=np.concatenate([first.query_index, first.n_queries + second.query_index]),
        feature_names=first.feature_names,
    )


def cross_validated(name: str, dataset: RankingDataset, fold: NDArray[np.int64]) -> NDArray[np.float64]:
    """NDCG@10 (n_queries,), each query scored by a ranker that never saw it."""
    values = np.full(dataset.n_queries, np.nan)
    for held_out in range(FOLDS):
        test = dataset.select_queries(fold == held_out)
        began = time.perf_counter()
        score = RANKERS[name](dataset.select_queries(fold != held_out), test)
        values[fold == held_out] = ndcg_at_k(test.relevance, score, test.query_id, 10)
        say(f"{name}: fold {held_out + 1} of {FOLDS}, {time.perf_counter() - began:.1f} s")
    return values


def compare(folder: Path, seed: int) -> dict[str, Any]:
    train, test = read_official(folder)
    everything = joined(train, test)
    fold = np.random.default_rng(seed).permutation(everything.n_queries) % FOLDS
    values = {name: cross_validated(name, everything, fold) for name in RANKERS}
    queries = np.arange(everything.n_queries)
    official = {
        name: float(np.nanmean(ndcg_at_k(test.relevance, score(train, test), test.query_id, 10)))
        for name, score in RANKERS.items()
    }
    differences = {name: paired_difference(values[name], values["lightgbm"], queries) for name in FLOORS}
    return {
        "data": {"n_rows": len(everything), "n_queries": everything.n_queries, "seed": seed, "folds": FOLDS},
        "trees": TREES,
        "leaves": LEAVES,
        "ndcg_at_10": {name: as_plain(mean_interval(value, queries)) for name, value in values.items()},
        "difference_to_lightgbm": {name: as_plain(interval) for name, interval in differences.items()},
        "official_test_ndcg_at_10": official,
        "floors": FLOORS,
        "passed": {name: interval.low >= FLOORS[name] for name, interval in differences.items()},
    }


def table(result: dict) -> str:
    """The result as a table for people."""

    def interval(fields: dict) -> str:
        estimate = from_plain(Interval, fields)
        return f"{estimate.value:+.4f} [{estimate.low:+.4f}, {estimate.high:+.4f}]"

    lines = [f"{'ranker':<10} {'NDCG@10, five folds':<28} {'minus LightGBM':<28} {'floor':>6} {'official test':>14}"]
    for name in RANKERS:
        against = result["difference_to_lightgbm"].get(name)
        difference = "" if against is None else interval(against)
        floor = "" if against is None else f"{FLOORS[name]:+.2f}"
        official = result["official_test_ndcg_at_10"][name]
        lines.append(
            f"{name:<10} {interval(result['ndcg_at_10'][name]):<28} {difference:<28} {floor:>6} {official:>14.3f}"
        )
    data = result["data"]
    lines.append(f"{data['n_queries']} queries, {data['n_rows']} rows, {TREES} trees, {LEAVES} leaves")
    return "\n".join(lines)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, help="holds rank.train, rank.train.query, rank.test, rank.test.query")
    parser.add_argument("--out", type=Path, help="write the result there as JSON")
    parser.add_argument("--seed", type=int, default=0, help="deals queries into folds")
    arguments = parser.parse_args()
    try:
        result = compare(arguments.directory, arguments.seed)
    except InputError as error:
        say(f"error: {error}")
        return 2
    print(table(result))
    if arguments.out is not None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(result, indent=1), encoding="utf-8")
    return 0 if all(result["passed"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
