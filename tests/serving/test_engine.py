"""What the engine refuses to start from, each with the next move, and what it does while it runs."""

import json
import os
import shutil
import time
from datetime import timedelta
from pathlib import Path

import pytest

from components.ranking import artifact
from components.releases import RegisteredBundle
from metier.errors import ArtifactError, BusyError, MetierError, RegistryError, ServingError
from serving.clock import OffsetClock
from serving.engine import Engine
from serving.request.ranking import RankingRequest
from serving.request.trace import RequestTrace


@pytest.fixture
def other(world, tmp_path):
    """The world in a home of its own."""
    return world.copy(tmp_path / "home")


def bundle(world, surface="job_feed") -> Path:
    pin = world.pins[surface]
    return world.settings.bundles / pin.name / f"{pin.version}-{pin.sha256[:12]}"


def put(path, content):
    """Replace a file, which may be shared with another home."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def release(world, surface="job_feed") -> Path:
    return world.settings.candidates / f"{surface}-{world.pins[surface].sha256[:8]}"


def refused(world, match, kind=MetierError, pins=...):
    with pytest.raises(kind, match=match) as raised:
        Engine(world.settings, world.pins if pins is ... else pins, OffsetClock.starting_at(world.as_of))
    assert "\n" not in str(raised.value)
    assert ";" in str(raised.value)


@pytest.mark.parametrize("part", ["manifest.json", "text_weights.npz", "ensemble/xgboost/model.ubj"])
def test_a_damaged_bundle_is_refused_with_what_to_delete(other, part):
    path = bundle(other) / part
    content = path.read_bytes()
    middle = len(content) // 2
    altered = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    for damaged in (altered, content[:middle], None):
        path.unlink()
        if damaged is not None:
            path.write_bytes(damaged)
        refused(other, rf"; delete {bundle(other)} and fetch metier_job_feed 1 again", ArtifactError)
        put(path, content)


def test_a_bundle_of_another_surface_in_its_place_is_refused(other):
    shutil.rmtree(bundle(other))
    shutil.copytree(bundle(other, "talent_search"), bundle(other), copy_function=os.link)
    refused(other, "holds the bundle .*, not the pinned .*; delete", ArtifactError)


def test_a_bundle_of_a_newer_format_names_the_upgrade(other):
    path = bundle(other) / "manifest.json"
    newer = {**json.loads(path.read_text()), "format_version": artifact.FORMAT_VERSION + 1}
    put(path, json.dumps(newer).encode())
    refused(other, r"upgrade metier \(`pip install --upgrade metier`\)", ArtifactError)


def test_a_bundle_that_is_not_here_is_fetched_and_one_that_is_nowhere_is_refused(other):
    shutil.rmtree(bundle(other))
    Engine(other.settings, other.pins, OffsetClock.starting_at(other.as_of)).close()
    assert bundle(other).exists()
    unknown = {"job_feed": RegisteredBundle("metier_job_feed", 7, "0" * 64)}
    refused(other, "no version 7 of 'metier_job_feed' at .*; use one of: ", RegistryError, unknown)


def test_without_a_pin_there_is_nothing_to_serve(world):
    refused(world, "no bundle is pinned and .* holds no candidates; run `metier serve`", ServingError, {})


def test_a_bundle_without_candidates_names_the_step_that_builds_them(other):
    shutil.rmtree(release(other))
    refused(other, "no candidate release for bundle job_feed-.*; run `metier pipeline run training`", ServingError)


@pytest.mark.parametrize("part", ["release.json", "features.arrow", "index/ids.npy"])
def test_a_damaged_release_is_refused(other, part):
    (home,) = (path for path in release(other).iterdir() if path.is_dir())
    content = (home / part).read_bytes()
    put(home / part, content[: len(content) // 2])
    refused(other, "; (run|build)", ArtifactError)


def test_each_stale_view_is_reported_with_every_slate(world):
    engine = Engine(
        world.settings, {"job_feed": world.pins["job_feed"]}, OffsetClock.starting_at(world.as_of + timedelta(days=3))
    )
    trace = RequestTrace(60_000)
    slate, _ = engine.rank(RankingRequest("job_feed", world.feed_actor), trace)
    assert slate.tier == "ensemble"
    views = ("job_activity", "client_profile", "client_activity")
    assert trace.degraded == [f"stale {view}: 3.0 days old, limit 2" for view in views]
    engine.close()


def test_the_clock_runs_on_from_where_it_was_started(world, engine):
    first, second = engine.now(), engine.now()
    assert world.as_of < first <= second < world.as_of + timedelta(hours=2)


def test_a_refresh_without_a_newer_release_changes_nothing(engine):
    held = dict(engine.stages)
    assert engine.refresh() == []
    assert engine.stages == held


def test_a_slate_that_comes_when_another_replica_was_asked_is_not_recorded(world, engine, monkeypatch):
    recorded = []
    monkeypatch.setattr(engine.events, "append", recorded.append)
    late = RequestTrace(100.0, started=time.perf_counter() - 2.0)
    with pytest.raises(BusyError, match="nobody waits for this any more"):
        engine.rank(RankingRequest("job_feed", world.feed_actor), late)
    assert recorded == []
