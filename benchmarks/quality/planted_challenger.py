"""A challenger that copies the logged order must never be promoted over a better one, however the log was explored.

    python benchmarks/quality/planted_challenger.py [--runs 200] [--out FILE]

Each run is a log of 2,000 slates of ten, ordered by a poor policy (NDCG@10 about .74 by true relevance) and clicked by
position and relevance. The challenger copies that order; what it is compared with is good (about .93). Logs explore by
one slot a slate, which is drawn at random and leaves the others as they were, or shuffle a fifth of the slates whole.
Figures: runs that were promoted, refused and held, over a champion and as a first champion against retrieval.
"""

import argparse
import json
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from components.evaluation.gate import decide
from components.evaluation.logged_slates import ScoredSlates, evidence
from components.measures import ndcg_at_k
from components.training_sets import RankingDataset, TracedDataset
from components.training_sets.dataset.examined import examined
from metier.durable import write_whole

QUERIES, SHOWN, ACTORS, DAYS = 2_000, 10, 400, 20
POOR, GOOD = 4.0, 0.87
"""Noise of the logged order and of the good one, in units of the relevance's logit."""
SLOT, SHUFFLED = 4, 0.2
"""Place of the slot that is drawn, and share of the slates that are shuffled."""
START = datetime(2026, 1, 1, tzinfo=UTC)
Explored = Literal["slot", "shuffled"]
Floats = NDArray[np.float64]


def slates_of(seed: int, explored: Explored, against: str) -> tuple[ScoredSlates, dict[str, float]]:
    """Scored slates of a log, and the true NDCG@10 of both orders."""
    random = np.random.default_rng(seed)
    logit = random.normal(-2.5, 1.5, (QUERIES, SHOWN))
    copied, good = (logit + random.normal(0, noise, logit.shape) for noise in (POOR, GOOD))
    order, propensity = _shown(copied, explored, random)
    logit, copied, good = (np.take_along_axis(each, order, axis=1) for each in (logit, copied, good))
    examination = 1.0 / np.arange(1, SHOWN + 1) ** 0.7
    clicked = random.random(logit.shape) < examination / (1 + np.exp(-logit))
    traced = _traced(clicked, propensity, random.integers(0, ACTORS, QUERIES))
    scores = {"ensemble": copied.ravel(), against: good.ravel()}
    query, truth = traced.dataset.query_index, 4 / (1 + np.exp(-logit.ravel()))
    true = {name: float(np.nanmean(ndcg_at_k(truth, score, query, 10))) for name, score in scores.items()}
    return ScoredSlates(traced, scores, against, (), examined(traced).examination), true


def _shown(score: Floats, explored: Explored, random: np.random.Generator) -> tuple[NDArray[np.int64], Floats]:
    """Which candidate stands at each rank, and the marginal propensity of each (n_queries, SHOWN)."""
    order = np.argsort(-score, axis=1)
    propensity = np.ones(order.shape)
    if explored == "slot":
        chosen = random.integers(SLOT, SHOWN, len(order))
        rows = np.arange(len(order))
        order[rows, SLOT], order[rows, chosen] = order[rows, chosen], order[rows, SLOT]
        propensity[:, SLOT] = 1 / (SHOWN - SLOT)
        return order, propensity
    shuffled = random.random(len(order)) < SHUFFLED
    drawn = np.where(shuffled[:, None], random.permuted(order, axis=1), order)
    return drawn, (1 - SHUFFLED) * (drawn == order) + SHUFFLED / SHOWN


def _traced(clicked: NDArray[np.bool_], propensity: Floats, actor: NDArray[np.int64]) -> TracedDataset:
    rows = np.repeat(np.arange(len(actor)), SHOWN)
    moments = [START + timedelta(days=DAYS * query / QUERIES) for query in rows.tolist()]
    trace = pa.table(
        {
            "query_id": rows.astype(np.str_),
            "candidate_id": np.arange(len(rows)).astype(np.str_),
            "actor_id": np.repeat(actor, SHOWN).astype(np.str_),
            "job_id": pa.nulls(len(rows), pa.string()),
            "event_timestamp": pa.array(moments, pa.timestamp("us", tz="UTC")),
        }
    )
    dataset = RankingDataset(
        np.zeros((len(rows), 1), np.float32),
        clicked.ravel().astype(np.int64),
        rows,
        ("request_typed",),
        rank=np.tile(np.arange(1, SHOWN + 1), len(actor)),
        propensity=propensity.ravel().astype(np.float32),
    )
    return TracedDataset(dataset, trace, {})


def verdict_of(seed: int, explored: Explored, *, first: bool) -> tuple[str, dict[str, float]]:
    """What the gate says of a run, and the true NDCG@10 of both orders."""
    slates, true = slates_of(seed, explored, "retrieval" if first else "champion")
    return decide(evidence(slates), first_champion=first).verdict, true


def measure(runs: int) -> dict[str, Any]:
    """Verdicts of so many runs of each kind."""
    figures: dict[str, Any] = {"runs": runs}
    kinds: tuple[Explored, ...] = ("slot", "shuffled")
    for explored in kinds:
        for first in (False, True):
            told = [verdict_of(seed, explored, first=first) for seed in range(runs)]
            verdicts = Counter(verdict for verdict, _ in told)
            name = f"{explored}, {'first champion' if first else 'over a champion'}"
            figures[name] = {each: verdicts[each] for each in ("promote", "refuse", "hold")}
            true = {key: round(float(np.mean([one[key] for _, one in told])), 3) for key in told[0][1]}
            figures[name] |= {"true_ndcg": true}
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    figures = measure(arguments.runs)
    print(json.dumps(figures, indent=1))
    if arguments.out:
        write_whole(arguments.out, json.dumps(figures, indent=1))
    return 1 if any(told["promote"] for told in figures.values() if isinstance(told, dict)) else 0


if __name__ == "__main__":
    sys.exit(main())
