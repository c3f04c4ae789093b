"""The online store stopped, slow, locked and flapping: requests are answered without it, then whole again."""

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pytest

from feature_repo.client import FeatureStoreClient
from serving.clock import OffsetClock
from serving.engine import Engine
from serving.request.ranking import RankingRequest
from serving.request.trace import RequestTrace
from tests.servers import SOON, SlowProxy, Valkey, wait_until

UNHURRIED_MS = 60_000
PATIENCE = 0.3
"""Seconds that a busy machine needs to answer in, and that a test can wait."""


@dataclass
class Endpoint:
    """One replica's engine, asked at a fixed moment, so that equal answers are equal to the last bit."""

    world: object
    engine: Engine

    def ask(self, surface):
        """The slate and what it does without."""
        told = self.world.body(surface)
        trace = RequestTrace(UNHURRIED_MS)
        ask = RankingRequest(surface, told["actor_id"], job_id=told.get("job_id"))
        slate = self.engine.serving(surface).answer(ask, trace, self.world.as_of)
        assert slate.entries
        assert trace.elapsed_ms < 1e3 * SOON / 2
        return [(entry.candidate_id, entry.score) for entry in slate.entries], trace.degraded

    def whole(self):
        """The answers of both surfaces once nothing is left out."""
        wait_until(lambda: not any(self.ask(surface)[1] for surface in SURFACES))
        return [self.ask(surface)[0] for surface in SURFACES]

    def degraded(self):
        """What some requests in a row do without; each is answered."""
        return [self.ask(surface)[1] for _ in range(5) for surface in SURFACES]


SURFACES = ("job_feed", "talent_search")


@contextmanager
def endpoint(world, home, **stores):
    own = world.copy(home)
    settings = own.settings.model_copy(update={"online_timeout_seconds": PATIENCE, **stores})
    if stores:
        client = FeatureStoreClient(settings)
        client.apply()
        client.materialize(own.as_of)
    engine = Engine(settings, own.pins, OffsetClock.starting_at(own.as_of))
    try:
        yield Endpoint(own, engine)
    finally:
        engine.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Valkey(tmp_path_factory.mktemp("drilled"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def proxy(server):
    proxy = SlowProxy(server.port)
    yield proxy
    proxy.close()


@pytest.fixture(scope="module")
def shared(world, server, proxy, postgres, tmp_path_factory):
    """A replica whose online store is behind the proxy."""
    url = f"redis://127.0.0.1:{proxy.port}/0"
    home = tmp_path_factory.mktemp("shared") / "home"
    with endpoint(world, home, online_store_url=url, feature_registry_uri=postgres) as replica:
        yield replica


def names_the_store(degraded):
    """Every request says so; after one that waited, those in a row do not wait."""
    notes = [note for each in degraded for note in each]
    assert all(any(note.startswith("actor features: the online store failed") for note in each) for each in degraded)
    return any("RestingStoreError" in note for note in notes)


def test_a_killed_server_costs_the_actors_features_until_it_is_back(shared, server):
    before = shared.whole()
    server.kill()
    try:
        assert names_the_store(shared.degraded())
    finally:
        server.start()
    assert shared.whole() == before


def test_a_server_that_takes_connections_and_never_answers_hangs_nobody(shared, server):
    before = shared.whole()
    with server.stopped():
        assert names_the_store(shared.degraded())
    assert shared.whole() == before


def test_a_replica_that_starts_while_the_server_hangs_answers_and_is_whole_later(shared, server):
    before = shared.whole()
    with server.stopped():
        late = Engine(shared.engine.settings, shared.world.pins, OffsetClock.starting_at(shared.world.as_of))
        started = Endpoint(shared.world, late)
        assert names_the_store(started.degraded())
    try:
        assert started.whole() == before
    finally:
        late.close()


def test_a_slow_server_is_not_waited_for_by_every_request(shared, proxy):
    before = shared.whole()
    proxy.delay = 3 * PATIENCE
    assert names_the_store(shared.degraded())
    proxy.delay = 0.0
    assert shared.whole() == before


def test_a_flapping_server_fails_no_request_and_leaves_nothing_behind(shared, server):
    before = shared.whole()
    for _ in range(4):
        server.kill()
        shared.degraded()
        server.start()
        shared.degraded()
    assert shared.whole() == before


def test_a_locked_file_costs_the_actors_features_until_it_is_let_go(world, tmp_path):
    with endpoint(world, tmp_path / "home") as embedded:
        before = embedded.whole()
        path = embedded.world.home / "online_store.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            assert names_the_store(embedded.degraded())
        assert embedded.whole() == before


def test_both_stores_rank_alike(world, shared, tmp_path):
    with endpoint(world, tmp_path / "home") as embedded:
        assert embedded.whole() == shared.whole()
