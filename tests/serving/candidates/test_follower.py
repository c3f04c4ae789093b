"""Following the change log: each change is served once it was read, in order, by every surface, through failures."""

import threading

import pytest

from feature_repo.client import FeatureStoreClient
from serving.candidates.follower import ChangeFollower
from serving.own_folder import own_folder
from tests.serving.versions import JOB, PERSON, MemoryLog
from tests.serving.world import wait_until

LONG = 60.0


@pytest.fixture
def log():
    return MemoryLog()


@pytest.fixture
def served():
    """What is served now, by surface."""
    return {}


@pytest.fixture
def follower(world, engine, log, served):
    read = FeatureStoreClient(world.settings).serving_features
    follower = ChangeFollower(log, read, served.__setitem__)
    for surface, stages in engine.stages.items():
        follower.begin(surface, stages.snapshot, stages.bundle.encoder)
    yield follower
    follower.close()


def put(log, world, name="new", table="jobs", **more):
    row = {"job_id": name, **JOB} if table == "jobs" else {"freelancer_id": name, **PERSON}
    return log.append(table, {**row, **more}, world.as_of)


def holds(served, surface, name):
    return bool(served[surface].rows([name])[0] >= 0)


def test_it_begins_with_the_releases(follower, served, engine):
    assert {surface: held.version for surface, held in served.items()} == {
        surface: stages.snapshot.release.version for surface, stages in engine.stages.items()
    }


def test_what_the_log_held_before_is_served_before_it_starts_to_follow(follower, log, served, world):
    changes = [put(log, world), put(log, world, "anna", "freelancers")]
    follower.start()
    assert follower.sequence == changes[-1].sequence
    assert {held.sequence for held in served.values()} == {follower.sequence}
    assert holds(served, "job_feed", "new")
    assert all(holds(served, surface, "anna") for surface in ("talent_search", "applicant_review"))


def test_it_follows(follower, log, served, world):
    follower.start()
    for number in range(3):
        change = put(log, world, str(number))
        wait_until(lambda change=change: follower.sequence == change.sequence)
        assert holds(served, "job_feed", str(number))
    assert follower.behind_seconds < LONG
    assert follower.failure is None


def test_a_sequence_is_told_only_once_it_is_served(follower, log, served, world):
    change, seen = put(log, world), []
    follower._serve = lambda surface, candidates: seen.append((candidates.sequence, follower.sequence))
    assert follower.catch_up(LONG)
    assert seen == [(change.sequence, 0)] * 3
    assert follower.sequence == change.sequence


def test_nothing_new_swaps_nothing(follower, log, served, world):
    put(log, world)
    follower.catch_up(LONG)
    before = dict(served)
    assert follower.catch_up(LONG)
    assert served == before


def test_a_log_that_fails_is_told_and_read_again(follower, log, served, world):
    follower.start()
    log.broken = True
    wait_until(lambda: follower.failure is not None)
    assert follower.failure == "failed (EventLogError)"
    change = put(log, world)
    log.broken = False
    wait_until(lambda: follower.sequence == change.sequence)
    wait_until(lambda: follower.failure is None)


def test_it_begins_where_the_log_is_down(world, engine, log, served):
    log.broken = True
    follower = ChangeFollower(log, FeatureStoreClient(world.settings).serving_features, served.__setitem__)
    stages = engine.stages["job_feed"]
    follower.begin("job_feed", stages.snapshot, stages.bundle.encoder)
    follower.start()
    assert follower.failure is not None
    assert served["job_feed"].version == stages.snapshot.release.version
    follower.close()


def test_who_cannot_wait_gets_what_was_read_before(follower, log, world):
    put(log, world)
    with follower._lock:
        assert not follower.catch_up(0.01)
    assert follower.sequence == 0
    assert not follower.catch_up(-1.0)


def test_another_release_begins_with_the_changes_up_to_the_same_sequence(follower, log, served, engine, world):
    first = put(log, world)
    follower.catch_up(LONG)
    put(log, world, "later")
    stages = engine.stages["job_feed"]
    follower.begin("job_feed", stages.snapshot, stages.bundle.encoder)
    assert served["job_feed"].sequence == first.sequence
    assert holds(served, "job_feed", "new")
    assert not holds(served, "job_feed", "later")
    follower.catch_up(LONG)
    assert holds(served, "job_feed", "later")


def test_what_was_taken_out_of_the_log_is_forgotten(follower, log, served, world):
    put(log, world, "anna", "freelancers")
    kept = put(log, world, "bert", "freelancers")
    follower.catch_up(LONG)
    log.take_out("anna")
    follower.catch_up(LONG)
    for surface in ("talent_search", "applicant_review"):
        assert not holds(served, surface, "anna")
        assert holds(served, surface, "bert")
        assert served[surface].sequence == kept.sequence


def test_closing_ends_the_thread(follower, log):
    follower.start()
    follower.close()
    assert "changes" not in {thread.name for thread in threading.enumerate() if thread is follower._thread}
    assert not follower._thread.is_alive()


def test_a_folder_of_ones_own_goes_with_its_owner_and_so_do_those_of_the_dead(tmp_path):
    with own_folder(tmp_path / "all") as first:
        (first / "file").write_text("x")
        (tmp_path / "all" / "of the dead").mkdir()
        with own_folder(tmp_path / "all") as second:
            assert first.exists()
            assert second != first
            assert not (tmp_path / "all" / "of the dead").exists()
        assert not second.exists()
    assert not first.exists()


def test_changes_that_could_not_be_served_are_read_again_from_the_start(follower, log, served, world):
    put(log, world, "first")
    follower.catch_up(LONG)
    serve, left = follower._serve, [1]

    def fails_once(surface, candidates):
        if left and left.pop():
            raise OSError("the disk is full")
        serve(surface, candidates)

    follower._serve = fails_once
    change = put(log, world, "second")
    assert not follower.catch_up(LONG)
    assert (follower.failure, follower.sequence < change.sequence) == ("failed (OSError)", True)
    assert follower.catch_up(LONG)
    assert (follower.failure, follower.sequence) == (None, change.sequence)
    assert all(holds(served, "job_feed", name) for name in ("first", "second"))
