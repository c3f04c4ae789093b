"""Filters: each by name, any of a list, unknown values never pass, unknown names are refused with the known ones."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from components.language.taxonomy import shipped_taxonomy
from components.retrieval.filters import JOB_FILTERS, PERSON_FILTERS, Filters, parsed
from metier.contract import FREELANCERS, JOBS
from metier.errors import InputError, UnknownNameError

JOB_ROWS = [
    {"category": "Design", "country": "DE", "skills": ["Figma", "CSS"], "languages": ["de", "en"],
     "experience_level": "expert", "budget_kind": "hourly", "budget_min_usd": 20.0, "budget_max_usd": 40.0,
     "posted_at": datetime(2026, 1, 10, tzinfo=UTC)},
    {"category": "design ", "country": "FR", "skills": ["css"], "languages": None,
     "experience_level": "entry", "budget_kind": "fixed", "budget_min_usd": 500.0, "budget_max_usd": None,
     "posted_at": datetime(2026, 2, 1, tzinfo=UTC)},
    {"category": None, "country": None, "skills": [], "languages": [],
     "experience_level": None, "budget_kind": None, "budget_min_usd": None, "budget_max_usd": None,
     "posted_at": None},
]  # fmt: skip


def jobs(rows: list[dict] = JOB_ROWS) -> Filters:
    schema = pa.schema([JOBS.schema.field(name) for name in JOB_ROWS[0]])
    return Filters(pa.Table.from_pylist(rows, schema=schema), JOB_FILTERS)


@pytest.mark.parametrize(
    ("filters", "passed"),
    [
        (None, [0, 1, 2]),
        ("", [0, 1, 2]),
        ("{}", [0, 1, 2]),
        ({"category": "DESIGN"}, [0, 1]),
        ({"category": None, "skills": []}, [0, 1, 2]),
        ({"country": ["de", "it"]}, [0]),
        ({"category": "𝗗𝗲𝘀𝗶𝗴𝗻", "skills": ["Ｆｉｇｍａ "]}, [0]),
        ({"skills": ["figma", "rust"]}, [0]),
        ({"skills": "CSS"}, [0, 1]),
        ({"skills": "cs"}, []),
        ({"language": "EN"}, [0]),
        ({"level": "entry"}, [1]),
        ({"budget_kind": "fixed"}, [1]),
        ({"budget_min_usd": 30}, [0, 1]),
        ({"budget_min_usd": 41}, [1]),
        ({"budget_max_usd": 19.99}, []),
        ({"budget_max_usd": 20}, [0]),
        ({"rate_min_usd": 30}, [0]),
        ({"rate_max_usd": 10}, []),
        ({"posted_since": "2026-01-10"}, [0, 1]),
        ({"posted_since": "2026-01-10T00:00:01+00:00"}, [1]),
        ({"country": "Germany"}, [0]),
        ({"country": ["deutschland", "france"]}, [0, 1]),
        ({"language": "German"}, [0]),
        ({"skills_all": ["css", "figma"]}, [0]),
        ({"not_skills": "figma"}, [1]),
        ({"not_countries": ["Germany"]}, [1]),
        ({"not_levels": ["entry", "intermediate"]}, [0]),
        ({"level": "Senior"}, [0]),
        ({"level": ["Junior level", "Mid-Senior"]}, [1]),
        ({"not_levels": "Sr."}, [1]),
        ({"budget_kind": "Fixed-price"}, [1]),
        ({"budget_kind": ["per hour", "Flat rate"]}, [0, 1]),
        ({"category": "design", "country": "FR"}, [1]),
        ('{"category": "design", "posted_since": "2027-01-01"}', []),
    ],
)
def test_job_filters(filters, passed: list[int]) -> None:
    assert np.flatnonzero(jobs().mask(filters)).tolist() == passed


def test_rate_filters_of_people_hold_the_bounds_and_drop_unknown_rates() -> None:
    table = pa.table({"hourly_rate_usd": pa.array([10.0, 20.0, None, 30.0])})
    people = Filters(table, PERSON_FILTERS)
    assert np.flatnonzero(people.mask({"rate_min_usd": 20})).tolist() == [1, 3]
    assert np.flatnonzero(people.mask({"rate_min_usd": 10, "rate_max_usd": 20})).tolist() == [0, 1]


def test_an_absent_column_passes_nobody_who_is_asked_for_it() -> None:
    people = Filters(pa.table({"freelancer_id": ["a", "b"]}), PERSON_FILTERS)
    assert not people.mask({"skills": ["css"]}).any()
    assert people.mask({}).all()


def test_empty_tables_and_untyped_nulls_are_fine() -> None:
    assert Filters(FREELANCERS.schema.empty_table(), PERSON_FILTERS).mask({"skills": ["css"]}).shape == (0,)
    assert not Filters(pa.table({"category": pa.nulls(2)}), PERSON_FILTERS).mask({"category": "design"}).any()


def test_rows_after_a_chunk_border_keep_their_place() -> None:
    first, second = (pa.table({"skills": [["css"], ["go"]]}), pa.table({"skills": [["go"], ["css", "go"]]}))
    people = Filters(pa.concat_tables([first, second]), PERSON_FILTERS)
    assert np.flatnonzero(people.mask({"skills": "css"})).tolist() == [0, 3]


def test_unknown_filters_name_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="unknown filter 'colour'; use one of: category, country, skills"):
        parsed({"colour": "red"}, JOB_FILTERS)
    with pytest.raises(UnknownNameError, match="posted_since"):
        parsed({"posted_since": "2026-01-01"}, PERSON_FILTERS)


def test_an_unknown_word_is_refused_with_the_allowed_ones() -> None:
    for filters, allowed in (
        ({"level": "wizard"}, "level is 'wizard'; give one of: entry, intermediate, expert"),
        ({"not_levels": ["entry", "wizard"]}, "give one of: entry, intermediate, expert"),
        ({"budget_kind": "barter"}, "budget_kind is 'barter'; give one of: hourly, fixed"),
    ):
        with pytest.raises(InputError, match=allowed):
            jobs().mask(filters)


def test_sums_that_nobody_can_meet_are_the_callers_mistake() -> None:
    with pytest.raises(InputError, match="budget_min_usd is -1; give a number that is not below 0"):
        jobs().mask({"budget_min_usd": -1})
    with pytest.raises(InputError, match="rate_min_usd is above rate_max_usd"):
        jobs().mask({"rate_min_usd": 50, "rate_max_usd": 20})


@pytest.mark.parametrize(
    "filters",
    ["{", "[1]", {"skills": [1]}, {"category": 3}, {"budget_min_usd": "cheap"}, {"budget_min_usd": True},
     {"budget_min_usd": float("nan")}, {"posted_since": "yesterday"}, {"posted_since": 5}],
)  # fmt: skip
def test_values_of_the_wrong_kind_are_the_callers_mistake(filters) -> None:
    with pytest.raises(InputError):
        jobs().mask(filters)


PEOPLE = pa.table(
    {
        "freelancer_id": ["a", "b", "c", "d"],
        "status": ["listed", "listed", "unavailable", "listed"],
        "hours_per_week": [40.0, None, 40.0, 0.0],
        "agency_id": pa.array(["ag", None, None, None], pa.string()),
        "country": pa.array(["Philippines", "ph", None, "India"], pa.string()),
        "hourly_rate_usd": [10.0, None, 30.0, 50.0],
    }
)


@pytest.mark.parametrize(
    ("filters", "passed"),
    [
        ({"hours_min": 20}, [0, 2]),
        ({"available": True}, [0, 1]),
        ({"available": False}, [2, 3]),
        ({"agencies": False}, [1, 2, 3]),
        ({"agencies": True}, [0]),
        ({"country": "PHL"}, [0, 1]),
    ],
)
def test_filters_of_people(filters, passed):
    assert np.flatnonzero(Filters(PEOPLE, PERSON_FILTERS).mask(filters)).tolist() == passed


def test_an_understood_limit_is_broken_by_those_whose_value_is_known():
    understood = {
        "country": ["PH"],
        "not_countries": ["IN"],
        "rate_max_usd": 20,
        "hours_min": 20,
        "not_skills": ["CSS"],
    }
    broken = Filters(PEOPLE, PERSON_FILTERS).broken(understood)
    assert {name: np.flatnonzero(out).tolist() for name, out in broken.items()} == {
        "country": [3], "not_countries": [3], "rate_max_usd": [2, 3], "hours_min": [3], "not_skills": [],
    }  # fmt: skip


def test_a_rate_is_broken_by_jobs_paid_by_the_hour_and_a_budget_by_the_others():
    broken = jobs().broken({"rate_min_usd": 50, "budget_min_usd": 600})
    assert {name: np.flatnonzero(out).tolist() for name, out in broken.items()} == {
        "rate_min_usd": [0], "budget_min_usd": [1],
    }  # fmt: skip


@pytest.mark.parametrize("name", ["available", "agencies"])
def test_a_flag_is_true_or_false(name):
    with pytest.raises(InputError, match=f"filter {name} is 'yes'; give true or false"):
        Filters(PEOPLE, PERSON_FILTERS).mask({name: "yes"})


def test_an_industry_is_called_by_several_names():
    industries = pa.table({"industry": pa.array(["E-Commerce", "Fintech", None], pa.string())})
    assert np.flatnonzero(Filters(industries, JOB_FILTERS).mask({"not_industries": "ecommerce"})).tolist() == [1]


def test_a_skill_is_called_by_several_names():
    people = pa.table({"skills": [["React"], ["react.js", "Go"], ["React Native"], ["Java"], ["JavaScript"], None]})
    filters = Filters(people, PERSON_FILTERS, shipped_taxonomy().find)
    assert np.flatnonzero(filters.mask({"skills": ["reactjs"]})).tolist() == [0, 1]
    assert np.flatnonzero(filters.mask({"skills_all": ["ReactJS", "golang"]})).tolist() == [1]
    assert np.flatnonzero(filters.mask({"not_skills": ["JS", "React"]})).tolist() == [2, 3]
