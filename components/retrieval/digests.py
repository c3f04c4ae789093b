"""Whether files are those that a manifest names by their sha256: their content is read once a node, not once a replica.

A note beside the files says which were found right: size, inode and change time of each. While these are the same, so
is the content. A copy has others, so no note vouches for files of another place. Knows no manifest.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from metier.durable import write_whole

NOTE = ".checked.json"


def sha256_of(path: Path) -> str:
    """sha256 of a file's content."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def first_altered(folder: Path, files: Mapping[str, str], digest: Callable[[Path], str] = sha256_of) -> str | None:
    """The first of `files` (path in the folder -> sha256) that is missing or has other content; None where all hold."""
    noted = _noted(folder)
    identities: dict[str, list[int | str]] = {}
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            return name
        identities[name] = [expected, *_identity(path)]
        if noted.get(name) != identities[name] and digest(path) != expected:
            return name
    if identities != noted:
        _note(folder, identities)
    return None


def _identity(path: Path) -> tuple[int, int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_ino, stat.st_ctime_ns


def _noted(folder: Path) -> dict[str, object]:
    """A note that cannot be read vouches for nothing."""
    try:
        noted = json.loads((folder / NOTE).read_text())
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _note(folder: Path, identities: Mapping[str, object]) -> None:
    """A folder that cannot be written to is checked anew by each replica."""
    with suppress(OSError):
        write_whole(folder / NOTE, json.dumps(identities))
