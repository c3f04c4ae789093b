"""The champion scores the pairs of a challenger by its own features, whatever the challenger reads."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from components.evaluation.champion import read_champion
from components.ranking import Ensemble, ExternalRanker
from components.releases import Bundle, RegisteredBundle, open_registry
from components.releases.aliases import pinned
from components.releases.bundle import Origin
from components.training_sets import RankingDataset
from components.training_sets.assemble import assemble
from components.training_sets.plan import Study
from feature_repo.build.corpus import distinct_texts
from feature_repo.build.feature_tables import read_vectors
from feature_repo.inputs.transforms import feature_names
from feature_repo.texts import Encoder, TextVectors
from feature_repo.views import feature_service
from metier.contract import TIMESTAMP
from metier.errors import FeatureMismatchError
from metier.lake import Lake
from metier.settings import Settings
from tests.components.training_sets.organic_log import AS_OF, START, add, day, featured, organic_log

TYPED = "K wanted for sql"
QUERIES = pa.table(
    {
        "query_id": ["one", "two"],
        "actor_id": ["F", "G"],
        "job_id": pa.nulls(2, pa.string()),
        "event_timestamp": pa.array([day(20), day(30)], TIMESTAMP),
        "text": pa.array([TYPED, None], pa.string()),
    }
)
PAIRS = pa.table({"query_id": ["one"] * 4 + ["two"] * 3, "candidate_id": [*"JKLM", *"KLM"]})


def test_a_pin_is_read_as_it_was_told():
    assert pinned("metier_job_feed 12 bb") == RegisteredBundle("metier_job_feed", 12, "bb")
    assert pinned("") is None


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Settings:
    """A home whose text weights were fitted anew after the champion was trained: one more person doubled nothing."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    organic_log(settings, [])
    query = {"surface": "job_feed", "filters": "{}", "context": "{}", "event_timestamp": day(20)}
    add(Lake(settings.lake), "queries", [query | {"query_id": "one", "actor_id": "F", "text": TYPED}])
    return settings


@pytest.fixture(scope="module")
def store(home):
    return featured(home)


def ensemble_of(*names: str) -> Ensemble:
    """Orders by the first of the features."""
    rows = np.random.default_rng(0).random((20, len(names))).astype(np.float32)
    dataset = RankingDataset(rows, np.arange(20) % 2, np.repeat(np.arange(2), 10), names)
    return Ensemble.fit([ExternalRanker(score_column=names[0]).fit(dataset)], dataset)


def champion_of(home, tmp_path, ensemble, weights) -> Study:
    """Register it; the study that is compared with it."""
    origin = Origin("job_feed", feature_service("job_feed"), True, AS_OF, "lake", "inputs", "code", {})
    bundle = Bundle.write(
        tmp_path / "bundle", origin=origin, ensemble=ensemble, encoder=Encoder.load(), text_weights=weights,
        evaluation={}, decision={"verdict": "promote"},
    )  # fmt: skip
    pin = open_registry(home).register(bundle.folder, {})
    return Study("job_feed", "logged_slates", champion=f"{pin.name} {pin.version} {pin.sha256}")


def earlier_weights(home) -> TextVectors:
    """Vectors of the same embeddings by weights that were fitted on the jobs alone."""
    corpus, now = distinct_texts(Lake(home.lake), START + timedelta(hours=1)), read_vectors(home)
    jobs = [row for row, title in enumerate(corpus.titles) if "wanted" in title]
    keys, texts, titles = ([every[row] for row in jobs] for every in (corpus.keys, corpus.texts, corpus.titles))
    fitted = TextVectors.build(keys, texts, now.dense_at(now.rows(keys)), titles)
    whole = TextVectors.fitted(fitted.weights)
    return whole.extended(corpus.keys, corpus.texts, now.dense_at(now.rows(corpus.keys)), corpus.titles)


def test_by_other_text_weights_it_scores_the_same_pairs_by_its_own(home, store, tmp_path):
    own, now, name = earlier_weights(home), read_vectors(home), "past_lexical_max"
    assert not own.weights.equals(now.weights)
    ensemble = ensemble_of(name, "skill_jaccard")
    study = champion_of(home, tmp_path, ensemble, own.weights)
    champion = read_champion(study, ensemble, now, Encoder.load().hash, home, AS_OF)
    theirs = assemble("job_feed", QUERIES, PAIRS, store, now)
    scores = champion.scores(theirs, QUERIES, PAIRS, store)
    column = feature_names("job_feed").index(name)
    expected = assemble("job_feed", QUERIES, PAIRS, store, own)[:, column]
    np.testing.assert_array_equal(np.argsort(scores), np.argsort(np.nan_to_num(expected)))
    assert not np.array_equal(np.nan_to_num(expected), np.nan_to_num(theirs[:, column]))


def test_by_the_same_features_it_reads_the_challengers(home, store, tmp_path):
    names, now = feature_names("job_feed"), read_vectors(home)
    ensemble = ensemble_of(*names)
    study = champion_of(home, tmp_path, ensemble, now.weights)
    champion = read_champion(study, ensemble, now, Encoder.load().hash, home, AS_OF)
    assert champion.vectors is None
    features = np.random.default_rng(1).random((7, len(names))).astype(np.float32)
    scores = champion.scores(features, QUERIES, PAIRS, store)
    np.testing.assert_array_equal(np.argsort(scores), np.argsort(features[:, 0]))


def test_a_feature_that_nobody_makes_any_more_is_named_with_the_way_out(home, store, tmp_path):
    now, ensemble = read_vectors(home), ensemble_of("skill_jaccard", "stars_tonight")
    study = champion_of(home, tmp_path, ensemble, now.weights)
    champion = read_champion(study, ensemble_of("skill_jaccard"), now, Encoder.load().hash, home, AS_OF)
    with pytest.raises(FeatureMismatchError, match=r"reads stars_tonight, which .* `metier promote NAME VERSION"):
        champion.scores(np.zeros((7, 1), np.float32), QUERIES, PAIRS, store)


def test_without_a_champion_there_is_none(home):
    study = Study("job_feed", "logged_slates")
    assert read_champion(study, ensemble_of("skill_jaccard"), None, "", home, AS_OF) is None
