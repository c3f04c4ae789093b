import fcntl
import os

import pytest

from serving.clock import OffsetClock
from serving.engine import Engine
from serving.request.trace import Pace
from tests.serving.world import World, build_world, served


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """One small world for all tests of the endpoint, built once for all workers of a run; nobody changes it."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with (shared / "serving-world.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = shared / "serving-world.done"
        if not done.exists():
            build_world(shared / "serving-world")
            done.touch()
    return World(shared / "serving-world")


@pytest.fixture(scope="session")
def engine(world):
    engine = world.engine()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def client(engine):
    with served(lambda: engine) as client:
        yield client


@pytest.fixture
def hurried(engine, monkeypatch):
    """Has the rankers of a surface be expected to take longer than any deadline, until the test is over."""

    def hurry(surface):
        slow = Pace()
        for tier in ("ensemble", "xgboost"):
            slow.learn(tier, 100, 1e9)
        monkeypatch.setattr(engine.stages[surface], "pace", slow)

    return hurry


@pytest.fixture(scope="module")
def own(world, tmp_path_factory):
    """The world of one file of tests, which may change it."""
    return world.copy(tmp_path_factory.mktemp("own") / "home")


@pytest.fixture(scope="module")
def engines(own):
    """Two replicas over one home."""
    engines = [own.engine(), own.engine()]
    yield engines
    for engine in engines:
        engine.close()


@pytest.fixture(scope="module")
def replicas(engines):
    with served(lambda: engines[0]) as one, served(lambda: engines[1]) as other:
        yield one, other


@pytest.fixture(scope="module")
def replicas_of_one_clock(own):
    """Two over one home, which share the clock of their endpoint."""
    clock = OffsetClock.starting_at(own.as_of)
    engines = [Engine(own.settings, own.pins, clock) for _ in range(2)]
    with served(lambda: engines[0]) as one, served(lambda: engines[1]) as other:
        yield one, other
