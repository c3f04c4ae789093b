"""Joins as Ray tasks, in a real Ray: rows, order, columns and types as in one process."""

from datetime import UTC, datetime, timedelta
from itertools import count

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Int64, String
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_repo.offline import asof_ray
from feature_repo.offline.asof_read import VersionReader, ViewJoin
from feature_repo.offline.asof_sql import VersionTable
from metier.errors import FeatureError

TIMESTAMP = pa.timestamp("us", tz="UTC")
START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
NAMES = count()


@pytest.fixture(scope="module", autouse=True)
def local_ray():
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        configure_logging=False,
        _node_ip_address="127.0.0.1",
    )
    yield
    asof_ray.disconnect()


def at(hours):
    return pa.array([None if hour is None else START + hour * HOUR for hour in hours], TIMESTAMP)


def write(path, keys, versions):
    columns = {key: pa.array([of[i] for of, _, _ in versions], pa.string()) for i, key in enumerate(keys)}
    columns |= {"at": at(version[1] for version in versions), "made": at(version[2] for version in versions)}
    columns |= {"value": pa.array(range(len(versions)), pa.int64())}
    columns |= {"words": pa.array([[str(number)] * (number % 3) for number in range(len(versions))], LISTS)}
    pq.write_table(pa.table(columns), path)


LISTS = pa.list_(pa.string())


def join(path, keys, asked, label, ttl=0):
    features = {"value": f"{label}_value", "words": f"{label}_words"}
    return ViewJoin(VersionTable(str(path), keys, "at", "made"), asked, features, ttl * HOUR)


def reader(folder):
    return VersionReader("200MB", 1, folder / ".spill")


hours = st.none() | st.integers(0, 8)
names = st.none() | st.sampled_from(["a", "b", "c", "d"])


def versions_of(n_keys):
    return st.lists(st.tuples(st.tuples(*[names] * n_keys), hours, hours), max_size=25)


@settings(max_examples=15, deadline=None)
@given(
    versions_of(1),
    versions_of(2),
    versions_of(0),
    st.lists(st.tuples(names, names, hours), max_size=25),
    st.integers(1, 5),
    st.booleans(),
)
def test_views_of_one_key_of_two_and_of_none_are_joined_as_in_one_process(
    tmp_path_factory, of_person, of_pair, of_world, rows, partitions, created_by_then
):
    folder = tmp_path_factory.getbasetemp() / f"ray{next(NAMES)}"
    folder.mkdir()
    write(folder / "person.parquet", ("person",), of_person)
    write(folder / "pair.parquet", ("person", "place"), of_pair)
    write(folder / "world.parquet", (), of_world)
    joins = [
        join(folder / "person.parquet", ("person",), ("boss",), "person", ttl=3),
        join(folder / "pair.parquet", ("person", "place"), ("boss", "place"), "pair"),
        join(folder / "world.parquet", (), (), "world"),
    ]
    columns = {name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(("boss", "place"))}
    entities = pa.table({"row": np.arange(len(rows)), **columns, "asked": at(row[2] for row in rows)})
    expected = reader(folder).as_of(entities, "asked", joins, created_by_then)
    answer = asof_ray.as_of(reader(folder), partitions, entities, "asked", joins, created_by_then)
    assert answer.equals(expected)


def test_answers_longer_than_a_stretch_keep_their_order(tmp_path, monkeypatch):
    monkeypatch.setattr("feature_repo.offline.asof_ray.ROWS_AT_ONCE", 7)
    write(tmp_path / "v.parquet", ("person",), [((f"p{number}",), number % 5, number % 5) for number in range(40)])
    keys = [f"p{(7 * number) % 50}" for number in range(50)]
    entities = pa.table({"person": keys, "asked": at([9] * 50)})
    joins = [join(tmp_path / "v.parquet", ("person",), ("person",), "of")]
    answer = asof_ray.as_of(reader(tmp_path), 3, entities, "asked", joins)
    expected = [(7 * number) % 50 if (7 * number) % 50 < 40 else None for number in range(50)]
    assert answer["of_value"].to_pylist() == expected


def test_a_key_is_the_matter_of_one_task(tmp_path):
    keys = pa.table({"person": [f"p{number % 10}" for number in range(100)], "place": ["q"] * 100})
    partition = asof_ray._partition_of(keys, ("person",), 4)
    assert {len(set(partition[np.arange(100) % 10 == number])) for number in range(10)} == {1}
    assert len(set(partition)) > 1
    assert np.bincount(asof_ray._partition_of(keys, (), 4)).tolist() == [25] * 4


def test_a_task_that_fails_says_what_the_join_in_one_process_says(tmp_path):
    entities = pa.table({"person": ["a"], "asked": at([1])})
    joins = [join(tmp_path / "none.parquet", ("person",), ("person",), "of")]
    with pytest.raises(FeatureError, match=r"^no feature table at .*none\.parquet; build it first"):
        asof_ray.as_of(reader(tmp_path), 2, entities, "asked", joins)


def test_feast_answers_alike_with_and_without_partitions(tmp_path):
    write(tmp_path / "of_person.parquet", ("person",), [((f"p{n % 7}",), n % 9, n % 9) for n in range(60)])
    person = Entity(name="person", join_keys=["person"], value_type=ValueType.STRING)
    source = FileSource(
        name="of_person", path="of_person.parquet", timestamp_field="at", created_timestamp_column="made"
    )
    schema = [Field(name="person", dtype=String), Field(name="value", dtype=Int64)]
    view = FeatureView(name="of_person", entities=[person], ttl=timedelta(0), schema=schema, source=source)
    rows = pa.table({"person": [f"p{n % 9}" for n in range(50)], "event_timestamp": at(n % 11 for n in range(50))})
    answers = []
    for partitions in (0, 3):
        asof = {
            "type": "feature_repo.offline.asof_store.AsofOfflineStore",
            "folder": str(tmp_path),
            "ray_partitions": partitions,
        }
        config = RepoConfig(
            project="test",
            provider="local",
            registry=f"{tmp_path}/{partitions}.db",
            online_store={"type": "sqlite", "path": f"{tmp_path}/online.db"},
            offline_store=asof,
            entity_key_serialization_version=3,
        )
        store = FeatureStore(config=config)
        store.apply([person, view])
        answers.append(store.get_historical_features(rows, ["of_person:value"]).to_arrow())
    assert answers[1].equals(answers[0])
    assert 0 < answers[0]["value"].null_count < 50


def test_without_a_ray_the_join_starts_one_and_ends_it(tmp_path):
    write(tmp_path / "v.parquet", ("person",), [(("a",), 1, 1)])
    entities = pa.table({"person": ["a", None], "asked": at([2, 2])})
    joins = [join(tmp_path / "v.parquet", ("person",), ("person",), "of")]
    asof_ray.disconnect()
    answer = asof_ray.as_of(reader(tmp_path), 2, entities, "asked", joins)
    assert answer["of_value"].to_pylist() == [0, None]
    assert not ray.is_initialized()
