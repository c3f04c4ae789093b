"""Files and folders that must not be torn: written beside their place, synced, then renamed into it.

A reader sees the old one or the new one, whole, also after a crash of the machine. Knows no file format.
"""

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = ".*.writing"
"""Pattern of the names under which files are written; a killed process leaves one behind."""


def write_whole(path: Path, content: str | bytes) -> None:
    """Replace `path`, whose folder is made where it is missing; text is written as UTF-8."""
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Where to write what becomes `path` after the block; where the block writes nothing or fails, `path` stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}-{os.getpid()}-{threading.get_ident()}.writing")
    try:
        yield temporary
        if temporary.exists():
            _sync(temporary, os.O_RDONLY)
            temporary.replace(path)
            sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """An empty folder that becomes `path` after the block; OSError where `path` has files by then, which stay."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as scratch:
        written = Path(scratch) / path.name
        written.mkdir()
        yield written
        os.rename(written, path)
    sync_folder(path.parent)


def remove_unfinished(folder: Path) -> None:
    """Remove the files that killed writers left beside their places in `folder`; for its only writer."""
    for path in folder.glob(".*.writing"):
        if path.is_file():
            path.unlink()


def sync_folder(folder: Path) -> None:
    """Return once the names of the files in `folder` are on disk; OSError where they cannot be."""
    _sync(folder, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
