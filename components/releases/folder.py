"""The folder of a bundle's releases: which is the newest, whether one is whole, and how one comes and goes.

A release is a folder named by its version, written beside its place and renamed; a pointer names the newest. One
process writes at a time and first removes what a killed one left. Knows no file of a release but its manifest.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components.retrieval.digests import first_altered
from metier.durable import new_folder, write_whole
from metier.errors import ArtifactError
from metier.locks import exclusively

FORMAT = 3
REBUILD = "run `metier pipeline run training`, whose step build_candidate_index writes releases"
POINTER, MANIFEST, LOCK = "current.json", "release.json", "building.lock"
KEPT = 2
"""Releases kept of a bundle: the newest, and the one that replicas may still be reading."""


def newest_version(folder: Path) -> str | None:
    """The version that `folder` points at, None where no release was built; ArtifactError for a damaged pointer."""
    path = folder / POINTER
    try:
        return str(json.loads(path.read_text())["version"]) if path.exists() else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} points at no release; {REBUILD}") from error


def moment_of(version: str) -> datetime:
    """The `as_of` that a release's version begins with."""
    return datetime.strptime(version.split("-")[0], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)


def require_release(folder: Path) -> None:
    """ArtifactError where `folder` points at no release that this metier reads; opens no other file of it."""
    version = newest_version(folder)
    if version is None:
        raise ArtifactError(f"{folder} holds no candidate release; {REBUILD}")
    _manifest(folder / version)


def verified(home: Path, version: str) -> Mapping[str, Any]:
    """The manifest in `home`, which carries its own digest and that of each file."""
    manifest = _manifest(home)
    stated = manifest.pop("sha256", None)
    if stated != _digest(manifest) or manifest["version"] != version:
        raise ArtifactError(f"{home / MANIFEST} is altered or of another release; {REBUILD}")
    wrong = first_altered(home, manifest["files"])
    if wrong is not None:
        raise ArtifactError(f"{home / wrong} is missing or altered; {REBUILD}")
    return manifest


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Be the one process that writes releases into `folder`; what killed ones left half is gone."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = ArtifactError(f"another process builds a release in {folder}; wait until it is done")
    with exclusively(folder / LOCK, taken):
        for left in folder.glob(".*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield


@contextmanager
def beside(place: Path) -> Iterator[Path]:
    """A new folder that becomes `place` at the end of the block; removed where the block fails."""
    with new_folder(place) as writing:
        yield writing
        shutil.rmtree(place, ignore_errors=True)


def write_manifest(home: Path, told: Mapping[str, Any], files: Mapping[str, str]) -> None:
    """`files`: path in `home` -> sha256."""
    manifest = {"format": FORMAT, **told, "files": dict(files)}
    (home / MANIFEST).write_text(json.dumps({**manifest, "sha256": _digest(manifest)}, indent=1))


def point(folder: Path, version: str) -> None:
    """Make `version` the newest, and remove all but the KEPT newest releases, by the moment in their names.

    Whoever still maps files of a removed one keeps them.
    """
    write_whole(folder / POINTER, json.dumps({"version": version}))
    old = sorted(path for path in folder.iterdir() if path.is_dir() and path.name != version)
    for path in old[: max(len(old) - KEPT + 1, 0)]:
        shutil.rmtree(path, ignore_errors=True)


def _manifest(home: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((home / MANIFEST).read_text())
        found = manifest["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{home} holds no candidate release; {REBUILD}") from error
    if found != FORMAT:
        raise ArtifactError(f"{home} has release format {found}, this metier reads {FORMAT}; {REBUILD}")
    return manifest


def _digest(manifest: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
