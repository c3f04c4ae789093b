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
from harness.trained import pin_challengers

from components.releases.folder import POINTER
from metier.durable import write_whole
from metier.errors import InputError, MetierError, ServingError
from metier.settings import Settings, load_settings

METIER = (sys.executable, "-P", "-c", "from metier.cli.app import main; main()")
WORLD = ("--freelancers", "1500", "--jobs", "1000", "--impressions", "60000")
WRITTEN = ("events", "changes", "replicas", "reports", "benchmarks", "deployed")
"""Folders that endpoints and benchmarks write: the home of a benchmark has its own."""
COPIED = ("online_store.", "mlflow.db")
"""How the names of databases begin that a benchmark changes."""


@contextmanager
def home_of_its_own(surface: str | None) -> Iterator[Settings]:
    """A temporary home that links to what METIER_HOME holds; to a small world kept in it where it holds nothing."""
    settings = load_settings()
    with linked(settings if is_served(settings) else small_world(settings, surface or "job_feed")) as own:
        yield own


@contextmanager
def linked(settings: Settings) -> Iterator[Settings]:
    """A temporary home that links to what that of `settings` holds, with copies of online store and registry."""
    with tempfile.TemporaryDirectory(prefix="metier-bench-") as name:
        home = Path(name)
        for path in settings.home.iterdir():
            if path.name.startswith(COPIED):
                (shutil.copytree if path.is_dir() else shutil.copy2)(path, home / path.name)
            elif path.name not in WRITTEN and path.suffix != ".lock":  # no lock is taken through a link
                (home / path.name).symlink_to(path)
        own = settings.model_copy(update={"home": home, "changes_url": ""})
        pin_challengers(own)
        yield own


def is_served(settings: Settings) -> bool:
    """Whether there is a candidate release."""
    return any(settings.candidates.glob(f"*/{POINTER}"))


def kept(settings: Settings, name: str) -> Settings:
    """Of a home within METIER_HOME that benchmarks make once and use again."""
    home = settings.home / "benchmarks" / name
    return settings.model_copy(update={"home": home, "lake_url": "", "registry_uri": "", "changes_url": ""})


def small_world(settings: Settings, surface: str) -> Settings:
    """A simulated world with rankers of a surface; made once, and kept within METIER_HOME."""
    small = kept(settings, f"world-{surface}")
    if not is_served(small):
        say(f"{settings.home} holds no candidate release: making a small world in {small.home}, which takes minutes")
        small.home.mkdir(parents=True, exist_ok=True)
        metier(small, "simulate", *WORLD)
        metier(small, "pipeline", "run", "training", "--surface", surface)
    return small


def metier(settings: Settings, *command: str, tree: Path | None = None) -> None:
    """Run a command of metier to its end, by the code of another `tree` where one is given; ServingError."""
    say(f"metier {' '.join(command)}")
    if run_to_end((*METIER, *command), environment(settings, tree), tree):
        raise ServingError(f"`metier {' '.join(command)}` failed; what it says above tells why")


def environment(settings: Settings, tree: Path | None = None) -> dict[str, str]:
    """The variables of this process with these settings, for the code of another `tree` where one is given.

    That has to be started there: the folder that a process begins in may come before all others.
    """
    variables = {
        "HOME": str(settings.home),
        "LAKE_URL": settings.lake_url,
        "REGISTRY_URI": settings.registry_uri,
        "CHANGES_URL": settings.changes_url,
    }
    code = {} if tree is None else {"PYTHONPATH": str(tree)}
    return {**os.environ, **{f"METIER_{name}": value for name, value in variables.items()}, **code}


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
