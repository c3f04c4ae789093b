from math import log2
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.evaluation.baselines import ContentSimilarity, ItemToItem, Popularity, history_matrix
from components.evaluation.full_ranking import ActorBlock, blocks, rank_targets
from components.measures import hit_rate_at_k, ndcg_at_k
from metier.errors import EmptyDataError, InputError

JOB_VIEWS = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "job_views" / "Job_Views.csv"


def _block(score, target, excluded=()):
    row = np.array([score], dtype=float)
    mask = np.zeros(row.shape, dtype=bool)
    mask[0, list(excluded)] = True
    return ActorBlock(np.array([0]), row, np.array([target]), mask)


def test_excluded_candidates_take_no_rank():
    # Target .5; of the better .9 and .8 the first is excluded: rank 2.
    ranks = rank_targets([_block([0.9, 0.8, 0.5, 0.1], 2, excluded=[0])])
    assert (ranks.above[0], ranks.tied[0]) == (1, 1)
    assert ranks.ndcg_at(10) == pytest.approx([1 / log2(3)])
    assert ranks.hit_rate_at(1) == 0


def test_tied_targets_share_their_ranks():
    # One better, the target among three equals: ranks 2 to 4, two of which are within 3.
    ranks = rank_targets([_block([9, 5, 5, 5, 1], 1)])
    assert ranks.hit_rate_at(3) == pytest.approx([2 / 3])
    assert ranks.ndcg_at(3) == pytest.approx([(1 / log2(3) + 1 / log2(4)) / 3])


@settings(max_examples=50, deadline=None)
@given(
    scores=st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6), min_size=1, max_size=5),
    k=st.integers(1, 8),
    data=st.data(),
)
def test_it_agrees_with_the_metrics_on_rows(scores, k, data):
    score = np.array(scores, dtype=float)
    n_actors, n_candidates = score.shape
    target = np.array(data.draw(st.lists(st.integers(0, 5), min_size=n_actors, max_size=n_actors)))
    seen = history_matrix(np.arange(n_actors), (target + 1) % 6, n_actors, n_candidates)
    ranks = rank_targets(blocks(lambda actor: score[actor], seen, target, size=2))
    actor, candidate = np.nonzero(seen.toarray() == 0)
    relevance = (candidate == target[actor]).astype(float)
    for whole, by_row in ((ranks.hit_rate_at(k), hit_rate_at_k), (ranks.ndcg_at(k), ndcg_at_k)):
        np.testing.assert_allclose(whole, by_row(relevance, score[actor, candidate], actor, k), atol=1e-12)


def test_a_target_that_may_not_be_ranked_is_refused():
    with pytest.raises(InputError, match="excluded"):
        rank_targets([_block([1, 2], 1, excluded=[1])])
    with pytest.raises(InputError, match="NaN"):
        rank_targets([_block([1, np.nan], 0)])
    with pytest.raises(EmptyDataError, match="two or more"):
        rank_targets([])


def test_an_excluded_candidate_may_have_no_score():
    assert rank_targets([_block([1, np.nan], 0, excluded=[1])]).hit_rate_at(1) == 1


def test_popularity_counts_actors_not_repeats():
    history = history_matrix(np.array([0, 0, 1]), np.array([2, 2, 2]), 2, 3)
    assert Popularity.fit(history)(np.array([1])).tolist() == [[0, 0, 2]]


def test_content_prefers_what_resembles_the_history():
    texts = ["night nurse boston", "nurse boston", "truck driver dallas", "truck driver"]
    history = history_matrix(np.array([0, 1]), np.array([0, 2]), 2, 4)
    scores = ContentSimilarity.fit(texts, history)(np.array([0, 1]))
    assert scores.shape == (2, 4)
    assert scores[0, 1] > scores[0, 2] == 0
    assert scores[1, 3] > scores[1, 0] == 0
    assert scores[[0, 1], [0, 2]] == pytest.approx(1)


def _leave_last_out():
    """(texts, history, target): first views by time, the last of each applicant with two or more held out."""
    views = pd.read_csv(JOB_VIEWS, keep_default_na=False).sort_values("View.Start", kind="stable")
    views = views.drop_duplicates(["Applicant.ID", "Job.ID"])
    views = views[views.groupby("Applicant.ID")["Job.ID"].transform("size") >= 2]
    jobs = views.drop_duplicates("Job.ID").set_index("Job.ID")
    texts = (jobs["Title"] + " " + jobs["City"] + " " + jobs["State.Name"]).tolist()
    candidate = jobs.index.get_indexer(views["Job.ID"])
    actor, _ = pd.factorize(views["Applicant.ID"])
    last = ~views["Applicant.ID"].duplicated(keep="last").to_numpy()
    target = np.empty(actor.max() + 1, dtype=np.int64)
    target[actor[last]] = candidate[last]
    return texts, history_matrix(actor[~last], candidate[~last], len(target), len(texts)), target


@pytest.mark.skipif(not JOB_VIEWS.exists(), reason=f"public job views absent: {JOB_VIEWS}")
def test_baselines_reach_their_reference_on_real_job_views():
    texts, history, target = _leave_last_out()
    assert history.shape == (1296, 4485)
    popularity = rank_targets(blocks(Popularity.fit(history), history, target))
    content = rank_targets(blocks(ContentSimilarity.fit(texts, history), history, target))
    assert popularity.hit_rate_at(10).mean() == pytest.approx(0.0255, abs=0.0005)
    assert popularity.ndcg_at(10).mean() == pytest.approx(0.0163, abs=0.0005)
    assert content.hit_rate_at(10).mean() == pytest.approx(0.263, abs=0.0015)
    assert content.ndcg_at(10).mean() == pytest.approx(0.167, abs=0.0015)


def test_candidates_without_a_word_are_all_alike():
    alike = ContentSimilarity.fit(["", "a"], history_matrix(np.array([0]), np.array([1]), 1, 2))
    assert alike(np.array([0])).tolist() == [[0.0, 0.0]]


def test_item_to_item_sums_cosines_with_the_history() -> None:
    """Columns by who turned to them: a {0, 1}, b {0}, c {1, 2}. An actor of a alone: cos(a, b) = 1 / sqrt(2 * 1)."""
    crowd = history_matrix(np.array([0, 1, 0, 1, 2]), np.array([0, 0, 1, 2, 2]), 3, 3)
    own = history_matrix(np.array([0]), np.array([0]), 1, 3)
    scores = ItemToItem.fit(crowd, own)(np.array([0]))
    np.testing.assert_allclose(scores, [[1.0, 1 / np.sqrt(2), 1 / 2]])
