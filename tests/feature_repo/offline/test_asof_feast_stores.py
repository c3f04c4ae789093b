"""The ASOF store, Feast's duckdb and dask stores and a brute-force oracle, on generated tables.

Feast's stores are compared wherever they are right; where one is not, the oracle rules and a test names the fault.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Array, Int64, String
from hypothesis import given, settings
from hypothesis import strategies as st

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
CLOCKS = {
    "microseconds in UTC": pa.timestamp("us", tz="UTC"),
    "nanoseconds without a zone, as pandas writes": pa.timestamp("ns"),
    "nanoseconds elsewhere": pa.timestamp("ns", tz="America/New_York"),
    "seconds without a zone": pa.timestamp("s"),
}
NAMES = count()

person = Entity(name="person", join_keys=["person"], value_type=ValueType.STRING)
place = Entity(name="place", join_keys=["place"], value_type=ValueType.STRING)


@dataclass(frozen=True)
class Table:
    """Versions (key, hour happened, hour learned) of one view; the value of each is its place in the file."""

    keys: tuple[str, ...]
    versions: list[tuple[tuple[str | None, ...], int | None, int | None]]
    ttl: int = 0
    clock: pa.DataType = field(default=CLOCKS["microseconds in UTC"])
    created: bool = True

    def write(self, path):
        columns = {key: pa.array([of[i] for of, _, _ in self.versions], pa.string()) for i, key in enumerate(self.keys)}
        columns["at"] = moments([happened for _, happened, _ in self.versions], self.clock)
        columns["made"] = moments([learned for _, _, learned in self.versions], self.clock)
        columns["value"] = pa.array(range(len(self.versions)), pa.int64())
        columns["words"] = pa.array(
            [[str(number)] * (number % 3) for number in range(len(self.versions))], pa.list_(pa.string())
        )
        pq.write_table(pa.table(columns), path, row_group_size=5)
        return path

    def view(self, path, entities):
        fields = [Field(name=key, dtype=String) for key in self.keys]
        return FeatureView(
            name=path.stem,
            entities=entities,
            ttl=self.ttl * HOUR,
            schema=[*fields, Field(name="amount", dtype=Int64), Field(name="words", dtype=Array(String))],
            source=FileSource(
                name=path.stem,
                path=str(path),
                timestamp_field="at",
                created_timestamp_column="made" if self.created else None,
                field_mapping={"value": "amount"},
            ),
        )

    def seen(self, key, moment, created_by_then):
        """The oracle of joins: every version of the key is looked at, as the definition says."""
        found = [
            (happened, -1 if learned is None or not self.created else learned, number)
            for number, (of, happened, learned) in enumerate(self.versions)
            if None not in (*key, moment, happened) and of == key and happened <= moment
            if not self.ttl or moment - happened <= self.ttl
            if not (created_by_then and self.created) or (learned is not None and learned <= moment)
        ]
        return max(found)[2] if found else None

    def between(self, start, end):
        """The oracle of pulls: (key, happened, learned, place in the file) of every version between two hours."""
        numbered = [(*version, number) for number, version in enumerate(self.versions)]
        return [row for row in numbered if row[1] is not None and start <= row[1] <= end]

    def newest(self, start, end):
        newest = {}
        for of, happened, learned, number in self.between(start, end):
            rank = (happened, -1 if learned is None else learned, number)
            newest[of] = max(newest.get(of, rank), rank)
        return {of: rank[2] for of, rank in newest.items()}


def moments(hours, clock):
    return pa.array([hour if hour is None else START + hour * HOUR for hour in hours], pa.timestamp("us", "UTC")).cast(
        clock
    )


def tables(keys, **more):
    """Tables without complete ties: Feast's stores break none; the oracle's rule is tested where ours stands alone."""
    names = st.none() | st.sampled_from(["a", "b", "c"])
    versions = st.tuples(st.tuples(*[names] * len(keys)), st.none() | st.integers(0, 8), st.none() | st.integers(0, 8))
    return st.booleans().flatmap(
        lambda created: st.builds(
            Table,
            keys=st.just(keys),
            versions=st.lists(versions, max_size=25, unique_by=lambda row: row if created else row[:2]),
            clock=st.sampled_from(list(CLOCKS.values())),
            created=st.just(created),
            **more,
        )
    )


name = st.none() | st.sampled_from(["a", "b", "z"])
entity_rows = st.lists(st.tuples(name, name, st.none() | st.integers(0, 9)), min_size=1, max_size=25)
clocks = st.sampled_from(list(CLOCKS.values()))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("feast")


@pytest.fixture(scope="module")
def stores(home):
    pytest.importorskip("ibis", reason="Feast's duckdb store needs ibis-framework")
    kinds = {"asof": {"type": "feature_repo.offline.asof_store.AsofOfflineStore", "folder": str(home)}}
    kinds |= {"duckdb": {"type": "duckdb"}, "dask": {"type": "dask"}}
    return {kind: feast_store(home, kind, offline_store) for kind, offline_store in kinds.items()}


def feast_store(home, kind, offline_store):
    config = RepoConfig(
        project="test",
        provider="local",
        registry=f"{home}/{kind}.db",
        online_store={"type": "sqlite", "path": f"{home}/online.db"},
        offline_store=offline_store,
        entity_key_serialization_version=3,
    )
    return FeatureStore(config=config)


def entity_frame(rows, clock):
    frame = pd.DataFrame(
        {
            "row": range(len(rows)),
            "person": pd.Series([person for person, _, _ in rows], dtype=object),
            "place": pd.Series([place for _, place, _ in rows], dtype=object),
        }
    )
    return frame.assign(event_timestamp=pa.table({"t": moments([hour for *_, hour in rows], clock)})["t"].to_pandas())


def ask(store, views, frame, names, created_by_then):
    """Answers by row number, of a view's features under full names."""
    job = store._get_provider().offline_store.get_historical_features(
        store.config,
        views,
        [f"{view.projection.name_to_use()}:{name}" for view in views for name in names],
        frame.copy(),
        store.registry,
        "test",
        full_feature_names=True,
        filter_by_created_timestamp=created_by_then,
    )
    return {row.pop("row"): row for row in job.to_arrow().to_pylist()}


def pull(store, view, latest, start, end):
    offline, source = store._get_provider().offline_store, view.batch_source
    ask = offline.pull_latest_from_table_or_query if latest else offline.pull_all_from_table_or_query
    job = ask(
        config=store.config,
        data_source=source,
        join_key_columns=[column.name for column in view.entity_columns],
        feature_name_columns=["value", "words"],
        timestamp_field=source.timestamp_field,
        created_timestamp_column=source.created_timestamp_column,
        start_date=START + start * HOUR,
        end_date=START + end * HOUR,
    )
    return job.to_arrow()


@settings(max_examples=60, deadline=None)
@given(
    tables(("person",), ttl=st.integers(0, 5)),
    tables(("person", "place"), ttl=st.just(0)),
    tables((), ttl=st.integers(0, 3)),
    entity_rows,
    clocks,
    st.booleans(),
)
def test_joins_of_three_views_equal_feasts_duckdb_store_and_the_oracle(
    home, stores, of_person, of_pair, of_world, rows, clock, created_by_then
):
    number = next(NAMES)
    boss = of_pair.view(of_pair.write(home / f"pair{number}.parquet"), [person, place])
    boss = boss.with_name("boss").with_join_key_map({"person": "place", "place": "person"})
    views = [
        of_person.view(of_person.write(home / f"person{number}.parquet"), [person]),
        boss,
        of_world.view(of_world.write(home / f"world{number}.parquet"), []),
    ]
    frame = entity_frame(rows, clock)
    ours = ask(stores["asof"], views, frame, ["amount", "words"], created_by_then)
    assert list(ours) == list(range(len(rows)))
    for number, (one, other, moment) in enumerate(rows):
        expected = (
            of_person.seen((one,), moment, created_by_then),
            of_pair.seen((other, one), moment, created_by_then),
            of_world.seen((), moment, created_by_then),
        )
        for view, value in zip(views, expected, strict=True):
            label = view.projection.name_to_use()
            assert ours[number][f"{label}__amount"] == value
            assert ours[number][f"{label}__words"] == (None if value is None else [str(value)] * (value % 3))
    theirs = ask(stores["duckdb"], views, frame, ["amount", "words"], created_by_then)
    assert values_of(theirs) == values_of(ours)


def values_of(answer):
    return {row: {name: value for name, value in columns.items() if "__" in name} for row, columns in answer.items()}


@settings(max_examples=60, deadline=None)
@given(tables(("person",)) | tables(("person", "place")), st.integers(0, 8), st.integers(0, 8))
def test_pulls_equal_feasts_duckdb_store_and_the_oracle(home, stores, table, start, end):
    keys = [person, place][: len(table.keys)]
    view = table.view(table.write(home / f"pulled{next(NAMES)}.parquet"), keys)
    compared = table.clock != CLOCKS["nanoseconds elsewhere"]  # Feast's duckdb store cannot pull those
    for latest in (False, True) if compared else ():
        ours, theirs = (pull(stores[kind], view, latest, start, end) for kind in ("asof", "duckdb"))
        assert ours.column_names == theirs.column_names
        assert ours.sort_by("value").to_pylist() == theirs.sort_by("value").to_pylist()
    every = table.between(start, end)
    assert pull(stores["asof"], view, False, start, end)["value"].to_pylist() == [row[3] for row in every]
    newest = pull(stores["asof"], view, True, start, end).to_pylist()
    assert {tuple(row[key] for key in table.keys): row["value"] for row in newest} == table.newest(start, end)


whole = st.tuples(st.tuples(st.sampled_from(["a", "b", "c"])), st.integers(0, 8), st.integers(0, 8))
asked = st.lists(st.tuples(st.sampled_from(["a", "b", "z"]), st.none(), st.integers(0, 9)), min_size=1, unique=True)


@settings(max_examples=20, deadline=None)
@given(st.lists(whole, max_size=20, unique_by=lambda row: row[:2]), asked, st.integers(0, 5), st.booleans())
def test_joins_equal_feasts_dask_store_in_the_rows_that_it_keeps(home, stores, versions, rows, ttl, created_by_then):
    # No two versions of a key happened together: dask sorts by created timestamp, then unstably by event timestamp.
    table = Table(("person",), versions, ttl)
    view = table.view(table.write(home / f"dask{next(NAMES)}.parquet"), [person])
    frame = entity_frame(rows, CLOCKS["microseconds in UTC"])
    ours = ask(stores["asof"], [view], frame, ["amount"], created_by_then)
    theirs = ask(stores["dask"], [view], frame, ["amount"], created_by_then)
    kept = {row: answer for row, answer in values_of(ours).items() if row in theirs}
    assert values_of(theirs) == kept
    dropped = set(ours) - set(theirs)  # dask drops rows that see nothing, of keys that have versions
    assert all(ours[row][f"{view.name}__amount"] is None for row in dropped)


# Where Feast's stores are wrong. Each test says what is right, then what theirs does: it fails when theirs is mended.


def answers(stores, home, kind, versions, rows, ttl=0, name="amount"):
    table = Table(("person",), versions, ttl)
    view = table.view(table.write(home / f"fault{next(NAMES)}.parquet"), [person])
    frame = entity_frame([(one, None, hour) for one, hour in rows], CLOCKS["microseconds in UTC"])
    answer = ask(stores[kind], [view], frame, [name], False)
    return {row: columns[f"{view.name}__{name}"] for row, columns in answer.items()}


def test_dask_drops_all_but_the_last_of_equal_rows(home, stores):
    case = [(("a",), 1, 1)], [("a", 2), ("a", 2)]
    assert answers(stores, home, "asof", *case) == {0: 0, 1: 0}
    assert answers(stores, home, "dask", *case) == {1: 0}


def test_dask_finds_versions_of_nobody_for_a_row_without_a_key(home, stores):
    case = [(("a",), 1, 1), ((None,), 1, 1)], [("a", 2), (None, 2)]
    assert answers(stores, home, "asof", *case) == {0: 0, 1: None}
    assert answers(stores, home, "dask", *case) == {0: 0, 1: 1}


def test_dask_drops_a_row_without_a_timestamp(home, stores):
    case = [(("a",), 1, 1)], [("a", 2), ("a", None)]
    assert answers(stores, home, "asof", *case) == {0: 0, 1: None}
    assert answers(stores, home, "dask", *case) == {0: 0}


def test_dask_counts_a_version_that_never_happened(home, stores):
    case = [(("a",), 1, 1), (("a",), None, 1)], [("a", 9)], 4
    assert answers(stores, home, "asof", *case) == {0: None}
    assert answers(stores, home, "dask", *case) == {0: 1}


def test_dask_pulls_every_version_of_the_world_as_the_latest(home, stores):
    table = Table((), [((), 1, 1), ((), 3, 3)])
    view = table.view(table.write(home / "latest.parquet"), [])
    assert pull(stores["asof"], view, True, 0, 9)["value"].to_pylist() == [1]
    assert sorted(pull(stores["dask"], view, True, 0, 9)["value"].to_pylist()) == [0, 1]


def test_duckdb_pulls_the_world_without_the_key_that_feast_stores_it_under(home, stores):
    table = Table((), [((), 1, 1)])
    view = table.view(table.write(home / "keyless.parquet"), [])
    for latest in (False, True):
        ours, theirs = (pull(stores[kind], view, latest, 0, 9) for kind in ("asof", "duckdb"))
        assert ours["__dummy_id"].to_pylist() == [""]
        assert ours.drop_columns(["__dummy_id"]).equals(theirs)


def test_duckdb_refuses_a_feature_whose_name_ends_like_the_other_side_of_its_join(home, stores):
    table = Table(("person",), [(("a",), 1, 1)])
    path = table.write(home / "suffix.parquet")
    rows = pq.read_table(path)
    pq.write_table(rows.append_column("pay_y", rows["value"]), path)
    view = table.view(path, [person])
    frame = entity_frame([("a", None, 2)], CLOCKS["microseconds in UTC"])
    assert ask(stores["asof"], [view], frame, ["pay_y"], False)[0]["suffix__pay_y"] == 0
    with pytest.raises(Exception, match="Column 'pay_y' is not found"):
        stores["duckdb"]._get_provider().offline_store.get_historical_features(
            stores["duckdb"].config, [view], ["suffix:pay_y"], frame, stores["duckdb"].registry, "test"
        ).to_arrow()


def test_duckdb_cannot_pull_nanoseconds_of_another_zone(home, stores):
    table = Table(("person",), [(("a",), 1, 1), (("a",), 3, 3)], clock=CLOCKS["nanoseconds elsewhere"])
    view = table.view(table.write(home / "zone.parquet"), [person])
    assert pull(stores["asof"], view, True, 0, 9)["value"].to_pylist() == [1]
    with pytest.raises(Exception, match="TIMESTAMPTZ_NS"):
        pull(stores["duckdb"], view, True, 0, 9)
