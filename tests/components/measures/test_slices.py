import numpy as np
import pytest

from components.measures.slices import POOLED, seen_before, slices_of
from metier.errors import InputError

ACTORS = ["a", "b", "c", "d"]


def test_each_slice_has_its_queries_largest_first():
    found = slices_of({"category": ["law", "web", "web", "web"], "surface": ["feed"] * 4}, ACTORS)
    assert [(part.slicing, part.label, part.share, part.rows.tolist()) for part in found] == [
        ("category", "web", 0.75, [False, True, True, True]),
        ("category", "law", 0.25, [True, False, False, False]),
        ("surface", "feed", 1.0, [True] * 4),
    ]


def test_unlabelled_queries_belong_to_no_slice():
    (found,) = slices_of({"category": ["web", None, None, None]}, ACTORS)
    assert (found.label, found.share, found.rows.sum()) == ("web", 1.0, 1)


def test_labels_of_few_actors_are_counted_together_and_one_alone_keeps_its_name():
    labels = ["web", "web", "web", "web", "law", "art", "law"]
    actors = ["a", "b", "c", "d", "e", "f", "e"]
    found = slices_of({"category": labels}, actors, fewest_actors=2)
    assert [(part.label, int(part.rows.sum())) for part in found] == [("web", 4), (POOLED, 3)]
    found = slices_of({"category": labels[:5]}, actors[:5], fewest_actors=2)
    assert [(part.label, int(part.rows.sum())) for part in found] == [("web", 4), ("law", 1)]


def test_of_many_labels_the_largest_stand_alone():
    labels = [str(number) for number in range(6) for _ in range(6 - number)]
    found = slices_of({"category": labels}, np.arange(len(labels)), most=3)
    assert [(part.label, int(part.rows.sum())) for part in found] == [("0", 6), ("1", 5), ("2", 4), (POOLED, 6)]


def test_actors_are_labelled_by_what_training_saw():
    labels = seen_before(["a", "b"], np.array(["b", "c"]), seen="known actor", unseen="new actor")
    assert labels.tolist() == ["new actor", "known actor"]


def test_a_slicing_labels_every_query():
    with pytest.raises(InputError, match="category labels 1 of 2"):
        slices_of({"category": ["web"]}, ["a", "b"])
