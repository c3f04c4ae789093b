"""How far what is told of a ranking agrees with what it does: contributions of topics beside ranks without them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from components.evaluation.logged_slates import ScoredSlates
from components.evaluation.report.document import FigureTable, Measured, Section
from components.language.reasons import topics_of
from components.measures import mean_interval
from components.measures.arrays import FloatArray, Floats
from components.ranking import Ensemble
from components.ranking.explanations import contributions
from components.training_sets.dataset.traced import whole_queries

MOST_ROWS = 2_000
EXPLAINED = 10
"""Entries of a slate that a request can ask reasons for."""
AGREEMENTS = ("agreement with the score lost", "agreement with places lost")
NOTE = (
    f"Of the first {EXPLAINED} candidates of held-out queries drawn at random: Spearman's correlation, over topics, of "
    "what a topic adds to a candidate's score with what the score, and the place, of the candidate lose when the "
    "topic's features alone are those of the typical row and all others stand as they are. 1: reasons are in the order "
    "of what leaving a topic out does; 0: they say nothing of it. Most topics move no place, which ties them."
)


@dataclass(frozen=True)
class LeftOut:
    """Of candidates and topics (n, n_topics): what the topic adds, and what score and places are lost without it."""

    adds: FloatArray
    score: FloatArray
    places: FloatArray


def explained_section(slates: ScoredSlates, ensemble: Ensemble) -> Section:
    """The agreement with its interval over actors, and what each topic adds and would cost."""
    dataset = slates.held_out.dataset
    drawn = whole_queries(dataset.group_sizes, MOST_ROWS, newest=False, seed=0)
    topics = topics_of(ensemble.feature_names)
    by_query = [left_out(ensemble, dataset.features[dataset.query_index == query], topics) for query in drawn]
    actors = np.asarray(slates.held_out.queries()["actor_id"].to_pylist())[drawn]
    agreed = (
        [_mean_known(_spearman(part.adds, part.score)) for part in by_query],
        [_mean_known(_spearman(part.adds, part.places)) for part in by_query],
    )
    measured = tuple(
        Measured("ensemble", name, mean_interval(values, actors))
        for name, values in zip(AGREEMENTS, agreed, strict=True)
    )
    adds, places = (np.concatenate([getattr(part, name) for part in by_query]) for name in ("adds", "places"))
    first = np.abs(adds).argmax(axis=1)
    rows = tuple(
        (name, float(np.abs(adds[:, at]).mean()), float((first == at).mean()), float(np.abs(places[:, at]).mean()))
        for at, name in enumerate(dict.fromkeys(topics))
    )
    header = ("topic", "adds or takes, mean", "first reason of", "places moved without it, mean")
    return Section("Reasons", NOTE, measured, tables=(FigureTable("Topics", header, rows),))


def left_out(ensemble: Ensemble, features: Floats, topics: tuple[str, ...]) -> LeftOut:
    """Of the first EXPLAINED of a query's rows (n_rows, n_features)."""
    scores = ensemble.blend(features)
    first = np.argsort(-scores, kind="stable")[:EXPLAINED]
    told = contributions(ensemble, features[first], topics)
    of_topic = np.asarray(topics)
    without = [np.where(of_topic == topic, ensemble.typical, features[first]) for topic in told.groups]
    changed = ensemble.blend(np.concatenate(without)).reshape(len(told.groups), len(first)).T
    return LeftOut(told.adds, scores[first][:, None] - changed, _places_lost(scores, first, changed))


def _places_lost(scores: FloatArray, first: NDArray[np.int64], changed: FloatArray) -> FloatArray:
    """Places that each of `first` loses with each score of `changed` (n, n_topics) instead of its own."""
    above = (scores[None, None, :] > changed[:, :, None]).sum(axis=2)
    above -= scores[first][:, None] > changed  # it does not stand above itself
    lost: FloatArray = (above - np.arange(len(first))[:, None]).astype(np.float64)
    return lost


def _spearman(one: FloatArray, other: FloatArray) -> FloatArray:
    """Rank correlation (n,) of the rows of two (n, m); NaN where a row is constant."""
    first, second = (rankdata(each, axis=1) - (each.shape[1] + 1) / 2 for each in (one, other))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation: FloatArray = (first * second).sum(axis=1) / np.sqrt(
            (first**2).sum(axis=1) * (second**2).sum(axis=1)
        )
    return correlation


def _mean_known(values: FloatArray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan
