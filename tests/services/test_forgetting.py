"""Forgetting in the online store: the same values go from a file and from a server."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from redis import Redis

from feature_repo.client import FeatureStoreClient
from feature_repo.definitions import freelancer_history, freelancer_profile
from feature_repo.forgetting.offline import RemovedIds
from feature_repo.forgetting.online import forget_online
from feature_repo.online.pushes import Pushes
from feature_repo.online.rows import OnlineRows
from metier.errors import FeatureError
from metier.settings import Settings
from tests.servers import free_port

START = datetime(2024, 3, 1, tzinfo=UTC)
LISTS = 7
"""Parallel lists of client_history, with ids and timestamps."""


def person(name):
    told = {"title": name, "overview": "o", "skills": ["go"], "status": "listed", "city": f"city of {name}"}
    return {"freelancer_id": name, **told, "event_timestamp": START, "recorded_at": START}


def invite(client, freelancer, seconds):
    happened = START + timedelta(seconds=seconds)
    return {
        "interaction_id": f"{client} {freelancer}", "kind": "invite", "side": "client", "freelancer_id": freelancer,
        "client_id": client, "job_id": None, "event_timestamp": happened, "recorded_at": happened,
    }  # fmt: skip


@pytest.fixture(params=["embedded", "shared"])
def client(request, tmp_path):
    shared = {}
    if request.param == "shared":
        url, uri = request.getfixturevalue("valkey").url, request.getfixturevalue("database")
        shared = {"online_store_url": url, "feature_registry_uri": uri}
    client = FeatureStoreClient(Settings(home=tmp_path, **shared))
    client.apply()
    pushes = Pushes(OnlineRows(client.settings))
    for name in ("gone person", "kept person"):
        pushes.profile("freelancers", person(name))
    pushes.interactions(
        [invite("c1", "gone person", 1), invite("c1", "kept person", 2), invite("c2", "kept person", 3)]
    )
    pushes.interactions([{**invite("c3", "gone person", 4), "kind": "hire", "job_id": "j1"}])
    return client


def held(client, view, key, *names):
    rows = client.serving_features(pa.table({key: list(names)}), [view]).to_pylist()
    return [{name.removeprefix(f"{view}__"): value for name, value in row.items() if name != key} for row in rows]


def test_a_person_goes_with_its_rows_and_from_the_histories_of_others(client):
    before = held(client, "client_history", "client_id", "c2")
    gone = RemovedIds({"freelancer_id": frozenset({"gone person", "never seen"})})
    # one profile, one history of its own (the hire), and the lists of c1 and c3
    removed = len(freelancer_profile.features) + len(freelancer_history.features) + 2 * LISTS
    assert forget_online(client.settings, gone) == removed
    fresh = FeatureStoreClient(client.settings)
    assert set(held(fresh, "freelancer_profile", "freelancer_id", "gone person")[0].values()) == {None}
    assert set(held(fresh, "freelancer_history", "freelancer_id", "gone person")[0].values()) == {None}
    assert held(fresh, "freelancer_profile", "freelancer_id", "kept person")[0]["title"] == "kept person"
    one, three = held(fresh, "client_history", "client_id", "c1", "c3")
    assert (one["recent_ids"], one["recent_cities"]) == (["kept person"], ["city of kept person"])
    assert (one["interaction_count"], len(one["recent_timestamps"]), three["recent_ids"]) == (2, 1, [])
    assert held(fresh, "client_history", "client_id", "c2") == before
    assert forget_online(client.settings, gone) == 0


def test_nothing_on_disk_or_on_the_server_names_the_person_any_more(client, request):
    forget_online(client.settings, RemovedIds({"freelancer_id": frozenset({"gone person"})}))
    if client.settings.online_store_url:
        server = Redis.from_url(client.settings.online_store_url)
        contents = [key + b"".join(server.hgetall(key).values()) for key in server.scan_iter()]
    else:
        contents = [(client.settings.home / "online_store.db").read_bytes()]
    assert any(b"kept person" in content for content in contents)
    assert not any(b"gone person" in content for content in contents)


def test_a_server_that_is_gone_is_told_without_its_password(postgres, tmp_path):
    url = f"redis://:secret@127.0.0.1:{free_port()}/0"
    settings = Settings(home=Path(tmp_path), online_store_url=url, feature_registry_uri=postgres)
    with pytest.raises(FeatureError, match=r"127\.0\.0\.1:.* cannot be changed .*stop what uses it") as raised:
        forget_online(settings, RemovedIds({"freelancer_id": frozenset({"a"})}))
    assert "secret" not in str(raised.value)
