"""A lake of jobs and people, and nothing trained: every surface answers by retrieval or popularity, and says so."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from components.releases.unranked import Unranked
from components.releases.unranked_releases import bring_up_to_date, unranked_surfaces
from metier.contract import SURFACES, TABLES
from metier.errors import EmptyDataError, ServingError
from metier.lake import Lake
from metier.settings import Settings
from serving.clock import OffsetClock
from serving.engine import Engine
from tests.serving.versions import JOB, PERSON
from tests.serving.world import UNHURRIED_MS, ids, served, wait_until

MOMENT = datetime(2026, 2, 1, tzinfo=UTC)
CLOCKS = {"event_timestamp": MOMENT, "recorded_at": MOMENT}
TRADES = ("Tuning of pianos", "Repair of accordions", "Invoices typed into sheets", "A website for a bakery")


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("first-day"))
    rows = {
        "jobs": [{**JOB, "job_id": f"j{n}", "title": title, **CLOCKS} for n, title in enumerate(TRADES)],
        "freelancers": [
            {**PERSON, "freelancer_id": f"f{n}", "title": title, **CLOCKS} for n, title in enumerate(TRADES)
        ],
    }
    for name, table in rows.items():
        Lake(settings.lake).append(name, pa.Table.from_pylist(table, TABLES[name].schema))
    assert unranked_surfaces(settings) == list(SURFACES)
    bring_up_to_date(settings, SURFACES)
    return settings


@pytest.fixture(scope="module")
def client(settings):
    with served(lambda: Engine(settings, {}, OffsetClock.starting_at(MOMENT))) as client:
        yield client


def ask(client, path, **told):
    return client.ranked(path, {"deadline_ms": UNHURRIED_MS, **told})


def test_search_and_feed_are_ordered_by_retrieval(client):
    people = ask(client, "/v1/search/talent", text="accordion repair")
    jobs = ask(client, "/v1/feed/jobs", actor_id="f3")
    for answer, first, bundle in ((people, "f1", "talent_search-unranked"), (jobs, "j3", "job_feed-unranked")):
        assert (answer["tier"], answer["bundle"], answer["degraded"]) == ("retrieval", bundle, [])
        assert (ids(answer)[0], len(ids(answer))) == (first, 4)


def test_without_a_question_popularity_orders(client):
    answer = ask(client, "/v1/feed/jobs")
    assert (answer["tier"], len(answer["slate"])) == ("popularity", 4)


def test_a_list_of_the_callers_and_reasons_that_nobody_can_give(client):
    asked = {"surface": "job_feed", "candidates": ["j0", "j2", "none"], "actor_id": "f2", "explain": 2}
    answer = ask(client, "/v1/rank", **asked)
    assert (answer["tier"], ids(answer), answer["unknown"]) == ("retrieval", ["j2", "j0"], ["none"])
    assert answer["slate"][0]["reasons"] == []


def test_a_job_that_is_put_is_served_with_its_client_and_its_applicants(client):
    sequence = client.put("/v1/jobs/new", {**JOB, "client_id": "c", "title": "Violins mended"}).json()["sequence"]
    wait_until(lambda: client.get("/readyz").json()["sequence"] >= sequence)
    assert "new" in ids(ask(client, "/v1/feed/jobs", text="violin"))
    assert ask(client, "/v1/review/applicants", actor_id="c", job_id="new")["slate"] == []
    assert ask(client, "/v1/search/talent", actor_id="c", job_id="new")["tier"] == "retrieval"


def test_what_is_served_says_that_there_is_no_champion(client):
    for surface, told in client.get("/v1/bundle").json().items():
        assert (told["verdict"], told["bundle"]) == ("no champion: served by retrieval", Unranked(surface).version)


def test_a_release_that_is_up_to_date_is_kept(settings):
    folder = settings.candidates / Unranked("job_feed").version
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    bring_up_to_date(settings, SURFACES)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_an_empty_home_names_what_to_run(tmp_path):
    settings = Settings(home=tmp_path)
    with pytest.raises(EmptyDataError, match="holds no event to serve from; run `metier import` or `metier simulate`"):
        bring_up_to_date(settings, SURFACES)
    with pytest.raises(
        ServingError, match="run `metier serve`, which makes them from the lake, or `metier pipeline run"
    ):
        Engine(settings, {})
