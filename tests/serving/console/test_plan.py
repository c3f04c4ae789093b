"""Chips of a plan, and the form that a query string fills in."""

from starlette.datastructures import QueryParams

from components.language.understanding import PARTS
from serving.console.forms import SearchForm
from serving.console.plan import CALLED, Chip, called, chips_of
from serving.http.ranking import PlannedSkill, PlannedSpan, RequestPlan

TEXT = "senior react dev under $40/h"
PLAN = RequestPlan(
    skills=[
        PlannedSkill(id="react", label="React", need="must"),
        PlannedSkill(id="php", label="PHP", need="not"),
    ],
    parts={"levels": ["expert"], "rate_max": {"amount": 40.0, "currency": "USD"}, "agencies": False},
    filters={},
    text="dev",
    spans=[
        PlannedSpan(part="levels", value="expert", start=0, end=6),
        PlannedSpan(part="rate_max", value="40 USD", start=17, end=28),
    ],
    left_out=[],
)


def test_a_chip_says_part_values_and_the_words_that_gave_it():
    assert list(chips_of(PLAN, TEXT)) == [
        Chip("must", "must have", "React", ""),
        Chip("not_", "without", "PHP", ""),
        Chip("levels", "level", "expert", "senior"),
        Chip("rate_max", "hourly rate up to", "40 USD", "under $40/h"),
        Chip("agencies", "agencies", "no", ""),
    ]


def test_every_part_of_a_plan_has_a_name_and_another_goes_by_its_own():
    assert set(PARTS) == set(CALLED)
    assert called("time_zones") == "time zones"


def test_a_query_string_fills_in_what_its_surface_takes():
    params = QueryParams(
        "surface=talent_search&asked=1&text=%20x%20&skills=php, sql&rate_max_usd=40&agencies=no"
        "&budget_kind=fixed&ignore=levels"
    )
    form = SearchForm.of(params)
    body = form.body()
    assert (body.text, body.filters) == ("x", {"skills": ["php", "sql"], "rate_max_usd": 40.0, "agencies": False})
    assert body.ignore == ["levels"]
    assert form.narrowed
    again = SearchForm.of(QueryParams(form.query()))
    assert again == form
    assert dict(form.query(ignore=(), text=None)).keys() == {"surface", "skills", "rate_max_usd", "agencies", "asked"}


def test_an_unknown_surface_is_the_first():
    assert SearchForm.of(QueryParams("surface=all")).surface == "talent_search"
