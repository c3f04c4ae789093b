"""One process at a time: advisory locks on files, let go when their holder ends, however it ends."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from metier.errors import MetierError

LOOK_AGAIN_SECONDS = 0.02


@contextmanager
def exclusively(path: Path, refusal: MetierError, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock at `path`, which is created where it is missing; `refusal` once it was held for `wait_seconds`."""
    deadline = time.monotonic() + wait_seconds
    with path.open("a") as lock:
        while not _taken(lock):
            if time.monotonic() >= deadline:
                raise refusal
            time.sleep(LOOK_AGAIN_SECONDS)
        yield


def _taken(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
