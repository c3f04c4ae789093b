"""A folder that one process has to itself, and that is gone once it ended, however it ended. Knows no file in it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from metier.errors import ServingError
from metier.locks import exclusively

LOCK = "lock"
WAIT_SECONDS = 30.0


@contextmanager
def own_folder(parent: Path) -> Iterator[Path]:
    """A new folder in `parent`; those of processes that were killed are removed."""
    parent.mkdir(parents=True, exist_ok=True)
    busy = ServingError(f"{parent} was locked for {WAIT_SECONDS:g} s; start again")
    with exclusively(parent / LOCK, busy, WAIT_SECONDS):
        _sweep(parent)
        folder = Path(tempfile.mkdtemp(dir=parent))
        lock = exclusively(folder / LOCK, busy)
        lock.__enter__()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.__exit__(None, None, None)


def _sweep(parent: Path) -> None:
    """Remove the folders whose lock is free."""
    running = ServingError("its process runs")
    for folder in parent.iterdir():
        if not folder.is_dir():
            continue
        try:
            with exclusively(folder / LOCK, running):
                shutil.rmtree(folder, ignore_errors=True)
        except ServingError:
            continue
