"""What each surface is about, spelled out against the data contract."""

import pytest

from metier.contract import KINDS, SURFACES, TABLES
from metier.surfaces import surface_spec


@pytest.mark.parametrize("surface", SURFACES)
def test_candidates_and_actors_are_columns_of_the_contract(surface):
    spec = surface_spec(surface)
    columns = {column.name for column in TABLES[spec.table].columns}
    assert {spec.key, spec.prose, "title"} <= columns
    assert spec.move in KINDS
    assert spec.key != spec.actor_key


def test_who_asks_and_what_is_shown():
    seen = {name: (surface_spec(name).side, surface_spec(name).profile_view) for name in SURFACES}
    assert seen == {
        "talent_search": ("client", "freelancer_profile"),
        "job_feed": ("freelancer", "job_profile"),
        "applicant_review": ("client", "freelancer_profile"),
    }


def test_only_applicants_are_not_searched_for():
    assert [name for name in SURFACES if not surface_spec(name).retrieves] == ["applicant_review"]
