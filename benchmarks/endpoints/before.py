"""The endpoint as it was at a tag: a worktree of this repository for as long as it is measured, and a home of its own.

Its rankers are trained by its own code over the lake that is served now, since a bundle of today holds what that build
did not know. Knows git and the commands of metier.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.home import is_served, kept, metier, say

from metier.lake import Lake
from metier.settings import Settings, load_settings

TAG = "serving-before"
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def checkout() -> Iterator[Path | None]:
    """A worktree of TAG, gone after the block; None where this is no repository that has the tag."""
    if _git("rev-parse", "--verify", "--quiet", f"refs/tags/{TAG}^{{commit}}") != 0:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="metier-before-") as folder:
        tree = Path(folder) / TAG
        _git("worktree", "add", "--detach", "--force", str(tree), TAG)
        try:
            yield tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def home_of(tree: Path, settings: Settings, surface: str) -> Settings:
    """A home over the same lake with rankers of a surface that this build trained; made once, kept in METIER_HOME."""
    own = kept(load_settings(), f"{TAG}-{surface}")
    lake = own.home / "lake"
    if is_served(own) and Lake(str(lake)).as_of() == Lake(settings.lake).as_of():
        return own
    say(f"training rankers of {surface} by the build of {TAG} in {own.home}, which takes minutes, once")
    shutil.rmtree(own.home, ignore_errors=True)
    shutil.copytree(settings.lake, lake)
    metier(own, "pipeline", "run", "training", "--surface", surface, tree=tree)
    return own


def _git(*arguments: str) -> int:
    """The status; that of a command that failed where there is no git."""
    try:
        return subprocess.run(("git", "-C", str(ROOT), *arguments), capture_output=True, timeout=120).returncode
    except FileNotFoundError:
        return 127
