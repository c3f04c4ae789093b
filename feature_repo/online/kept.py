"""What a store answered before, as long as nothing in it has changed since. Knows no store and no view."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from cachetools import LRUCache

Value = TypeVar("Value")
MOST = 500
"""Answers that are kept, some 10 kB each: actors ask several times before they leave."""


class Kept(Generic[Value]):
    """Answers by what was asked, those that were asked for last. Safe to share between threads."""

    def __init__(self, most: int = MOST) -> None:
        self._answers: LRUCache[Hashable, tuple[object, Value]] = LRUCache(most)
        self._lock = threading.Lock()

    def get(self, asked: Hashable, state: object, answer: Callable[[], Value]) -> Value:
        """What `answer` gives, or gave in an equal state; asked anew where the state is None.

        `state` differs after each change. It is read before an answer is, which is then never older.
        """
        if state is None:
            return answer()
        with self._lock:
            known = self._answers.get(asked)
        if known is not None and known[0] == state:
            return known[1]
        fresh = answer()
        with self._lock:
            self._answers[asked] = state, fresh
        return fresh
