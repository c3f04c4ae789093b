"""A copy of a METIER_HOME that may be served, written to and rebuilt, and the commands of metier over it.

What a benchmark serves is no evidence: the copy is removed.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.home import METIER, environment
from harness.trained import pin_challengers

from metier.errors import InputError, ServingError
from metier.settings import Settings

LONGEST_SECONDS = 1_800
LEFT = ("pipelines", "reports", "benchmarks")


@contextmanager
def copied(settings: Settings) -> Iterator[Settings]:
    """A copy of the home, removed after the block; InputError where it keeps anything elsewhere."""
    if settings.lake_url or settings.registry_uri or settings.online_store_url:
        raise InputError("this writes into the lake and the stores; unset METIER_*_URL and METIER_*_URI, name a home")
    with tempfile.TemporaryDirectory(prefix="metier-copy-") as folder:
        home = Path(folder) / "home"
        shutil.copytree(settings.home, home, ignore=shutil.ignore_patterns(*LEFT))
        own = settings.model_copy(update={"home": home})
        pin_challengers(own)
        yield own


def replayed(settings: Settings, most: int, *options: str) -> dict[str, Any]:
    """What `metier lake replay` finds of the newest `most` impressions."""
    completed = metier_told(settings, ["lake", "replay", "--most", str(most), "--json", *options], check=False)
    if not completed.stdout.strip():
        raise ServingError(f"replay gave no figures: {completed.stderr.strip()}")
    report: dict[str, Any] = json.loads(completed.stdout.splitlines()[-1])
    return report


def metier_told(
    settings: Settings,
    arguments: Sequence[str],
    check: bool = True,
    *,
    before: Sequence[str] = (),
    as_of: datetime | None = None,
) -> subprocess.CompletedProcess[str]:
    """A command of metier, run to its end by the clock `as_of`, and what it said; `before` it, such as nice.

    ServingError with the end of what it said where it fails, unless nobody checks.
    """
    completed = subprocess.run(
        (*before, *METIER, *arguments),
        env=environment(settings) | ({} if as_of is None else {"METIER_AS_OF": as_of.isoformat()}),
        text=True,
        capture_output=True,
        timeout=LONGEST_SECONDS,
    )
    if check and completed.returncode:
        raise ServingError(f"`metier {' '.join(arguments)}` failed: {completed.stderr.strip()[-500:]}")
    return completed
