"""A TREC run measured against judgements, alone or beside another run, with intervals over queries."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.measures import mean_interval, mrr, ndcg_at_k, paired_difference, recall_at_k
from components.ranking_files import judged_run
from components.ranking_files.trec import Judgements, Run
from metier.stored import as_plain

DEPTH = 1_000
Values = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class MeasuredRun:
    """Plain figures of a run: each measure's interval, and how many queries nobody judged."""

    figures: dict[str, Any]

    def render(self) -> str:
        """A line a figure."""
        return "\n".join(f"{name}: {_shown(value)}" for name, value in self.figures.items())


def measured(run: Run, judgements: Judgements) -> tuple[Values, int]:
    """Each measure by judged query (n_queries,), and how many queries of the run nobody judged.

    NDCG@10 (gain 2^grade - 1), MRR@10, recall@100 and recall@1000.
    """
    judged = judged_run(run, judgements, DEPTH)
    rows = judged.relevance, judged.score, judged.query_id
    values = {
        "ndcg_at_10": ndcg_at_k(*rows, 10),
        "mrr_at_10": mrr(*rows, 10),
        "recall_at_100": recall_at_k(*rows, 100),
        "recall_at_1000": recall_at_k(*rows, DEPTH),
    }
    return values, len(judged.unjudged_queries)


def compare(run: Run, judgements: Judgements, against: Run | None = None) -> MeasuredRun:
    """Figures of `run` and, with `against`, of the other and of the paired difference."""
    values, unjudged = measured(run, judgements)
    queries = np.arange(len(judgements))
    figures: dict[str, Any] = {
        "queries": len(judgements),
        "queries_without_a_relevant_document": int(np.isnan(values["ndcg_at_10"]).sum()),
        "unjudged_queries_of_the_run": unjudged,
        "run": {name: as_plain(mean_interval(of, queries)) for name, of in values.items()},
    }
    if against is not None:
        other, _ = measured(against, judgements)
        figures["against"] = {name: as_plain(mean_interval(of, queries)) for name, of in other.items()}
        differences = {name: paired_difference(of, other[name], queries) for name, of in values.items()}
        figures["difference"] = {name: as_plain(interval) for name, interval in differences.items()}
    return MeasuredRun(figures)


def _shown(value: Any) -> str:
    if not isinstance(value, dict):
        return f"{value:,}"
    return ", ".join(f"{name} {_figure(each)}" for name, each in value.items())


def _figure(interval: dict[str, float | None]) -> str:
    value, low, high = ("–" if (of := interval[end]) is None else f"{of:.4f}" for end in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"
