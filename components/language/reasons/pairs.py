"""Words of features that compare: a person with a job, their texts, and a candidate with the actor's past ones.

Named as feature_repo.inputs.pair_features and parties name them. Templates name the two sides: {person} and {job}, and
who asks ({actor}) about whom ({candidate}, {candidates}).
"""

import math
import re
from collections.abc import Mapping

from components.language.reasons.phrases import (
    Phrase,
    Show,
    alike,
    counted,
    either,
    hours,
    number,
    percent,
    stating,
    times,
    unlogged,
)

TURNED = "that the {actor} turned to before"
EITHER = {
    "language_match": (
        "whether the {person} speaks a language of the {job}",
        "the {person} speaks a language of the {job}",
        "the {person} speaks no language of the {job}",
    ),
    "rate_inside_budget": (
        "whether the rate of the {person} lies within the budget",
        "the rate of the {person} lies within the budget",
        "the rate of the {person} lies outside the budget",
    ),
    "city_match": ("whether the cities are the same", "{person} and {job} are in one city", "the cities differ"),
    "region_match": ("whether the regions are the same", "{person} and {job} are in one region", "the regions differ"),
    "country_match": (
        "whether the countries are the same",
        "{person} and {job} are in one country",
        "the countries differ",
    ),
    "category_match": (
        "whether the categories are the same",
        "{person} and {job} are of one category",
        "the categories differ",
    ),
    "level_match": (
        "whether the {person} is of the level that is asked",
        "the {person} is of the level that is asked",
        "the {person} is of another level than is asked",
    ),
    "request_typed": ("whether a text was typed", "a text was typed", "no text was typed"),
    "asked_level_met": (
        "whether the {candidate} is of a level that was typed",
        "the {candidate} is of a level that was typed",
        "the {candidate} is of another level than was typed",
    ),
    "asked_rate_met": (
        "whether the pay of the {candidate} is within what was typed",
        "the pay of the {candidate} is within what was typed",
        "the pay of the {candidate} is not within what was typed",
    ),
    "asked_country_met": (
        "whether the {candidate} is in a country that was typed",
        "the {candidate} is in a country that was typed",
        "the {candidate} is in another country than was typed",
    ),
    "past_seen": (
        "whether the {actor} turned to this {candidate} before",
        "the {actor} turned to this {candidate} before",
        "the {actor} did not turn to this {candidate} before",
    ),
}
STATED: dict[str, tuple[str, str, Show]] = {
    "skill_overlap_count": (
        "how many of the skills that the {job} asks for the {person} has",
        "the {person} has {value} of the skills that the {job} asks for",
        number,
    ),
    "skill_coverage": (
        "which share of the skills that the {job} asks for the {person} has",
        "the {person} has {value} of the skills that the {job} asks for",
        percent,
    ),
    "skill_jaccard": (
        "how far the skills of {person} and {job} are the same",
        "{value} of the skills that {person} or {job} name are named by both",
        percent,
    ),
    "asked_must_met": (
        "which share of the skills that were typed the {candidate} names",
        "the {candidate} names {value} of the skills that were typed",
        percent,
    ),
    "asked_near_met": (
        "which share of the skills that were typed the {candidate} names, or others next to them",
        "the {candidate} names {value} of the skills that were typed, or others next to them",
        percent,
    ),
    "asked_kindred_share": (
        "which share of the skills of the {candidate} is of the trades that were typed",
        "{value} of the skills of the {candidate} are of the trades that were typed",
        percent,
    ),
    "asked_nice_met": (
        "which share of the skills that were typed as nice to have the {candidate} names",
        "the {candidate} names {value} of the skills that were typed as nice to have",
        percent,
    ),
    "asked_unwanted_share": (
        "which share of the skills that were typed as unwanted the {candidate} names",
        "the {candidate} names {value} of the skills that were typed as unwanted",
        percent,
    ),
    "asked_language_met": (
        "which share of the languages that were typed is among those of the {candidate}",
        "{value} of the languages that were typed are among those of the {candidate}",
        percent,
    ),
    "past_count": (
        "how often the {actor} turned to {candidates} so far",
        "the {actor} turned to {candidates} {value} so far",
        unlogged(times),
    ),
    "past_distinct": (
        "how many {candidates} the history of the {actor} lists",
        "the history of the {actor} lists {value} {candidates}",
        number,
    ),
    "past_hours_since_last": (
        "when the {actor} last turned to a {candidate}",
        "the {actor} last turned to a {candidate} {value} ago",
        hours,
    ),
    "candidate_turned_to": (
        "how many ever turned to the {candidate}",
        "the {candidate} was turned to by {value} so far",
        unlogged(lambda value: counted(value, "{actor}")),
    ),
    "candidate_turned_to_365d": (
        "how many turned to the {candidate} in the last year",
        "the {candidate} was turned to by {value} in the last year",
        unlogged(lambda value: counted(value, "{actor}")),
    ),
    "actor_interactions_1h": (
        "how many {candidates} the {actor} turned to within the last hour",
        "the {actor} turned to {value} {candidates} within the last hour",
        number,
    ),
    "actor_interactions_24h": (
        "how many {candidates} the {actor} turned to within the last day",
        "the {actor} turned to {value} {candidates} within the last day",
        number,
    ),
    "candidate_age_days": (
        "how long the {candidate} has been here",
        "the {candidate} came {value} ago",
        lambda value: counted(value, "day"),
    ),
    "application_age_hours": (
        "when the {candidate} applied",
        "the {candidate} applied {value} ago",
        hours,
    ),
    "application_order": (
        "how manieth to apply the {candidate} was",
        "the {candidate} was number {value} to apply",
        lambda value: number(value + 1),
    ),
}
TEXTS = {
    "semantic_cosine": "the texts of {person} and {job} are alike in meaning",
    "lexical_score": "the texts of {person} and {job} are alike in words",
    "headline_score": "the titles and places of {person} and {job} are alike",
    "request_semantic": "the {candidate} is alike in meaning to the text that was typed",
    "request_lexical": "the {candidate} is alike in words to the text that was typed",
    "request_headline": "the {candidate} is alike in title and place to the text that was typed",
    "request_own_semantic": "the own text of the {actor} is alike in meaning to the text that was typed",
    "request_past_semantic": "a {candidate} " + TURNED + " is alike in meaning to the text that was typed",
}
KINDS = {"semantic": "alike in meaning to", "lexical": "alike in words to", "headline": "alike in title and place to"}
WHICH = {
    "max": "the most similar of the {candidates} " + TURNED,
    "mean": "the {candidates} " + TURNED + ", on average",
    "last": "the last of the {candidates} " + TURNED,
    "decayed": "the {candidates} " + TURNED + ", the newest counting most",
}
MARKS = {
    "city": "in its city",
    "region": "in its region",
    "agency": "of its agency",
    "category": "of its category",
    "company": "of its company",
    "industry": "of its industry",
}
PAST = re.compile(r"past_(?P<kind>semantic|lexical|headline|covisit)_(?P<which>max|mean|last|decayed)")
SAME = re.compile(r"past_same_(?P<mark>\w+)_(?P<which>share|last|decayed)")


def pair_phrase(nouns: Mapping[str, str], name: str) -> Phrase | None:
    """The phrase of the feature `name`, its sides called as in `nouns`; None where there is no such feature."""
    if name in EITHER:
        return either(*(text.format_map(nouns) for text in EITHER[name]))
    if name in STATED:
        about, statement, show = STATED[name]
        return stating(
            about.format_map(nouns), _but_value(statement, nouns), lambda value: show(value).format_map(nouns)
        )
    if name in TEXTS:
        return _likeness(TEXTS[name].format_map(nouns))
    if name == "rate_to_budget_log_ratio":
        return _rate(nouns)
    if name == "level_gap":
        return _levels(nouns)
    if past := PAST.fullmatch(name):
        return _past(past["kind"], past["which"], nouns)
    if (same := SAME.fullmatch(name)) and same["mark"] in MARKS:
        return _same(MARKS[same["mark"]], same["which"], nouns)
    return None


def _but_value(statement: str, nouns: Mapping[str, str]) -> str:
    return statement.format_map({**nouns, "value": "{value}"})


def _likeness(statement: str) -> Phrase:
    return stating(f"how far {statement}", f"{statement}: {{value}}", alike)


def _rate(nouns: Mapping[str, str]) -> Phrase:
    def says(value: float) -> str:
        off = math.expm1(value)
        if abs(off) < 0.005:
            return f"the {nouns['person']} asks what is budgeted"
        return f"the {nouns['person']} asks {percent(abs(off))} {'more' if off > 0 else 'less'} than budgeted"

    return Phrase(f"how the rate of the {nouns['person']} stands to the middle of the budget", says)


def _levels(nouns: Mapping[str, str]) -> Phrase:
    def says(value: float) -> str:
        if not value:
            return f"the {nouns['person']} is neither above nor below the level that is asked"
        side = "above" if value > 0 else "below"
        return f"the {nouns['person']} is {counted(abs(value), 'level')} {side} what is asked"

    return Phrase(f"how many levels lie between the {nouns['person']} and what is asked", says)


def _past(kind: str, which: str, nouns: Mapping[str, str]) -> Phrase:
    those = WHICH[which].format_map(nouns)
    if kind == "covisit":
        return _likeness(f"the same {nouns['actor']}s turned to this {nouns['candidate']} and to {those}")
    return _likeness(f"the {nouns['candidate']} is {KINDS[kind]} {those}")


def _same(where: str, which: str, nouns: Mapping[str, str]) -> Phrase:
    turned, candidates = TURNED.format_map(nouns), nouns["candidates"]
    if which == "last":
        last = f"the last of the {candidates} {turned} is"
        return either(f"whether {last} {where}", f"{last} {where}", f"{last} not {where}")
    counting = ", the newest counting most," if which == "decayed" else ""
    are = f"of the {candidates} {turned}{counting} are {where}"
    return stating(f"how many {are}", f"{{value}} {are}", percent)
