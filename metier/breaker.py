"""Stop asking a service that just failed: while it rests, whoever asks is refused at once instead of waiting again.

Knows no service and no request. Safe to share between threads.
"""

import threading
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from metier.errors import MetierError, RestingStoreError

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")
REST_SECONDS = 1.0


class Breaker:
    """Passes questions on; after one that failed, only one in every `rest_seconds`, until that is answered.

    `what` and `refused` are how a refusal calls the service, and the error that it is.
    """

    def __init__(
        self,
        rest_seconds: float = REST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        *,
        what: str = "the store",
        refused: type[MetierError] = RestingStoreError,
    ) -> None:
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._what = what
        self._refused = refused
        self._lock = threading.Lock()
        self._rests_until: float | None = None
        self._failure = ""

    def attempt(self, call: Callable[[], Answer]) -> Answer:
        """What `call` answers; `refused` where it was not asked. A MetierError is an answer, not a failure."""
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

    def guarded(self, call: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
        """`call`, asked through this breaker."""

        def guarded_call(*args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
            return self.attempt(lambda: call(*args, **kwargs))

        return guarded_call

    def _require_awake(self) -> None:
        with self._lock:
            now = self._clock()
            if self._rests_until is None:
                return
            if now < self._rests_until:
                remaining = self._rests_until - now
                raise self._refused(f"{self._what} failed ({self._failure}); it is asked again in {remaining:.1f} s")
            self._rests_until = now + self._rest_seconds  # one asks, the others go on without

    def _rest(self, failure: str) -> None:
        with self._lock:
            self._rests_until, self._failure = self._clock() + self._rest_seconds, failure

    def _wake(self) -> None:
        with self._lock:
            self._rests_until = None
