"""A bundle reaches all replicas or none: two engines over one home follow what is deployed, as they serve."""

import gc
import weakref

import pytest

from components.releases.deployments import Deployments
from metier.errors import ServingError
from serving.bundles.rollout import roll_out, served_now
from serving.clock import OffsetClock
from serving.engine import Engine
from serving.request.ranking import RankingRequest
from serving.request.trace import RequestTrace
from tests.serving.bundles import odd_rankers
from tests.serving.bundles.other_bundles import CLASSES, SURFACE, fetched, folder_of
from tests.serving.world import wait_until

SECONDS = 60.0


@pytest.fixture(scope="module")
def deployed(own):
    """One world, and the pins of other bundles of its feed by what is odd about them."""
    kinds = {"sound": odd_rankers.Sound, "nan": odd_rankers.NoNumber, "constant": odd_rankers.Constant}
    return own, {name: fetched(own, kind) for name, kind in {**kinds, "short": odd_rankers.Short}.items()}


def engine_of(world, classes=CLASSES):
    settings = world.settings.model_copy(update={"ranker_classes": classes})
    return Engine(settings, world.pins, OffsetClock.starting_at(world.as_of))


@pytest.fixture(scope="module")
def pair(deployed):
    """Two replicas."""
    engines = [engine_of(deployed[0]), engine_of(deployed[0])]
    yield engines
    for engine in engines:
        engine.close()


def served(world, engine):
    """The pin that a replica serves, which its slates say too."""
    slate, stages = engine.slate(RankingRequest(SURFACE, world.feed_actor), RequestTrace(60_000))
    assert slate.tier == "ensemble"
    assert stages.bundle.sha256 == engine.pins[SURFACE].sha256
    return engine.pins[SURFACE]


def deploy(world, pin, *, back=False):
    with Deployments(world.settings.deployed).changing():
        before = served_now(world.settings, SURFACE)
        return roll_out(world.settings, SURFACE, pin, SECONDS, before=before, back=back)


def back(world):
    return deploy(world, Deployments(world.settings.deployed).of(SURFACE).before[-1], back=True)


def test_a_deployed_bundle_serves_on_every_replica_and_a_rollback_brings_back_the_one_before(deployed, pair):
    world, pins = deployed
    first, sound = world.pins[SURFACE], pins["sound"]
    begun = pair[0].stages[SURFACE]
    done = deploy(world, sound)
    assert (done.bundle, done.before, done.replicas) == (sound, first, 2)
    assert [served(world, engine) for engine in pair] == [sound, sound]
    slate = begun.answer(RankingRequest(SURFACE, world.feed_actor), RequestTrace(60_000), pair[0].now())
    assert (slate.tier, begun.bundle.sha256) == ("ensemble", first.sha256)  # one that began before ends with its own
    report = pair[0].deployed.reports[SURFACE]
    assert (report.serving, report.refused) == (sound, None)
    assert back(world).bundle == first
    assert [served(world, engine) for engine in pair] == [first, first]
    assert Deployments(world.settings.deployed).of(SURFACE).before == ()


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ("nan", "gives no scores .*ranker 'odd' gave a score that is not finite"),
        ("constant", r"gives all candidates one score in \d+ of \d+ requests where what is served does not"),
        ("short", "gives no scores .*ranker 'odd' gave scores of shape"),
    ],
)
def test_a_bundle_that_scores_amiss_serves_nowhere(deployed, pair, odd, why):
    world, pins = deployed
    first = pair[0].pins[SURFACE]
    with pytest.raises(
        ServingError, match=rf"is not served, what was served goes on: process \d+ on .* refuses it: .*{why}"
    ):
        deploy(world, pins[odd])
    assert [served(world, engine) for engine in pair] == [first, first]
    assert Deployments(world.settings.deployed).of(SURFACE).proposal is None
    reports = [engine.deployed.reports[SURFACE] for engine in pair]
    assert pins[odd] in [report.refused.bundle for report in reports if report.refused]


def test_a_bundle_that_is_damaged_serves_nowhere(deployed, pair):
    world, pins = deployed
    first, pin = pair[0].pins[SURFACE], pins["sound"]
    damaged = folder_of(world, pin) / "ensemble" / "odd" / "odd.json"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-9])
    with (
        pytest.raises(ServingError, match=r"refuses it: .* differs from the sha256 in its manifest; delete"),
        Deployments(world.settings.deployed).changing(),
    ):
        roll_out(world.settings, SURFACE, pin, SECONDS, before=first)
    damaged.write_bytes(content)
    assert [served(world, engine) for engine in pair] == [first, first]


def test_where_one_of_two_refuses_neither_serves_it(deployed, pair):
    world, pins = deployed
    first = pair[0].pins[SURFACE]
    wary = engine_of(world, ())
    try:
        with pytest.raises(ServingError, match=r"refuses it: .*may not be imported here"):
            deploy(world, pins["sound"])
        assert [served(world, engine) for engine in (*pair, wary)] == [first] * 3
    finally:
        wary.close()


def test_a_replica_that_does_not_answer_in_time_leaves_everything_as_it_is(deployed, pair, monkeypatch):
    world, pins = deployed
    first = pair[0].pins[SURFACE]
    monkeypatch.setattr(pair[1].deployed, "look", lambda: None)
    with (
        pytest.raises(ServingError, match="gave no answer in 3 s"),
        Deployments(world.settings.deployed).changing(),
    ):
        roll_out(world.settings, SURFACE, pins["sound"], 3.0, before=first)
    assert [served(world, engine) for engine in pair] == [first, first]
    wait_until(lambda: not pair[0].deployed._held)


def test_only_one_deploys_at_a_time(deployed):
    deployments = Deployments(deployed[0].settings.deployed)
    with deployments.changing(), pytest.raises(ServingError, match=r"another `metier deploy` .* runs"):
        deploy(deployed[0], deployed[1]["sound"])


def test_what_served_before_goes_with_its_last_request(deployed):
    """Without the garbage collector, which a replica keeps away from what it has loaded."""
    world, pins = deployed
    engine = engine_of(world)
    gc.disable()
    try:
        stages = engine.stages[SURFACE]
        held = [weakref.ref(part) for part in (stages, stages.bundle, stages.bundle.ensemble, stages.snapshot)]
        engine.deployed.close()
        engine._swap(pins["sound"], engine._fit(SURFACE, pins["sound"]))
        assert served(world, engine) == pins["sound"]
        del stages
        wait_until(lambda: [each() for each in held] == [None] * 4)
    finally:
        gc.enable()
        engine.close()


class TestRestart:
    @pytest.fixture
    def home(self, deployed, tmp_path):
        """A home of its own in which the sound bundle is pinned while nothing runs."""
        world, pins = deployed
        other = world.copy(tmp_path / "home")
        assert deploy(other, pins["sound"]).replicas == 0
        return other, pins["sound"]

    def test_a_replica_that_starts_serves_what_is_pinned(self, home):
        world, pin = home
        engine = engine_of(world)
        try:
            assert served(world, engine) == pin
        finally:
            engine.close()

    def test_and_what_it_was_given_where_that_is_damaged(self, home):
        world, pin = home
        damaged = folder_of(world, pin) / "manifest.json"
        content = damaged.read_bytes()
        damaged.unlink()
        damaged.write_bytes(content[:-9])
        engine = engine_of(world)
        try:
            assert served(world, engine) == world.pins[SURFACE]
            refused = engine.deployed.reports[SURFACE].refused
            assert refused.bundle == pin
            assert "manifest.json" in refused.why
        finally:
            engine.close()
