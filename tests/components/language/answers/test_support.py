"""Which sentences a model's answer may hold: those that say no more than what they cite."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.language.answers.support import is_supported
from components.language.answers.told import Citation, Statement
from feature_repo.texts.text import analyze


def stated(text, candidate="fr_1"):
    """A statement that quotes what stands between its marks, behind its colon, or else its number."""
    quote = re.search(r"“(.*)”|skills: (.*)\.|charges ([0-9.]+)", text)
    quoted = next(group for group in quote.groups() if group)
    return Statement(text, (Citation(candidate, "overview", 0, len(quoted), quoted),))


SAYS = stated("fr_1 says: “Recent projects involved React Native for a Finance firm, about 30 hours a week.”")
RATE = stated("fr_1 charges 24.45 USD an hour.")
OTHER = stated("fr_2 lists under skills: Kubernetes.", "fr_2")
NEVER = stated("fr_1 says: “More than 33 projects, never late.”")
JAVA = stated("fr_1 says: “I prefer Java over Go.”")


@pytest.mark.parametrize(
    ("sentence", "cited"),
    [
        ("fr_1 charges 24.45 USD an hour.", [RATE]),
        ("fr_1 says that recent projects involved React Native for a Finance firm.", [SAYS]),
        ("Says: recent project: React Native.", [SAYS]),
        ("fr_1 says it did React Native, and charges 24.45 USD.", [SAYS, RATE]),
        ("fr_1 says: more than 33 projects, never late.", [NEVER]),
    ],
)
def test_words_may_be_left_out_and_joined(sentence, cited):
    assert is_supported(sentence, cited, analyze)


@pytest.mark.parametrize(
    ("sentence", "cited"),
    [
        ("fr_1 charges 25 USD an hour.", [RATE]),
        ("fr_1 charges 24 USD an hour.", [RATE]),
        ("fr_1 says it is an excellent React Native developer.", [SAYS]),
        ("fr_1 says React.js.", [SAYS]),
        ("fr_1 did React Native for a Finance firm.", [SAYS]),
        ("fr_1 did React Native, says: a Finance firm.", [SAYS]),
        ("fr_2 charges 24.45 USD an hour.", [RATE]),
        ("fr_1 lists Kubernetes.", [OTHER]),
        ("fr_1 charges 24.45 USD, and fr_2 lists Kubernetes.", [RATE, OTHER]),
        ("fr_1 has not charged 24.45 USD an hour.", [RATE]),
        ("fr_1 says: 33 projects, late.", [NEVER]),
        ("fr_1 says: 33 projects.", [NEVER]),
        ("fr_1 says it prefers Go over Java.", [JAVA]),
        ("fr_1 says a Finance firm involved React Native.", [SAYS]),
        ("fr_1.", [RATE]),
        ("fr_1 says: ", [SAYS]),
        ("fr_1 charges USD an hour.", [RATE]),
        ("", [RATE]),
        ("fr_1 charges 24.45 USD, write to ann@example.com.", [RATE]),
        ("fr_1 charges 24.45 USD.", []),
        ("fr_1 charges €24.45 an hour.", [RATE]),
        ("fr_1 charges 24.45%.", [RATE]),
        ("fr_1 charges -24.45 USD an hour.", [RATE]),
        ("fr_1 charges 24.45 USD an hour ✔", [RATE]),
        ("fr_1 says: React Native ★★★★★", [SAYS]),
        ("<fr_1 charges 24.45 USD an hour>", [RATE]),
    ],
)
def test_anything_else_is_not_supported(sentence, cited):
    assert not is_supported(sentence, cited, analyze)


def test_signs_of_the_statement_may_be_repeated():
    cited = [stated("fr_1 says: “I cut costs by 20%, or €300, at -5 °C.”")]
    assert is_supported("fr_1 says: cut costs by 20%, €300.", cited, analyze)
    assert is_supported("fr_1 says: at -5 °C.", cited, analyze)


def test_an_id_is_no_part_of_a_word():
    cited = [stated("n says: “I never missed a deadline.”", "n")]
    assert is_supported("n says: never missed a deadline.", cited, analyze)
    assert not is_supported("n says: missed a deadline.", cited, analyze)


WORDS = (
    "Recent",
    "projects",
    "involved",
    "React",
    "Native",
    "for",
    "a",
    "Finance",
    "firm",
    "about",
    "30",
    "hours",
    "the",
)


@given(st.lists(st.sampled_from(WORDS)))
def test_what_passes_is_made_of_words_of_the_statement_in_their_order(words):
    if is_supported(" ".join(["says", *words]), [SAYS], analyze):
        rest = iter(SAYS.text.replace(",", "").replace("“", "").split())
        assert all(word in rest for word in words if word not in ("for", "a", "the"))
