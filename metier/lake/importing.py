"""Which imports are running: each holds a lock and leaves a marker, `imports/<id>/running.json`, until it has ended.

A marker whose lock nobody holds was left by an import that was killed or failed. For lakes on a local disk; elsewhere
nothing is marked, and the caller sees to it.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Literal

from metier.durable import write_whole
from metier.errors import InputError
from metier.locks import exclusively

RUNNING, LOCK = "running.json", "running.lock"
GATE = "undo.lock"
"""Held by an undo, and by an import for the moment of its start, so that neither begins unseen by the other."""
START_SECONDS = 5.0


@contextmanager
def running(imports: Path, import_id: str) -> Iterator[None]:
    """Mark an import as running for the block, and as unfinished where the block fails or the process is killed.

    InputError while an undo is running.
    """
    folder = imports / import_id
    imports.mkdir(parents=True, exist_ok=True)
    taken = InputError(f"import {import_id} is already running; wait for its end, then repeat this one")
    undoing = InputError("an undo is running; wait for its end, then repeat the import")
    with ExitStack() as lock:
        lock.callback(_remove_unless_noted, folder)
        with exclusively(imports / GATE, undoing, START_SECONDS):
            folder.mkdir(exist_ok=True)
            lock.enter_context(exclusively(folder / LOCK, taken))
            write_whole(folder / RUNNING, "{}")
        yield
        (folder / RUNNING).unlink()


@contextmanager
def no_import_runs(imports: Path) -> Iterator[None]:
    """Keep imports from starting for the block; InputError while one runs, or another undo."""
    if not imports.is_dir():
        yield
        return
    with exclusively(
        imports / GATE,
        InputError("another undo is running, or an import begins; wait for its end, then repeat this one"),
    ):
        for marker in sorted(imports.glob(f"*/{RUNNING}")):
            if running_state(marker.parent) == "running":
                raise InputError(
                    f"an import is running ({marker.parent.name}); wait for its end, then repeat this undo "
                    "(`metier lake imports` shows when it has ended)"
                )
        yield


def running_state(folder: Path) -> Literal["running", "unfinished", "there"]:
    """Whether the import of the folder is running, was left unfinished, or has ended."""
    if not (folder / RUNNING).exists():
        return "there"
    try:
        with exclusively(folder / LOCK, InputError("")):
            return "unfinished" if (folder / RUNNING).exists() else "there"
    except InputError:
        return "running"


def _remove_unless_noted(folder: Path) -> None:
    """Remove the folder of an import that wrote nothing."""
    if not any(folder.glob("[0-9]*.json")):
        for name in (RUNNING, LOCK):
            (folder / name).unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()
