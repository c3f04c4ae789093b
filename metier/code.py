"""Which code is running: digests of the sources of packages. Knows nothing of what they do."""

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("metier", "feature_repo", "components", "pipelines", "serving")
SOURCES = {".py", ".sql", ".j2", ".yaml"}


@cache
def code_digest() -> str:
    """sha256 over the sources of this house, in the order of their paths."""
    house = Path(__file__).resolve().parents[1]
    return _digest(path for package in PACKAGES for path in sorted((house / package).rglob("*")))


def source_digest(module: str) -> str:
    """sha256 over the sources of the top-level package, or file, that `module` is in; empty where there is none."""
    spec = find_spec(module.partition(".")[0])
    if spec is None:
        return ""
    if not spec.submodule_search_locations:
        return _digest([Path(spec.origin)]) if spec.origin and Path(spec.origin).is_file() else ""
    return _digest(path for folder in spec.submodule_search_locations for path in sorted(Path(folder).rglob("*")))


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        if path.suffix in SOURCES:
            digest.update(path.read_bytes())
    return digest.hexdigest()
