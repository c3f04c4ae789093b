"""Chips of a plan, and the form that a query string fills in."""

from starlette.datastructures import QueryParams

from serving.console.forms import SearchForm
from serving.console.plan import Chip, chips_of

TEXT = "senior react dev under $40/h"
PLAN = {
    "must": ["react"],
    "levels": ["expert"],
    "rate_max": {"amount": 40.0, "currency": "USD"},
    "agencies": False,
    "countries": [],
    "available": None,
    "text": "dev",
    "spans": [
        {"part": "levels", "value": "expert", "start": 0, "end": 6},
        {"part": "rate_max", "value": "40 USD", "start": 17, "end": 28},
    ],
}


def test_a_chip_says_part_values_and_the_words_that_gave_it():
    assert list(chips_of(PLAN, TEXT)) == [
        Chip("must", "must have", "react", ""),
        Chip("levels", "level", "expert", "senior"),
        Chip("rate_max", "hourly rate up to", "40 USD", "under $40/h"),
        Chip("agencies", "agencies", "no", ""),
    ]


def test_a_part_that_is_new_goes_by_its_own_name():
    assert list(chips_of({"time_zones": ["UTC+1"]}, "")) == [Chip("time_zones", "time zones", "UTC+1", "")]


def test_a_query_string_fills_in_what_its_surface_takes():
    params = QueryParams(
        "surface=talent_search&asked=1&text=%20x%20&skills=php, sql&rate_max_usd=40&budget_kind=fixed&ignore=levels"
    )
    form = SearchForm.of(params)
    body = form.body()
    assert (body.text, body.filters) == ("x", {"skills": ["php", "sql"], "rate_max_usd": 40.0})
    assert form.narrowed
    again = SearchForm.of(QueryParams(form.query()))
    assert again == form
    assert dict(form.query(ignore=(), text=None)).keys() == {"surface", "skills", "rate_max_usd", "asked"}


def test_an_unknown_surface_is_the_first():
    assert SearchForm.of(QueryParams("surface=all")).surface == "talent_search"
