"""A retriever that grows finds what one built anew would find, with the same scores, and leaves its base alone."""

import numpy as np
import pytest

from components.retrieval import HybridRetriever
from components.retrieval.growing import GrowingRetriever
from feature_repo.texts import Encoder

BASE = [
    "Senior Java developer. Ten years of Spring services. Java, Spring, Kafka",
    "Frontend developer. React applications. JavaScript, React, CSS",
    "Line cook. Busy bistro kitchens. grilling, prep",
    "Registered nurse. Intensive care. triage, medication",
]
MORE = [
    "Pastry chef. Wedding cakes. baking, decorating",
    "Accordion repairer. Reeds, bellows and keys. tuning",
    "Java teacher. Evening classes for beginners. Java",
]
QUERIES = ["java developer", "accordion", "acordion tuning", "cakes and kitchens", "bellow", "developer of nothing", ""]


def cards(texts):
    return [text.split(". ")[0] for text in texts]


@pytest.fixture(scope="module")
def encoder():
    return Encoder.load()


def built(texts, encoder, **more):
    return HybridRetriever.build([str(n) for n in range(len(texts))], texts, encoder, headlines=cards(texts), **more)


@pytest.fixture
def base(encoder, tmp_path):
    built(BASE, encoder).save(tmp_path / "index")
    return HybridRetriever.load(tmp_path / "index", encoder)


def answers(search, queries, eligible=None, k=10):
    return search.find_many(queries, None, k, eligible, [query.title() for query in queries])


def assert_equal(found, expected):
    for (rows, scores), (other_rows, other_scores) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(rows, other_rows)
        np.testing.assert_allclose(scores, other_scores, rtol=1e-6)


def grown(base, *batches):
    growing = GrowingRetriever(base)
    slots = [slot for batch in batches for slot in growing.add(batch, cards(batch))]
    texts = [text for batch in batches for text in batch]
    return growing, growing.view(np.array(slots), base.encoder.encode(texts))


@pytest.mark.parametrize("batches", [(MORE,), (MORE[:1], MORE[1:]), ([one] for one in MORE)])
def test_what_was_added_is_found_with_the_scores_of_an_index_built_anew(base, encoder, batches):
    _, view = grown(base, *batches)
    anew = built(BASE + MORE, encoder)
    assert len(view) == 7
    assert_equal(answers(view, QUERIES), answers(anew, QUERIES))
    for mask in (np.arange(7) >= 4, np.arange(7) % 2 == 0, np.zeros(7, bool)):
        assert_equal(answers(view, QUERIES, mask), answers(anew, QUERIES, mask))


@pytest.mark.parametrize("batches", [[[BASE[2]] * 9], [[BASE[2]]] * 9])
def test_equal_texts_rank_by_row_however_they_came(base, batches):
    _, view = grown(base, *batches)
    ((rows, scores),) = answers(view, ["line cook"], k=6)
    assert rows.tolist() == [2, 4, 5, 6, 7, 8]
    assert len({*scores.tolist()}) == 1


def test_vectors_find_what_was_added(base, encoder):
    _, view = grown(base, MORE)
    anew, asked = built(BASE + MORE, encoder), encoder.encode([MORE[0], BASE[0]])
    assert_equal(view.find_many([None], [asked], 3), anew.find_many([None], [asked], 3))


def test_a_graph_of_the_base_and_what_was_added_answer_together(encoder):
    base = built(BASE, encoder, exact_up_to=2)
    assert not base.dense.exact
    _, view = grown(base, MORE)
    asked = encoder.encode(["wedding cakes"])
    (found,) = view.find_many([None], [asked], 2)
    (expected,) = built(BASE + MORE, encoder).find_many([None], [asked], 2)
    assert_equal([found], [expected])


def test_a_candidate_whose_slot_is_not_named_is_not_found(base, encoder):
    growing, _ = grown(base, MORE)
    (slot,) = growing.add(["Accordion player. Weddings. music"], ["Accordion player"])
    kept = [MORE[0], "Accordion player. Weddings. music"]
    view = growing.view(np.array([0, slot]), encoder.encode(kept))
    (rows, _) = answers(view, ["accordion"])[0]
    assert rows[0] == 5  # the second of those that count
    assert set(rows) <= set(range(6))
    assert view.find_many(["accordion"], [np.empty((0, 384), np.float32)], 9)[0][0].tolist() == [5]


def test_views_made_before_see_nothing_of_what_comes_after(base, encoder):
    growing, before = grown(base, MORE[:1])
    growing.add(MORE[1:], cards(MORE[1:]))
    anew = built(BASE + MORE[:1], encoder)
    assert_equal(answers(before, QUERIES), answers(anew, QUERIES))


def test_the_base_stays_as_it_is_on_disk_and_in_memory(base, encoder, tmp_path):
    before = answers(base, QUERIES)
    grown(base, MORE)
    assert_equal(answers(base, QUERIES), before)
    again = HybridRetriever.load(tmp_path / "index", encoder)  # every file as its digest says
    assert_equal(answers(again, QUERIES), before)


def test_an_index_that_was_never_saved_grows_too(encoder):
    base = built(BASE, encoder)
    _, view = grown(base, MORE)
    assert_equal(answers(view, QUERIES), answers(built(BASE + MORE, encoder), QUERIES))


def test_nothing_added_is_the_base(base):
    view = GrowingRetriever(base).view(np.empty(0, np.int64), np.empty((0, 384), np.float32))
    assert_equal(answers(view, QUERIES), answers(base, QUERIES))
