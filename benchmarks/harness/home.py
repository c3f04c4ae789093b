"""A METIER_HOME for a benchmark: what the real one holds, and nothing of it changed; a small world where it is empty.

Knows what endpoints write, and the commands that make a world.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.load import run_to_end

from components.releases.folder import POINTER
from metier.durable import write_whole
from metier.errors import InputError, MetierError, ServingError
from metier.settings import Settings, load_settings

METIER = (sys.executable, "-P", "-c", "from metier.cli.app import main; main()")
WORLD = ("--freelancers", "1500", "--jobs", "1000", "--impressions", "60000")
WRITTEN = ("events", "changes", "replicas", "reports")
"""Folders that endpoints and benchmarks write: the home of a benchmark has its own."""


@contextmanager
def home_of_its_own(surface: str | None) -> Iterator[Settings]:
    """A temporary home that links to what METIER_HOME holds, with a copy of the online store; else a small world."""
    settings = load_settings()
    with tempfile.TemporaryDirectory(prefix="metier-bench-") as name:
        home = Path(name)
        if any(settings.candidates.glob(f"*/{POINTER}")):
            for path in settings.home.iterdir():
                if path.name.startswith("online_store."):
                    (shutil.copytree if path.is_dir() else shutil.copy2)(path, home / path.name)
                elif path.name not in WRITTEN and path.suffix != ".lock":  # no lock is taken through a link
                    (home / path.name).symlink_to(path)
            yield settings.model_copy(update={"home": home, "changes_url": ""})
            return
        say(f"{settings.home} holds no candidate release: making a small world in {home}, which takes some minutes")
        small = settings.model_copy(update={"home": home, "lake_url": "", "registry_uri": "", "changes_url": ""})
        for command in (("simulate", *WORLD), ("pipeline", "run", "training", "--surface", surface or "job_feed")):
            say(f"metier {' '.join(command)}")
            if run_to_end((*METIER, *command), environment(small)):
                raise ServingError(f"`metier {' '.join(command)}` failed; what it says above tells why")
        yield small


def environment(settings: Settings) -> dict[str, str]:
    """The variables of this process, with these settings."""
    variables = {
        "HOME": str(settings.home),
        "LAKE_URL": settings.lake_url,
        "REGISTRY_URI": settings.registry_uri,
        "CHANGES_URL": settings.changes_url,
    }
    return {**os.environ, **{f"METIER_{name}": value for name, value in variables.items()}}


def stop_at_signals() -> None:
    """Let SIGINT and SIGTERM interrupt the work, so that all that was started is stopped."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def to_status(work: Callable[[], int]) -> int:
    """What `work` returns; an error is one line and the status of its kind."""
    try:
        return work()
    except MetierError as error:
        say(f"error: {error}")
        return 2 if isinstance(error, InputError) else 1
    except KeyboardInterrupt:
        say("interrupted; all that was started is stopped")
        return 130


def keep(result: Mapping[str, Any], name: str, out: Path | None) -> None:
    """Write the figures to `out`, by default METIER_HOME/reports/benchmarks/<name>.json, and say where they are."""
    path = out or load_settings().reports / "benchmarks" / f"{name}.json"
    write_whole(path, json.dumps(result, indent=2) + "\n")
    print(f"written to {path}")


def say(line: str) -> None:
    """A line of progress."""
    print(line, file=sys.stderr, flush=True)
