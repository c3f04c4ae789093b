"""Weights fitted once weigh later texts as they weighed the first."""

import numpy as np

from feature_repo.texts import TextVectors

TEXTS = ["Night nurse. Care home. ", "Line cook. Pasta. ", "Truck driver. Long haul. "]


def unit_rows(n):
    return np.eye(n, 384, dtype=np.float32)


def test_the_same_texts_under_kept_weights_have_the_same_vectors():
    built = TextVectors.build(["a", "b", "c"], TEXTS, unit_rows(3))
    again = TextVectors.fitted(built.weights).extended(["a", "b", "c"], TEXTS, unit_rows(3))
    assert again.keys == built.keys
    assert again.titles == built.titles
    assert (again.lexical != built.lexical).nnz == 0
    np.testing.assert_array_equal(again.projection, built.projection)


def test_given_titles_are_kept_though_a_title_holds_a_full_stop():
    built = TextVectors.build(["a"], ["Dr. House. Medicine. "], unit_rows(1), titles=["Dr. House"])
    again = TextVectors.fitted(built.weights).extended(["a"], ["Dr. House. Medicine. "], unit_rows(1), ["Dr. House"])
    assert again.titles == ("Dr. House",)
