from datetime import UTC, datetime, timedelta
from itertools import count

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast import (
    Entity,
    FeatureService,
    FeatureStore,
    FeatureView,
    Field,
    FileSource,
    PushSource,
    RepoConfig,
    ValueType,
)
from feast.errors import EntityTimestampInferenceException, FeastEntityDFMissingColumnsError
from feast.infra.offline_stores.file_source import SavedDatasetFileStorage
from feast.types import Array, Int64, String
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_repo.offline.asof_read import VersionReader, ViewJoin
from feature_repo.offline.asof_sql import VersionTable
from feature_repo.offline.asof_store import AsofOfflineStoreConfig
from metier.errors import FeatureError

TIMESTAMP = pa.timestamp("us", tz="UTC")
START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
NAMES = count()


def at(hour):
    return None if hour is None else START + hour * HOUR


def newest_at(versions, key, moment, ttl_hours, created_by_then):
    """The oracle: look at every version of the key, as the definition says."""
    seen = [
        (happened, -1 if learned is None else learned, place)
        for place, (of, happened, learned) in enumerate(versions)
        if key is not None and of == key
        if moment is not None and happened is not None and happened <= moment
        if not ttl_hours or moment - happened <= ttl_hours
        if not created_by_then or (learned is not None and learned <= moment)
    ]
    return max(seen)[2] if seen else None


def write_versions(path, versions, keys=("person",)):
    columns = {name: pa.array([of and of[i] for of, _, _ in versions], pa.string()) for i, name in enumerate(keys)}
    table = pa.table(
        {
            **columns,
            "at": pa.array([at(happened) for _, happened, _ in versions], TIMESTAMP),
            "made": pa.array([at(learned) for _, _, learned in versions], TIMESTAMP),
            "value": pa.array(range(len(versions)), pa.int64()),
            "words": [[str(place)] * (place % 3) for place in range(len(versions))],
        }
    )
    pq.write_table(table, path, row_group_size=4)


def as_of(path, entities, ttl_hours, created_by_then, keys=("person",), prefix=""):
    join = ViewJoin(
        VersionTable(str(path), tuple(keys), "at", "made"),
        tuple(keys),
        {"value": f"{prefix}value", "words": f"{prefix}words"},
        ttl_hours * HOUR,
    )
    reader = VersionReader("200MB", 1, path.parent / ".spill")
    return reader.as_of(entities, "asked", [join], created_by_then)


hours = st.integers(0, 8)
maybe_hours = st.none() | hours
people = st.sampled_from(["a", "b", "c"])
version_lists = st.lists(st.tuples(st.none() | people.map(lambda name: (name,)), maybe_hours, maybe_hours), max_size=25)
entity_lists = st.lists(st.tuples(st.none() | st.sampled_from(["a", "b", "z"]), maybe_hours), max_size=25)


@settings(max_examples=100, deadline=None)
@given(version_lists, entity_lists, st.integers(0, 5), st.booleans())
def test_every_row_sees_the_version_that_the_definition_names(tmp_path_factory, versions, rows, ttl, created_by_then):
    path = tmp_path_factory.getbasetemp() / f"versions{next(NAMES)}.parquet"
    write_versions(path, versions)
    entities = pa.table(
        {
            "person": pa.array([key for key, _ in rows], pa.string()),
            "asked": pa.array([at(moment) for _, moment in rows], TIMESTAMP),
            "row": pa.array(range(len(rows)), pa.int64()),
        }
    )
    answer = as_of(path, entities, ttl, created_by_then)
    expected = [newest_at(versions, key and (key,), moment, ttl, created_by_then) for key, moment in rows]
    assert answer["value"].to_pylist() == expected
    assert answer["words"].to_pylist() == [None if e is None else [str(e)] * (e % 3) for e in expected]
    assert answer.select(["person", "asked", "row"]).equals(entities)


pairs = st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["x", "y"]))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(pairs, hours, hours), max_size=25),
    st.lists(st.tuples(pairs, hours), max_size=25),
    st.lists(st.tuples(st.just(()), hours, hours), max_size=6),
)
def test_keys_of_several_columns_and_of_none(tmp_path_factory, versions, rows, world):
    folder = tmp_path_factory.getbasetemp() / f"two{next(NAMES)}"
    folder.mkdir()
    write_versions(folder / "pairs.parquet", versions, ("person", "place"))
    write_versions(folder / "world.parquet", world, ())
    entities = pa.table(
        {
            "person": pa.array([person for (person, _), _ in rows], pa.string()),
            "place": pa.array([place for (_, place), _ in rows], pa.string()),
            "asked": pa.array([at(moment) for _, moment in rows], TIMESTAMP),
        }
    )
    answer = as_of(folder / "pairs.parquet", entities, 0, False, ("person", "place"))
    answer = as_of(folder / "world.parquet", answer, 0, False, (), "world_")
    assert answer["value"].to_pylist() == [newest_at(versions, key, moment, 0, False) for key, moment in rows]
    assert answer["world_value"].to_pylist() == [newest_at(world, (), moment, 0, False) for _, moment in rows]


def test_a_planted_future_value_never_leaks(tmp_path):
    # At noon, the version of 12:00 counts (not older than the row), the one a microsecond later does not.
    noon = at(12)
    table = pa.table(
        {
            "person": ["a", "a", "a"],
            "at": pa.array([at(1), noon, noon + timedelta(microseconds=1)], TIMESTAMP),
            "made": pa.array([at(1), noon, noon + timedelta(microseconds=1)], TIMESTAMP),
            "value": pa.array([1, 2, 999]),
            "words": [["old"], ["noon"], ["future"]],
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    moments = [noon - timedelta(microseconds=1), noon, noon + timedelta(microseconds=1)]
    entities = pa.table({"person": ["a"] * 3, "asked": pa.array(moments, TIMESTAMP)})
    answer = as_of(tmp_path / "t.parquet", entities, 0, False)
    assert answer["value"].to_pylist() == [1, 2, 999]
    pq.write_table(table.slice(0, 2), tmp_path / "t.parquet")
    assert as_of(tmp_path / "t.parquet", entities, 0, False).slice(0, 2).equals(answer.slice(0, 2))


def test_an_answer_longer_than_a_gathered_part_keeps_its_order(tmp_path, monkeypatch):
    monkeypatch.setattr("feature_repo.offline.asof_read.ROWS_AT_ONCE", 7)
    versions = [((f"p{number}",), number % 5, number % 5) for number in range(40)]
    write_versions(tmp_path / "v.parquet", versions)
    keys = [f"p{(7 * number) % 50}" for number in range(50)]
    entities = pa.table({"person": keys, "asked": pa.array([at(9)] * 50, TIMESTAMP)})
    expected = [(7 * number) % 50 if (7 * number) % 50 < 40 else None for number in range(50)]
    assert as_of(tmp_path / "v.parquet", entities, 0, False)["value"].to_pylist() == expected


def test_a_folder_of_files_is_one_table(tmp_path):
    folder = tmp_path / "table"
    folder.mkdir()
    write_versions(folder / "1.parquet", [(("a",), 1, 1), (("b",), 1, 1)])
    write_versions(folder / "2.parquet", [(("c",), 1, 1), (("a",), 2, 2), (("c",), 2, 2)])
    entities = pa.table({"person": ["a", "b", "c"], "asked": pa.array([at(3), at(3), at(1)], TIMESTAMP)})
    # values are places in their file: a's newest is the second of file 2, b's the second of file 1, c's the first of 2
    assert as_of(folder, entities, 0, False)["value"].to_pylist() == [1, 1, 0]


def test_a_table_rebuilt_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "v.parquet"
    write_versions(path, [(("a",), 1, 1)])
    entities = pa.table({"person": ["a"], "asked": pa.array([at(3)], TIMESTAMP)})

    def rebuilt(*arguments):
        write_versions(path, [(("b",), 1, 1), (("a",), 1, 1)])
        return "SELECT 0::BIGINT AS __row_id, 0 AS value, ['x'] AS words"

    monkeypatch.setattr("feature_repo.offline.asof_read.rows_at", rebuilt)
    with pytest.raises(FeatureError, match="rebuilt while it was read"):
        as_of(path, entities, 0, False)


# Through Feast, beside its own stores.

person = Entity(name="person", join_keys=["person"], value_type=ValueType.STRING)
place = Entity(name="place", join_keys=["place"], value_type=ValueType.STRING)


def views(folder):
    def source(name, **mapping):
        return FileSource(
            name=name,
            path=f"{folder}/{name}.parquet",
            timestamp_field="at",
            created_timestamp_column="made",
            field_mapping=mapping,
        )

    features = [Field(name="amount", dtype=Int64), Field(name="words", dtype=Array(String))]
    return [
        FeatureView(
            name="of_person",
            entities=[person],
            ttl=4 * HOUR,
            schema=[Field(name="person", dtype=String), *features],
            source=source("of_person", value="amount"),
        ),
        FeatureView(
            name="of_pair",
            entities=[person, place],
            ttl=timedelta(0),
            schema=[Field(name="person", dtype=String), Field(name="place", dtype=String), *features],
            source=source("of_pair", value="amount"),
        ),
        FeatureView(name="of_world", entities=[], schema=features, source=source("of_world", value="amount")),
    ]


def feast_store(folder, offline_store, pull_latest_features=True):
    config = RepoConfig(
        project="test",
        provider="local",
        registry=f"{folder}/{offline_store['type']}.db",
        online_store={"type": "sqlite", "path": f"{folder}/online.db"},
        offline_store=offline_store,
        entity_key_serialization_version=3,
        materialization={"pull_latest_features": pull_latest_features},
    )
    store = FeatureStore(config=config)
    store.apply([person, place, *views(folder)])
    return store


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("feast")
    random = np.random.default_rng(7)
    moments = [int(hour) for hour in random.permutation(200)]  # no two alike: Feast's stores break no such tie
    names = [f"p{number}" for number in random.integers(0, 12, 200)]
    places = [f"q{number}" for number in random.integers(0, 3, 200)]
    write_versions(folder / "of_person.parquet", [((n,), m, m + m % 3) for n, m in zip(names, moments, strict=True)])
    triples = zip(names, places, moments, strict=True)
    write_versions(folder / "of_pair.parquet", [((n, p), m, m + m % 3) for n, p, m in triples], ("person", "place"))
    write_versions(folder / "of_world.parquet", [((), m, m) for m in moments[:20]], ())
    return folder


@pytest.fixture(scope="module")
def store(folder):
    return feast_store(folder, {"type": "feature_repo.offline.asof_store.AsofOfflineStore", "folder": str(folder)})


@pytest.fixture
def entity_df():
    random = np.random.default_rng(8)
    return pd.DataFrame(
        {
            "row": np.arange(300),
            "person": [f"p{number}" for number in random.integers(0, 14, 300)],
            "place": [f"q{number}" for number in random.integers(0, 4, 300)],
            "event_timestamp": [at(int(hour)) for hour in random.integers(0, 210, 300)],
        }
    )


REFS = ["of_person:amount", "of_person:words", "of_pair:words", "of_pair:amount"]


def rows_of(job):
    return job.to_arrow().sort_by("row").to_pylist()


@pytest.mark.parametrize("created_by_then", [False, True])
@pytest.mark.parametrize("kind", ["dask", "duckdb"])
def test_equal_to_feasts_own_stores(folder, store, entity_df, kind, created_by_then):
    if kind == "duckdb":
        pytest.importorskip("ibis", reason="Feast's duckdb store needs ibis-framework, which metier does not install")
    theirs = feast_store(folder, {"type": kind})
    arguments = {"features": REFS, "full_feature_names": True, "filter_by_created_timestamp": created_by_then}
    expected = rows_of(theirs.get_historical_features(entity_df, **arguments))
    answer = rows_of(store.get_historical_features(entity_df, **arguments))
    kept = {row["row"] for row in expected}
    assert [row for row in answer if row["row"] in kept] == expected
    assert len(expected) == 300 or (kind == "dask" and len(expected) > 50)  # dask drops rows whose value expired
    assert sum(row["of_person__amount"] is not None for row in answer) > 10
    assert sum(row["of_pair__amount"] is None for row in answer) > 10


def test_entity_rows_as_frame_arrow_table_and_sql_agree(folder, store, entity_df):
    frame = store.get_historical_features(entity_df, ["of_person:amount", "of_world:words"]).to_arrow()
    rows = pa.Table.from_pandas(entity_df)
    assert store.get_historical_features(rows, ["of_person:amount", "of_world:words"]).to_arrow().equals(frame)
    pq.write_table(rows, folder / "entities.parquet")
    query = f"SELECT * FROM read_parquet('{folder}/entities.parquet') ORDER BY row"
    by_query = store.get_historical_features(query, ["of_person:amount", "of_world:words"])
    assert by_query.to_arrow()["amount"].equals(frame["amount"])
    assert by_query.to_df()["row"].tolist() == list(range(300))
    assert frame["words"].null_count < 300


def test_naive_and_nanosecond_timestamps_are_utc(store, entity_df):
    expected = store.get_historical_features(entity_df, ["of_person:amount"]).to_arrow()["amount"]
    for moments in (
        entity_df["event_timestamp"].dt.tz_localize(None),
        entity_df["event_timestamp"].astype("datetime64[ns, UTC]"),
        entity_df["event_timestamp"].dt.tz_convert("America/New_York"),
    ):
        rows = pa.Table.from_pandas(entity_df.assign(event_timestamp=moments))
        assert store.get_historical_features(rows, ["of_person:amount"]).to_arrow()["amount"].equals(expected)


def test_another_timestamp_column_is_used_where_it_is_the_only_one(store, entity_df):
    expected = store.get_historical_features(entity_df, ["of_person:amount"]).to_arrow()["amount"]
    renamed = pa.Table.from_pandas(entity_df.rename(columns={"event_timestamp": "asked_at"}))
    assert store.get_historical_features(renamed, ["of_person:amount"]).to_arrow()["amount"].equals(expected)
    with pytest.raises(EntityTimestampInferenceException):
        store.get_historical_features(renamed.append_column("b", renamed["asked_at"]), ["of_person:amount"])


def test_aliased_view_with_a_join_key_map(store, entity_df):
    view = store.get_feature_view("of_person")
    expected = store.get_historical_features(entity_df, ["of_person:amount"]).to_arrow()["amount"]
    renamed = entity_df.rename(columns={"person": "boss"}).assign(person="p1")
    service_view = view.with_name("of_boss").with_join_key_map({"person": "boss"})[["amount"]]
    service = FeatureService(name="service", features=[service_view, view.with_name("of_self")[["amount"]]])
    store.apply([service])
    answer = store.get_historical_features(renamed, service, full_feature_names=True).to_arrow()
    assert answer["of_boss__amount"].equals(expected)
    everyone_p1 = store.get_historical_features(entity_df.assign(person="p1"), ["of_person:amount"]).to_arrow()
    assert answer["of_self__amount"].equals(everyone_p1["amount"])


def test_missing_and_clashing_entity_columns_are_named(store, entity_df):
    with pytest.raises(FeastEntityDFMissingColumnsError, match="person"):
        store.get_historical_features(entity_df.drop(columns="person"), ["of_person:amount"])
    with pytest.raises(FeatureError, match=r"already have columns \['amount'\]"):
        store.get_historical_features(entity_df.assign(amount=1), ["of_person:amount"])


def test_a_persisted_answer_is_what_it_was(folder, store, entity_df):
    job = store.get_historical_features(entity_df, REFS, full_feature_names=True)
    saved = store.create_saved_dataset(job, "kept", SavedDatasetFileStorage("kept/data.parquet"))
    assert pq.read_table(folder / "kept" / "data.parquet").equals(job.to_arrow())
    assert len(saved.to_df()) == len(entity_df)
    with pytest.raises(Exception, match=r"kept/data.parquet"):
        store.create_saved_dataset(job, "kept", SavedDatasetFileStorage("kept/data.parquet"))


def pull(store, view, latest, start, end):
    offline, source = store._get_provider().offline_store, view.batch_source
    keys = [column.name for column in view.entity_columns if column.name != "__dummy_id"]
    ask = offline.pull_latest_from_table_or_query if latest else offline.pull_all_from_table_or_query
    return ask(store.config, source, keys, ["value", "words"], "at", "made", at(start), at(end)).to_arrow()


def test_pulls_give_the_rows_between_two_moments(folder, store):
    view = store.get_feature_view("of_person")
    table = pq.read_table(folder / "of_person.parquet").to_pylist()
    inside = [row for row in table if at(20) <= row["at"] <= at(150)]
    everything = pull(store, view, False, 20, 150)
    assert sorted(everything["value"].to_pylist()) == sorted(row["value"] for row in inside)
    assert everything.column_names == ["person", "value", "words", "at", "made"]
    newest = {row["person"]: row for row in sorted(inside, key=lambda row: row["at"])}
    latest = {row["person"]: row for row in pull(store, view, True, 20, 150).to_pylist()}
    assert latest == newest
    assert pull(store, view, True, 150, 20).num_rows == 0


def test_a_pull_that_names_no_feature_gives_every_column(store):
    view = store.get_feature_view("of_person")
    offline, source = store._get_provider().offline_store, view.batch_source
    for ask in (offline.pull_latest_from_table_or_query, offline.pull_all_from_table_or_query):
        job = ask(store.config, source, ["person"], [], "at", "made", at(0), at(300))
        assert job.to_arrow().column_names == ["person", "at", "made", "value", "words"]


def test_the_newest_version_of_the_world_carries_feasts_placeholder_key(store):
    (row,) = pull(store, store.get_feature_view("of_world"), True, 0, 300).to_pylist()
    assert row["__dummy_id"] == ""


def test_entity_less_and_mapped_views_materialize(store):
    store.materialize(at(0), at(300))
    refs = ["of_world:amount", "of_person:amount"]
    answer = store.get_online_features(refs, {"person": ["p1"]}, full_feature_names=True).to_dict()
    newest = pull(store, store.get_feature_view("of_person"), True, 0, 300).to_pylist()
    assert answer["of_person__amount"] == [row["value"] for row in newest if row["person"] == "p1"]
    (newest_world,) = pull(store, store.get_feature_view("of_world"), True, 0, 300).to_pylist()
    assert answer["of_world__amount"] == [newest_world["value"]]


def test_materializing_every_version_ends_at_the_newest(folder, tmp_path, store):
    for name in ("of_person", "of_pair", "of_world"):
        (tmp_path / f"{name}.parquet").symlink_to(folder / f"{name}.parquet")
    asof = {"type": "feature_repo.offline.asof_store.AsofOfflineStore", "folder": str(tmp_path)}
    every = feast_store(tmp_path, asof, pull_latest_features=False)
    every.materialize(at(0), at(300))
    store.materialize(at(0), at(300))
    asked = ["of_world:amount", "of_person:amount"], {"person": [f"p{number}" for number in range(14)]}
    answers = [each.get_online_features(*asked, full_feature_names=True).to_dict() for each in (every, store)]
    assert answers[0] == answers[1]
    assert answers[0]["of_person__amount"].count(None) == 2


def test_keys_as_categories_find_the_same_versions(store, entity_df):
    expected = store.get_historical_features(entity_df, ["of_person:amount"]).to_arrow()["amount"]
    categories = entity_df.assign(person=entity_df["person"].astype("category"))
    assert store.get_historical_features(categories, ["of_person:amount"]).to_arrow()["amount"].equals(expected)


def test_validation_tells_a_table_of_wrong_columns_from_one_not_built_yet(tmp_path, store):
    offline = store._get_provider().offline_store
    missing = FileSource(path=f"{tmp_path}/none.parquet", timestamp_field="at")
    offline.validate_data_source(store.config, missing)
    pq.write_table(pa.table({"x": [1]}), tmp_path / "x.parquet")
    wrong = FileSource(path=f"{tmp_path}/x.parquet", timestamp_field="at")
    with pytest.raises(FeatureError, match=r"lacks the timestamp columns \['at'\]"):
        offline.validate_data_source(store.config, wrong)
    found = offline.get_table_column_names_and_types_from_data_source(store.config, wrong)
    assert list(found) == [("x", "int64")]
    with pytest.raises(FeatureError, match="cannot read a PushSource"):
        AsofOfflineStoreConfig(folder=str(tmp_path)).path(PushSource(name="pushed", batch_source=wrong))
