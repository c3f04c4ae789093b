"""Model inputs: features of a pair by hand, missing values, and a row that is the same alone and in a batch."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from feature_repo.inputs.columns import codes
from feature_repo.inputs.covisits import Covisits, key_of
from feature_repo.inputs.encoded import CandidateColumns, QueryColumns
from feature_repo.inputs.transforms import (
    CANDIDATE_COUNT_FEATURES,
    FEATURE_NAMES,
    feature_names,
    model_inputs,
    pair_matrix,
)
from feature_repo.texts import TextVectors
from feature_repo.texts.text import text_key
from metier.contract import SURFACES
from metier.errors import FeatureError, UnknownNameError

NOW = datetime(2024, 3, 10, tzinfo=UTC)
TITLES = ["go developer", "java developer", "pastry cook", "go engineer", "night cook"]
KEYS = [text_key(title) for title in TITLES]
PERSON = "freelancer_profile__"
JOB = "job_profile__"


def unit_rows(count: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, 384)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


VECTORS = TextVectors.build(KEYS, TITLES, unit_rows(5, seed=0))


def person(**changes: Any) -> dict[str, Any]:
    profile = {
        "title": TITLES[0], "text_key": KEYS[0], "skills": ["Go", "SQL"], "languages": ["en", "de"], "city": "Newark",
        "region": "NJ", "country": "US", "category": "software", "experience_level": "expert", "hourly_rate_usd": 60.0,
        "joined_at": NOW - timedelta(days=100), "agency_id": None, "hours_per_week": 40.0,
    }  # fmt: skip
    return {f"{PERSON}{name}": value for name, value in {**profile, **changes}.items()}


def job(**changes: Any) -> dict[str, Any]:
    profile = {
        "title": TITLES[3], "text_key": KEYS[3], "skills": ["go", "sql ", "k8s"], "languages": ["en"], "city": "newark",
        "region": "NY", "country": "US", "category": None, "experience_level": "entry", "budget_kind": "hourly",
        "budget_min_usd": 25.0, "budget_max_usd": 100.0, "posted_at": NOW - timedelta(hours=12), "company": "Acme",
        "industry": "IT", "openings": 1,
    }  # fmt: skip
    return {f"{JOB}{name}": value for name, value in {**profile, **changes}.items()}


def past(prefix: str, keys: list[str], ids: list[str], **lists: list[str]) -> dict[str, Any]:
    hours = [int((NOW - timedelta(hours=6 + i)).timestamp()) for i in range(len(ids))]
    given = {"recent_ids": ids, "recent_text_keys": keys, "recent_timestamps": hours, "interaction_count": 7.0, **lists}
    return {f"{prefix}__{name}": value for name, value in given.items()}


def query(*parts: dict[str, Any], text: str | None = None) -> dict[str, Any]:
    row: dict[str, Any] = {"event_timestamp": NOW, "text": text}
    for part in parts:
        row |= part
    return row


def features(surface: str, asked: dict[str, Any], shown: dict[str, Any]) -> dict[str, float]:
    row = model_inputs(
        surface,
        pa.Table.from_pylist([asked]),
        pa.Table.from_pylist([shown]),
        np.zeros(1, int),
        np.zeros(1, int),
        VECTORS,
    )
    return dict(zip(FEATURE_NAMES[surface], row[0].tolist(), strict=True))  # type: ignore[index]


def cosine(left: np.ndarray, right: np.ndarray) -> float:
    return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))


def test_a_person_and_a_job_compare_alike_whoever_asks() -> None:
    feed = features("job_feed", query(person()), job())
    search = features("talent_search", query(job()), person())
    # go and sql of go, sql, k8s; 2 of 3 distinct skills shared; 60 against the geometric middle 50 of 25..100.
    expected = {
        "skill_overlap_count": 2, "skill_coverage": 2 / 3, "skill_jaccard": 2 / 3, "language_match": 1,
        "rate_to_budget_log_ratio": np.log(60 / 50), "rate_inside_budget": 1, "city_match": 1, "region_match": 0,
        "country_match": 1, "level_match": 0, "level_gap": 2,
        "semantic_cosine": cosine(VECTORS.dense[0], VECTORS.dense[3]),
        "lexical_score": float((VECTORS.lexical[[0]] @ VECTORS.lexical[[3]].T).toarray()[0, 0]),
    }  # fmt: skip
    for found in (feed, search):
        assert {name: found[name] for name in expected} == pytest.approx(expected, abs=3e-4)
        assert np.isnan(found["category_match"])
    assert feed["headline_score"] == pytest.approx(search["headline_score"])
    assert feed["candidate_age_days"] == 0.5
    assert search["candidate_age_days"] == 100


@pytest.mark.parametrize(
    ("changes", "ratio", "inside"),
    [
        ({"budget_min_usd": None}, np.log(60 / 100), 1),
        ({"budget_max_usd": None}, np.log(60 / 25), 1),
        ({"budget_max_usd": 59.0}, np.log(60 / np.sqrt(25 * 59)), 0),
        ({"budget_kind": "fixed"}, np.nan, np.nan),
        ({"budget_min_usd": None, "budget_max_usd": None}, np.nan, np.nan),
    ],
)
def test_a_rate_is_held_against_an_hourly_budget_only(changes: dict[str, Any], ratio: float, inside: float) -> None:
    found = features("job_feed", query(person()), job(**changes))
    assert found["rate_to_budget_log_ratio"] == pytest.approx(ratio, nan_ok=True)
    assert found["rate_inside_budget"] == pytest.approx(inside, nan_ok=True)


def test_a_job_without_skills_says_nothing_of_coverage() -> None:
    found = features("job_feed", query(person()), job(skills=[]))
    assert np.isnan([found["skill_coverage"], found["skill_jaccard"], found["skill_overlap_count"]]).all()


def test_skills_that_a_text_names_stand_in_for_those_of_a_list_that_is_empty() -> None:
    found = features("job_feed", query(person(skills=[], linked_skills=["Python", "Go"])), job(skills=["go", "sql"]))
    assert (found["skill_overlap_count"], found["skill_coverage"]) == (1, 1 / 2)
    assert found["skill_jaccard"] == pytest.approx(1 / 3)


def test_past_candidates_by_text_and_by_place() -> None:
    history = past(
        "freelancer_history", [KEYS[1], "unknown", KEYS[2]], ["j1", "j2", "j3"],
        recent_cities=["Newark", "Boston", "Newark"], recent_companies=["Acme", "", "Other"],
        recent_regions=["", "", ""], recent_industries=["", "", ""], recent_categories=["x", "x", "x"],
    )  # fmt: skip
    found = features("job_feed", query(person(), history), {**job(), "job_id": "j2"})
    one, three = (cosine(VECTORS.dense[3], VECTORS.dense[row]) for row in (1, 2))
    assert found["past_semantic_max"] == pytest.approx(max(one, three), abs=3e-4)
    assert found["past_semantic_mean"] == pytest.approx((one + three) / 2, abs=3e-4)
    assert found["past_semantic_last"] == pytest.approx(one, abs=3e-4)
    assert found["past_semantic_decayed"] == pytest.approx((one + 0.64 * three) / 1.64, abs=3e-4)
    assert found["past_lexical_max"] == found["past_lexical_mean"] == 0  # "go engineer" shares no word with them
    assert found["past_same_city_share"] == pytest.approx(2 / 3)
    assert found["past_same_city_decayed"] == pytest.approx((1 + 0.64) / (1 + 0.8 + 0.64))
    assert found["past_same_company_share"] == 0.5
    assert (found["past_same_city_last"], found["past_same_company_last"]) == (1, 1)
    assert np.isnan([found["past_same_region_share"], found["past_same_category_share"]]).all()
    assert found["past_seen"] == 1
    assert found["past_count"] == pytest.approx(np.log1p(7))
    assert (found["past_distinct"], found["past_hours_since_last"]) == (3, 6)


@pytest.mark.parametrize("surface", SURFACES)
def test_a_session_counts_the_candidates_turned_to_shortly_before(surface: str) -> None:
    view = "freelancer_history" if surface == "job_feed" else "client_history"
    seconds_ago = [0, 3599, 3600, 86_399, 86_400, 10**7]
    stamps = [int(NOW.timestamp()) - ago for ago in seconds_ago]
    history = past(view, ["x"] * 6, [f"c{i}" for i in range(6)]) | {f"{view}__recent_timestamps": stamps}
    shown = job() if surface == "job_feed" else person()
    found = features(surface, query(history), shown)
    assert (found["actor_interactions_1h"], found["actor_interactions_24h"]) == (2, 4)
    many = past(view, ["x"] * 20, ["c"] * 20) | {f"{view}__recent_timestamps": [stamps[0]] * 20}
    assert features(surface, query(many), shown)["actor_interactions_1h"] == 20


def test_a_past_headline_has_the_title_of_its_text_and_its_own_place() -> None:
    history = past("freelancer_history", [KEYS[2]], ["j1"], recent_cities=["Newark"], recent_companies=["Acme"])
    found = features("job_feed", query(history), job(region=None))
    left, right = VECTORS.weights.headlines(["pastry cook Newark Acme", "go engineer newark Acme"]).toarray()
    assert found["past_headline_max"] == pytest.approx(cosine(left, right), abs=3e-4)
    assert 0 < found["past_headline_max"] < 1


def test_the_headline_is_title_place_and_company() -> None:
    found = features("job_feed", query(person()), job())
    left, right = VECTORS.weights.headlines(["go developer Newark NJ", "go engineer newark NY Acme"]).toarray()
    assert found["headline_score"] == pytest.approx(cosine(left, right), abs=3e-4)


def test_a_request_is_held_against_the_candidate_by_known_or_given_vectors() -> None:
    typed = features("talent_search", query(text=TITLES[3]), person())
    assert typed["request_semantic"] == pytest.approx(cosine(VECTORS.dense[3], VECTORS.dense[0]), abs=3e-4)
    left, right = VECTORS.weights.lexical([TITLES[3], TITLES[0]]).toarray()
    assert typed["request_lexical"] == pytest.approx(cosine(left, right), abs=3e-4)
    assert np.isnan(typed["semantic_cosine"])
    table = pa.Table.from_pylist([query(text="never seen go")])
    given = {"never seen go": unit_rows(1, seed=5)[0]}
    shown = CandidateColumns.encode("talent_search", pa.Table.from_pylist([person()]), VECTORS)
    column = FEATURE_NAMES["talent_search"].index("request_semantic")
    for embeddings, expected in ((None, np.nan), (given, cosine(given["never seen go"], VECTORS.dense[0]))):
        asked = QueryColumns.encode("talent_search", table, VECTORS, embeddings)
        row = pair_matrix("talent_search", asked, shown, np.zeros(1, int), np.zeros(1, int))[0]
        assert row[column] == pytest.approx(expected, abs=3e-4, nan_ok=True)


def test_stored_features_keep_their_scale_and_vectors_their_side() -> None:
    stored = {"job_activity__clicks_7d": 3.0, "job_activity__click_rate_30d": 0.25, "job_activity__openings_left": None}
    found = features("job_feed", query(person(), {"freelancer_activity__rating_30d": 4.5}), {**job(), **stored})
    assert found["candidate_clicks_7d"] == pytest.approx(np.log(4))
    assert found["candidate_click_rate_30d"] == 0.25
    assert found["actor_rating_30d"] == 4.5
    assert np.isnan(found["candidate_openings_left"])
    components = [found[f"job_v{i:02d}"] for i in range(16)]
    np.testing.assert_allclose(components, VECTORS.projection[3], atol=1e-6)
    assert found["actor_category_code"] in range(1, 1024)
    assert found["candidate_category_code"] == 0


def test_what_is_known_of_an_application_is_passed_on() -> None:
    told = {"application_age_hours": 5.0, "application_order": 1.0}
    shown = pa.Table.from_pylist([{**person(), **told}, person()])
    inputs = model_inputs(
        "applicant_review", pa.Table.from_pylist([query(job())]), shown, np.zeros(2, int), np.arange(2), VECTORS
    )
    names = FEATURE_NAMES["applicant_review"]
    np.testing.assert_array_equal(inputs[:, names.index("application_order")], [1, np.nan])
    np.testing.assert_array_equal(inputs[:, names.index("application_age_hours")], [5, np.nan])


@pytest.mark.parametrize("surface", SURFACES)
def test_nothing_known_is_nan_or_bucket_zero(surface: str) -> None:
    found = features(surface, {"event_timestamp": NOW}, {"any": 1})
    zero = {name for name, value in found.items() if value == 0}
    assert {name for name, value in found.items() if not np.isnan(value)} == zero
    counts = {"past_distinct", "actor_interactions_1h", "actor_interactions_24h", "request_typed"}
    assert all(name.endswith(("_code", "skill_count")) or name in counts for name in zero)


def random_world(surface: str, seed: int) -> tuple[pa.Table, pa.Table]:
    rng = np.random.default_rng(seed)

    def some(values: list[Any]) -> Any:
        return values[rng.integers(len(values))]

    def listed(values: list[str], most: int) -> list[str]:
        return [some(values) for _ in range(rng.integers(most))]

    def history(prefix: str) -> dict[str, Any]:
        count = int(rng.integers(6))
        names = ("cities", "regions", "companies", "industries", "categories", "agencies")
        lists = {f"recent_{name}": [some(["Newark", "NJ", "Acme", ""]) for _ in range(count)] for name in names}
        return past(
            prefix, [some([*KEYS, "x"]) for _ in range(count)], [some(["a", "b"]) for _ in range(count)], **lists
        )

    def anyone() -> dict[str, Any]:
        key = rng.integers(5)
        return person(text_key=some([KEYS[key], None]), title=TITLES[key], skills=listed(["go", "sql", "k8s"], 4))

    def anything() -> dict[str, Any]:
        key = rng.integers(5)
        return job(text_key=some([KEYS[key], "x"]), title=some([TITLES[key], None]), skills=listed(["go", "sql"], 3))

    feed = surface == "job_feed"
    own, other = (anyone, anything) if feed else (anything, anyone)
    prefix = "freelancer_history" if feed else "client_history"
    queries = [query(own(), history(prefix), text=some([None, "go", TITLES[0]])) for _ in range(9)]
    shown = [{**other(), "candidate_id": some(["a", "b", "c"]), "application_age_hours": 1.0} for _ in range(40)]
    return pa.Table.from_pylist(queries), pa.Table.from_pylist(shown)


@pytest.mark.parametrize("surface", SURFACES)
def test_a_row_is_the_same_alone_and_in_a_batch(surface: str) -> None:
    queries, shown = random_world(surface, seed=3)
    rng = np.random.default_rng(4)
    of_query, of_candidate = np.sort(rng.integers(0, 9, 200)), rng.integers(0, 40, 200)
    batch = model_inputs(surface, queries, shown, of_query, of_candidate, VECTORS)
    for row in range(0, 200, 5):
        alone = model_inputs(
            surface, queries.slice(of_query[row], 1), shown.slice(of_candidate[row], 1), np.zeros(1, int),
            np.zeros(1, int), VECTORS,
        )  # fmt: skip
        np.testing.assert_array_equal(alone[0], batch[row])


def test_blocks_split_between_queries_and_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    queries, shown = random_world("job_feed", seed=5)
    of_query, of_candidate = np.repeat(np.arange(9), 40), np.tile(np.arange(40), 9)
    whole = model_inputs("job_feed", queries, shown, of_query, of_candidate, VECTORS)
    for pairs, at_once in ((100, 1024), (16_384, 2), (7, 1)):
        monkeypatch.setattr("feature_repo.inputs.transforms.BLOCK_PAIRS", pairs)
        monkeypatch.setattr("feature_repo.inputs.transforms.BLOCK_QUERIES", at_once)
        split = model_inputs("job_feed", queries, shown, of_query, of_candidate, VECTORS)
        np.testing.assert_allclose(split, whole, rtol=0, atol=1e-6)


def test_without_candidate_counts_the_other_columns_stay_as_they_are() -> None:
    queries, shown = random_world("talent_search", seed=6)
    index = np.arange(9)
    every = model_inputs("talent_search", queries, shown, index, index, VECTORS)
    fewer = model_inputs("talent_search", queries, shown, index, index, VECTORS, candidate_counts=False)
    names = feature_names("talent_search", candidate_counts=False)
    assert not set(names) & CANDIDATE_COUNT_FEATURES
    assert {"candidate_impressions_30d", "candidate_age_days"} <= set(FEATURE_NAMES["talent_search"]) - set(names)
    columns = [FEATURE_NAMES["talent_search"].index(name) for name in names]
    np.testing.assert_array_equal(fewer, every[:, columns])


def test_a_bundle_is_fed_the_features_that_it_names_in_its_order() -> None:
    queries, shown = random_world("job_feed", seed=6)
    index = np.arange(9)
    asked = QueryColumns.encode("job_feed", queries, VECTORS)
    candidates = CandidateColumns.encode("job_feed", shown, VECTORS)
    every = pair_matrix("job_feed", asked, candidates, index, index)
    columns = [60, 2, 33]
    names = tuple(FEATURE_NAMES["job_feed"][column] for column in columns)
    np.testing.assert_array_equal(pair_matrix("job_feed", asked, candidates, index, index, names), every[:, columns])
    with pytest.raises(FeatureError, match=r"skill_match_of_before: no model input of job_feed.*train again"):
        pair_matrix("job_feed", asked, candidates, index, index, ("skill_match_of_before",))


def test_covisits_compare_a_candidate_with_what_the_actor_turned_to() -> None:
    """J and K were turned to together once, by one of the 6 actors of J and the 2 of K: 1 / sqrt(16 * 12)."""
    both = pa.table({"id": ["J", "K"]})
    ranked = np.sort(codes(both, "id"))
    j, k = np.searchsorted(ranked, codes(both, "id"))
    yesterday = int(NOW.timestamp()) // 86_400 - 1
    covisits = Covisits(
        candidates=ranked,
        starts=np.array([0, 1, 2]),
        others=key_of(np.array([1, 0]), yesterday),
        counts=np.array([1, 1], np.int32),
        turns=key_of(np.sort(np.array([j, k])), yesterday),
        turn_counts=np.array([6, 2], np.int32)[np.argsort([j, k])],
    )
    query = pa.Table.from_pylist([{"event_timestamp": NOW, **past("freelancer_history", KEYS[:2], ["X", "J"])}])
    shown = pa.Table.from_pylist([{"job_id": "K"}])
    at = np.zeros(1, int)
    row = model_inputs("job_feed", query, shown, at, at, VECTORS, covisits=covisits)[0]
    found = dict(zip(feature_names("job_feed"), row.tolist(), strict=True))
    cosine = 1 / np.sqrt(16 * 12)
    assert found["past_covisit_max"] == pytest.approx(cosine)
    assert found["past_covisit_mean"] == pytest.approx(cosine / 2)
    assert found["past_covisit_last"] == 0.0
    assert found["candidate_turned_to"] == found["candidate_turned_to_365d"] == pytest.approx(np.log(3))


@pytest.mark.parametrize("surface", SURFACES)
def test_names_are_unique_and_kinds_follow_from_them(surface: str) -> None:
    names = feature_names(surface)
    assert len(set(names)) == len(names)
    assert sum(name[-4:-2] == "_v" for name in names) == 32


def test_no_pairs_give_no_rows() -> None:
    queries, shown = random_world("job_feed", seed=7)
    nobody = np.zeros(0, int)
    assert model_inputs("job_feed", queries, shown, nobody, nobody, VECTORS).shape == (
        0,
        len(feature_names("job_feed")),
    )


def test_misuse_is_named() -> None:
    queries, shown = random_world("job_feed", seed=8)
    with pytest.raises(UnknownNameError, match="unknown surface 'feed'"):
        model_inputs("feed", queries, shown, np.zeros(1, int), np.zeros(1, int), VECTORS)
    with pytest.raises(FeatureError, match="ascending query"):
        model_inputs("job_feed", queries, shown, np.array([1, 0]), np.zeros(2, int), VECTORS)
    asked = QueryColumns.encode("job_feed", queries, VECTORS)
    with pytest.raises(FeatureError, match="asked for talent_search"):
        pair_matrix("talent_search", asked, CandidateColumns.encode("job_feed", shown, VECTORS), [0], [0])  # type: ignore[arg-type]
