"""What is PUT is served by every replica over one home: new, changed, closed, late; killed, paused and forgotten."""

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx

from components.importers.logs.endpoint import import_logs
from components.privacy.forget import forget
from metier.changes.files import FileChangeLog
from serving.clock import OffsetClock
from serving.engine import Engine
from serving.ports import free_port
from serving.request.ranking import RankingRequest
from serving.request.trace import RequestTrace
from tests.serving.versions import JOB, PERSON
from tests.serving.world import SOON, Client, ids, served, wait_until

TEXT = "accordion repair"


def put(client, path, body):
    answer = client.put(f"/v1/{path}", body)
    assert answer.status_code == 202, answer.text
    return answer.json()["sequence"]


def settled(client, sequence):
    """Wait until the replica serves the change."""
    wait_until(lambda: client.get("/readyz").json()["sequence"] >= sequence)


def feed(client, world, **more):
    return client.ranked("/v1/feed/jobs", {**world.body("job_feed", k=100), **more})


def test_a_new_job_is_found_and_ranked_by_every_replica(replicas, own):
    sequence = put(replicas[0], "jobs/new", JOB)
    for replica in replicas:
        settled(replica, sequence)
        answer = feed(replica, own, text=TEXT)
        assert "new" in ids(answer)
        assert (answer["tier"], answer["degraded"]) == ("ensemble", [])
        assert answer["snapshot_version"].split("+")[1] == str(sequence)
        assert "new" in ids(feed(replica, own))
        asked = own.body("job_feed", surface="job_feed", candidates=["new", *own.open_jobs[:3]])
        assert "new" in ids(replica.ranked("/v1/rank", asked))


def test_readyz_tells_the_sequence_and_what_is_served_with_it(replicas, own):
    sequence = put(replicas[0], "jobs/told", JOB)
    settled(replicas[1], sequence)
    ready = replicas[1].get("/readyz")
    told = ready.json()
    assert (ready.status_code, told["status"]) == (200, "ready")
    for surface in told["surfaces"].values():
        assert surface["snapshot_version"].endswith(f"+{told['sequence']}")
    assert told["surfaces"]["job_feed"]["candidates"] > len(own.jobs)
    assert replicas[1].get("/v1/bundle").json()["job_feed"]["snapshot_version"].endswith(f"+{told['sequence']}")


def test_a_closed_job_vanishes_from_every_replica(replicas, own):
    job = own.open_jobs[0]
    row = {name: own.jobs[job][name] for name in ("title", "description", "skills", "client_id")}
    assert job in ids(feed(replicas[0], own))
    sequence = put(replicas[1], f"jobs/{job}", {**row, "status": "closed"})
    for replica in replicas:
        settled(replica, sequence)
        assert job not in ids(feed(replica, own))
        asked = own.body("job_feed", surface="job_feed", candidates=[job, own.open_jobs[1]])
        assert ids(replica.ranked("/v1/rank", asked)) == [own.open_jobs[1]]


def test_a_new_person_is_found_and_may_ask_at_once(replicas, own):
    sequence = put(replicas[0], "freelancers/anna", {**PERSON, "agency_id": "ag"})
    own_feed = replicas[0].ranked("/v1/feed/jobs", {**own.body("job_feed"), "actor_id": "anna"})
    assert (own_feed["tier"], len(own_feed["slate"])) == ("ensemble", 20)
    for replica in replicas:
        settled(replica, sequence)
        search = own.body("talent_search", text=TEXT, k=100)
        best = [name for name in ids(replica.ranked("/v1/search/talent", search))[:50] if name != "anna"]
        assert "anna" in ids(replica.ranked("/v1/search/talent", {**search, "exclude": best}))  # of all the others
        assert "anna" not in ids(replica.ranked("/v1/search/talent", {**search, "exclude": [*best, "anna"]}))
        filtered = replica.ranked("/v1/search/talent", {**search, "filters": {"country": "IT"}})
        assert "anna" in ids(filtered)


def test_a_client_asks_for_people_with_the_job_just_put(replicas, own):
    client = own.owner(own.open_jobs[0])
    sequence = put(replicas[0], "jobs/asked-with", {**JOB, "client_id": client})
    settled(replicas[0], sequence)
    asked = {"actor_id": client, "job_id": "asked-with", "k": 100, "deadline_ms": 60_000}
    answer = replicas[0].ranked("/v1/search/talent", asked)
    assert (answer["tier"], answer["degraded"]) == ("ensemble", [])
    assert replicas[0].ranked("/v1/review/applicants", asked)["slate"] == []


def test_of_an_agency_two_are_in_the_top_ten_new_ones_counted(replicas, own):
    for number in range(4):
        sequence = put(replicas[0], f"freelancers/of-the-agency-{number}", {**PERSON, "agency_id": "one and the same"})
    settled(replicas[0], sequence)
    asked = own.body("talent_search", text="Accordion repairer. Reeds, bellows and keys", k=10)
    shown = ids(replicas[0].ranked("/v1/search/talent", asked))
    assert sum(name.startswith("of-the-agency") for name in shown) <= 2


def test_a_late_version_is_recorded_and_never_shown(replicas, own, engines):
    first = put(replicas[0], "jobs/late", JOB)
    earlier = (engines[0].now() - timedelta(hours=2)).isoformat()
    sequence = put(replicas[1], "jobs/late", {**JOB, "status": "closed", "event_timestamp": earlier})
    assert sequence > first
    for replica in replicas:
        settled(replica, sequence)
        assert "late" in ids(feed(replica, own, text=TEXT))
    held = [change for change in FileChangeLog(own.settings.changes).since(0, 1_000) if change.id == "late"]
    assert [change.row["status"] for change in held] == ["open", "closed"]
    assert held[1].row["event_timestamp"].isoformat() == earlier


def test_a_version_of_the_future_is_refused_and_a_clock_that_runs_ahead_does_not_count(replicas, own, engines):
    now = engines[0].now()
    ahead = replicas[0].put("/v1/jobs/x", {**JOB, "event_timestamp": (now + timedelta(minutes=9)).isoformat()})
    assert ahead.status_code == 422
    assert "lies in the future" in ahead.json()["error"]
    put(replicas[0], "jobs/ahead", {**JOB, "event_timestamp": (now + timedelta(minutes=4)).isoformat()})
    (change,) = [each for each in FileChangeLog(own.settings.changes).since(0, 1_000) if each.id == "ahead"]
    assert change.row["event_timestamp"] == change.row["recorded_at"] < now + timedelta(minutes=3)


def test_personal_data_is_masked_before_anything_holds_it(replicas, own):
    body = {**JOB, "description": "Write to  reeds@example.com ", "company": ""}
    sequence = put(replicas[0], "jobs/masked", body)
    settled(replicas[0], sequence)
    (change,) = [each for each in FileChangeLog(own.settings.changes).since(0, 1_000) if each.id == "masked"]
    assert (change.row["description"], change.row["company"]) == ("Write to [e-mail]", None)


def test_what_somebody_turned_to_counts_in_the_next_request_to_whichever_replica(replicas, own, engines):
    person = own.feed_actor

    def seen():
        slate, stages = engines[1].rank(RankingRequest("job_feed", person, k=100), RequestTrace(60_000))
        place = stages.bundle.manifest.feature_names.index("past_seen")
        return {entry.candidate_id: entry.features[place] for entry in slate.entries}

    job = min(name for name, value in seen().items() if value == 0)
    click = {"interaction_id": "fresh click", "kind": "click", "side": "freelancer", "freelancer_id": person}
    assert replicas[0].post("/v1/interactions", {"interactions": [{**click, "job_id": job}]}).status_code == 200
    assert seen()[job] == 1


class Down:
    """Pushes of a store that is down."""

    def profile(self, name, row):
        raise OSError("the store is down")

    def interactions(self, rows):
        raise OSError("the store is down")


def test_a_store_that_is_down_fails_no_write_and_is_counted(own, tmp_path):
    other = own.copy(tmp_path / "home")
    engine = other.engine()
    engine.pushes = Down()
    with served(lambda: engine) as client:
        settled(client, put(client, "jobs/durable", JOB))
        click = {"interaction_id": "i", "kind": "click", "side": "freelancer", "freelancer_id": "f", "job_id": "j"}
        assert client.post("/v1/interactions", {"interactions": [click]}).json()["accepted"] == 1
        assert "durable" in ids(feed(client, other, text=TEXT))
        assert re.search(r'metier_pushes_total\{replica="\w+",state="failed"\} 2.0', client.get("/metrics").text)


def test_a_version_that_cannot_be_made_durable_is_not_acknowledged(own, tmp_path):
    other = own.copy(tmp_path / "home")
    engine = other.engine()
    shutil.rmtree(other.settings.changes, ignore_errors=True)
    other.settings.changes.write_text("in the way")
    with served(lambda: engine) as client:
        answer = client.put("/v1/jobs/x", JOB)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "could not be written" in answer.json()["error"]
        answer = feed(client, other)
        assert answer["tier"] == "ensemble"


def test_a_replica_that_starts_serves_what_was_put_before(replicas, own):
    sequence = put(replicas[0], "jobs/before the start", JOB)
    engine = own.engine()
    assert engine.follower.sequence >= sequence
    assert engine.stages["job_feed"].candidates.rows(["before the start"])[0] >= 0
    engine.close()


def test_a_replica_whose_log_was_not_read_reads_it_first_or_says_so(world, tmp_path):
    other = world.copy(tmp_path / "home")
    engine = other.engine()
    with served(lambda: engine) as client:
        engine.follower._ended.set()  # as if its thread had been paused ...
        engine.follower._thread.join(SOON)
        change = FileChangeLog(other.settings.changes).append("jobs", {"job_id": "missed", **JOB}, engine.now())
        engine.follower._read_to_end_at -= 60  # ... for a minute
        with engine.follower._lock:  # while it reads
            ready = client.get("/readyz")
            assert (ready.status_code, ready.json()["status"]) == (503, "reading changes")
            answer = feed(client, other, deadline_ms=2_000)
            (told,) = answer["degraded"]
            assert told.startswith("live changes: not read for 6")
            assert "+" not in answer["snapshot_version"]
        answer = feed(client, other, text=TEXT, timings=True)
        assert "missed" in ids(answer)
        assert answer["snapshot_version"].endswith(f"+{change.sequence}")
        assert (answer["degraded"], "changes" in answer["timings_ms"]) == ([], True)
        assert client.get("/readyz").status_code == 200


REPLICA = """
import sys
from datetime import datetime
from pathlib import Path
import uvicorn
from serving.http.routes import create_api
from tests.serving.world import World
world = World(Path(sys.argv[1]))
uvicorn.run(create_api(world.engine), host="127.0.0.1", port=int(sys.argv[2]), log_level="critical")
"""


@contextmanager
def another_process(world):
    """A replica of its own, as a process that can be paused and killed."""
    port = free_port("127.0.0.1")
    environment = {**os.environ, "METIER_HOME": str(world.home), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-c", REPLICA, str(world.home), str(port)], env=environment)
    client = Client(f"http://127.0.0.1:{port}")
    try:
        wait_until(lambda: process.poll() is not None or is_up(client), seconds=120)
        yield process, client
    finally:
        process.kill()
        process.wait(SOON)


def is_up(client):
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_a_replica_that_was_paused_serves_what_it_missed_or_says_that_it_is_behind(replicas, own):
    with another_process(own) as (process, client):
        process.send_signal(signal.SIGSTOP)
        sequences = [put(replicas[0], f"jobs/missed-{number}", JOB) for number in range(5)]
        started = datetime.now(UTC)
        wait_until(lambda: datetime.now(UTC) - started > timedelta(seconds=2.5))
        process.send_signal(signal.SIGCONT)
        answer = feed(client, own, text=TEXT)
        assert int(answer["snapshot_version"].split("+")[1]) >= sequences[-1]
        assert {f"missed-{number}" for number in range(5)} <= set(ids(answer))
        folders = list(own.settings.replicas.iterdir())
    with another_process(own):
        left = set(folders) & set(own.settings.replicas.iterdir())
        assert len(left) < len(folders)  # the files of the one that was killed are gone


def test_changes_are_imported_once(own, engines, replicas):
    for name in ("jobs/imported", "jobs/imported"):
        put(replicas[0], name, JOB)
    lake, clock = own.lake, engines[0].now() + timedelta(seconds=1)
    first = import_logs(lake, own.settings, clock)
    assert first.tables["jobs"].written >= 2
    assert {table.quarantined for table in first.tables.values()} == {0}
    again = import_logs(lake, own.settings, clock)
    assert all(table.written == 0 for table in again.tables.values())


def test_a_person_that_is_forgotten_is_forgotten_by_running_replicas(world, tmp_path):
    other = world.copy(tmp_path / "home")
    engine = Engine(other.settings, other.pins, OffsetClock.starting_at(other.as_of))
    with served(lambda: engine) as client:
        put(client, "freelancers/remembered", PERSON)
        settled(client, put(client, "freelancers/forgotten", PERSON))
        candidates = ["forgotten", *sorted(world.people)[:3]]
        asked = world.body("talent_search", surface="talent_search", candidates=candidates)
        assert "forgotten" in ids(client.ranked("/v1/rank", asked))
        receipt = forget(other.settings, "forgotten", datetime(2026, 11, 1, tzinfo=UTC))
        assert receipt.rows["changes"] == 1
        assert receipt.rows["online_store"] > 0
        wait_until(lambda: "forgotten" not in ids(client.ranked("/v1/rank", asked)))
        content = b"".join(path.read_bytes() for path in other.settings.changes.glob("*.jsonl"))
        assert b"forgotten" not in content
        assert b"remembered" in content
