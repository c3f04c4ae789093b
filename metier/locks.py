"""One process at a time: advisory locks on files, let go when their holder ends, however it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from metier.errors import MetierError

POLL_SECONDS = 0.02


@contextmanager
def exclusively(path: Path, refusal: MetierError, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock at `path`, which is created where it is missing; `refusal` once it was held for `wait_seconds`."""
    lock = FileLock(path, wait_seconds, thread_local=False, poll_interval=POLL_SECONDS, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        raise refusal from None
    try:
        yield
    finally:
        lock.release()
