"""Stop asking a store that just failed: while it rests, whoever asks is refused at once instead of waiting again.

Knows no store and no request. Safe to share between threads.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import pyarrow as pa

from feature_repo.hydrate import Read
from metier.errors import MetierError, RestingStoreError

Answer = TypeVar("Answer")
REST_SECONDS = 1.0


class Breaker:
    """Passes questions on; after one that failed, only one in every `rest_seconds`, until that is answered."""

    def __init__(self, rest_seconds: float = REST_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._rests_until: float | None = None
        self._failure = ""

    def attempt(self, call: Callable[[], Answer]) -> Answer:
        """What `call` answers; RestingStoreError where it was not asked. A MetierError is an answer, not a failure."""
        self._require_awake()
        try:
            result = call()
        except MetierError:
            self._wake()
            raise
        except Exception as error:
            self._rest(type(error).__name__)
            raise
        self._wake()
        return result

    def guarded(self, read: Read) -> Read:
        """`read`, asked through this breaker."""

        def guarded_read(rows: pa.Table, views: Sequence[str]) -> pa.Table:
            return self.attempt(lambda: read(rows, views))

        return guarded_read

    def _require_awake(self) -> None:
        with self._lock:
            now = self._clock()
            if self._rests_until is None:
                return
            if now < self._rests_until:
                remaining = self._rests_until - now
                raise RestingStoreError(f"the store failed ({self._failure}); it is asked again in {remaining:.1f} s")
            self._rests_until = now + self._rest_seconds  # one asks, the others go on without

    def _rest(self, failure: str) -> None:
        with self._lock:
            self._rests_until, self._failure = self._clock() + self._rest_seconds, failure

    def _wake(self) -> None:
        with self._lock:
            self._rests_until = None
