"""A folder that is replaced whole: written beside, then renamed into its place.

Killed anywhere, the folder is as it was or as it will be once `settle` is called; whoever has its files mapped keeps
them. One writer at a time. Knows no file in it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """A new folder, which takes the place of `folder` after the block."""
    settle(folder)
    beside, ready = _beside(folder, "writing"), _beside(folder, "ready")
    beside.mkdir(parents=True)
    yield beside
    os.rename(beside, ready)
    settle(folder)


def settle(folder: Path) -> None:
    """Finish or undo what a killed writer began; call it before reading what is to be replaced."""
    ready, before = _beside(folder, "ready"), _beside(folder, "before")
    shutil.rmtree(_beside(folder, "writing"), ignore_errors=True)
    if ready.exists():
        if folder.exists():
            shutil.rmtree(before, ignore_errors=True)
            os.rename(folder, before)
        os.rename(ready, folder)
    shutil.rmtree(before, ignore_errors=True)


def _beside(folder: Path, state: str) -> Path:
    return folder.with_name(f".{folder.name}.{state}")
