"""What eligibility obeys of a plan, by surface, and in whose place a stated filter stands."""

from datetime import UTC, datetime

import pytest

from components.language.taxonomy import Skill, Taxonomy
from components.language.understanding import Exchange, Money, Plan, plan_filters, shipped_exchange
from components.language.understanding.plan_filters import filtered_parts
from metier.errors import ContractError, UnknownNameError
from metier.stored import as_json, from_json

TAXONOMY = Taxonomy([Skill("php", "PHP", ("php8",)), Skill("react", "React")])
EXCHANGE = Exchange("2026-01-31", {"EUR": 1.25})
NOW = datetime(2026, 3, 8, tzinfo=UTC)
PLAN = Plan(
    must=("react",), not_=("php",), levels=("expert",), not_levels=("entry",), countries=("IN", "UA"),
    not_countries=("RU",), languages=("German",), rate_max=Money(40, "EUR"), hours_min=20.0, available=True,
    agencies=False, domains=("fintech",), not_domains=("crypto",), posted_within_days=7,
)  # fmt: skip


def test_the_hard_parts_are_filters_of_talent_search():
    assert plan_filters(PLAN, "talent_search", TAXONOMY, EXCHANGE, NOW) == {
        "not_skills": ["PHP", "php8"], "not_levels": ["entry"], "country": ["IN", "UA"], "not_countries": ["RU"],
        "language": ["German"], "rate_max_usd": 50.0, "hours_min": 20.0, "available": True, "agencies": False,
    }  # fmt: skip


def test_the_hard_parts_are_filters_of_the_feed():
    assert plan_filters(PLAN, "job_feed", TAXONOMY, EXCHANGE, NOW) == {
        "not_skills": ["PHP", "php8"], "not_levels": ["entry"], "country": ["IN", "UA"], "not_countries": ["RU"],
        "language": ["German"], "not_industries": ["crypto"], "posted_since": "2026-03-01T00:00:00+00:00",
        "rate_max_usd": 50.0,
    }  # fmt: skip


def test_a_budget_is_for_the_whole_job():
    plan = Plan(budget_min=Money(500))
    assert plan_filters(plan, "job_feed", TAXONOMY, EXCHANGE, NOW) == {"budget_min_usd": 500.0}
    assert plan_filters(plan, "talent_search", TAXONOMY, EXCHANGE, NOW) == {}


def test_a_currency_that_nobody_has_a_rate_for_limits_nothing():
    assert plan_filters(Plan(rate_max=Money(40, "XAU")), "talent_search", TAXONOMY, EXCHANGE, NOW) == {}


@pytest.mark.parametrize(
    ("surface", "name", "parts"),
    [
        ("talent_search", "country", ["countries"]),
        ("talent_search", "skills_all", ["must"]),
        ("talent_search", "rate_max_usd", ["rate_max"]),
        ("job_feed", "budget_max_usd", ["budget_max"]),
        ("job_feed", "posted_since", ["posted_within_days"]),
        ("talent_search", "category", []),
    ],
)
def test_a_stated_filter_stands_in_the_place_of_a_part(surface, name, parts):
    assert list(filtered_parts(surface, [name])) == parts


def test_a_plan_is_stored_as_json_and_loses_parts_on_demand():
    assert from_json(Plan, as_json(PLAN)) == PLAN
    assert len({PLAN, from_json(Plan, as_json(PLAN))}) == 1
    assert dict(PLAN.without(["countries", "rate_max"]).asked()).keys() == dict(PLAN.asked()).keys() - {
        "countries",
        "rate_max",
    }
    with pytest.raises(UnknownNameError, match="unknown part of a plan 'colour'; use one of: must"):
        PLAN.without(["colour"])


def test_a_table_of_exchange_is_a_file(tmp_path):
    path = tmp_path / "rates.json"
    path.write_text('{"as_of": "2026-02-01", "usd": {"EUR": 2}}')
    assert Exchange.read(path).in_usd(Money(10, "EUR")) == 20.0
    path.write_text('{"as_of": "2026-02-01", "usd": {"EUR": 0}}')
    with pytest.raises(ContractError, match="no table of exchange rates; write"):
        Exchange.read(path)
    with pytest.raises(ContractError, match="cannot be read"):
        Exchange.read(tmp_path / "absent.json")
    assert shipped_exchange().in_usd(Money(1, "USD")) == 1.0
