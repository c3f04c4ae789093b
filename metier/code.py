"""Which code is running: a digest of the installed packages' sources. Knows nothing of what they do."""

import hashlib
from functools import cache
from pathlib import Path

PACKAGES = ("metier", "feature_repo", "components", "pipelines", "serving")
SOURCES = {".py", ".sql", ".j2", ".yaml"}


@cache
def code_digest() -> str:
    """sha256 over the sources, in the order of their paths."""
    house = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((house / package).rglob("*")):
            if path.suffix in SOURCES:
                digest.update(path.read_bytes())
    return digest.hexdigest()
