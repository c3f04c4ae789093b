import numpy as np
import pytest

from components.measures.slices import by_slice, paired_by_slice, seen_before
from metier.errors import InputError


def test_each_slice_has_its_own_mean_largest_first():
    values, actors = [1.0, 0.0, 0.5, 0.5], ["a", "b", "c", "d"]
    found = by_slice(values, actors, {"category": ["web", "web", "web", "law"], "surface": ["feed"] * 4})
    assert [(s.slicing, s.label, s.share, s.interval.value) for s in found] == [
        ("category", "web", 0.75, 0.5),
        ("category", "law", 0.25, 0.5),
        ("surface", "feed", 1.0, 0.5),
    ]
    assert found[0].interval.n_actors == 3


def test_unlabelled_queries_belong_to_no_slice():
    found = by_slice([1.0, 0.0], ["a", "b"], {"category": ["web", None]})
    assert [(s.label, s.share, s.interval.n) for s in found] == [("web", 1.0, 1)]


def test_differences_are_paired_within_the_slice():
    # web: (.6 - .5 + .4 - .5) / 2 = 0; law: .9 - .1 = .8
    found = paired_by_slice([0.6, 0.4, 0.9], [0.5, 0.5, 0.1], [1, 2, 3], {"category": ["web", "web", "law"]})
    assert [s.interval.value for s in found] == pytest.approx([0, 0.8])


def test_actors_are_labelled_by_what_training_saw():
    labels = seen_before(["a", "b"], np.array(["b", "c"]), seen="known actor", unseen="new actor")
    assert labels.tolist() == ["new actor", "known actor"]


def test_a_slicing_labels_every_query():
    with pytest.raises(InputError, match="category labels 1 of 2"):
        by_slice([1.0, 0.0], ["a", "b"], {"category": ["web"]})
