"""Weights by examination, in numbers, and what each kind of fit is given."""

import numpy as np
import pytest

from components.measures.examination import Examination
from components.ranking import NeuralConfig, NeuralRanker
from components.ranking.positions.fits import KINDS, MOST_WEIGHT, inverse_examination, sets_for, weighted
from components.training_sets import RankingDataset
from metier.errors import InputError, RankerError
from tests.components.ranking.clicks_by_position import clicks_by_position

SEEN = Examination((1.0, 0.5, 0.25), (1.0, 0.5, 0.25), (1.0, 0.5, 0.25), "randomised", 200, 50)


def slates(*relevance, rank=True):
    """One query each, at ranks from 1."""
    sizes = [len(grades) for grades in relevance]
    grades = np.concatenate(relevance)
    ranks = np.concatenate([np.arange(1, size + 1) for size in sizes]) if rank else None
    query = np.repeat(np.arange(len(sizes)), sizes)
    return RankingDataset(np.arange(len(grades), dtype=np.float32)[:, None], grades, query, ("x",), rank=ranks)


def test_a_query_weighs_what_its_positives_count():
    # One click at rank 2 counts 1 / .5. Clicks at ranks 1 and 3: (1 + 4) / 2. Grade 2 at rank 1, gain 3, and a click at
    # rank 3: (3 * 1 + 1 * 4) / 4. Nothing: 1.
    dataset = slates([0, 1, 0], [1, 0, 1], [2, 0, 1], [0, 0, 0])
    assert weighted(dataset, SEEN).weight.reshape(-1, 3).tolist() == [[2.0] * 3, [2.5] * 3, [1.75] * 3, [1.0] * 3]


def test_a_weight_that_rows_have_already_is_kept():
    dataset = slates([0, 1])
    heavy = RankingDataset(
        dataset.features, dataset.relevance, dataset.query_id, ("x",), rank=dataset.rank, weight=[3.0, 3.0]
    )
    assert weighted(heavy, SEEN).weight.tolist() == [6.0, 6.0]


def test_no_positive_counts_more_than_the_most():
    hardly = Examination((1.0, 0.05), (1.0, 0.05), (1.0, 0.05), "randomised", 200, 50)
    assert inverse_examination(slates([0, 1]), hardly).tolist() == [1.0, MOST_WEIGHT]


def test_rows_without_ranks_cannot_be_weighted():
    with pytest.raises(InputError, match="has no ranks"):
        weighted(slates([0, 1], rank=False), SEEN)


@pytest.mark.parametrize("kind", KINDS)
def test_all_but_the_plain_fit_stop_by_corrected_figures_and_one_learns_by_weights(kind):
    train, validation = sets_for(kind, slates([0, 1]), slates([0, 0, 1]), SEEN)
    assert (train.weight is not None) == (kind == "weighted")
    assert (validation.weight is not None) == (kind != "plain")


def test_the_position_terms_of_an_unbiased_network_take_what_the_top_owes_to_its_place():
    # `a` is liked, `popular` is shown on top: the plain network learns both, the unbiased one less of the second.
    train, config = clicks_by_position(400, 0), {"hidden": (8,), "networks": 1, "epochs": 8, "learning_rate": 5e-3}
    rows = np.array([[0.5, 0.5], [0.5, 0.9], [0.9, 0.5]], dtype=np.float32)
    shares = []
    for unbiased in (False, True):
        ranker = NeuralRanker().fit(train, NeuralConfig(**config, unbiased=unbiased))
        base, popular, liked = ranker.score(rows)
        shares.append((popular - base) / (liked - base))
    assert shares[1] < 0.6 * shares[0]


def test_an_unbiased_network_needs_ranks():
    with pytest.raises(RankerError, match="needs the rank"):
        NeuralRanker().fit(slates([0, 1], rank=False), NeuralConfig(unbiased=True))
