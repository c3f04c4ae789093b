"""What is said of a search: whom the limits leave, and how many of them list what orders them."""

import pytest

from components.language.assistant import telling
from components.language.assistant.arguments import PeopleSearch
from components.language.assistant.listing import listed_as
from components.language.assistant.results import SearchResult, Wanted
from components.language.taxonomy import Skill, Taxonomy

TAXONOMY = Taxonomy(
    [
        Skill("shop", "Shopify"),
        Skill("shop-dev", "Shopify development", related=("shop",)),
        Skill("liquid", "Liquid themes", broader=("shop",)),
        Skill("react", "React"),
        Skill("react-native", "React Native", related=("react",)),
    ]
)


def told(limits=(), **of_result):
    search = PeopleSearch(text="shop people")
    values = {"fitting": 40, "sure": 40, "wanted": Wanted(must=["Shopify"]), "listing": 3, "tier": "ensemble"}
    result = SearchResult(search=search, candidates=[], limits=dict(limits), **(values | of_result))
    return " ".join(said.text for said in telling.found(result, ()))


def test_limits_leave_people_and_skills_order_them():
    assert told() == "40 people fit, as no limit holds; 3 of them list Shopify."
    assert told(listing=1, limits={"rate_max_usd": 20.0}) == (
        "40 people fit within the highest rate 20; 1 of them lists Shopify."
    )
    assert "none of them lists Shopify: those shown are the nearest" in told(listing=0)


def test_a_text_of_which_nothing_is_known_is_told_so():
    assert "I know no skill and no limit in that" in told(wanted=Wanted(), listing=None)
    assert "I know no skill" not in told(wanted=Wanted(), listing=None, limits={"country": ["PL"]})


@pytest.mark.parametrize(
    ("skill", "listed"),
    [
        ("shop-dev", ("shop-dev", "shop", "liquid")),  # what is practised, and what is narrower
        ("shop", ("shop", "liquid")),
        ("react-native", ("react-native",)),  # React is no React Native
    ],
)
def test_an_entry_lists_a_skill_by_what_it_is_or_practises(skill, listed):
    assert listed_as(skill, TAXONOMY) == listed
