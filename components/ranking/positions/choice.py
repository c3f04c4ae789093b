"""Which kind of fit suits a surface: trees of each kind are compared on queries that they were not fitted to.

The figure is NDCG@10 corrected for examination. Observed NDCG@10 favours what was shown on top and falls as a ranker
stops to follow it. Where nobody can tell what was looked at, or no other kind is shown to be better, the plain fit
stays. The network follows the trees, which fit in a fraction of its time.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from components.measures import Interval, paired_difference
from components.measures.arrays import FloatArray
from components.measures.examination import Examination
from components.measures.ranking_metrics import weighted_ndcg_at_k
from components.ranking.positions.fits import KINDS, Kind, inverse_examination, sets_for
from components.ranking.ranker import informative_queries
from components.ranking.trees.config import WATCHED
from components.training_sets import RankingDataset, TracedDataset
from components.training_sets.dataset.examined import examined
from components.training_sets.dataset.traced import whole_queries
from metier.durable import write_whole
from metier.stored import as_json, from_json

FIT_FILE = "fit.json"
K = 10
FOLDS = 2
FEWEST_QUERIES = 100
"""Queries that hold two different relevances; fewer cannot tell kinds apart."""
MOST_ROWS = 100_000
"""Rows that are compared on, in whole queries drawn at random: more cost time, and these tell enough."""


@dataclass(frozen=True)
class ComparedFit:
    """Corrected NDCG@10 of a kind of fit less that of the plain one, over actors; examination's error is in it."""

    kind: Kind
    difference: Interval


@dataclass(frozen=True)
class FitChoice:
    """The kind of fit, the examination that it goes by, and what spoke for it."""

    kind: Kind = "plain"
    examination: Examination | None = None
    compared: tuple[ComparedFit, ...] = ()
    reason: str = "no other kind was compared"

    def render(self) -> str:
        """One line for a person and for the lineage of a bundle."""
        figures = [
            f"{fit.kind} {fit.difference.value:+.4f} [{fit.difference.low:+.4f}, {fit.difference.high:+.4f}]"
            for fit in self.compared
        ]
        return f"{self.kind}: {self.reason}" + (f" ({', '.join(figures)})" if figures else "")

    def sets(self, train: RankingDataset, validation: RankingDataset) -> tuple[RankingDataset, RankingDataset]:
        """What a ranker of this package is fitted to, and what it stops by."""
        return sets_for(self.kind, train, validation, self.examination)

    def write(self, folder: Path) -> None:
        """Write the choice beside a data set."""
        write_whole(folder / FIT_FILE, as_json(self, indent=1))

    @classmethod
    def read(cls, folder: Path) -> "FitChoice":
        """What `write` left; the plain fit where nothing was chosen."""
        path = folder / FIT_FILE
        return from_json(cls, path.read_bytes()) if path.is_file() else PLAIN


PLAIN = FitChoice()


def choose_fit(train: TracedDataset, validation: RankingDataset) -> FitChoice:
    """The kind of fit for rankers of `train`, whose queries judge by cross-fitting; `validation` stops the trees."""
    seen = examined(train)
    if seen.examination is None:
        return FitChoice(reason=seen.refused)
    among = _sampled(train)
    if informative_queries(among.dataset).sum() < FEWEST_QUERIES:
        return FitChoice(examination=seen.examination, reason=f"fewer than {FEWEST_QUERIES} queries teach an order")
    compared = _compared(among, validation, seen.examination)
    best = max(compared, key=lambda fit: fit.difference.low)
    if best.difference.above_zero:
        return FitChoice(best.kind, seen.examination, compared, "better than the plain fit by corrected NDCG@10")
    return FitChoice("plain", seen.examination, compared, "no other fit is shown to be better by corrected NDCG@10")


def _sampled(train: TracedDataset) -> TracedDataset:
    chosen = np.zeros(train.dataset.n_queries, dtype=np.bool_)
    chosen[whole_queries(train.dataset.group_sizes, MOST_ROWS, newest=False, seed=0)] = True
    return train if chosen.all() else train.select_queries(chosen)


def _compared(among: TracedDataset, validation: RankingDataset, examination: Examination) -> tuple[ComparedFit, ...]:
    """Each kind but the plain one less the plain one."""
    dataset, actors = among.dataset, among.queries()["actor_id"].to_numpy()
    scores = {kind: _cross_fitted(kind, dataset, validation, examination) for kind in KINDS}

    def less_plain(kind: Kind, seen: Examination) -> tuple[FloatArray, FloatArray, FloatArray]:
        weight, query = inverse_examination(dataset, seen), dataset.query_index
        values, counts = weighted_ndcg_at_k(dataset.relevance, scores[kind], query, weight, K)
        return values, weighted_ndcg_at_k(dataset.relevance, scores["plain"], query, weight, K)[0], counts

    def difference(kind: Kind) -> Interval:
        values, plain, counts = less_plain(kind, examination)
        at_bounds = (less_plain(kind, bound) for bound in examination.bounds())
        elsewhere = [float(np.nansum((a - b) * c) / np.nansum(c)) for a, b, c in at_bounds]
        return paired_difference(values, plain, actors, counts).widened(*elsewhere)

    return tuple(ComparedFit(kind, difference(kind)) for kind in KINDS if kind != "plain")


def _cross_fitted(
    kind: Kind, dataset: RankingDataset, validation: RankingDataset, examination: Examination
) -> FloatArray:
    """Scores (n_rows,), each by trees that were fitted to the queries of the other folds."""
    from components.ranking.trees.boosting import Boosted, boosted  # imports XGBoost, which takes a while

    fold = np.random.default_rng(0).permutation(dataset.n_queries) % FOLDS
    scores = np.empty(len(dataset))
    for held_out in range(FOLDS):
        own, others = (dataset.select_queries(mask) for mask in (fold == held_out, fold != held_out))
        train, watched = sets_for(kind, others, validation, examination)
        booster, used = boosted(replace(WATCHED, unbiased=kind == "unbiased"), train, watched)
        trees = Boosted(bytes(booster.save_raw("ubj")), used)
        scores[(fold == held_out)[dataset.query_index]] = trees.margins(own.features)
    return scores
