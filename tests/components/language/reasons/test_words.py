"""Reasons in words: every model input has some, they say its value, and they name it alone."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.language.reasons import in_words, topics_of
from components.language.reasons.topics import TOPICS
from components.language.reasons.words import phrase_of
from feature_repo.inputs.transforms import FEATURE_NAMES
from metier.contract import SURFACES

EVERY = [(surface, name) for surface in SURFACES for name in FEATURE_NAMES[surface]]
VALUES = st.one_of(st.floats(-20, 20, width=32), st.sampled_from([0.0, 1.0, math.nan]))


@given(feature=st.sampled_from(EVERY), value=VALUES)
def test_every_model_input_has_a_phrase_that_says_every_value(feature, value):
    phrase, said = phrase_of(*feature), in_words(*feature, value)
    assert phrase is not None
    assert "{" not in said
    if math.isnan(value) and said != phrase.about:
        assert said == f"not known: {phrase.about}"


@pytest.mark.parametrize("surface", SURFACES)
def test_no_two_model_inputs_share_their_words(surface):
    """So a sentence names one feature: none is about the same, nor says the same of 1 and of 12."""
    about = [phrase_of(surface, name).about for name in FEATURE_NAMES[surface]]
    says = [(in_words(surface, name, 1.0), in_words(surface, name, 12.0)) for name in FEATURE_NAMES[surface]]
    for words in (about, says):
        assert [said for said, count in Counter(words).items() if count > 1] == []


@pytest.mark.parametrize(
    ("surface", "feature", "value", "said"),
    [
        ("talent_search", "skill_overlap_count", 4, "the person has 4 of the skills that the job asks for"),
        ("job_feed", "skill_coverage", 2 / 3, "the freelancer has 67% of the skills that the job asks for"),
        ("talent_search", "rate_to_budget_log_ratio", math.log(0.8), "the person asks 20% less than budgeted"),
        ("talent_search", "rate_to_budget_log_ratio", math.log(1.5), "the person asks 50% more than budgeted"),
        ("talent_search", "rate_to_budget_log_ratio", 0.0, "the person asks what is budgeted"),
        ("job_feed", "rate_inside_budget", 0, "the rate of the freelancer lies outside the budget"),
        ("applicant_review", "level_gap", -1, "the person is 1 level below what is asked"),
        ("applicant_review", "application_order", 0, "the person was number 1 to apply"),
        ("applicant_review", "application_age_hours", 60, "the person applied 2.5 days ago"),
        ("talent_search", "candidate_hourly_rate_usd_log", math.log1p(37.5), "the person asks $37.50 an hour"),
        ("job_feed", "candidate_clicks_7d", math.log1p(1), "the job was opened once in the last 7 days"),
        ("talent_search", "actor_hires_30d", 0, "the client hired somebody 0 times in the last 30 days"),
        (
            "job_feed",
            "candidate_client_answer_rate_30d",
            0.5,
            "about 50% of the applications to the client of the job were answered in the last 30 days",
        ),
        ("talent_search", "candidate_category_code", 0, "not known: the category of the person"),
        ("talent_search", "candidate_category_code", 17, "the category of the person"),
        ("job_feed", "candidate_client_payment_verified", 1, "the payment of the client of the job is verified"),
        (
            "job_feed",
            "past_same_city_share",
            0.4,
            "40% of the jobs that the freelancer turned to before are in its city",
        ),
        (
            "talent_search",
            "past_semantic_last",
            0.62,
            "the person is alike in meaning to the last of the people that the client turned to before: 0.62 of 1",
        ),
        ("talent_search", "candidate_turned_to", math.log1p(2), "the person was turned to by 2 clients so far"),
    ],
)
def test_words_say_the_value(surface, feature, value, said):
    assert in_words(surface, feature, value) == said


@pytest.mark.parametrize("surface", SURFACES)
def test_every_model_input_has_a_topic(surface):
    by_topic = dict(zip(FEATURE_NAMES[surface], topics_of(FEATURE_NAMES[surface]), strict=True))
    assert "other" not in by_topic.values()
    assert set(by_topic.values()) <= set(TOPICS)
    assert {by_topic[name] for name in ("skill_coverage", "candidate_skill_count")} == {"skills"}
    assert {by_topic[name] for name in ("rate_inside_budget", "candidate_country_code")} == {"pay", "place"}
    assert {by_topic[name] for name in ("person_v00", "semantic_cosine")} == {"texts"}
    assert by_topic["request_semantic"] == "typed_text"


def test_a_feature_of_ones_own_is_of_no_topic():
    assert topics_of(["charm"]) == ("other",)


def test_a_feature_without_a_phrase_goes_by_its_name():
    assert phrase_of("job_feed", "candidate_charm") is None
    assert in_words("job_feed", "candidate_charm", 1.5) == "candidate charm: 1.5"
    assert in_words("job_feed", "candidate_charm", math.nan) == "not known: candidate charm"
