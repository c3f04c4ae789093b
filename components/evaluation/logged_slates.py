"""Held-out logged slates re-ranked, by relevance observed, corrected for examination, and true where that is known.

Observed relevance favours whoever showed the slates, since what is shown on top is looked at more. Gains divided by the
examination of the rank they were logged at do not, as far as examination is known; gains of slates drawn at random,
divided by their propensity, do not whatever it is. Evidence is of these two kinds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from components.evaluation.champion import CHAMPION
from components.evaluation.gate import Estimand, Evidence
from components.evaluation.measure import QueryValues, best, order
from components.evaluation.report.document import FigureTable, Section
from components.evaluation.truth import has_truth, off_profile, true_relevance
from components.measures import ndcg_at_k
from components.measures.arrays import Mask
from components.measures.examination import Examination, randomised_queries
from components.measures.ranking_metrics import weighted_ndcg_at_k
from components.ranking import Ensemble, Ranker
from components.training_sets import TracedDataset
from metier.errors import DataError

K = 10
METRIC = "ndcg@10"
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
    examination: Examination | None = None
    """What was looked at when the slates were shown; None where nobody can tell."""

    @property
    def relevance(self) -> NDArray:
        """As it was logged (n_rows,)."""
        return self.held_out.dataset.relevance


@dataclass(frozen=True)
class Gains:
    """What a gain counts: the relevance it is made of and the weight of its row, both (n_rows,).

    at_bounds: weights at the bounds of what they were estimated from.
    """

    relevance: NDArray
    weight: NDArray | None = None
    at_bounds: tuple[NDArray, ...] = ()


def scored_slates(
    held_out: TracedDataset,
    rankers: Mapping[str, Ranker | Ensemble],
    retrieval: NDArray[np.float64] | None,
    examination: Examination | None,
    champion: NDArray[np.float64] | None = None,
) -> ScoredSlates:
    """Score with every ranker and baseline; `champion` is what the champion orders by, where there is one.

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
    if champion is not None:
        scores[CHAMPION] = champion
    baseline = next(name for name in (CHAMPION, "arrival", "retrieval") if name in scores)
    single = tuple(name for name in rankers if name != "ensemble")
    return ScoredSlates(held_out, scores, baseline, single, examination)


def sections(slates: ScoredSlates, truth_dir: Path) -> tuple[Section, ...]:
    """True relevance first where it is known, then observed, corrected and randomised, then slices of the queries."""
    rows, observed = slates.held_out.rows, Gains(slates.relevance)
    every = _queries_of(slates, FEWEST_CANDIDATES)
    parts, known = [], observed
    if has_truth(truth_dir):
        truth = true_relevance(truth_dir, rows["query_id"].to_pylist(), rows["candidate_id"].to_pylist())
        known = Gains(truth)
        parts.append(
            _section("True relevance", "The simulator's latent relevance of every pair.", slates, known, every)
        )
    note = "Relevance that was logged: outcomes of the slates as they were shown, so it favours the logged order."
    parts.append(_section("Observed relevance", note, slates, observed, every))
    if slates.examination:
        parts.append(_section("Corrected relevance", _corrected_note(slates), slates, _corrected(slates), every))
    randomised = every & _randomised(slates)
    if randomised.any():
        note = "Queries whose order was drawn at random, gains divided by their propensity: no ranker had a say."
        parts.append(_section("Randomised slice", note, slates, _drawn(slates), randomised))
    kind = "true" if has_truth(truth_dir) else "observed"
    for title, asked, mask in (
        ("Typed text", "Queries with a text", _typed(slates)),
        ("Off profile", "Texts about another trade than the asker's", _off_profile(slates, truth_dir)),
    ):
        if (every & mask).any():
            parts.append(_section(title, f"{asked}, by {kind} relevance.", slates, known, every & mask))
    return tuple(parts)


def evidence(slates: ScoredSlates) -> list[Evidence]:
    """The ensemble against the baseline: on slates drawn at random, and on all of them corrected for examination.

    Observed relevance is none: its difference may have the wrong sign.
    """
    every = _queries_of(slates, FEWEST_CANDIDATES)
    gathered = []
    kinds: list[tuple[Estimand, Mask, Gains]] = [("randomised", every & _randomised(slates), _drawn(slates))]
    if slates.examination:
        kinds.append(("corrected", every, _corrected(slates)))
    for estimand, mask, gains in kinds:
        if mask.any():
            values = _values(slates, gains, mask)
            (row,) = values.compared(METRIC, "ensemble", [slates.baseline])
            moments = pc.min_max(slates.held_out.queries()["event_timestamp"].filter(pa.array(mask))).as_py()
            gathered.append(
                Evidence(
                    estimand,
                    row.metric,
                    row.interval,
                    effective_sample_size=values.worth,
                    against=row.against,
                    since=moments["min"],
                    until=moments["max"],
                )
            )
    return gathered


def best_known(slates: ScoredSlates, truth_dir: Path) -> tuple[str, QueryValues, Mask]:
    """NDCG@10 by true relevance where it is known, else corrected, else observed: the kind, and the values.

    Of the queries (n_queries,) that come last, those of FEWEST_CANDIDATES or more.
    """
    every = _queries_of(slates, FEWEST_CANDIDATES)
    if has_truth(truth_dir):
        rows = slates.held_out.rows
        truth = true_relevance(truth_dir, rows["query_id"].to_pylist(), rows["candidate_id"].to_pylist())
        return "true", _values(slates, Gains(truth), every), every
    if slates.examination:
        return "corrected", _values(slates, _corrected(slates), every), every
    return "observed", _values(slates, Gains(slates.relevance), every), every


def _corrected(slates: ScoredSlates) -> Gains:
    """Gains over the examination of the rank that they were logged at."""
    seen, rank = slates.examination, slates.held_out.dataset.rank
    if seen is None or rank is None:
        raise DataError("no examination is known of these slates; measure observed relevance")
    return Gains(slates.relevance, 1 / seen.at(rank), tuple(1 / bound.at(rank) for bound in seen.bounds()))


def _drawn(slates: ScoredSlates) -> Gains:
    """Gains over the propensity, where it is known."""
    propensity = slates.held_out.dataset.propensity
    return Gains(slates.relevance, None if propensity is None else 1 / np.nan_to_num(propensity, nan=1.0))


def _corrected_note(slates: ScoredSlates) -> str:
    seen = slates.examination
    if seen is None:
        return ""
    told = {"randomised": "slates drawn at random", "rank variation": "pairs that were shown at several ranks"}
    ranks = ", ".join(f"{rank}: {seen.at([rank])[0]:.2f}" for rank in (2, 3, 5, 10) if rank <= len(seen.by_rank))
    return (
        f"Logged gains divided by the examination of their rank (rank {ranks}), as {seen.n:,} positives of "
        f"{seen.n_actors:,} actors on {told[seen.source]} tell it; its error is in the bounds."
    )


def _section(title: str, note: str, slates: ScoredSlates, gains: Gains, mask: Mask) -> Section:
    measured = _values(slates, gains, mask)
    against = ("champion", "retrieval", "popularity", "arrival", "logged order", *slates.single)
    facts = (
        ("queries", int(mask.sum())),
        ("queries with a relevant candidate", int(sum(~np.isnan(measured.values["ensemble"])))),
        ("best single ranker", best(measured.values, slates.single)),
    )
    return Section(
        title,
        note,
        measured.measured(METRIC),
        measured.compared(METRIC, "ensemble", against),
        (FigureTable("Held-out queries", ("fact", "value"), facts),),
    )


def _values(slates: ScoredSlates, gains: Gains, mask: Mask) -> QueryValues:
    """NDCG@10 of every ranker on the queries of `mask`."""
    dataset = slates.held_out.dataset
    rows = mask[dataset.query_index]
    query, grades = dataset.query_index[rows], gains.relevance[rows]
    actors = np.asarray(slates.held_out.queries()["actor_id"].to_pylist())[mask]
    if gains.weight is None:
        values = {name: ndcg_at_k(grades, score[rows], query, K) for name, score in slates.scores.items()}
        return QueryValues(values, np.ones(len(actors)), actors)

    def weighted(weight: NDArray) -> QueryValues:
        figures = {
            name: weighted_ndcg_at_k(grades, score[rows], query, weight[rows], K)
            for name, score in slates.scores.items()
        }
        _, counts = next(iter(figures.values()))  # the ideal gains, whoever ranks
        return QueryValues({name: value for name, (value, _) in figures.items()}, counts, actors)

    return replace(weighted(gains.weight), at_bounds=tuple(weighted(weight) for weight in gains.at_bounds))


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
    return randomised_queries(dataset.propensity, dataset.query_index, dataset.n_queries)
