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
    temporary, ready = _sibling(folder, "writing"), _sibling(folder, "ready")
    temporary.mkdir(parents=True)
    yield temporary
    os.rename(temporary, ready)
    settle(folder)


def settle(folder: Path) -> None:
    """Finish or undo what a killed writer began; call it before reading what is to be replaced."""
    ready, before = _sibling(folder, "ready"), _sibling(folder, "before")
    shutil.rmtree(_sibling(folder, "writing"), ignore_errors=True)
    if ready.exists():
        if folder.exists():
            shutil.rmtree(before, ignore_errors=True)
            os.rename(folder, before)
        os.rename(ready, folder)
    shutil.rmtree(before, ignore_errors=True)


def _sibling(folder: Path, state: str) -> Path:
    return folder.with_name(f".{folder.name}.{state}")
