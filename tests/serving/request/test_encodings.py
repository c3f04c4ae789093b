"""An actor is encoded once, and again when anything differs that is stored of it."""

import numpy as np
import pytest

from feature_repo.hydrate import query_views
from feature_repo.views import view_of
from serving.actor import Encodings
from tests.feature_repo.inputs.test_one_row import told_of
from tests.feature_repo.inputs.test_transforms import KEYS, VECTORS

NOTHING = {name: None for view in query_views("job_feed") for name in view_of(view).columns}
STORED = {
    **NOTHING,
    "freelancer_profile__title": "Go",
    "freelancer_profile__skills": ["go", "sql"],
    "freelancer_profile__text_key": KEYS[0],
    "freelancer_history__recent_ids": ["a", "b"],
    "freelancer_history__interaction_count": 2,
}


def row(**changes):
    return {"actor_id": "a", "job_id": None, "text": None, "context": "{}", "event_timestamp": None} | STORED | changes


def test_who_asks_again_is_not_encoded_again():
    encodings = Encodings(VECTORS)
    columns, asked = encodings.of("job_feed", row())
    again, asked_again = encodings.of("job_feed", row(text="sql", context="{1}"))
    assert again is columns
    assert asked_again.text == asked.text
    assert asked.text.startswith("Go go sql")
    np.testing.assert_array_equal(asked_again.vectors, asked.vectors)


@pytest.mark.parametrize(
    "changes",
    [
        {"freelancer_profile__skills": ["go"]},
        {"freelancer_history__interaction_count": 3},
        {"freelancer_history__recent_ids": ["b", "a"]},
        {"freelancer_profile__text_key": None},
    ],
)
def test_who_changed_is_encoded_as_it_is_now(changes):
    encodings = Encodings(VECTORS)
    before, _ = encodings.of("job_feed", row())
    after, _ = encodings.of("job_feed", row(**changes))
    fresh, _ = Encodings(VECTORS).of("job_feed", row(**changes))
    assert told_of(after, 0) == told_of(fresh, 0) != told_of(before, 0)


def test_two_actors_of_equal_rows_are_two():
    encodings = Encodings(VECTORS)
    one, _ = encodings.of("job_feed", row())
    assert encodings.of("job_feed", row(actor_id="b"))[0] is not one
