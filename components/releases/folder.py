"""The folder of a bundle's releases: which is the newest, whether one is whole, and how one comes and goes.

A release is a folder named by its version, written beside its place and renamed; a pointer names the newest. One
process writes at a time and first removes what a killed one left. Knows no file of a release but its manifest.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components.retrieval.digests import first_altered
from metier.contract import Surface
from metier.durable import new_folder, write_whole
from metier.errors import ArtifactError
from metier.locks import exclusively
from metier.stored import Moment, as_plain, from_plain

FORMAT = 4
REBUILD = "run `metier pipeline run features`, whose step build_candidate_index writes releases"
POINTER, MANIFEST, LOCK = "current.json", "release.json", "building.lock"
KEPT = 2
"""Releases kept of a bundle: the newest, and the one that replicas may still be reading."""


@dataclass(frozen=True)
class ReleaseManifest:
    """What a release is, and which files it consists of."""

    surface: Surface
    version: str
    views: Mapping[str, Moment]
    """Feature view -> the moment as of which its values are."""
    files: Mapping[str, str]
    """Path in the release's folder -> sha256."""
    format: int = FORMAT


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


def verified(home: Path, version: str) -> ReleaseManifest:
    """The manifest in `home`, which carries its own digest and that of each file."""
    signed = _manifest(home)
    stated = signed.pop("sha256", None)
    if stated != _digest(signed) or signed["version"] != version:
        raise ArtifactError(f"{home / MANIFEST} is altered or of another release; {REBUILD}")
    try:
        manifest = from_plain(ReleaseManifest, signed)
    except ValueError as error:
        raise ArtifactError(f"{home / MANIFEST} describes no release; {REBUILD}") from error
    wrong = first_altered(home, manifest.files)
    if wrong is not None:
        raise ArtifactError(f"{home / wrong} is missing or altered; {REBUILD}")
    return manifest


@contextmanager
def exclusive_writer(folder: Path) -> Iterator[None]:
    """Be the one process that writes releases into `folder`; what killed ones left behind is removed first."""
    folder.mkdir(parents=True, exist_ok=True)
    refusal = ArtifactError(f"another process builds a release in {folder}; wait until it is done")
    with exclusively(folder / LOCK, refusal):
        for leftover in folder.glob(".*"):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        yield


@contextmanager
def replacing_release(home: Path) -> Iterator[Path]:
    """A new folder that replaces `home` at the end of the block; removed where the block fails."""
    with new_folder(home) as written:
        yield written
        shutil.rmtree(home, ignore_errors=True)


def write_manifest(home: Path, manifest: ReleaseManifest) -> None:
    """Write the manifest with its own digest into `home`."""
    plain = as_plain(manifest)
    (home / MANIFEST).write_text(json.dumps({**plain, "sha256": _digest(plain)}, indent=1))


def set_newest(folder: Path, version: str) -> None:
    """Make `version` the newest, and remove all but the KEPT newest releases, by the moment in their names.

    Whoever still maps files of a removed one keeps them.
    """
    write_whole(folder / POINTER, json.dumps({"version": version}))
    older = sorted(path for path in folder.iterdir() if path.is_dir() and path.name != version)
    for path in older[: max(len(older) - KEPT + 1, 0)]:
        shutil.rmtree(path, ignore_errors=True)


def _manifest(home: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((home / MANIFEST).read_text())
        stated = manifest["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{home} holds no candidate release; {REBUILD}") from error
    if stated != FORMAT:
        raise ArtifactError(f"{home} has release format {stated}, this metier reads {FORMAT}; {REBUILD}")
    return manifest


def _digest(manifest: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
