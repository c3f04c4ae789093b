"""A release is swapped in while another is served, whatever becomes of its builder; the earlier one goes for good."""

import gc
import signal
import subprocess
import sys
import weakref
from datetime import timedelta
from pathlib import Path

import pytest

from components.releases.folder import newest_version
from components.releases.release_builder import build_releases
from serving.request.ranking import RankingRequest
from serving.request.trace import RequestTrace
from tests.serving.world import wait_until

STUCK = """
import dataclasses, sys, time
from datetime import datetime
from feature_repo.build.feature_tables import VECTORS
from components.releases import Bundle
from components.releases import open_registry
from components.releases.aliases import bundles_to_serve
from components.releases.release_builder import ReleaseSource, build_release
from feature_repo.client import FeatureStoreClient
from feature_repo.texts import TextVectors
from metier.lake import Lake
from metier.settings import Settings

class Stuck(TextVectors):
    def write(self, folder):
        super().write(folder)
        print("half", flush=True)
        time.sleep(600)

settings, as_of = Settings(home=sys.argv[1]), datetime.fromisoformat(sys.argv[2])
registry = open_registry(settings)
pin = bundles_to_serve(registry)["talent_search"].bundle
bundle = Bundle.load(registry.fetch(pin.name, pin.version, pin.sha256), pin.sha256)
known = TextVectors.read(settings.features / VECTORS)
vectors = Stuck(**{field.name: getattr(known, field.name) for field in dataclasses.fields(known)})
read = FeatureStoreClient(settings).training_features
source = ReleaseSource("talent_search", Lake(settings.lake), read, bundle.encoder, vectors)
build_release(source, as_of, settings.candidates / bundle.version)
"""
"""Builds a release, and stops in the middle of writing it."""


@pytest.fixture
def other(world, tmp_path):
    """The world in a home of its own."""
    return world.copy(tmp_path / "home")


def releases(world) -> Path:
    return world.settings.candidates / f"talent_search-{world.pins['talent_search'].sha256[:8]}"


def answered(engine, world):
    ask = RankingRequest("talent_search", world.owner(world.open_jobs[0]), job_id=world.open_jobs[0])
    return engine.rank(ask, RequestTrace(60_000))[0].entries


def test_a_builder_that_is_killed_leaves_the_release_and_its_replicas_alone(other):
    folder, later = releases(other), other.as_of + timedelta(hours=1)
    before, engine = newest_version(folder), other.engine()
    try:
        slate = answered(engine, other)
        builder = subprocess.Popen(
            [sys.executable, "-c", STUCK, str(other.home), later.isoformat()], stdout=subprocess.PIPE, text=True
        )
        assert builder.stdout.readline() == "half\n"
        builder.send_signal(signal.SIGKILL)
        builder.wait(30)
        (left,) = folder.glob(".*")
        assert len(list(left.glob("*/features.arrow"))) == 1
        assert newest_version(folder) == before
        assert engine.refresh() == []
        assert [entry.candidate_id for entry in answered(engine, other)] == [entry.candidate_id for entry in slate]
        build_releases(other.settings, later)
        assert not left.exists()
        assert "talent_search" in engine.refresh()
        assert engine.stages["talent_search"].snapshot.release.as_of == later
        assert answered(engine, other)
    finally:
        engine.close()


def test_an_earlier_release_goes_with_its_last_request(other):
    """Without the garbage collector, which a replica keeps away from what it has loaded."""
    engine = other.engine()
    gc.disable()
    try:
        earlier = engine.stages["talent_search"]
        path = str(releases(other) / earlier.snapshot.release.version)
        assert path in mapped_files()
        held = [weakref.ref(earlier), weakref.ref(earlier.snapshot), weakref.ref(earlier.snapshot.release)]
        build_releases(other.settings, other.as_of + timedelta(hours=1))
        assert "talent_search" in engine.refresh()
        assert answered(engine, other)
        assert all(each() is not None for each in held)
        del earlier
        wait_until(lambda: [each() for each in held] == [None, None, None])
        wait_until(lambda: path not in mapped_files())
        assert str(releases(other) / engine.stages["talent_search"].snapshot.release.version) in mapped_files()
    finally:
        gc.enable()
        engine.close()


def test_files_of_a_removed_release_serve_whoever_maps_them(other):
    engine = other.engine()
    try:
        slate = answered(engine, other)
        for hours in (1, 2, 3):
            build_releases(other.settings, other.as_of + timedelta(hours=hours))
        assert not (releases(other) / engine.stages["talent_search"].snapshot.release.version).exists()
        assert [entry.candidate_id for entry in answered(engine, other)] == [entry.candidate_id for entry in slate]
    finally:
        engine.close()


def mapped_files() -> str:
    return Path("/proc/self/maps").read_text()
