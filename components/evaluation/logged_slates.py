"""Held-out logged slates re-ranked: observed relevance, and true relevance where the world was simulated.

Logged slates favour whoever showed them; the randomised queries among them do not, and are reported apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from components.evaluation.gate import Estimand, Evidence
from components.evaluation.measure import Values, best, compared, measured, order
from components.evaluation.report.document import FigureTable, Section
from components.evaluation.truth import has_truth, off_profile, true_relevance
from components.measures import ndcg_at_k
from components.measures.arrays import Mask
from components.ranking import Ensemble, Ranker
from components.training_sets import TracedDataset

K = 10
POPULARITY = ("candidate_clicks_30d", "candidate_impressions_30d")
FEWEST_CANDIDATES = 3
"""Queries with fewer candidates have no order worth measuring."""


@dataclass(frozen=True)
class ScoredSlates:
    """Held-out slates with what each ranker gives their candidates, all (n_rows,)."""

    held_out: TracedDataset
    scores: dict[str, NDArray[np.float64]]
    baseline: str
    single: tuple[str, ...]
    """Names of the ensemble's rankers."""


def scored_slates(
    held_out: TracedDataset, rankers: Mapping[str, Ranker | Ensemble], retrieval: NDArray[np.float64] | None
) -> ScoredSlates:
    """Score with every ranker and baseline.

    What the ensemble has to beat: the champion where there is one, else arrival order on a review, retrieval elsewhere.
    """
    dataset = held_out.dataset
    features = dataset.features
    column = {name: position for position, name in enumerate(dataset.feature_names)}
    logged = np.zeros(len(dataset)) if dataset.rank is None else -dataset.rank.astype(np.float64)
    popularity = sum(np.nan_to_num(features[:, column[name]].astype(np.float64)) for name in POPULARITY)
    scores = {"logged order": logged, "popularity": np.asarray(popularity)}
    if retrieval is not None:
        scores["retrieval"] = retrieval
    if "application_age_hours" in column:
        scores["arrival"] = np.nan_to_num(features[:, column["application_age_hours"]].astype(np.float64))
    scores |= {name: order(ranker, features) for name, ranker in rankers.items()}
    baseline = next(name for name in ("champion", "arrival", "retrieval") if name in scores)
    single = tuple(name for name in rankers if name not in ("ensemble", "champion"))
    return ScoredSlates(held_out, scores, baseline, single)


def sections(slates: ScoredSlates, truth_dir: Path) -> tuple[Section, ...]:
    """True relevance first where it is known, then observed relevance, then slices of the queries."""
    rows, relevance = slates.held_out.rows, slates.held_out.dataset.relevance
    every = _queries_of(slates, FEWEST_CANDIDATES)
    parts, known = [], relevance
    if has_truth(truth_dir):
        known = true_relevance(truth_dir, rows["query_id"].to_pylist(), rows["candidate_id"].to_pylist())
        parts.append(
            _section("True relevance", "The simulator's latent relevance of every pair.", slates, known, every)
        )
    note = "Relevance that was logged: outcomes of the slates as they were shown, so it favours the logged order."
    parts.append(_section("Observed relevance", note, slates, relevance, every))
    randomised = every & _randomised(slates)
    if randomised.any():
        note = "Queries whose order was drawn at random: no ranker had a say in who was seen."
        parts.append(_section("Randomised slice", note, slates, relevance, randomised))
    kind = "true" if has_truth(truth_dir) else "observed"
    for title, asked, mask in (
        ("Typed text", "Queries with a text", _typed(slates)),
        ("Off profile", "Texts about another trade than the asker's", _off_profile(slates, truth_dir)),
    ):
        if (every & mask).any():
            parts.append(_section(title, f"{asked}, by {kind} relevance.", slates, known, every & mask))
    return tuple(parts)


def evidence(slates: ScoredSlates) -> list[Evidence]:
    """The ensemble against the baseline, on the randomised slice where there is one and on logged slates."""
    every = _queries_of(slates, FEWEST_CANDIDATES)
    relevance = slates.held_out.dataset.relevance
    gathered = []
    masks: dict[Estimand, Mask] = {"randomised": every & _randomised(slates), "logged": every}
    for estimand, mask in masks.items():
        if mask.any():
            values, actors = _values(slates, relevance, mask)
            row = compared("ndcg@10", values, actors, "ensemble", [slates.baseline])[0]
            gathered.append(Evidence(estimand, row.metric, row.interval, against=row.against))
    return gathered


def _section(title: str, note: str, slates: ScoredSlates, relevance: NDArray, mask: Mask) -> Section:
    values, actors = _values(slates, relevance, mask)
    single = best(values, slates.single)
    against = ("champion", "retrieval", "popularity", "arrival", "logged order", *slates.single)
    rows = compared("ndcg@10", values, actors, "ensemble", against)
    with_relevant = sum(~np.isnan(values["ensemble"]))
    facts = (
        ("queries", int(mask.sum())),
        ("queries with a relevant candidate", int(with_relevant)),
        ("best single ranker", single),
    )
    return Section(
        title,
        note,
        measured("ndcg@10", values, actors),
        rows,
        (FigureTable("Held-out queries", ("fact", "value"), facts),),
    )


def _values(slates: ScoredSlates, relevance: NDArray, mask: Mask) -> tuple[Values, NDArray]:
    dataset = slates.held_out.dataset
    rows = mask[dataset.query_index]
    query = dataset.query_index[rows]
    values = {name: ndcg_at_k(relevance[rows], score[rows], query, K) for name, score in slates.scores.items()}
    actors = np.asarray(slates.held_out.queries()["actor_id"].to_pylist())[mask]
    return values, actors


def _queries_of(slates: ScoredSlates, fewest: int) -> Mask:
    return np.asarray(slates.held_out.dataset.group_sizes >= fewest)


def _typed(slates: ScoredSlates) -> Mask:
    """Queries (n_queries,) with a text."""
    dataset = slates.held_out.dataset
    if "request_typed" not in dataset.feature_names:
        return np.zeros(dataset.n_queries, np.bool_)
    return np.asarray(dataset.features[_first_rows(slates), dataset.feature_names.index("request_typed")] == 1)


def _off_profile(slates: ScoredSlates, truth_dir: Path) -> Mask:
    """Queries (n_queries,) whose text is known to be about another trade."""
    return off_profile(truth_dir, slates.held_out.rows["query_id"].take(pa.array(_first_rows(slates))))


def _first_rows(slates: ScoredSlates) -> NDArray[np.int64]:
    """The first row of each query (n_queries,)."""
    sizes = slates.held_out.dataset.group_sizes
    return np.cumsum(sizes) - sizes


def _randomised(slates: ScoredSlates) -> Mask:
    """Queries (n_queries,) of which no candidate's rank was certain: each has a known propensity below 1."""
    dataset = slates.held_out.dataset
    if dataset.propensity is None:
        return np.zeros(dataset.n_queries, np.bool_)
    certain = ~(dataset.propensity < 1)  # NaN, unknown, counts as certain
    return np.asarray(np.bincount(dataset.query_index, weights=certain, minlength=dataset.n_queries) == 0)
