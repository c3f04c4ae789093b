"""The loop closes: what was served and what happened comes back to the lake, and new candidates to the endpoint.

One walk over a home of its own: ask, tell, put, import; then new features; then a new release, refreshed under load.
"""

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from components.importers.logs.endpoint import import_logs
from components.importers.logs.events import EventsReport
from components.releases.folder import moment_of
from components.releases.release_builder import build_releases
from components.training_sets.assemble import applications, assemble
from feature_repo.build.feature_tables import VECTORS, build_all
from feature_repo.client import FeatureStoreClient
from feature_repo.hydrate import with_column
from feature_repo.texts import Encoder, TextVectors
from metier.contract import SURFACES, TIMESTAMP
from serving.engine import Engine
from tests.serving.world import ROUTES, Client, World, ids, logged, served, wait_until

TEXT = "Somebody who repairs antique accordions"
PERSON = {"title": "Accordion repairer", "overview": "Reeds, bellows, keys", "skills": ["tuning"]}
JOB = {"title": "Repair of an accordion", "description": "A bellows leaks", "skills": ["tuning"], "category": "Music"}
CLICK = {"kind": "click", "side": "freelancer"}
NEIGHBOURS = ("fr_000003", "fr_000004")


@dataclass
class Walk:
    """What was asked and answered, and what the import said of it."""

    world: World
    engine: Engine
    client: Client
    answers: list[dict[str, Any]]
    live: list[dict[str, Any]]
    """Answers after the versions that were PUT are served."""
    report: EventsReport


@pytest.fixture(scope="module")
def walk(world, tmp_path_factory):
    own = world.copy(tmp_path_factory.mktemp("loop") / "home")
    engine = own.engine()
    with served(lambda: engine) as client:
        answers = ask(own, client)
        sequence = tell(own, client, engine.now())
        wait_until(lambda: engine.follower.sequence == sequence)
        live = ask_again(own, client)
        shown = sum(len(answer["slate"]) for answer in (*answers, *live))
        wait_until(lambda: len(logged(own.settings.events, "impressions")) == shown)
        report = import_logs(own.lake, own.settings, engine.now())
        yield Walk(own, engine, client, answers, live, report)


def ask(world, client):
    """Slates of every surface: by profile, by text, beside a job, with a paid place and of the caller's candidates."""
    first = client.ranked("/v1/feed/jobs", world.body("job_feed"))
    paid = {"candidate_id": ids(first)[1], "rank": 1}
    people, jobs = sorted(world.people), sorted(world.jobs)
    asked = [
        *((ROUTES[surface], world.body(surface, k=100)) for surface in SURFACES),
        *(("/v1/feed/jobs", {**world.body("job_feed"), "actor_id": person}) for person in people[1:6]),
        *(("/v1/review/applicants", reviewed(world, job)) for job in jobs[:25]),
        ("/v1/feed/jobs", world.body("job_feed", text=TEXT)),
        ("/v1/feed/jobs", world.body("job_feed", promoted=[paid])),
        ("/v1/search/talent", world.body("talent_search", text=TEXT)),
        ("/v1/search/talent", world.body("talent_search", text="cook", job_id=None)),
        ("/v1/rank", world.body("job_feed", surface="job_feed", candidates=world.open_jobs[:5])),
        ("/v1/rank", world.body("talent_search", surface="talent_search", candidates=people[:9])),
    ]
    return [first, *(client.ranked(path, body) for path, body in asked)]


def reviewed(world, job):
    return {**world.body("applicant_review"), "job_id": job, "actor_id": world.owner(job)}


def ask_again(world, client):
    """Slates of who changed, and with who changed."""
    job = {"actor_id": world.owner(world.open_jobs[0]), "job_id": "jb_new"}
    asked = [
        *((ROUTES[surface], world.body(surface, k=100)) for surface in SURFACES),
        *(("/v1/feed/jobs", {**world.body("job_feed", k=100), "actor_id": who}) for who in ("fr_new", *NEIGHBOURS)),
        *(("/v1/review/applicants", reviewed(world, each)) for each in sorted(world.jobs)[:25]),
        ("/v1/feed/jobs", world.body("job_feed", text=TEXT, k=100)),
        ("/v1/search/talent", {**world.body("talent_search", k=100), **job}),
        ("/v1/search/talent", world.body("talent_search", text=TEXT, k=100)),
        ("/v1/rank", world.body("job_feed", surface="job_feed", candidates=["jb_new", *world.open_jobs[:5]])),
    ]
    return [client.ranked(path, body) for path, body in asked]


def tell(world, client, now):
    """Four interactions, each sent twice; new versions of a new and of a known person and job. The last's sequence."""
    clocks = {"server": None, "caller": now - timedelta(days=2), "ahead": now + timedelta(minutes=2)}
    events = [
        {**CLICK, "interaction_id": f"by the {name}", "freelancer_id": world.feed_actor, "job_id": world.open_jobs[0],
         "event_timestamp": moment and moment.isoformat()}
        for name, moment in clocks.items()
    ]  # fmt: skip
    events.append({**events[0], "kind": "dismiss", "interaction_id": "dismissed", "job_id": world.open_jobs[1]})
    for _ in range(2):
        assert client.post("/v1/interactions", {"interactions": events}).json() == {"accepted": 4}
    owner = world.owner(world.open_jobs[0])
    versions = [(f"freelancers/{person}", PERSON) for person in ("fr_new", world.feed_actor)]
    versions += [(f"jobs/{job}", {**JOB, "client_id": owner}) for job in ("jb_new", world.open_jobs[2])]
    answers = [client.put(f"/v1/{path}", body) for path, body in versions]
    assert [answer.status_code for answer in answers] == [202] * 4
    return answers[-1].json()["sequence"]


def rows_of(lake, table, column, values):
    rows = lake.read(table)
    return rows.filter(pc.is_in(rows[column], pa.array(values)))


def test_every_answer_is_in_the_lake_with_its_slate(walk):
    answers = {answer["query_id"]: answer for answer in (*walk.answers, *walk.live)}
    queries = rows_of(walk.world.lake, "queries", "query_id", list(answers)).to_pylist()
    assert len(queries) == len(answers)
    impressions = rows_of(walk.world.lake, "impressions", "query_id", list(answers)).to_pylist()
    for query in queries:
        answer = answers[query["query_id"]]
        assert (query["policy"], query["snapshot_version"]) == (answer["bundle"], answer["snapshot_version"])
        assert (query["surface"], query["tier"], query["degraded"]) == (answer["surface"], "ensemble", [])
        shown = sorted(
            (row for row in impressions if row["query_id"] == query["query_id"]), key=lambda row: row["rank"]
        )
        for row, entry in zip(shown, answer["slate"], strict=True):
            assert all(row[name] == value for name, value in entry.items())


def test_nothing_that_was_accepted_is_quarantined_and_nothing_waits(walk):
    assert {name: table.quarantined for name, table in walk.report.tables.items()} == dict.fromkeys(
        ("freelancers", "jobs", "queries", "impressions", "interactions"), 0
    )
    assert (walk.report.waiting_lines, walk.report.torn_lines) == (0, 0)


def test_what_was_sent_twice_counts_once(walk):
    table = walk.report.tables["interactions"]
    assert (table.read, table.written, table.duplicates) == (8, 4, 4)


def test_an_interaction_has_the_callers_clock_and_the_servers_where_that_runs_ahead(walk):
    names = ["by the server", "by the caller", "by the ahead"]
    found = rows_of(walk.world.lake, "interactions", "interaction_id", names).to_pylist()
    clock = {row["interaction_id"]: (row["event_timestamp"], row["recorded_at"]) for row in found}
    assert clock["by the server"][0] == clock["by the server"][1] >= walk.world.as_of
    assert clock["by the ahead"][0] == clock["by the ahead"][1]
    happened, recorded = clock["by the caller"]
    assert timedelta(days=2) <= recorded - happened < timedelta(days=2, minutes=1)


def test_versions_are_the_newest_of_their_candidates(walk):
    people = rows_of(walk.world.lake, "freelancers", "freelancer_id", ["fr_new", walk.world.feed_actor]).to_pylist()
    jobs = rows_of(walk.world.lake, "jobs", "job_id", ["jb_new", walk.world.open_jobs[2]]).to_pylist()
    for row in (people[-1], people[-2]):
        assert row.items() >= {**PERSON, "status": "listed", "city": None}.items()
    for row in (jobs[-1], jobs[-2]):
        assert row.items() >= {**JOB, "status": "open", "openings": 1, "visibility": "public"}.items()
    assert [row["freelancer_id"] for row in people].count("fr_new") == 1
    assert [row["freelancer_id"] for row in people].count(walk.world.feed_actor) > 1


@pytest.fixture(scope="module")
def featured(walk):
    """The walk with features as of its end, materialized; the moment."""
    settings, moment = walk.world.settings, walk.world.lake.as_of()
    build_all(walk.world.lake, settings, moment, Encoder.load())
    FeatureStoreClient(settings).materialize(moment)
    return moment


@dataclass(frozen=True)
class Watermark:
    """A store that answers every row as known at one moment, profiles and histories as known at another."""

    store: FeatureStoreClient
    moment: datetime
    pushed: datetime

    def training_features(self, rows, views):
        stamps = rows["event_timestamp"]
        for view in views:
            moment = self.pushed if view.endswith(("_profile", "_history")) else self.moment
            at = pa.repeat(pa.scalar(moment, TIMESTAMP), rows.num_rows)
            rows = self.store.training_features(with_column(rows, "event_timestamp", at), [view])
        return with_column(rows, "event_timestamp", stamps)

    def covisits(self, surface):
        return self.store.covisits(surface).newest(int(self.moment.timestamp() // 86_400))


@pytest.mark.parametrize("surface", SURFACES)
def test_served_features_equal_those_that_training_assembles_bit_for_bit(walk, featured, surface):
    assert differing(walk, walk.answers, surface, lambda store, as_of: Watermark(store, as_of, as_of)) == set()


@pytest.mark.parametrize("surface", SURFACES)
def test_served_features_of_changes_equal_those_that_training_assembles_bit_for_bit(walk, featured, surface):
    """Profiles and histories as pushed, all else as of the release."""
    assert differing(walk, walk.live, surface, lambda store, as_of: Watermark(store, as_of, featured)) == set()


def differing(walk, answers, surface, known):
    """Names of features that were served otherwise than they are rebuilt from what the store `known` gives."""
    world = walk.world
    mine = [answer["query_id"] for answer in answers if answer["surface"] == surface]
    queries = rows_of(world.lake, "queries", "query_id", mine).sort_by("query_id")
    shown = rows_of(world.lake, "impressions", "query_id", mine).sort_by(
        [("query_id", "ascending"), ("rank", "ascending")]
    )
    assert shown.num_rows > 40
    pairs = shown.select(["query_id", "candidate_id"])
    (version,) = set(queries["snapshot_version"].to_pylist())
    if surface == "applicant_review":
        job = queries["job_id"].take(pc.index_in(shown["query_id"], value_set=queries["query_id"].combine_chunks()))
        applied = applications(
            world.lake, pairs.append_column("job_id", job).append_column("event_timestamp", shown["event_timestamp"]),
            moment_of(version),
        )  # fmt: skip
        for name in applied.column_names:
            pairs = pairs.append_column(name, applied[name])
    store = known(FeatureStoreClient(world.settings), moment_of(version))
    bundle = walk.engine.stages[surface].bundle
    vectors = TextVectors.read(world.settings.features / VECTORS)
    rebuilt = assemble(surface, queries, pairs, store, vectors, read=bundle.reader)
    logged_rows = np.array(shown["features"].to_pylist(), dtype=np.float32)
    assert np.isfinite(rebuilt).mean() > 0.3
    names = bundle.manifest.feature_names
    differs = ~((logged_rows == rebuilt) | (np.isnan(logged_rows) & np.isnan(rebuilt)))
    return {names[column] for column in np.flatnonzero(differs.any(axis=0))}


def test_a_candidate_that_is_newer_than_the_release_is_read_from_the_store(walk, featured):
    world = walk.world
    for surface, new, others in (
        ("talent_search", "fr_new", sorted(world.people)[:5]),
        ("job_feed", "jb_new", world.open_jobs[3:8]),
    ):
        body = world.body(surface, surface=surface, candidates=[new, *others])
        answer = walk.client.ranked("/v1/rank", body)
        assert new in ids(answer)
        assert (answer["tier"], answer["degraded"]) == ("ensemble", [])
        assert new not in ids(walk.client.ranked("/v1/rank", {**body, "exclude": [new]}))


@contextmanager
def under_load(client, world):
    """Asks all the while; the statuses it got."""
    ended, statuses = threading.Event(), []

    def ask_on():
        while not ended.is_set():
            statuses.append(client.post("/v1/feed/jobs", world.body("job_feed")).status_code)
            statuses.append(client.post("/v1/search/talent", world.body("talent_search")).status_code)

    threads = [threading.Thread(target=ask_on) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def versions(client):
    """Releases that are served, by surface."""
    surfaces = client.get("/readyz").json()["surfaces"]
    return {surface: held["snapshot_version"].split("+")[0] for surface, held in surfaces.items()}


@pytest.fixture(scope="module")
def released(walk, featured):
    """The walk with a release as of its end, which the endpoint takes up on its own; statuses of requests meanwhile."""
    with under_load(walk.client, walk.world) as statuses:
        before = len(statuses)
        built = build_releases(walk.world.settings, featured)
        wait_until(lambda: set(versions(walk.client).values()) == set(built.values()))
        wait_until(lambda: len(statuses) > before + 20)
    return statuses


def test_no_request_fails_while_candidates_are_swapped(released):
    assert len(released) > 20
    assert set(released) == {200}


def test_new_candidates_are_found_after_the_swap(walk, featured, released):
    assert {moment_of(version) for version in versions(walk.client).values()} == {featured}
    world = walk.world
    search = world.body("talent_search", text=TEXT, k=100, exclude=sorted(world.people)[:60])
    assert ids(walk.client.ranked("/v1/search/talent", search)).count("fr_new") == 1
    assert "jb_new" in ids(walk.client.ranked("/v1/feed/jobs", world.body("job_feed", text=TEXT, k=100)))


def test_changes_that_a_release_holds_are_no_longer_behind_it(walk, released):
    for stages in walk.engine.stages.values():
        assert len(stages.candidates.parts) == 1
        assert stages.candidates.sequence == walk.engine.follower.sequence > 0


def test_what_an_actor_did_counts_after_the_swap(walk, released):
    feed = ids(walk.client.ranked("/v1/feed/jobs", walk.world.body("job_feed", k=100)))
    assert walk.world.open_jobs[1] not in feed  # dismissed
    assert walk.world.open_jobs[0] in feed


def test_a_broken_release_is_not_taken_up_and_a_mended_one_is(walk, released):
    surface, folder = "job_feed", walk.world.settings.candidates / walk.engine.stages["job_feed"].bundle.version
    pointer, served_now = folder / "current.json", versions(walk.client)[surface]
    sound = pointer.read_text()
    (older,) = (path.name for path in folder.iterdir() if path.is_dir() and path.name != served_now)
    pointer.write_text("{")
    time.sleep(3 * walk.world.settings.refresh_seconds)
    assert versions(walk.client)[surface] == served_now
    assert walk.client.ranked("/v1/feed/jobs", walk.world.body("job_feed"))["tier"] == "ensemble"
    pointer.write_text(sound.replace(served_now, older))
    wait_until(lambda: versions(walk.client)[surface] == older)
    pointer.write_text(sound)
    wait_until(lambda: versions(walk.client)[surface] == served_now)
