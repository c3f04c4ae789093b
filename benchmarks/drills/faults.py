"""What is done to an endpoint for a while, each a block: it begins with the block and is over at its end.

Knows processes and files; no route.
"""

import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress

import psutil
from drilled import Endpoint

LONGEST_SECONDS = 10.0
REGISTRIES = ("mlflow.db", "registry.db")
"""Of bundles, and of features."""


@contextmanager
def killed(endpoint: Endpoint) -> Iterator[None]:
    """One replica ends without a word."""
    endpoint.replicas()[0].kill()
    yield


@contextmanager
def stopped(endpoint: Endpoint) -> Iterator[None]:
    """One replica stands still, and goes on where it is not replaced meanwhile."""
    replica = endpoint.replicas()[0]
    replica.suspend()
    yield
    with suppress(psutil.NoSuchProcess):
        replica.send_signal(signal.SIGCONT)


@contextmanager
def store_down(endpoint: Endpoint) -> Iterator[None]:
    """The online store answers nobody: its file is held."""
    with closing(sqlite3.connect(endpoint.settings.home / "online_store.db", LONGEST_SECONDS)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.rollback()


@contextmanager
def store_slow(endpoint: Endpoint) -> Iterator[None]:
    """The online store makes most reads wait for up to 60 of the 100 ms that they have."""
    with _held_in_turns(endpoint, 0.06, 0.02):
        yield


@contextmanager
def store_flapping(endpoint: Endpoint) -> Iterator[None]:
    """The online store goes and comes back."""
    with _held_in_turns(endpoint, 0.5, 0.5):
        yield


@contextmanager
def _held_in_turns(endpoint: Endpoint, held_seconds: float, free_seconds: float) -> Iterator[None]:
    ended = threading.Event()

    def hold() -> None:
        while not ended.is_set():
            with store_down(endpoint):
                ended.wait(held_seconds)
            ended.wait(free_seconds)

    thread = threading.Thread(target=hold, name="holder")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def disk_full(endpoint: Endpoint) -> Iterator[None]:
    """Replicas may write no more byte to any file."""
    replicas = endpoint.replicas()
    limits = [replica.rlimit(psutil.RLIMIT_FSIZE) for replica in replicas]
    for replica, (_, hard) in zip(replicas, limits, strict=True):
        replica.rlimit(psutil.RLIMIT_FSIZE, (0, hard))
    yield
    for replica, limit in zip(replicas, limits, strict=True):
        replica.rlimit(psutil.RLIMIT_FSIZE, limit)


@contextmanager
def registries_down(endpoint: Endpoint) -> Iterator[None]:
    """Neither the registry of bundles nor that of features is there."""
    with ExitStack() as back:
        for name in REGISTRIES:
            path = endpoint.settings.home / name
            away = path.with_suffix(".away")
            path.rename(away)
            back.callback(away.rename, path)
        yield


@contextmanager
def started_without_registries(endpoint: Endpoint) -> Iterator[None]:
    """A replica is killed while there is no registry, and another one starts before there is one again."""
    with registries_down(endpoint), killed(endpoint):
        yield
        endpoint.wait_for_full()
