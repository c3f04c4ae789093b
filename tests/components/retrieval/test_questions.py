import numpy as np
import pyarrow as pa
import pytest

from components.retrieval.questions import questions
from feature_repo.texts import TextVectors


@pytest.fixture(scope="module")
def vectors():
    dense = np.eye(3, 384, dtype=np.float32)
    return TextVectors.build(
        ["own", "past", "post"], ["Nurse. ", "Cook. ", "Driver. "], dense, ["Nurse", "Cook", "Driver"]
    )


def row(**told):
    blank = {"text": None, "freelancer_profile__title": "Nurse", "freelancer_profile__skills": ["Care"]}
    blank |= {"freelancer_profile__text_key": "own", "freelancer_history__recent_text_keys": None}
    blank |= {"freelancer_history__recent_cities": None, "freelancer_history__recent_regions": None}
    return pa.Table.from_pylist([blank | told])


def test_a_typed_text_stands_alone(vectors):
    (asked,) = questions("job_feed", row(text="night shifts"), vectors)
    assert (asked.text, asked.vectors, asked.card) == ("night shifts", None, None)


def test_without_history_the_profile_asks(vectors):
    (asked,) = questions("job_feed", row(), vectors)
    assert (asked.text, asked.card) == ("Nurse Care", None)
    assert asked.vectors[:, :3].tolist() == [[1, 0, 0]]


def test_past_candidates_give_titles_vectors_and_places(vectors):
    past = {"freelancer_history__recent_text_keys": ["past"], "freelancer_history__recent_cities": ["Oslo"]}
    (asked,) = questions("job_feed", row(**past, freelancer_history__recent_regions=[None]), vectors)
    assert (asked.text, asked.card) == ("Nurse Care Cook", "Cook Oslo")
    assert asked.vectors[:, :3].tolist() == [[1, 0, 0], [0, 1, 0]]


def test_a_blank_profile_asks_by_its_past_alone(vectors):
    past = {"freelancer_history__recent_text_keys": ["past"], "freelancer_history__recent_cities": ["Oslo"]}
    asked = row(**past, freelancer_history__recent_regions=["East"], freelancer_profile__title="")
    (question,) = questions("job_feed", asked, vectors)
    assert question.vectors[:, :3].tolist() == [[0, 1, 0]]
    assert question.card == "Cook Oslo East"


def test_a_post_asks_by_itself(vectors):
    post = pa.Table.from_pylist(
        [{"job_profile__title": "Driver", "job_profile__skills": [], "job_profile__text_key": "post"}]
    )
    (asked,) = questions("talent_search", post, vectors)
    assert (asked.text, asked.card) == ("Driver", None)
    assert asked.vectors[:, :3].tolist() == [[0, 0, 1]]
