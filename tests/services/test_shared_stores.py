"""The feature store on a real Valkey and a real Postgres: the values of the embedded one, whoever writes when."""

import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast.types import from_feast_to_pyarrow_type
from redis import Redis

from feature_repo.client import FeatureStoreClient
from feature_repo.definitions import ENTITIES, RANKED_VIEWS, VIEWS
from feature_repo.online.pushes import Pushes
from feature_repo.online.rows import OnlineRows
from metier.errors import FeatureError
from metier.settings import Settings

TIMESTAMP = pa.timestamp("us", tz="UTC")
END = datetime(2024, 3, 1, tzinfo=UTC)
JOIN_KEYS = {entity.name: entity.join_key for entity in ENTITIES}
EXAMPLES = {
    pa.string(): ["Ünï", "", None],
    pa.float32(): [0.1, 3.5, None],
    pa.float64(): [0.1, 1e300, None],
    pa.int64(): [7, 2**53, None],
    pa.bool_(): [False, True, None],
    TIMESTAMP: [datetime(2014, 5, 6, 7, 8, 9, 250_000, tzinfo=UTC), END, None],
    pa.list_(pa.string()): [["go", ""], [], None],
    pa.list_(pa.int64()): [[1_420_070_400, 2**59], [], None],
    pa.list_(pa.float32()): [[0.25, -0.1], [0.5, 0.5], None],
}


def write_tables(features):
    """Keys a, b and c of every view: some value, an empty one, null."""
    stamps = pa.array([END - timedelta(days=1)] * 3, TIMESTAMP)
    for view in VIEWS:
        key = {JOIN_KEYS[view.entities[0]]: ["a", "b", "c"], "event_timestamp": stamps, "recorded_at": stamps}
        kinds = {field.name: from_feast_to_pyarrow_type(field.dtype) for field in view.features}
        columns = {name: pa.array(EXAMPLES[kind], kind) for name, kind in kinds.items()}
        path = features / str(view.batch_source.path)
        if path.suffix != ".parquet":
            path = path / "all.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(key | columns), path)


def everyone(*names):
    stamps = pa.array([END] * len(names), TIMESTAMP)
    return pa.table({**{key: pa.array(names) for key in JOIN_KEYS.values()}, "event_timestamp": stamps})


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    folder = tmp_path_factory.mktemp("features")
    write_tables(folder)
    return folder


@pytest.fixture(params=["embedded", "shared"])
def settings(request, features, tmp_path):
    """A home over the tables, its stores files of its own or servers."""
    stores = {}
    if request.param == "shared":
        stores = {
            "online_store_url": request.getfixturevalue("valkey").url,
            "feature_registry_uri": request.getfixturevalue("postgres"),
        }
    (tmp_path / "features").symlink_to(features)
    return Settings(home=tmp_path, **stores)


@pytest.fixture
def shared(valkey, postgres, features, tmp_path):
    """A feature store on the two servers, applied, its tables built, its online store empty."""
    (tmp_path / "features").symlink_to(features)
    client = FeatureStoreClient(Settings(home=tmp_path, online_store_url=valkey.url, feature_registry_uri=postgres))
    client.apply()
    return client


def test_valkey_answers_what_sqlite_answers_value_by_value(shared, features, tmp_path_factory):
    home = tmp_path_factory.mktemp("embedded")
    (home / "features").symlink_to(features)
    embedded = FeatureStoreClient(Settings(home=home))
    embedded.apply()
    rows, views = everyone("a", "b", "c", "nobody", None), [view.name for view in RANKED_VIEWS]
    empty = shared.serving_features(rows, views)
    assert empty.equals(embedded.serving_features(rows, views))
    assert shared.materialize(END) == embedded.materialize(END) == 3 * len(VIEWS)
    full = shared.serving_features(rows, views)
    assert full.equals(embedded.serving_features(rows, views))
    assert full.equals(shared.training_features(rows, views))
    assert not full.equals(empty)


def job(title, seconds, recorded=None):
    told = {"job_id": "new", "title": title, "description": "d", "skills": [], "visibility": "public", "status": "open"}
    happened = END + timedelta(seconds=seconds)
    return {**told, "event_timestamp": happened, "recorded_at": END + timedelta(seconds=recorded or seconds)}


def title(client):
    return client.serving_features(everyone("new"), ["job_profile"])["job_profile__title"][0].as_py()


def test_a_late_push_never_overwrites(shared):
    pushes = Pushes(OnlineRows(shared.settings))
    for version in (job("newer", 1.75), job("older", 1.25), job("much older", -100)):
        pushes.profile("jobs", version)
        assert title(shared) == "newer"
    pushes.profile("jobs", job("corrected", 1.75, recorded=3))
    assert title(shared) == "corrected"


def test_a_materialized_row_never_overwrites_a_newer_push_and_a_newer_one_does(shared, tmp_path):
    pushes = Pushes(OnlineRows(shared.settings))
    for name, seconds in (("a", -2 * 86_400), ("b", 0)):  # the table has both at -1 day
        pushes.profile("jobs", {**job("pushed", seconds), "job_id": name})
    shared.materialize(END)
    told = shared.serving_features(everyone("a", "b"), ["job_profile"])["job_profile__title"].to_pylist()
    assert told == ["Ünï", "pushed"]


def test_of_many_writers_at_once_the_newest_version_stays_whole(shared, postgres, valkey, tmp_path_factory):
    home = tmp_path_factory.mktemp("other")
    other = FeatureStoreClient(Settings(home=home, online_store_url=valkey.url, feature_registry_uri=postgres))
    halves = [Pushes(OnlineRows(shared.settings)), Pushes(OnlineRows(other.settings))]
    barrier = threading.Barrier(2)

    def write(half):
        barrier.wait()
        for place in range(40):
            number = (7 * place + 3 * half) % 80  # out of order, and not the same order
            halves[half].profile("jobs", {**job(f"v{number}", number), "city": f"v{number}"})

    threads = [threading.Thread(target=write, args=(half,)) for half in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    newest = max((7 * place + 3 * half) % 80 for place in range(40) for half in range(2))
    row = shared.serving_features(everyone("new"), ["job_profile"]).to_pylist()[0]
    assert (row["job_profile__title"], row["job_profile__city"]) == (f"v{newest}", f"v{newest}")


def test_histories_of_two_replicas_lose_nothing_and_no_lock_stays(shared, postgres, valkey, tmp_path_factory):
    home = tmp_path_factory.mktemp("other")
    other = FeatureStoreClient(Settings(home=home, online_store_url=valkey.url, feature_registry_uri=postgres))
    halves = [Pushes(OnlineRows(shared.settings)), Pushes(OnlineRows(other.settings))]

    def write(half):
        for place in range(half, 20, 2):
            happened = END + timedelta(seconds=place)
            halves[half].interactions([{
                "interaction_id": f"i{place}", "kind": "click", "side": "freelancer", "freelancer_id": "new",
                "job_id": f"j{place}", "event_timestamp": happened, "recorded_at": happened,
            }])  # fmt: skip

    threads = [threading.Thread(target=write, args=(half,)) for half in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row = shared.serving_features(everyone("new"), ["freelancer_history"]).to_pylist()[0]
    assert row["freelancer_history__recent_ids"] == [f"j{place}" for place in range(19, -1, -1)]
    assert row["freelancer_history__interaction_count"] == 20
    assert not [key for key in Redis.from_url(valkey.url).scan_iter() if b"lock" in key]


def test_requests_and_pushes_go_on_when_postgres_is_gone(valkey, postgres, database, features, tmp_path):
    (tmp_path / "features").symlink_to(features)
    client = FeatureStoreClient(Settings(home=tmp_path, online_store_url=valkey.url, feature_registry_uri=database))
    client.apply()
    client.materialize(END)
    rows, views = everyone("a"), ["job_profile"]
    before = client.serving_features(rows, views)
    name = database.rpartition("/")[2].partition("?")[0]
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
    assert client.serving_features(rows, views).equals(before)
    Pushes(OnlineRows(client.settings)).profile("jobs", job("pushed", 5))
    assert title(client) == "pushed"
    refused = r"the feature registry cannot be opened .*METIER_FEATURE_REGISTRY_URI"
    with pytest.raises(FeatureError, match=refused) as told:
        FeatureStoreClient(client.settings).serving_features(rows, views)
    assert "\n" not in str(told.value)
