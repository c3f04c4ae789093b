"""`metier deploy` and `metier rollback` as somebody types them, over a home in which a replica runs or none does."""

import shutil

import pytest
from typer.testing import CliRunner

from components.releases import open_registry
from components.releases.deployments import Deployments
from metier.cli.app import app
from metier.errors import MetierError
from serving.request.ranking import RankingRequest
from serving.request.trace import RequestTrace
from tests.serving.bundles.other_bundles import SURFACE, written


@pytest.fixture(scope="module")
def home(own):
    """A world, the pin that serves, and a second version of the same rankers in the registry, with no candidates."""
    bundle = written(own, own.home / "written" / "next")
    second = open_registry(own.settings).register(bundle.folder, {})
    shutil.rmtree(own.settings.candidates / bundle.version)
    return own, own.pins[SURFACE], second


@pytest.fixture
def run(home, monkeypatch):
    monkeypatch.setenv("METIER_HOME", str(home[0].home))

    def typed(*arguments):
        done = CliRunner().invoke(app, arguments)
        if isinstance(done.exception, MetierError):
            return str(done.exception)
        assert done.exit_code == 0, done.output
        return done.stdout.splitlines()[-1]

    return typed


def test_a_deploy_builds_what_is_missing_and_a_rollback_needs_no_registry(home, run):
    world, first, second = home
    engine = world.engine()

    def served():
        slate, stages = engine.slate(RankingRequest(SURFACE, world.feed_actor), RequestTrace(60_000))
        assert slate.tier == "ensemble"
        return stages.bundle.sha256

    try:
        assert served() == first.sha256
        said = run("deploy", second.name, str(second.version))
        assert said == (
            f"job_feed: {second.name} {second.version} (sha256 {second.sha256[:12]}) serves on 1 replica; "
            f"`metier rollback job_feed` brings back {first.name} {first.version}"
        )
        assert served() == second.sha256
        registry = world.home / "mlflow.db"
        registry.rename(registry.with_suffix(".away"))
        assert f"{first.name} {first.version} (sha256 {first.sha256[:12]}) serves on 1 replica" in run("rollback")
        registry.with_suffix(".away").rename(registry)
        assert served() == first.sha256
    finally:
        engine.close()


def test_where_no_replica_runs_it_is_pinned_for_the_next_one(home, run):
    world, first, second = home
    said = run("deploy", second.name, str(second.version))
    assert "is pinned; no replica runs" in said
    told = Deployments(world.settings.deployed).of(SURFACE)
    assert (told.served, told.pinned, told.before) == (second, True, (first,))


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (("deploy", "metier_jobs", "1"), "unknown bundle 'metier_jobs'; use one of: metier_talent_search, "),
        (("deploy", "metier_job_feed", "9"), "no version 9 of 'metier_job_feed'"),
        (("rollback", "talent_search"), "nothing else is known to have served talent_search here; name a bundle"),
        (("rollback", "somewhere"), "unknown surface 'somewhere'"),
    ],
)
def test_what_cannot_be_deployed_is_refused_in_one_line(run, arguments, refusal):
    said = run(*arguments)
    assert said.startswith(refusal)
    assert "\n" not in said
