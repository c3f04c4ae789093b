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


def running_folders(parent: Path) -> list[Path]:
    """The folders in `parent` whose processes run."""
    if not parent.is_dir():
        return []
    busy = ServingError(f"{parent} was locked for {WAIT_SECONDS:g} s; try again")
    with exclusively(parent / LOCK, busy, WAIT_SECONDS):
        return [folder for folder in sorted(parent.iterdir()) if folder.is_dir() and not _is_free(folder)]


def _sweep(parent: Path) -> None:
    """Remove the folders whose lock is free."""
    for folder in parent.iterdir():
        if folder.is_dir() and _is_free(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_free(folder: Path) -> bool:
    """Whether no process has the folder to itself any more."""
    try:
        with exclusively(folder / LOCK, ServingError("its process runs")):
            return True
    except ServingError:
        return False
