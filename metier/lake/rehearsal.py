"""A lake to try an import on: it holds what the real one holds, and goes with all that was written there.

Knows files; no row.
"""

import posixpath
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec.core
from fsspec.implementations.local import LocalFileSystem

from metier.contract import TABLES
from metier.lake.lake import Lake


@contextmanager
def rehearsing(url: str) -> Iterator[Lake]:
    """For the block a lake with the files of the one at `url`: links on a local disk, copies of what lies elsewhere."""
    fs, root = fsspec.core.url_to_fs(url.rstrip("/"))
    with tempfile.TemporaryDirectory(prefix="metier-check-") as folder:
        for path in (path for name in TABLES for path in fs.glob(f"{root}/{name}/event_date=*/*")):
            beside = Path(folder) / posixpath.relpath(path, root)
            beside.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(fs, LocalFileSystem):
                beside.symlink_to(Path(path).absolute())
            else:
                fs.get_file(path, str(beside))
        yield Lake(folder)
