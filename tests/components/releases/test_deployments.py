"""Which bundle serves by what is written down: pins, what served before, and what a registry that is gone leaves."""

from datetime import UTC, datetime, timedelta

import pytest

from components.releases import RegisteredBundle, open_registry
from components.releases.deployments import Deployment, Deployments, Proposal, chosen_bundles
from metier.errors import ArtifactError, RegistryError
from metier.settings import Settings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ONE, TWO, THREE = (RegisteredBundle("metier_job_feed", number, f"{number}" * 64) for number in (1, 2, 3))


def test_what_serves_is_remembered_and_comes_back():
    served = Deployment().serving(ONE, NOON, pinned=False).serving(TWO, NOON, pinned=True)
    assert (served.served, served.pinned, served.before) == (TWO, True, (ONE,))
    third = served.serving(THREE, NOON, pinned=True)
    assert third.before == (ONE, TWO)
    later = NOON + timedelta(hours=1)
    back = third.back(later)
    assert (back.served, back.since, back.pinned, back.before) == (TWO, later, True, (ONE,))
    assert back.back(later).before == ()


def test_the_same_bundle_again_is_no_other_one():
    served = Deployment().serving(ONE, NOON, pinned=False).serving(ONE, NOON, pinned=True)
    assert (served.served, served.pinned, served.before) == (ONE, True, ())


def test_it_is_written_and_read_whole(tmp_path):
    deployments = Deployments(tmp_path)
    assert deployments.of("job_feed") == Deployment()
    told = Deployment().serving(ONE, NOON, pinned=True).serving(TWO, NOON, pinned=True)
    told = Deployment(told.served, told.since, True, told.before, Proposal("p", THREE, NOON))
    deployments.write("job_feed", told)
    assert Deployments(tmp_path).of("job_feed") == told
    assert deployments.in_use() == [("job_feed", TWO), ("job_feed", ONE)]
    assert deployments.last() == "job_feed"


def test_a_damaged_one_names_what_to_delete(tmp_path):
    (tmp_path / "job_feed.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"job_feed\.json says of no bundle that it serves; delete it"):
        Deployments(tmp_path).of("job_feed")


def test_a_start_keeps_pins_and_remembers_another_champion(tmp_path):
    deployments = Deployments(tmp_path)
    deployments.begun({"job_feed": ONE})
    deployments.begun({"job_feed": TWO})
    assert (deployments.of("job_feed").before, deployments.of("job_feed").pinned) == ((ONE,), False)
    deployments.write("job_feed", deployments.of("job_feed").back(NOON))
    deployments.begun({"job_feed": ONE})
    assert deployments.of("job_feed") == Deployment(ONE, NOON, True)


def test_without_the_registry_what_served_last_serves_again(tmp_path):
    settings = Settings(home=tmp_path)
    registry = open_registry(settings)
    assert chosen_bundles(settings, registry) == {}
    Deployments(settings.deployed).begun({"job_feed": ONE})
    (chosen,) = chosen_bundles(settings, registry).values()
    assert (chosen.bundle, chosen.alias) == (ONE, "served last; the registry does not answer")
    nowhere = settings.model_copy(update={"registry_uri": "postgresql://127.0.0.1:1/nothing"})
    assert chosen_bundles(nowhere, open_registry(nowhere)) == {"job_feed": chosen}


def test_without_the_registry_nothing_starts_where_nothing_ever_served(tmp_path):
    nowhere = Settings(home=tmp_path, registry_uri="postgresql://127.0.0.1:1/nothing")
    with pytest.raises(RegistryError, match="cannot open the registry"):
        chosen_bundles(nowhere, open_registry(nowhere))
