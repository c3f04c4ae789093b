"""A person's promotion: recorded with who, when and why, refused in one line where it cannot be."""

import pytest
from typer.testing import CliRunner

from components.releases import open_registry
from components.releases.aliases import bundles_to_serve, trained_bundles, why_unranked
from components.releases.deployments import Deployments, chosen_bundles
from components.releases.promotions import Promotion, person, stated
from metier.cli.app import app
from metier.errors import InputError, RegistryError, UnknownNameError
from metier.settings import Settings


@pytest.fixture
def held(world, tmp_path, monkeypatch) -> Settings:
    """A home whose only bundle of job_feed is a challenger that the gate held."""
    from mlflow import MlflowClient

    home = world.copy(tmp_path / "home").home
    settings = Settings(home=home, operator="ann")
    client = MlflowClient(settings.registry, settings.registry)
    client.delete_registered_model_alias("metier_job_feed", "champion")
    client.delete_registered_model_tag("metier_job_feed", "champion_version")
    client.set_registered_model_alias("metier_job_feed", "challenger", "1")
    monkeypatch.setenv("METIER_HOME", str(home))
    monkeypatch.setenv("METIER_OPERATOR", "ann")
    return settings


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def test_a_held_bundle_is_served_only_once_a_person_promoted_it(held):
    registry = open_registry(held)
    Deployments(held.deployed).begun({name: each.bundle for name, each in trained_bundles(registry).items()})
    assert "job_feed" not in chosen_bundles(held, registry)
    assert why_unranked(registry, "job_feed").startswith(
        "job_feed: no champion; served by retrieval (metier_job_feed version 1 is held: `metier report` says why"
    )

    done = run("promote", "metier_job_feed", "1", "--reason", "agreed with\n the job team")
    assert done.exit_code == 0, done.output
    assert "metier_job_feed 1 is the champion, promoted by ann on " in done.output
    note = registry.promotion("metier_job_feed", 1)
    assert (note.by, note.reason, note.replaced) == ("ann", "agreed with the job team", None)
    assert bundles_to_serve(registry)["job_feed"].bundle.version == 1


def test_what_served_under_an_alias_is_forgotten_once_retrieval_serves(held):
    deployments, registry = Deployments(held.deployed), open_registry(held)
    deployments.begun({name: each.bundle for name, each in trained_bundles(registry).items()})
    assert deployments.of("job_feed").served is not None
    deployments.begun({name: each.bundle for name, each in chosen_bundles(held, registry).items()})
    assert deployments.of("job_feed").served is None
    (held.home / "mlflow.db").rename(held.home / "mlflow.away")
    assert set(chosen_bundles(held, open_registry(held))) == {"talent_search", "applicant_review"}


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (("metier_job_feed", "9", "--reason", "r"), RegistryError, "no version 9 of 'metier_job_feed' at .*; use one"),
        (("job_feed", "1", "--reason", "r"), UnknownNameError, "unknown bundle 'job_feed'; use one of: metier_"),
        (("metier_job_feed", "1", "--reason", " "), InputError, "needs a reason; write one after --reason"),
    ],
)
def test_what_cannot_be_promoted_is_one_line_and_changes_nothing(held, arguments, error, says):
    done = run("promote", *arguments)
    with pytest.raises(error, match=says):
        raise done.exception
    assert "job_feed" not in bundles_to_serve(open_registry(held))


def test_a_reason_is_one_line_that_the_registry_can_keep():
    assert stated("  a\n b ") == "a b"
    with pytest.raises(InputError, match=r"the reason has 1,001 characters; 1,000 are kept"):
        stated("r" * 1_001)
    assert person(Settings(operator="ann")) == "ann"
    assert person(Settings())


def test_a_promotion_reads_as_part_of_a_line():
    from datetime import UTC, datetime

    promotion = Promotion("ann", "agreed", datetime(2026, 3, 1, tzinfo=UTC))
    assert promotion.render() == "promoted by ann on 2026-03-01: agreed"
