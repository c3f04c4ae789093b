"""Feast's own doors: what comes in by a push, and what is answered, by metier's rules."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest
from feast.data_source import PushMode

from feature_repo.build.aggregates import build_feature_tables
from feature_repo.client import FeatureStoreClient
from feature_repo.forgetting.offline import RemovedIds, forget_offline
from feature_repo.online.restoring import restore
from metier.contract import TABLES
from metier.errors import FeatureError, UnknownNameError
from metier.lake import Lake
from metier.settings import Settings

START = datetime(2024, 5, 1, tzinfo=UTC)
TITLE = "freelancer_profile:title"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with two freelancers, 24 and mara, built and registered."""
    home = tmp_path_factory.mktemp("home")
    rows = [
        {
            "freelancer_id": name, "title": f"title of {name}", "overview": "o", "skills": ["go"], "status": "listed",
            "event_timestamp": START, "recorded_at": START,
        }
        for name in ("24", "mara")
    ]  # fmt: skip
    columns = {c.name: [row.get(c.name, c.default) for row in rows] for c in TABLES["freelancers"].columns}
    lake = Lake(str(home / "lake"))
    lake.append("freelancers", pa.table(columns, schema=TABLES["freelancers"].schema))
    build_feature_tables(lake, START + timedelta(days=1), home / "features")
    FeatureStoreClient(Settings(home=home)).apply()
    return home


@pytest.fixture
def client(home):
    return FeatureStoreClient(Settings(home=home))


def frame(client, name, hours, title="pushed", **more):
    view = client.store.get_feature_view("freelancer_profile")
    moment = START + timedelta(hours=hours)
    values = {field.name: None for field in view.features}
    values |= {"freelancer_id": name, "title": title, "event_timestamp": moment, "recorded_at": moment, **more}
    return pd.DataFrame([values])


def push(client, rows, to=PushMode.ONLINE):
    client.store.push("freelancer_profile_push", rows, to=to)


def online(client, name):
    return client.store.get_online_features([TITLE], [{"freelancer_id": name}]).to_dict()["title"][0]


def offline(client, name, hours):
    asked = pd.DataFrame({"freelancer_id": [name], "event_timestamp": [START + timedelta(hours=hours)]})
    return client.store.get_historical_features(asked, [TITLE]).to_df()["title"][0]


def test_a_push_to_both_stores_reaches_both(client):
    push(client, frame(client, "both", 5), PushMode.ONLINE_AND_OFFLINE)
    assert (online(client, "both"), offline(client, "both", 6)) == ("pushed", "pushed")
    assert offline(client, "both", 4) is None


@pytest.mark.parametrize("to", list(PushMode))
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"event_timestamp": datetime.now(UTC) + timedelta(days=1)}, "later than the clock by more than 5 minutes"),
        ({"recorded_at": "2099-01-01T00:00:00Z"}, "has recorded_at 2099-01-01T00:00:00Z, later than the clock"),
        ({"event_timestamp": "1969-12-31T23:59:59Z"}, "has event_timestamp 1969-12-31T23:59:59Z, before 1990"),
        ({"event_timestamp": None}, "row 0 .* has no event_timestamp"),
        ({"freelancer_id": None}, "row 0 .* has no freelancer_id"),
        ({"colour": "red"}, r"has columns that the view does not have: \['colour'\]"),
        ({"hourly_rate_usd": "cheap"}, "column hourly_rate_usd .* is not double"),
        ({"event_timestamp": "soon"}, "column event_timestamp .* is not timestamp"),
        ({"freelancer_id": " "}, "row 0 .* has an empty freelancer_id"),
        ({"skills": "a,b"}, "row 0 .* has the text 'a,b' as skills; give a list"),
        ({"skills": ["a", None]}, "row 0 .* has a missing member in skills"),
        ({"hourly_rate_usd": -5.0}, "row 0 .* has hourly_rate_usd below 0"),
        ({"hourly_rate_usd": float("inf")}, "row 0 .* has an infinite hourly_rate_usd"),
        ({"status": "zap"}, "row 0 .* has a status that is not one of listed, "),
        ({"experience_level": "Senior"}, "row 0 .* has a experience_level that is not one of entry, "),
    ],
)
def test_a_row_that_cannot_be_written_is_in_neither_store(client, to, change, message):
    with pytest.raises((FeatureError, ValueError), match=message if "colour" not in change else "column"):
        push(client, frame(client, "refused", 5, **change), to)
    assert online(client, "refused") is None
    assert offline(client, "refused", 24 * 365 * 80) is None


def test_a_clock_that_runs_four_minutes_ahead_is_borne_with(client):
    soon = datetime.now(UTC) + timedelta(minutes=4)
    push(client, frame(client, "ahead", 0, event_timestamp=soon, recorded_at=soon))
    assert online(client, "ahead") == "pushed"


def test_a_null_beside_other_values_clears_a_feature(client):
    push(client, frame(client, "cleared", 1, status="listed"))
    push(client, frame(client, "cleared", 2, title=None, status="listed"))
    assert online(client, "cleared") is None


def test_restoring_a_key_puts_the_offline_values_in_place_of_newer_ones(client):
    push(client, frame(client, "mara", 900))
    push(client, frame(client, "nobody", 900))
    restored = restore(client, "freelancer_profile", ["mara", "nobody"], datetime.now(UTC))
    assert restored == ["mara"]
    assert (online(client, "mara"), online(client, "nobody")) == ("title of mara", None)
    push(client, frame(client, "mara", 1))
    assert online(client, "mara") == "pushed"


def test_restoring_a_view_that_is_none_names_those_there_are(client):
    with pytest.raises(UnknownNameError, match="unknown feature view 'freelancer'; use one of: freelancer_profile"):
        restore(client, "freelancer", ["mara"], datetime.now(UTC))


def test_whole_number_ids_are_read_as_text(client):
    asked = pd.DataFrame({"freelancer_id": [24, 25], "event_timestamp": [START + timedelta(hours=1)] * 2})
    assert client.store.get_historical_features(asked, [TITLE]).to_df()["title"].tolist() == ["title of 24", None]


@pytest.mark.parametrize(("ids", "kind"), [([1.5], "double"), ([True], "bool"), ([START], "timestamp")])
def test_ids_of_another_type_are_refused_by_their_column(client, ids, kind):
    asked = pd.DataFrame({"freelancer_id": ids, "event_timestamp": [START]})
    with pytest.raises(FeatureError, match=f"column freelancer_id of the entity rows is {kind}.*; convert it to text"):
        client.store.get_historical_features(asked, [TITLE])


def test_without_entity_rows_every_version_between_the_dates_is_answered(client):
    push(client, frame(client, "between", 30), PushMode.OFFLINE)
    push(client, frame(client, "between", 32, title="later"), PushMode.OFFLINE)
    dates = {"start_date": START + timedelta(hours=29), "end_date": START + timedelta(hours=31)}
    rows = client.store.get_historical_features(features=[TITLE], **dates).to_df()
    assert rows[["freelancer_id", "title"]].to_numpy().tolist() == [["between", "pushed"]]


def test_views_of_two_entities_need_entity_rows(client):
    with pytest.raises(
        FeatureError, match="views of freelancer_id and of job_id have no rows in common; pass entity_df"
    ):
        client.store.get_historical_features(features=[TITLE, "job_profile:openings"], end_date=START)


def test_a_query_that_fails_is_an_error_of_ours(client):
    with pytest.raises(FeatureError, match="the query of the entity rows failed"):
        client.store.get_historical_features("SELECT freelancer FROM nowhere", [TITLE])


def test_materializing_up_to_a_moment_to_come_is_refused(client):
    with pytest.raises(FeatureError, match="is still to come: what is built until then would never be materialized"):
        client.store.materialize(START, datetime.now(UTC) + timedelta(days=1), feature_views=["freelancer_profile"])


def test_pushed_rows_of_a_forgotten_person_go_too(client, home):
    push(client, frame(client, "forgotten", 5), PushMode.OFFLINE)
    forget_offline(home / "features", RemovedIds({"freelancer_id": frozenset({"forgotten"})}))
    assert offline(client, "forgotten", 6) is None


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ([], "there are no entity rows to read; give one or more"),
        ([{"freelancer_id": None}], "freelancer_id of entity row 0 is missing; give one"),
        (
            [{"freelancer_id": "24"}, {"freelancer_id": 24.0}],
            "freelancer_id of entity row 1 is float, and ids are text",
        ),
        ([{"freelancer_id": True}], "freelancer_id of entity row 0 is bool"),
        ([{"freelancer_id": "24"}, {"job_id": "j"}], "entity row 1 has other keys than row 0; give each freelancer_id"),
        ({"freelancer_id": [None]}, "freelancer_id of entity row 0 is missing"),
    ],
)
def test_an_online_read_without_a_key_names_the_row(client, keys, message):
    with pytest.raises(FeatureError, match=message):
        client.store.get_online_features([TITLE], keys)


def test_an_online_read_takes_the_keys_that_the_offline_store_takes(client):
    push(client, frame(client, "24", 3))
    assert (online(client, 24), online(client, "24")) == ("pushed", "pushed")


@pytest.mark.parametrize("stamp", [1714525200, 1714525200.0, "soon", True])
def test_moments_that_are_no_timestamps_are_refused_by_their_column(client, stamp):
    asked = pd.DataFrame({"freelancer_id": ["24"], "event_timestamp": [stamp]})
    with pytest.raises(FeatureError, match=r"column event_timestamp of the entity rows is .* and no timestamp"):
        client.store.get_historical_features(asked, [TITLE])


@pytest.mark.parametrize("stamp", ["2024-05-01T01:00:00Z", "2024-05-01T03:00:00+02:00", "2024-05-01 01:00:00"])
def test_moments_are_read_as_iso_8601(client, stamp):
    asked = pd.DataFrame({"freelancer_id": ["mara"], "event_timestamp": [stamp]})
    assert client.store.get_historical_features(asked, [TITLE]).to_df()["title"].tolist() == ["title of mara"]


def test_no_entity_rows_have_no_answers(client):
    asked = pd.DataFrame({"freelancer_id": [], "event_timestamp": []})
    answer = client.store.get_historical_features(asked, [TITLE]).to_df()
    assert (len(answer), list(answer)) == (0, ["freelancer_id", "event_timestamp", "title"])
