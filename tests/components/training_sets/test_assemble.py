"""Training sets out of a small lake and the real feature store: what is joined, as known when, and what is left out."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from components.training_sets import RankingDataset, TracedDataset
from components.training_sets import assemble as module
from components.training_sets.assemble import (
    applications,
    assemble,
    build_training_set,
    organic_training_set,
)
from components.training_sets.dataset.traced import whole_queries
from components.training_sets.positives import organic_positives, touched
from components.training_sets.pseudo_queries import candidate_pool, pseudo_queries
from feature_repo.build.aggregates import build_feature_tables
from feature_repo.build.corpus import distinct_texts
from feature_repo.client import FeatureStoreClient
from feature_repo.hydrate import candidate_features, query_features
from feature_repo.inputs.covisits import Covisits
from feature_repo.inputs.transforms import feature_names
from feature_repo.texts import TextVectors
from metier.contract import TIMESTAMP, Surface
from metier.errors import EmptyDataError, InputError
from metier.lake import Lake
from metier.settings import Settings
from tests.components.training_sets.organic_log import START, act, add, day

AS_OF = START + timedelta(days=60)


def query(query_id: str, at: float, surface: str, actor: str, **more: object) -> dict:
    row = {"query_id": query_id, "surface": surface, "actor_id": actor, "event_timestamp": day(at)}
    return row | {"filters": "{}", "context": "{}"} | more


def shown(query_id: str, candidates: str, at: float, **more: object) -> list[dict]:
    row = {"query_id": query_id, "placement": "organic", "event_timestamp": day(at)}
    return [row | {"candidate_id": candidate, "rank": rank + 1} | more for rank, candidate in enumerate(candidates)]


def people() -> list[dict]:
    skills = {"F": ["sql"], "G": ["sql", "python"], "H": []}
    row = {"overview": "", "status": "listed", "event_timestamp": day(0)}
    return [row | {"freelancer_id": who, "title": f"{who} writes", "skills": skills[who]} for who in skills]


def posts() -> list[dict]:
    row = {"client_id": "C", "posted_at": day(0), "description": "", "skills": ["sql"], "openings": 1}
    row |= {"visibility": "public", "status": "open", "event_timestamp": day(0)}
    return [row | {"job_id": job, "title": f"{job} wanted"} for job in "JKL"]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Three people and three jobs of one client, slates on three surfaces, organic clicks of F."""
    lake = Lake(str(tmp_path_factory.mktemp("home") / "lake"))
    add(lake, "freelancers", people())
    add(
        lake,
        "clients",
        [{"client_id": "C", "country": "FR", "payment_verified": True, "status": "active", "event_timestamp": day(0)}],
    )
    add(lake, "jobs", posts())
    add(lake, "queries", [
        query("feed1", 5, "job_feed", "F"),
        query("feed2", 6, "job_feed", "G", text="sql work"),
        query("young", 59, "job_feed", "F"),
        query("search", 7, "talent_search", "C", job_id="J"),
        query("review", 10, "applicant_review", "C", job_id="J"),
    ])  # fmt: skip
    add(lake, "impressions", [
        *shown("feed1", "JK", 5, propensity=0.5),
        *shown("feed2", "KJ", 6)[:1],
        *shown("feed2", "L", 6, placement="promoted", rank=2),
        *shown("young", "J", 59),
        *shown("search", "GH", 7),
        *shown("review", "HF", 10)[:1],
        *shown("review", "F", 10, rank=2, viewed=False),
        *shown("review", "G", 10, rank=3),
    ])  # fmt: skip
    add(lake, "interactions", [
        act("click", 5.1, "F", "J", query_id="feed1"),
        act("apply", 5.2, "F", "J", query_id="feed1"),
        act("apply", 8, "G", "J"),
        act("apply", 9, "H", "J"),
        act("apply", 11, "H", "J"),
        act("accept", 12, "G", "J", "client"),
        act("click", 20, "H", "K"),
        act("click", 21, "H", "L"),
    ])  # fmt: skip
    return lake


@pytest.fixture(scope="module")
def store(lake: Lake) -> FeatureStoreClient:
    settings = Settings(home=Path(lake.url).parent)
    build_feature_tables(lake, AS_OF, settings.features)
    client = FeatureStoreClient(settings)
    client.apply()
    return client


@pytest.fixture(scope="module")
def vectors(lake: Lake) -> TextVectors:
    corpus = distinct_texts(lake, AS_OF)
    embeddings = np.random.default_rng(1).normal(size=(len(corpus.keys), 384)).astype(np.float32)
    return TextVectors.build(corpus.keys, corpus.texts, embeddings, corpus.titles, corpus.headlines)


def column(made: RankingDataset, name: str) -> list[float]:
    return made.features[:, made.feature_names.index(name)].tolist()


def test_the_feed_is_made_of_seen_mature_unpromoted_rows(
    lake: Lake, store: FeatureStoreClient, vectors: TextVectors
) -> None:
    made = build_training_set("job_feed", lake, store, vectors, AS_OF, heads=("click", "apply", "accept"))
    assert made.rows.select(["query_id", "candidate_id"]).to_pylist() == [
        {"query_id": "feed1", "candidate_id": "J"},
        {"query_id": "feed1", "candidate_id": "K"},
        {"query_id": "feed2", "candidate_id": "K"},
    ]
    data = made.dataset
    assert data.relevance.tolist() == [2, 0, 0]
    assert data.rank.tolist() == [1, 2, 1]
    np.testing.assert_array_equal(data.propensity, np.array([0.5, 0.5, np.nan], dtype=np.float32))
    assert data.outcomes.keys() == {"click", "apply"}  # nobody was accepted: that head has no positive
    assert data.outcomes["apply"].tolist() == [1, 0, 0]
    assert data.feature_names == feature_names("job_feed")
    assert column(data, "skill_coverage") == [1, 1, 1]  # both F and G know sql
    assert (made.metadata["immature_rows"], made.metadata["promoted_rows"], made.metadata["gap_days"]) == (1, 1, 7)
    assert made.metadata["labels"]["surfaces"]["job_feed"]["dropped_heads"] == ["accept", "hire"]


def test_a_limit_drops_the_oldest_queries_and_the_report_is_about_all_rows(
    lake: Lake, store: FeatureStoreClient, vectors: TextVectors
) -> None:
    heads = ("click", "apply", "accept")
    whole = build_training_set("job_feed", lake, store, vectors, AS_OF, heads=heads)
    made = build_training_set("job_feed", lake, store, vectors, AS_OF, heads=heads, max_rows=2)
    assert made.rows["query_id"].to_pylist() == ["feed2"]
    assert (made.metadata["rows"], made.metadata["rows_over_the_limit"]) == (1, 2)
    assert made.metadata["labels"] == whole.metadata["labels"]
    np.testing.assert_array_equal(made.dataset.features, whole.dataset.features[2:])


@pytest.mark.parametrize(("schema_hash", "as_served"), [("mine", 1), ("another", 0), (None, 0)])
def test_features_that_were_logged_under_the_schema_are_taken_as_served(
    lake: Lake, store: FeatureStoreClient, vectors: TextVectors, tmp_path: Path, schema_hash: str | None, as_served: int
) -> None:
    logged = Lake(str(tmp_path / "lake"))
    for name in ("freelancers", "clients", "jobs", "interactions"):
        logged.append(name, lake.read(name))
    width = len(feature_names("job_feed"))
    rows = [query("feed1", 5, "job_feed", "F", feature_schema_hash="mine"), query("feed2", 6, "job_feed", "G")]
    add(logged, "queries", rows)
    served = shown("feed1", "J", 5, features=[0.25] * width)
    add(logged, "impressions", [*served, *shown("feed1", "K", 5, rank=2), *shown("feed2", "K", 6)])
    made = build_training_set(
        "job_feed", logged, store, vectors, AS_OF, heads=("click", "apply"), schema_hash=schema_hash
    )
    assert made.metadata["rows_as_served"] == as_served
    assert (made.dataset.features[0] == 0.25).all() == bool(as_served)
    assert not (made.dataset.features[1:] == 0.25).all(axis=1).any()


def test_heads_that_leave_half_of_the_log_are_chosen_where_none_are_named(
    lake: Lake, store: FeatureStoreClient, vectors: TextVectors
) -> None:
    made = build_training_set("talent_search", lake, store, vectors, AS_OF)
    assert set(made.metadata["graded_heads"]) <= {"click", "invite"}
    assert made.dataset.outcomes is None  # nobody was clicked or invited
    assert column(made.dataset, "skill_coverage") == [1, 0]  # G knows sql, H says nothing
    assert column(made.dataset, "actor_payment_verified") == [1, 1]


def test_applicants_are_placed_among_all_that_applied(
    lake: Lake, store: FeatureStoreClient, vectors: TextVectors
) -> None:
    made = build_training_set("applicant_review", lake, store, vectors, AS_OF, heads=("accept",))
    assert made.rows["candidate_id"].to_pylist() == ["H", "G"]  # F was not viewed
    assert made.dataset.relevance.tolist() == [0, 3]
    assert column(made.dataset, "application_age_hours") == [24, 48]  # H's later application is not known yet
    assert column(made.dataset, "application_order") == [2, 1]  # F applied first


def test_applications_are_those_that_were_recorded(lake: Lake) -> None:
    asked = pa.table(
        {
            "job_id": ["J"] * 4,
            "candidate_id": ["H", "H", "G", "nobody"],
            "event_timestamp": pa.array([day(10), day(12), day(7), day(12)], TIMESTAMP),
        }
    )
    known = applications(lake, asked, AS_OF)
    assert known["application_age_hours"].to_pylist() == [24, 24, None, None]
    assert known["application_order"].to_pylist() == [2, 2, None, None]  # F and G applied before H


def pairs_and_queries() -> tuple[pa.Table, pa.Table]:
    queries = pa.table(
        {
            "query_id": ["one", "two", "three"],
            "actor_id": ["F", "G", "F"],
            "job_id": pa.nulls(3, pa.string()),
            "event_timestamp": pa.array([day(5.5), day(6), day(30)], TIMESTAMP),
            "text": pa.array(["sql", None, None], pa.string()),
        }
    )
    pairs = pa.table(
        {"query_id": ["one"] * 3 + ["two"] + ["three"] * 2, "candidate_id": ["J", "K", "L", "K", "L", "J"]}
    )
    return pairs, queries


class CountingStore:
    """The real store, and how many rows each call asked for."""

    def __init__(self, store: FeatureStoreClient) -> None:
        self._store = store
        self.asked: list[int] = []

    def training_features(self, entity_rows: pa.Table, views: Sequence[str]) -> pa.Table:
        self.asked.append(entity_rows.num_rows)
        return self._store.training_features(entity_rows, views)

    def covisits(self, surface: Surface) -> Covisits:
        return self._store.covisits(surface)


def test_blocks_of_queries_give_what_one_block_gives(
    store: FeatureStoreClient, vectors: TextVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs, queries = pairs_and_queries()
    whole = assemble("job_feed", queries, pairs, store, vectors)
    monkeypatch.setattr(module, "BLOCK_PAIRS", 2)
    counting = CountingStore(store)
    np.testing.assert_array_equal(assemble("job_feed", queries, pairs, counting, vectors), whole)
    assert counting.asked == [3, 3, 3, 1, 1, 2, 2]  # the queries, then each block for its jobs and their clients
    assert whole.shape == (6, len(feature_names("job_feed")))
    without = assemble("job_feed", queries, pairs, store, vectors, candidate_counts=False)
    assert without.shape == (6, len(feature_names("job_feed", candidate_counts=False)))


def test_stored_features_are_those_known_at_the_query(store: FeatureStoreClient) -> None:
    _, queries = pairs_and_queries()
    asked = query_features("job_feed", queries, store.training_features)
    assert asked["freelancer_history__recent_ids"].to_pylist() == [["J"], None, ["J"]]
    candidates = pa.table({"candidate_id": ["K", "K"], "event_timestamp": pa.array([day(-1), day(1)], TIMESTAMP)})
    found = candidate_features("job_feed", candidates, store.training_features)
    assert found["job_profile__title"].to_pylist() == [None, "K wanted"]
    assert found["client_profile__country"].to_pylist() == [None, "FR"]


def test_pairs_must_follow_their_queries(store: FeatureStoreClient, vectors: TextVectors) -> None:
    pairs, queries = pairs_and_queries()
    with pytest.raises(InputError, match="query 'three', which is not among"):
        assemble("job_feed", queries.slice(0, 2), pairs, store, vectors)
    with pytest.raises(InputError, match="not in the order of their queries"):
        assemble("job_feed", queries, pairs.take(pa.array([5, 0, 1, 2, 3, 4])), store, vectors)


def test_an_organic_positive_never_sees_itself_in_its_features(
    lake: Lake, store: FeatureStoreClient, vectors: TextVectors
) -> None:
    positives = organic_positives(lake, "job_feed", AS_OF)
    mine = positives.filter(pc.equal(positives["actor_id"], "H"))
    assert mine["candidate_id"].to_pylist() == ["J", "K", "L"]
    organic = pseudo_queries(mine, candidate_pool(lake, "job_feed", AS_OF), touched(lake, "job_feed", AS_OF), seed=1)
    made = organic_training_set("job_feed", organic, store, vectors, candidate_counts=False)
    assert made.dataset.query_id.tolist() == [f"organic:job_feed:H:{job}" for job in "JJJKKL"]
    assert made.dataset.relevance.tolist() == [2, 0, 0, 1, 0, 1]
    asked = query_features("job_feed", organic.queries, store.training_features)
    assert asked["freelancer_history__recent_ids"].to_pylist() == [None, ["J"], ["K", "J"]]
    assert made.dataset.outcomes is None
    assert "unlabelled negatives sampled" in made.metadata["negatives"]


def test_a_log_without_mature_impressions_says_what_it_waits_for(
    lake: Lake, store: FeatureStoreClient, vectors: TextVectors
) -> None:
    with pytest.raises(EmptyDataError, match=r"no mature impression on job_feed .* than 30 days"):
        build_training_set("job_feed", lake, store, vectors, day(20), heads=("hire",))
    with pytest.raises(EmptyDataError, match="no impression was seen"):
        build_training_set("job_feed", lake, store, vectors, day(1))


def test_a_cap_keeps_whole_queries() -> None:
    sizes = np.array([3, 2, 2, 1])
    assert whole_queries(sizes, 4, newest=True, seed=0).tolist() == [2, 3]
    assert whole_queries(sizes, 8, newest=True, seed=0).tolist() == [0, 1, 2, 3]
    sampled = whole_queries(sizes, 5, newest=False, seed=4)
    assert sampled.tolist() == whole_queries(sizes, 5, newest=False, seed=4).tolist()
    assert 0 < sizes[sampled].sum() <= 5
    with pytest.raises(InputError, match="no query fits into 1 rows"):
        whole_queries(np.array([3, 2]), 1, newest=True, seed=0)


def test_a_trace_is_cut_and_kept_with_its_data_set(tmp_path: Path) -> None:
    dataset = RankingDataset(np.arange(5).reshape(5, 1), np.zeros(5), [3, 3, 1, 2, 2], ("f",))
    traced = TracedDataset(dataset, pa.table({"candidate_id": list("abcde")}), {"seed": 1})
    assert traced.queries()["candidate_id"].to_pylist() == ["a", "c", "d"]
    cut = traced.select_queries(np.array([True, False, True]))
    cut.write(tmp_path)
    read = TracedDataset.read(tmp_path)
    assert read.rows["candidate_id"].to_pylist() == ["a", "b", "d", "e"]
    assert read.dataset.features[:, 0].tolist() == [0, 1, 3, 4]
    assert read.metadata == {"seed": 1}
    with pytest.raises(InputError, match="4 traces beside 5 rows"):
        TracedDataset(dataset, cut.rows, {})
    RankingDataset.read(tmp_path).write(tmp_path / "alone")
    with pytest.raises(InputError, match=r"no trace\.parquet"):
        TracedDataset.read(tmp_path / "alone")
