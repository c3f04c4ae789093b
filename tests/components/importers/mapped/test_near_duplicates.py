"""Texts that say nearly the same are found as by comparing every pair."""

from hypothesis import given
from hypothesis import strategies as st

from components.importers.mapped.near_duplicates import THRESHOLD, Text, Twin, near_duplicates

WORDS = " ".join(f"word{number}" for number in range(42))
TEXTS = st.lists(
    st.builds(Text, st.lists(st.sampled_from("abc"), max_size=9).map(" ".join), st.sampled_from("xyz"), st.booleans()),
    max_size=12,
)


def test_one_changed_word_in_forty_is_a_near_duplicate():
    """42 words are 40 runs; a changed word in the middle changes 3: 37 shared of 43."""
    changed = WORDS.replace("word20 ", "other ")
    assert near_duplicates([Text(WORDS, "a", None), Text(changed, "b", None)]) == {1: Twin(0, 37 / 43)}


def test_two_changed_words_in_forty_are_another_text():
    """34 shared of 46 runs."""
    changed = WORDS.replace("word20 ", "other ").replace("word30 ", "new ")
    assert near_duplicates([Text(WORDS, "a", None), Text(changed, "b", None)]) == {}


def test_case_and_punctuation_do_not_count_but_owner_and_block_do():
    shouted = Text(WORDS.upper().replace(" ", ", "), "b", None)
    assert near_duplicates([Text(WORDS, "a", None), shouted]) == {1: Twin(0, 1.0)}
    assert near_duplicates([Text(WORDS, "b", None), shouted]) == {}
    assert near_duplicates([Text(WORDS, "a", "Reno"), shouted]) == {}


def test_styled_letters_say_the_same():
    styled = Text(WORDS.replace("word", "ｗo\u00adｒｄ"), "b", None)
    assert near_duplicates([Text(WORDS, "a", None), styled]) == {1: Twin(0, 1.0)}


def test_texts_without_words_are_no_duplicates_and_short_ones_only_of_equal_words():
    texts = ["", "...", "", "Cook", "cook!", "Cook wanted"]
    found = near_duplicates([Text(text, str(number), None) for number, text in enumerate(texts)])
    assert found == {4: Twin(3, 1.0)}


def test_near_duplicates_do_not_chain():
    second = WORDS.replace("word10 ", "other ")
    third = second.replace("word30 ", "new ")
    texts = [Text(text, text, None) for text in (WORDS, second, third)]
    assert list(near_duplicates(texts)) == [1]


def runs(text):
    words = text.split()
    return {tuple(words[start : start + 3]) for start in range(max(1, len(words) - 2))} if words else set()


def by_every_pair(texts):
    kept, twins = [], {}
    for position, text in enumerate(texts):
        pairs = [
            (
                len(runs(text.words) & runs(texts[other].words)) / len(runs(text.words) | runs(texts[other].words)),
                -other,
            )
            for other in kept
            if (texts[other].block, bool(runs(text.words))) == (text.block, True) and texts[other].owner != text.owner
        ]
        similarity, other = max(pairs, default=(0.0, 0))
        if similarity >= THRESHOLD:
            twins[position] = Twin(-other, similarity)
        else:
            kept.append(position)
    return twins


@given(TEXTS)
def test_the_index_finds_what_comparing_every_pair_finds(texts):
    assert near_duplicates(texts) == by_every_pair(texts)
