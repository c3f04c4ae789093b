"""A text's plan as candidates are encoded: spellings, neighbours, levels, places and sums."""

import json

import numpy as np
import pyarrow as pa
import pytest

from components.language.taxonomy import Skill, Taxonomy
from components.language.understanding import PARTS, Exchange, Grammar, Money, Plan
from feature_repo.inputs.asked import Ask
from feature_repo.inputs.columns import code_of, token_column
from feature_repo.inputs.encoded import Requests
from feature_repo.inputs.reading import TextReader, reading_of, unread_parts
from feature_repo.texts import TextVectors
from feature_repo.texts.text import text_key
from metier.contract import LEVELS

TAXONOMY = Taxonomy(
    [
        Skill("react", "React", ("ReactJS",), "web", broader=("javascript",), related=("vue",)),
        Skill("javascript", "JavaScript", ("JS",), "web"),
        Skill("vue", "Vue", (), "web"),
        Skill("html", "HTML", (), "web"),
        Skill("figma", "Figma", (), "design"),
        Skill("esperanto", "Esperanto"),
    ]
)
READER = TextReader("talent_search", Grammar(TAXONOMY), TAXONOMY, Exchange("2026-01-31", {"EUR": 1.5}))
VECTORS = TextVectors.build([text_key("vue")], ["vue"], np.eye(1, 384, dtype=np.float32))


def columns(*names: str) -> list[int]:
    return sorted(map(token_column, names))


def test_a_sentence_becomes_what_candidates_are_compared_with():
    ask = READER("senior ReactJS, no figma, under $40/h in India, speaks German")
    assert [skill.tolist() for skill in ask.must] == [columns("React", "ReactJS")]
    assert [skill.tolist() for skill in ask.near] == [columns("React", "ReactJS", "JavaScript", "JS", "Vue")]
    assert ask.kindred is not None
    assert ask.kindred.tolist() == columns("React", "ReactJS", "JavaScript", "JS", "Vue", "HTML")
    assert [skill.tolist() for skill in ask.unwanted] == [columns("Figma")]
    assert ask.levels == (float(LEVELS.index("expert")),)
    assert ask.rate_usd == (-np.inf, 40)
    assert {code_of("India"), code_of("in")} <= set(ask.countries)
    assert [language.tolist() for language in ask.languages] == [columns("German")]


def test_a_skill_without_a_category_has_no_kin():
    assert READER.of_plan(Plan(must=("esperanto",))).kindred is None


def test_levels_that_are_ruled_out_leave_the_others():
    others = tuple(float(number) for number, level in enumerate(LEVELS) if level != "entry")
    assert READER.of_plan(Plan(not_levels=("entry",))).levels == others


def test_sums_are_in_dollars_and_an_unknown_currency_limits_nothing():
    plan = Plan(rate_min=Money(10, "EUR"), rate_max=Money(20, "XXX"))
    assert READER.of_plan(plan).rate_usd == (15, np.inf)


def test_equal_texts_are_read_once():
    assert READER("vue in Spain") is READER("vue in Spain")


def test_parts_that_are_not_read_are_not_asked():
    text = "senior React under $40/h in India"
    ask = READER(text, ("countries", "levels", "of another version"))
    assert ask.must
    assert (ask.countries, ask.levels, ask.rate_usd) == ((), (), (-np.inf, 40))
    assert READER(text, PARTS) == Ask()


def test_the_log_keeps_what_was_not_read():
    for filters, unread in (
        ({"country": ["IN"]}, ("must",)),
        (None, ("countries",)),
        (None, PARTS),
        (None, ()),
        ({}, ()),
    ):
        assert unread_parts(json.dumps({"page": 1, **reading_of(filters, unread)})) == unread
    assert reading_of(None, ()) == {}


@pytest.mark.parametrize(
    "context",
    [
        None,
        "",
        "{}",
        "understood",
        '["understood"]',
        '{"understood": "a word"}',
        '{"understood": {"left_out": 3}}',
        '{"understood": {"left_out": ["colour"]}}',
    ],
)
def test_a_context_of_another_program_leaves_nothing_out(context):
    assert unread_parts(context) == ()


def test_two_readings_of_one_text_are_two_requests():
    contexts = [None, json.dumps(reading_of({}, ("must",)))]
    table = pa.table({"text": ["vue in India"] * 2, "context": pa.array(contexts, pa.string())})
    read, unread = Requests.encode(table, VECTORS, None, READER).asks
    assert read.must
    assert not unread.must
    assert read.countries == unread.countries
