import threading

import pyarrow as pa
import pytest

from metier.breaker import Breaker
from metier.errors import FeatureError, RestingStoreError


class Store:
    """Fails while it is down, and counts how often it was asked."""

    def __init__(self):
        self.down, self.asked = False, 0

    def __call__(self):
        self.asked += 1
        if self.down:
            raise TimeoutError
        return "answer"


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def clock():
    return Clock()


def test_a_store_that_failed_is_asked_once_in_a_while_until_it_answers(store, clock):
    breaker, store.down = Breaker(2.0, clock), True
    with pytest.raises(TimeoutError):
        breaker.attempt(store)
    for clock.now in (100.0, 101.9):
        with pytest.raises(RestingStoreError, match=r"failed \(TimeoutError\); it is asked again in (2\.0|0\.1) s"):
            breaker.attempt(store)
    assert store.asked == 1
    clock.now = 102.0
    with pytest.raises(TimeoutError):
        breaker.attempt(store)
    clock.now, store.down = 103.9, False
    with pytest.raises(RestingStoreError):
        breaker.attempt(store)
    clock.now = 104.0
    assert breaker.attempt(store) == "answer"
    assert breaker.attempt(store) == "answer"
    assert store.asked == 4


def test_while_one_tries_again_the_others_are_refused(store, clock):
    breaker, store.down = Breaker(1.0, clock), True
    with pytest.raises(TimeoutError):
        breaker.attempt(store)
    clock.now = 101.0
    asked, answered = threading.Event(), threading.Event()

    def slowly():
        asked.set()
        assert answered.wait(30)
        return "late"

    trying = threading.Thread(target=breaker.attempt, args=(slowly,))
    trying.start()
    assert asked.wait(30)
    with pytest.raises(RestingStoreError):
        breaker.attempt(store)
    answered.set()
    trying.join(30)
    store.down = False
    assert breaker.attempt(store) == "answer"


def test_an_error_of_the_caller_is_no_failure_of_the_store(store, clock):
    breaker = Breaker(1.0, clock)

    def refuse():
        raise FeatureError("the rows lack a column; add it")

    with pytest.raises(FeatureError, match="add it"):
        breaker.attempt(refuse)
    assert breaker.attempt(store) == "answer"


def test_a_guarded_read_is_the_read(clock):
    given, seen = pa.table({"a": [1]}), []

    def read(rows, views):
        seen.append((rows, views))
        return rows

    assert Breaker(1.0, clock).guarded(read)(given, ["view"]) is given
    assert seen == [(given, ["view"])]
