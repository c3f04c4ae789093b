"""Searches drawn to train and to measure on: equal by seed, apart by form, and read as what they mean."""

import pytest

from components.language.query_model.pairs import asked_pairs, planned_pairs
from components.language.query_model.reading import plan_of
from components.language.query_model.searches import SURFACES, forms, plain, searches
from components.language.taxonomy import shipped_taxonomy


@pytest.mark.parametrize("half", ["train", "held_out"])
def test_what_the_words_of_a_search_are_read_as_is_what_it_means(half):
    taxonomy = shipped_taxonomy()
    found = searches(taxonomy, half, 200)
    assert [search.surface for search in found[:2]] == list(SURFACES)
    right = sum(
        set(planned_pairs(plan_of(search.words, search.text, taxonomy))) == set(asked_pairs(search.plan, taxonomy))
        for search in found
    )
    assert right >= 190  # slips may be beyond mending


def test_every_word_stands_in_its_search():
    for search in searches(shipped_taxonomy(), "train", 100, seed=3):
        for said in search.words.model_dump(exclude_defaults=True).values():
            assert all(each in search.text for each in ([said] if isinstance(said, str) else said))


def test_equal_seeds_give_equal_searches():
    taxonomy = shipped_taxonomy()
    assert searches(taxonomy, "train", 20, seed=5) == searches(taxonomy, "train", 20, seed=5)
    assert searches(taxonomy, "train", 20, seed=5) != searches(taxonomy, "train", 20, seed=6)
    assert set(plain(searches(taxonomy, "train", 1))[0]) == {"surface", "text", "plan"}


def test_no_form_is_trained_on_and_measured_on():
    trained, held_out = (
        {form for kind, lines in forms(half).items() if kind.endswith(("heads", "clauses")) for form in lines}
        for half in ("train", "held_out")
    )
    assert not trained & held_out
