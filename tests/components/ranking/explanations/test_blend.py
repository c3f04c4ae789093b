"""What is told of a blend is of the blend: every ranker by its weight, nothing of those without."""

import numpy as np
import pytest

from components.ranking import (
    Ensemble,
    ExternalRanker,
    XGBoostConfig,
    XGBoostRanker,
    artifact,
)
from components.ranking.blending.typical import typical_row
from components.ranking.ensemble import Share
from components.ranking.explanations import contributions, reasons
from components.training_sets import RankingDataset

NAMES = ("match", "clicks", "country_code", "text_v00", "text_v01", "noise")
GROUPS = ("skills", "record", "place", "texts", "texts", "other")


def marketplace(seed=0, n_queries=60):
    """Relevance needs `match`, `clicks` and their product; a text component helps, which trees do not read."""
    rng = np.random.default_rng(seed)
    n = n_queries * 8
    match, clicks, text, other, noise = rng.normal(size=(5, n))
    clicks[rng.random(n) < 0.2] = np.nan
    utility = match + np.nan_to_num(clicks) + match * np.nan_to_num(clicks) + text + 0.3 * rng.normal(size=n)
    columns = [match, clicks, rng.integers(0, 3, n), text, other, noise]
    features = np.column_stack(columns).astype(np.float32)
    return RankingDataset(features, np.digitize(utility, [0.5, 1.5, 3]), np.repeat(np.arange(n_queries), 8), NAMES)


class Crossed:
    """A ranker that says nothing of its features: it knows of products and of a text component."""

    feature_names = NAMES

    def score(self, features, feature_names=None):
        match, clicks, _, text, *_ = np.nan_to_num(features).T
        return np.tanh(match * clicks + text + 0.5 * match)


@pytest.fixture(scope="module")
def trees():
    return XGBoostRanker().fit(marketplace(), XGBoostConfig(trees=20, leaves=7))


@pytest.fixture(scope="module")
def ensemble(trees):
    return Ensemble.fit({"xgboost": trees, "crossed": Crossed()}, marketplace(1))


@pytest.fixture(scope="module")
def rows():
    return marketplace(2).features[:40]


def weighing(ensemble, **weights):
    shares = {name: Share(weights[name], share.location, share.scale) for name, share in ensemble.shares.items()}
    return Ensemble(ensemble.rankers, shares, ensemble.calibration, typical=ensemble.typical)


@pytest.mark.parametrize("weights", [(0.4, 0.6), (1.0, 0.0), (0.0, 1.0)])
@pytest.mark.parametrize("groups", [GROUPS, NAMES])
def test_base_and_contributions_are_the_blend(ensemble, rows, weights, groups):
    blend = weighing(ensemble, xgboost=weights[0], crossed=weights[1])
    told = contributions(blend, rows, groups)
    assert told.groups == tuple(dict.fromkeys(groups))
    assert told.base + told.adds.sum(axis=1) == pytest.approx(blend.blend(rows), abs=1e-5)


@pytest.mark.parametrize("name", ["xgboost", "crossed"])
def test_of_one_ranker_alone_they_are_its_score(ensemble, rows, name):
    told = contributions(ensemble, rows, GROUPS, alone=name)
    assert told.base + told.adds.sum(axis=1) == pytest.approx(ensemble.score_alone(name, rows), abs=1e-5)


def test_rankers_count_by_their_weights(ensemble, rows):
    by_trees, by_crossed = (contributions(ensemble, rows, GROUPS, alone=name).adds for name in ("xgboost", "crossed"))
    shares = ensemble.shares
    blended = sum(
        shares[name].weight / shares[name].scale * adds
        for name, adds in (("xgboost", by_trees), ("crossed", by_crossed))
    )
    assert contributions(ensemble, rows, GROUPS).adds == pytest.approx(blended, abs=1e-5)


def test_trees_without_weight_explain_nothing(ensemble, rows):
    """Trees read no text component, the other ranker does; the reasons are those of what has weight."""
    crossed = weighing(ensemble, xgboost=0.0, crossed=1.0)
    alone = contributions(ensemble, rows, GROUPS, alone="crossed").adds / ensemble.shares["crossed"].scale
    assert contributions(crossed, rows, GROUPS).adds == pytest.approx(alone, abs=1e-5)
    told = reasons(crossed, rows, GROUPS, most=5)
    assert "text_v00" in {moved.feature for row in told for moved in row}
    by_trees = reasons(weighing(ensemble, xgboost=1.0, crossed=0.0), rows, GROUPS, most=5)
    assert {moved.group for row in by_trees for moved in row} <= {"skills", "record", "place", "other"}


def test_reasons_are_the_largest_groups_with_a_feature_of_each(ensemble, rows):
    told = contributions(ensemble, rows, GROUPS)
    for row, moved in enumerate(reasons(ensemble, rows, GROUPS, most=2)):
        largest = np.argsort(-np.abs(told.adds[row]))[:2]
        assert [each.group for each in moved] == [told.groups[group] for group in largest]
        assert [each.adds for each in moved] == pytest.approx(told.adds[row, largest])
        assert all(GROUPS[NAMES.index(each.feature)] == each.group for each in moved)


def test_a_ranker_of_ones_own_is_told_like_any_other(rows):
    names = ("match", "noise")
    dataset = RankingDataset(marketplace().features[:, [0, 5]], marketplace().relevance, marketplace().query_id, names)
    ensemble = Ensemble.fit({"own": ExternalRanker(score_column="match").fit(dataset)}, dataset)
    told = contributions(ensemble, rows[:, [0, 5]], names)
    scale = ensemble.shares["own"].scale
    assert told.adds[:, 0] == pytest.approx((rows[:, 0] - ensemble.typical[0]) / scale, abs=1e-6)
    assert not told.adds[:, 1].any()


def test_nothing_is_told_of_a_row_as_typical_as_the_reference(ensemble):
    crossed = weighing(ensemble, xgboost=0.0, crossed=1.0)
    assert reasons(crossed, ensemble.typical[None, :], GROUPS) == [[]]


def test_the_typical_row_is_saved_and_an_ensemble_without_one_misses_all(trees, rows, tmp_path):
    text = ExternalRanker(score_column="text_v00").fit(marketplace())
    ensemble = Ensemble.fit({"xgboost": trees, "text": text}, marketplace(1))
    ensemble.save(tmp_path)
    told = contributions(ensemble, rows, GROUPS)
    assert np.array_equal(contributions(Ensemble.load(tmp_path), rows, GROUPS).adds, told.adds)
    saved = artifact.read(tmp_path, "ensemble")
    metadata = {name: value for name, value in saved.metadata.items() if name != "typical"}
    artifact.write(tmp_path, "ensemble", metadata, saved.files)
    assert np.isnan(Ensemble.load(tmp_path).typical).all()


def test_what_most_rows_miss_is_typically_missing():
    features = np.array([[1, np.nan, 7], [2, 4, 7], [9, np.nan, 0], [8, np.nan, np.nan]], dtype=np.float32)
    typical = typical_row(features, ("clicks", "rating", "country_code"))
    np.testing.assert_array_equal(typical, np.float32([2, np.nan, 7]))
