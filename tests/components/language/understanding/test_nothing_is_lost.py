"""Every word that says something is in a part's span or in the text that was not understood."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from components.language.understanding.words.vocabulary import PLAIN
from tests.components.language.understanding.reading import GRAMMAR, JOBS, TALENT

SAYING = ("vue", "Docker", "zebra", "stripes", "India", "Ukraine", "US", "SE", "CA", "German", "Indians", "speakers",
          "developers", "clients", "agencies", "agency", "solo", "crypto", "healthcare", "senior", "junior", "hourly",
          "full-time", "part-time", "$40/h", "$30-$20", "1.200,00 €", "1.500", "20", "€", "2k", "hours", "week",
          "anywhere", "Indiana", "Congo", "available", "now", "$5 per 100 words", "50 cents")  # fmt: skip
LEADING = ("no", "not", "without", "doesn't", "have to", "must not", "speak", "or", "and", ",", ".", ":", "in",
           "from", "excluded", "welcome", "no wait", "sorry", "under", "at least", "between", "ideally", "required",
           "except", "outside", "I'm", "I am", "looking for", "anyone but", "only", "is", "a plus", "max", "don't",
           "per")  # fmt: skip
UNHEARD = {word for kind in ("filler", "join", "break", "must", "only") for word in PLAIN[kind].split("|")} | {"h"}
"""Words that lead from one to another."""
WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def said(text: str) -> list[tuple[str, int]]:
    words = [
        (found[0], found.start())
        for piece in SAYING
        for found in re.finditer(rf"(?<!\w){re.escape(piece)}(?!\w)", text)
    ]
    return sorted(
        {(w[0], start + w.start()) for piece, start in words for w in WORD.finditer(piece)}, key=lambda w: w[1]
    )


@settings(deadline=None)
@given(
    st.lists(st.sampled_from((*SAYING, *SAYING, *LEADING)), max_size=14).map(" ".join), st.sampled_from([TALENT, JOBS])
)
def test_every_word_that_says_something_is_in_a_span_or_in_the_text(text, surface):
    plan = GRAMMAR.plan(text, surface)
    left = iter(WORD.findall(plan.text))
    for word, start in said(text):
        is_in_a_span = any(span.start <= start < span.end for span in plan.spans)
        assert is_in_a_span or word.lower() in UNHEARD or any(other == word for other in left), (word, plan)


DENIALS = ("no", "not", "without", "must not", "doesn't", "nobody from", "excluding", "except")


@settings(deadline=None)
@given(
    st.sampled_from(DENIALS),
    st.lists(st.sampled_from(SAYING), max_size=3).map(" ".join),
    st.sampled_from([TALENT, JOBS]),
)
def test_a_denial_is_in_the_text_or_turns_a_part_round(denial, denied, surface):
    plan = GRAMMAR.plan(f"{denial} {denied}", surface)
    asked = dict(plan.asked())
    turned = {"not_", "not_countries", "not_levels", "not_domains", "agencies", "budget_kind"} & asked.keys()
    assert turned or plan.text.startswith(denial.split()[0]), plan
