"""What a typed text asks for, held against candidates: each part by hand, unknown where nobody says."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feature_repo.inputs.asked import ASKED_NAMES, Ask
from feature_repo.inputs.columns import code_of, token_column
from feature_repo.inputs.parties import JOB, PERSON, jobs, people
from feature_repo.inputs.transforms import feature_names, model_inputs
from feature_repo.texts import TextVectors
from feature_repo.texts.text import text_key
from metier.contract import LEVELS

SKILLS = ["react", "reactjs", "vue", "node", "seo"]


def columns(*names: str) -> np.ndarray:
    return np.unique([token_column(name) for name in names])


def person(**values: object) -> dict[str, object]:
    return {f"{PERSON}{name}": value for name, value in values.items()}


def met(ask: Ask, *rows: dict[str, object], side: str = "people") -> dict[str, list[float]]:
    party = (people if side == "people" else jobs)(pa.Table.from_pylist(rows))
    return {name: values.tolist() for name, values in ask.met(party, np.arange(len(rows))).items()}


def same(found: list[float], expected: list[float]) -> None:
    assert found == pytest.approx(expected, nan_ok=True)


def test_skills_are_met_by_any_of_their_spellings():
    react = columns("react", "react.js", "reactjs")
    ask = Ask(
        must=(react, columns("node")),
        near=(np.union1d(react, columns("vue")), columns("node")),
        kindred=columns("react", "reactjs", "vue", "node"),
        nice=(columns("seo"),),
        unwanted=(columns("wordpress"),),
    )
    found = met(
        ask,
        person(skills=["ReactJS", "SEO"]),
        person(skills=["Vue", "Node", "WordPress"]),
        person(skills=["Knitting"]),
        person(skills=[]),
    )
    nobody = float("nan")
    same(found["asked_must_met"], [1 / 2, 1 / 2, 0, nobody])
    same(found["asked_near_met"], [1 / 2, 1, 0, nobody])
    same(found["asked_kindred_share"], [1 / 2, 2 / 3, 0, nobody])
    same(found["asked_nice_met"], [1, 0, 0, nobody])
    same(found["asked_unwanted_share"], [0, 1, 0, nobody])


def test_level_place_and_languages_are_met_or_unknown():
    ask = Ask(
        levels=(float(LEVELS.index("expert")),),
        countries=(code_of("India"), code_of("IN")),
        languages=(columns("English"), columns("Hindi")),
    )
    found = met(
        ask,
        person(experience_level="expert", country="india", languages=["English", "Hindi"]),
        person(experience_level="entry", country="Spain", languages=["English"]),
        person(experience_level=None, country=None, languages=None),
    )
    for name, half in (("level", 0), ("country", 0), ("language", 1 / 2)):
        same(found[f"asked_{name}_met"], [1, half, float("nan")])


def test_a_rate_lies_within_limits_and_a_budget_reaches_them():
    ask, nan = Ask(rate_usd=(30, 50)), float("nan")
    rates = [person(hourly_rate_usd=rate) for rate in (29.0, 30.0, 50.0, 51.0, None)]
    same(met(ask, *rates)["asked_rate_met"], [0, 1, 1, 0, nan])
    budgets = [
        {f"{JOB}budget_kind": kind, f"{JOB}budget_min_usd": low, f"{JOB}budget_max_usd": high}
        for kind, low, high in (
            ("hourly", 20.0, 35.0), ("hourly", 20.0, 29.0), ("hourly", None, 40.0), ("fixed", 20.0, 35.0),
        )
    ]  # fmt: skip
    same(met(ask, *budgets, side="jobs")["asked_rate_met"], [1, 0, 1, nan])


def test_what_is_not_asked_has_no_answer():
    assert met(Ask(), person(skills=["React"], country="India")) == {}
    assert set(met(Ask(must=(columns("react"),)), person(skills=["React"]))) == {"asked_must_met"}


@given(
    st.lists(st.lists(st.sampled_from(SKILLS), max_size=4), min_size=1, max_size=6), st.sets(st.sampled_from(SKILLS))
)
def test_the_share_that_is_met_is_that_of_sets(listed, asked):
    ask = Ask(must=tuple(columns(skill) for skill in sorted(asked)))
    found = met(ask, *(person(skills=row) for row in listed)).get("asked_must_met", [])
    expected = [len(set(row) & asked) / len(asked) if row else float("nan") for row in listed] if asked else []
    same(found, expected)


def test_a_query_is_held_against_its_own_candidates_alone():
    titles = ["react developer", "seo writer"]
    rng = np.random.default_rng(0).normal(size=(2, 384)).astype(np.float32)
    vectors = TextVectors.build(
        [text_key(title) for title in titles], titles, rng / np.linalg.norm(rng, axis=1)[:, None]
    )
    texts = [None, "react", "nothing", "seo"]
    queries = pa.table({"text": pa.array(texts, pa.string())})
    shown = pa.Table.from_pylist([person(skills=["React"], title=titles[0]), person(skills=["SEO"], title=titles[1])])
    asks = {"react": Ask(must=(columns("react"),)), "nothing": Ask(), "seo": Ask(must=(columns("seo"),))}
    inputs = model_inputs(
        "talent_search",
        queries,
        shown,
        np.repeat(np.arange(4), 2),
        np.tile([0, 1], 4),
        vectors,
        read=lambda text, unread: asks[text],
    )
    column = dict(zip(feature_names("talent_search"), inputs.T.tolist(), strict=True))
    nan = float("nan")
    same(column["asked_must_met"], [nan, nan, 1, 0, nan, nan, 0, 1])
    same(column["request_typed"], [0, 0, 1, 1, 1, 1, 1, 1])
    assert column["request_headline"][2] > column["request_headline"][3] == 0
    assert not set(ASKED_NAMES) & set(feature_names("applicant_review"))


def test_habit_is_how_near_a_text_is_to_its_actor():
    titles = ["go developer", "pastry cook"]
    rows = np.eye(2, 384, dtype=np.float32)
    vectors = TextVectors.build([text_key(title) for title in titles], titles, rows)
    history = {"freelancer_history__recent_ids": ["j1"], "freelancer_history__recent_text_keys": [text_key(titles[0])]}
    own = person(text_key=text_key(titles[0]), title=titles[0]) | history
    queries = pa.Table.from_pylist([own | {"text": text} for text in (titles[0], titles[1], None)])
    shown = pa.Table.from_pylist([{f"{JOB}title": titles[0], f"{JOB}text_key": text_key(titles[0])}])
    inputs = model_inputs("job_feed", queries, shown, np.arange(3), np.zeros(3, int), vectors)
    column = dict(zip(feature_names("job_feed"), inputs.T.tolist(), strict=True))
    for name in ("request_own_semantic", "request_past_semantic"):
        same(column[name], [1, 0, float("nan")])
