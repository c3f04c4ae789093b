"""Words that a model copied of a search, as a plan: values, places, and what is dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.language.query_model import Words
from components.language.query_model.pairs import counted
from components.language.query_model.reading import plan_of
from components.language.taxonomy import Skill, Taxonomy
from components.language.understanding import Money, Span

TAXONOMY = Taxonomy([Skill("react", "React", ("ReactJS",)), Skill("php", "PHP"), Skill("docker", "Docker")])


def plan(text, **words):
    return plan_of(Words(**words), text, TAXONOMY)


def test_words_are_read_by_their_part():
    read = plan(
        "senior reactjs dev, India or EU, $20-40/h, no agencies, no php, fintech, fluent Spanish",
        must=["reactjs"], not_=["php"], levels=["senior"], countries=["India"], languages=["Spanish"],
        rate_min="$20-40/h", rate_max="$20-40/h", no_agencies="no agencies", domains=["fintech"],
    )  # fmt: skip
    assert dict(read.asked()) == {
        "must": ("react",), "not_": ("php",), "levels": ("expert",), "countries": ("IN",), "languages": ("Spanish",),
        "rate_min": Money(20.0), "rate_max": Money(40.0), "agencies": False, "domains": ("fintech",),
    }  # fmt: skip
    assert read.text == "dev or EU no fluent"
    assert Span("must", "react", 7, 14) in read.spans


@pytest.mark.parametrize(
    ("part", "said", "value"),
    [
        ("rate_max", "40 eur an hour", Money(40.0, "EUR")),
        ("budget_max", "£1,200", Money(1200.0, "GBP")),
        ("budget_min", "500 and 900 usd", Money(500.0)),
        ("hours_min", "full time", 40.0),
        ("hours_max", "part-time", 20.0),
        ("hours_min", "30 hrs", 30.0),
        ("budget_kind", "fixed price", "fixed"),
        ("available", "start immediately", True),
        ("agencies_only", "agencies only", True),
        ("posted_within_days", "posted in the last 3 days", 3),
    ],
)
def test_one_value(part, said, value):
    read = plan(f"react, {said}!", **{part: said})
    assert [each for _, each in read.asked()] == [value]


def test_regions_slips_and_demonyms_are_places():
    assert plan("in Benelux", countries=["Benelux"]).countries == ("BE", "LU", "NL")
    assert plan("in Phillipines", countries=["Phillipines"]).countries == ("PH",)
    assert plan("ukrainian dev", countries=["ukrainian"]).countries == ("UA",)


def test_what_the_text_does_not_hold_or_no_reader_knows_is_dropped():
    text = "react in India"
    read = plan(
        text, must=["php", "reac", "in India"], countries=["France", "react"], rate_max="$40", available="India",
        languages=["India"], budget_kind="in", hours_min="react", domains=["react"], levels=["in"], no_agencies="react",
    )  # fmt: skip
    assert list(read.asked()) == []
    assert read.text == text


@given(st.text(max_size=60), st.lists(st.text(max_size=12), max_size=4))
def test_any_words_of_any_text_are_read(text, said):
    first = said[0] if said else ""
    read = plan(text, must=said, countries=said, levels=said, rate_max=first, hours_min=first, available=first)
    assert all(text[span.start : span.end].strip() for span in read.spans)


def test_pairs_are_counted():
    asked = {"must": ["React", "PHP"], "regions": ["Benelux"], "rate_max": {"amount": 40, "currency": "USD"}}
    read = plan("react in Benelux, docker", must=["react"], nice=["docker"], countries=["Benelux"])
    # right: must react, countries Benelux; planned besides: nice docker; asked besides: must PHP, rate_max
    assert counted(read, asked, TAXONOMY) == (2, 3, 4)
