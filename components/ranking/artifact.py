"""A saved model as a directory: its files and a manifest with the sha256 of each, checked before anything is parsed.

`manifest.json` is written last and carries its own digest, so a reader sees a whole artifact or ArtifactError.
No file is a pickle. Knows nothing of what the files mean.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

from metier.durable import write_whole
from metier.errors import ArtifactError

MANIFEST = "manifest.json"
FORMAT_VERSION = 1
NEXT_MOVE = "restore the directory from where it was registered, or fit and save again"


@dataclass(frozen=True)
class Artifact:
    """What `read` found: metadata as it was given to `write`, the checked content of each file, the manifest's digest.

    Equal metadata, files and library versions have equal digests.
    """

    metadata: dict[str, Any]
    files: dict[str, bytes]
    sha256: str


def write(
    directory: str | Path,
    kind: str,
    metadata: Mapping[str, Any],
    files: Mapping[str, bytes],
    libraries: tuple[str, ...] = (),
) -> None:
    """Write files (names relative to `directory`), then the manifest; `libraries` are recorded with their versions."""
    folder = Path(directory)
    for name, content in files.items():
        write_whole(folder / name, content)
    manifest = {
        "kind": kind,
        "format_version": FORMAT_VERSION,
        "metadata": dict(metadata),
        "libraries": {name: version(name) for name in ("metier", *libraries)},
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    manifest["sha256"] = _digest(manifest)
    write_whole(folder / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False).encode())


def read(directory: str | Path, kind: str) -> Artifact:
    """The artifact of that kind in `directory`; ArtifactError when anything is missing, altered or newer."""
    folder = Path(directory)
    manifest = _manifest(folder)
    if manifest.get("kind") != kind:
        raise ArtifactError(f"{folder} holds a {manifest.get('kind')} artifact, not {kind}; load it with its own class")
    files = {name: _checked(folder, name, digest) for name, digest in manifest["files"].items()}
    return Artifact(manifest["metadata"], files, _digest(manifest))


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_bytes())
        stated = manifest.pop("sha256", None)
        version_read = int(manifest["format_version"])
    except OSError as error:
        raise ArtifactError(f"no saved model at {folder}: {MANIFEST} cannot be read; {NEXT_MOVE}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(f"{path} is not a manifest; {NEXT_MOVE}") from error
    if version_read > FORMAT_VERSION:
        raise ArtifactError(
            f"{path} has format version {version_read}, this metier reads up to {FORMAT_VERSION}; "
            "upgrade metier (`pip install --upgrade metier`)"
        )
    if stated != _digest(manifest):
        raise ArtifactError(f"{path} differs from its own sha256; {NEXT_MOVE}")
    return manifest


def _checked(folder: Path, name: str, digest: str) -> bytes:
    inside = PurePosixPath(name)
    if inside.is_absolute() or ".." in inside.parts:
        raise ArtifactError(f"{folder / MANIFEST} names {name!r}, a file outside its directory; {NEXT_MOVE}")
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise ArtifactError(f"{folder / name} is missing or unreadable; {NEXT_MOVE}") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise ArtifactError(f"{folder / name} differs from the sha256 in its manifest; {NEXT_MOVE}")
    return content


def _digest(manifest: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
