from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from feast.types import from_feast_to_pyarrow_type

from feature_repo.client import REPOSITORY, FeatureStoreClient, render_feature_store_yaml, service_views
from feature_repo.definitions import ENTITIES, RANKED_VIEWS, VIEWS
from feature_repo.views import feature_service
from metier.contract import SURFACES
from metier.errors import FeatureError, UnknownNameError
from metier.settings import Settings

TIMESTAMP = pa.timestamp("us", tz="UTC")
DAY = timedelta(days=1)
LAKE_END = datetime(2015, 3, 1, tzinfo=UTC)
"""The clock of an archive that ended years before the wall clock."""

EXAMPLES = {
    pa.string(): ["engraver", ""],
    pa.float32(): [0.1, 3.5],
    pa.float64(): [0.1, 1e300],
    pa.int64(): [7, 2**53],
    pa.bool_(): [False, True],
    TIMESTAMP: [datetime(2014, 5, 6, 7, 8, 9, 250_000, tzinfo=UTC), datetime(2015, 1, 1, tzinfo=UTC)],
    pa.list_(pa.string()): [["go", "sql"], []],
    pa.list_(pa.int64()): [[1_420_070_400, 3], []],
    pa.list_(pa.float32()): [[0.25, -0.1], [0.5, 0.5]],
}
JOIN_KEYS = {entity.name: entity.join_key for entity in ENTITIES}


def feature_types(view):
    return {field.name: from_feast_to_pyarrow_type(field.dtype) for field in view.features}


def versions(view):
    """Key a: values 0 a month before the end, values 1 a day before; key b: nulls. All end a day before LAKE_END."""
    columns = {
        JOIN_KEYS[view.entities[0]]: pa.array(["a", "a", "b"]),
        "event_timestamp": pa.array([LAKE_END - 30 * DAY, LAKE_END - DAY, LAKE_END - DAY], TIMESTAMP),
        "recorded_at": pa.array([LAKE_END - 30 * DAY, LAKE_END - DAY, LAKE_END - DAY], TIMESTAMP),
    }
    for name, kind in feature_types(view).items():
        columns[name] = pa.array([*EXAMPLES[kind], None], kind)
    return pa.table(columns)


def write(settings, view, rows):
    folder = settings.features / view.name
    folder.mkdir(parents=True)
    pq.write_table(rows, folder / "2026-03-01.parquet")


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    for view in VIEWS:
        write(settings, view, versions(view))
    return settings


@pytest.fixture(scope="module")
def client(settings):
    client = FeatureStoreClient(settings)
    client.apply()
    client.materialize(LAKE_END)
    return client


@pytest.fixture
def everyone():
    """Keys a, unknown, b and null, asked on the last day."""
    keys = ["a", "nobody", "b", None]
    return pa.table(
        {
            "query": [10, 11, 12, 13],
            **{key: pa.array(keys) for key in JOIN_KEYS.values()},
            "event_timestamp": pa.array([LAKE_END] * 4, TIMESTAMP),
        }
    )


def expected(kind, value):
    """A stored value as it comes back: single precision, whole seconds."""
    if kind == TIMESTAMP and value is not None:
        return value.replace(microsecond=0)
    return pa.array([value], kind).to_pylist()[0]


def test_training_features_are_the_newest_versions_with_full_names(client, everyone):
    views = [view.name for view in VIEWS]
    answer = client.training_features(everyone, views)
    assert answer.column_names[: everyone.num_columns] == everyone.column_names
    assert answer.select(everyone.column_names).equals(everyone)
    for view in VIEWS:
        for name, kind in feature_types(view).items():
            column = answer[f"{view.name}__{name}"]
            assert column.type == kind
            assert column.to_pylist() == [expected(kind, EXAMPLES[kind][1]), None, None, None]


def test_serving_features_equal_training_features_for_every_view(client, everyone):
    views = [view.name for view in VIEWS]
    assert client.serving_features(everyone, views).equals(client.training_features(everyone, views))


def test_a_row_before_the_newest_version_sees_the_one_before(client, everyone):
    earlier = everyone.set_column(4, "event_timestamp", pa.array([LAKE_END - 2 * DAY] * 4, TIMESTAMP))
    answer = client.training_features(earlier, ["freelancer_profile"])
    assert answer["freelancer_profile__title"].to_pylist() == ["engraver", None, None, None]
    assert answer["freelancer_profile__joined_at"][0].as_py() == datetime(2014, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_materialize_counts_keys_ends_where_it_is_told_and_never_goes_back(settings, everyone, tmp_path):
    client = FeatureStoreClient(Settings(home=tmp_path))
    (tmp_path / "features").symlink_to(settings.features)
    client.apply()

    def titles():
        return client.serving_features(everyone, ["job_profile"])["job_profile__title"].to_pylist()

    # ten views, keys a and b by the end; a month before the end, only a's first version
    assert client.materialize(LAKE_END - 30 * DAY) == len(VIEWS)
    assert titles() == ["engraver", None, None, None]
    assert client.materialize(LAKE_END) == 2 * len(VIEWS)
    assert titles() == ["", None, None, None]
    client.materialize(LAKE_END - 30 * DAY)
    assert titles() == ["", None, None, None]


def without_meta(told):
    """When a source was made stays with the declared object, whatever registry it was applied to."""
    if isinstance(told, dict):
        return {name: without_meta(value) for name, value in told.items() if name != "meta"}
    return [without_meta(value) for value in told] if isinstance(told, list) else told


def test_applying_twice_changes_nothing(client):
    before = client.store.registry.to_dict("metier")
    client.apply()
    after = client.store.registry.to_dict("metier")
    specs = [[without_meta(view["spec"]) for view in each["featureViews"]] for each in (before, after)]
    assert specs[0] == specs[1]
    assert len(specs[0]) == len(VIEWS)
    assert len(client.store.get_feature_view("job_profile").materialization_intervals) >= 1


def test_a_late_recorded_version_is_not_seen_before_it_was_recorded(tmp_path):
    settings = Settings(home=tmp_path)
    view = next(view for view in VIEWS if view.name == "client_profile")
    late = versions(view).slice(1, 1).set_column(2, "recorded_at", pa.array([LAKE_END + DAY], TIMESTAMP))
    write(settings, view, pa.concat_tables([versions(view).slice(0, 1), late]))
    client = FeatureStoreClient(settings)
    client.apply()
    rows = pa.table({"client_id": ["a", "a"], "event_timestamp": pa.array([LAKE_END, LAKE_END + 2 * DAY], TIMESTAMP)})
    answer = client.training_features(rows, ["client_profile"])
    assert answer["client_profile__payment_verified"].to_pylist() == [False, True]


def test_every_surface_has_a_service_of_all_views_but_the_vectors():
    for surface in SURFACES:
        assert service_views(feature_service(surface)) == tuple(view.name for view in RANKED_VIEWS)
    assert {view.name for view in VIEWS} - {view.name for view in RANKED_VIEWS} == {"freelancer_text", "job_text"}
    with pytest.raises(UnknownNameError, match="job_feed_v1"):
        service_views("job_feed_v0")


def test_the_registered_services_answer_by_name(client, everyone):
    service = client.store.get_feature_service(feature_service("job_feed"))
    keys = {key: ["a"] for key in JOIN_KEYS.values()}
    answer = client.store.get_online_features(service, keys, full_feature_names=True).to_dict()
    assert answer["freelancer_history__recent_ids"] == [[]]
    assert answer["job_activity__clicks_7d"] == [3.5]
    assert "job_text__embedding" not in answer


@pytest.mark.parametrize("ask", ["training_features", "serving_features"])
def test_unknown_views_and_missing_columns_are_named(client, everyone, ask):
    with pytest.raises(FeatureError, match=r"no feature view 'job_profil'; use some of: .*job_profile"):
        getattr(client, ask)(everyone, ["job_profil"])
    with pytest.raises(FeatureError, match=r"lack \['job_id'\]"):
        getattr(client, ask)(everyone.drop_columns(["job_id"]), ["job_profile"])


def test_a_store_without_registration_or_tables_says_what_to_run(tmp_path, everyone):
    client = FeatureStoreClient(Settings(home=tmp_path / "new"))
    with pytest.raises(FeatureError, match="job_profile is not registered; run `feast -c feature_repo apply`"):
        client.training_features(everyone, ["job_profile"])
    client.apply()
    with pytest.raises(FeatureError, match=r"no feature table at .*job_profile; .*features"):
        client.training_features(everyone, ["job_profile"])
    with pytest.raises(FeatureError, match="no feature table"):
        client.materialize(LAKE_END)
    answer = client.serving_features(everyone, ["job_profile"])
    assert answer["job_profile__title"].null_count == 4


def test_the_rendered_configuration_has_absolute_paths_and_is_stable(tmp_path):
    path = render_feature_store_yaml(Settings(home=tmp_path))
    config = yaml.safe_load(path.read_text())
    assert config["registry"]["path"] == f"sqlite:///{tmp_path}/registry.db"
    assert config["online_store"]["path"] == f"{tmp_path}/online_store.db"
    assert config["offline_store"]["folder"] == f"{tmp_path}/features"
    written = path.stat().st_mtime_ns
    assert render_feature_store_yaml(Settings(home=tmp_path)) == path
    assert path.stat().st_mtime_ns == written
    assert sorted(file.name for file in tmp_path.iterdir()) == ["feature_store.yaml"]


SHARED = {"online_store_url": "redis://:pass,word@host:1/2", "feature_registry_uri": "postgresql://host/metier"}


def test_shared_stores_are_rendered_where_settings_name_them_for_their_owner_alone(tmp_path):
    path = render_feature_store_yaml(Settings(home=tmp_path, **SHARED))
    config = yaml.safe_load(path.read_text())
    assert config["registry"]["path"] == "postgresql+psycopg://host/metier"
    assert config["registry"]["cache_mode"] == "thread"
    assert config["online_store"]["connection_string"] == SHARED["online_store_url"]
    assert config["offline_store"]["folder"] == f"{tmp_path}/features"
    assert "$" not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


def test_both_configurations_describe_one_feature_store():
    embedded, shared = (
        yaml.safe_load((REPOSITORY / name).read_text())
        for name in ("feature_store.yaml", "feature_store.production.yaml")
    )
    for config in (embedded, shared):
        del config["registry"], config["online_store"]
    assert embedded == shared
