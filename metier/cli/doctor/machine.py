"""The machine as metier needs it: versions, METIER_HOME and its disk, the port and sockets of the endpoint, memory."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from components.language.understanding import exchange_of
from metier.cli.doctor.finding import Finding, Status, within
from metier.cli.versions import installed_version, requirements
from metier.errors import ServingError, SettingsError
from metier.machine import memory
from metier.settings import SHARE_OF_MEMORY, Settings

MATTER = ("duckdb", "feast", "kfp", "mlflow", "onnxruntime", "pyarrow", "ray", "torch", "xgboost")
"""Libraries whose versions are named; of all others, only one that is out of its range."""
GIGABYTE = 1 << 30
FREE_DISK = (1.0, 5.0)
"""GiB: below the first nothing can be trained; the demo takes about the second."""
READ_SECONDS = 5.0
TEMPORARY_LENGTH = 12
"""Characters: serving.launch makes `/metier-xxxxxxxx` below it for Ray's sockets, and takes paths of 28."""


def check_versions() -> Iterator[Finding]:
    """One line of the versions that matter, one of each requirement that is not met."""
    named = ", ".join(f"{name} {installed_version(name)}" for name in MATTER)
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("metier", "ok", f"{installed_version()} on Python {python}")
    declared = list(requirements())
    if not declared:
        repair = "run `pip install --editable .` in the checkout, or `make test`"
        yield Finding("libraries", "warn", f"{named}; metier is not installed, so ranges are unknown", repair)
        return
    wrong = [need for need in declared if not need.specifier.contains(installed_version(need.name), prereleases=True)]
    for need in wrong:
        fact = f"{need.name} {installed_version(need.name)}, declared {need.specifier}"
        yield Finding("libraries", "fail", fact, "run `pip install --requirement requirements.lock`")
    if not wrong:
        yield Finding("libraries", "ok", named)


def check_home(settings: Settings) -> Iterator[Finding]:
    """What is in METIER_HOME, whether it can be written, and the disk below it."""
    home = settings.home
    below = next(folder for folder in (home, *home.parents) if folder.exists())
    if (reason := _unwritable(below)) is not None:
        yield Finding("home", "fail", f"{home} cannot be written ({reason})", "set METIER_HOME to a folder of yours")
    elif not home.exists():
        yield Finding("home", "ok", f"{home} is not there yet; the first command makes it")
    else:
        sizes = {entry.name: _size(entry) for entry in sorted(home.iterdir()) if not entry.name.startswith(".")}
        largest = sorted(sizes, key=lambda name: -sizes[name])[:5]
        parts = ", ".join(f"{name} {_with_unit(sizes[name])}" for name in largest)
        yield Finding("home", "ok", f"{home}: {_with_unit(sum(sizes.values()))}" + (f" ({parts})" if parts else ""))
    free = shutil.disk_usage(below).free / GIGABYTE
    least, enough = FREE_DISK
    status: Status = "fail" if free < least else "warn" if free < enough else "ok"
    move = "" if status == "ok" else f"free some, or set METIER_HOME to a disk with {enough:g} GiB"
    yield Finding("disk", status, f"{free:,.1f} GiB free at {below}", move)


def _unwritable(folder: Path) -> str | None:
    """Why no file can be made in the folder: tried with one that has no name and is gone at once."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return error.strerror


def check_endpoint(settings: Settings) -> Iterator[Finding]:
    """The port that `metier serve` would take, and the folder for Ray's sockets."""
    from serving.ports import require_free

    try:
        require_free(settings.http_host, settings.http_port)
        yield Finding("port", "ok", f"{settings.http_host}:{settings.http_port} is free")
    except ServingError as error:
        move = "`metier serve --port 0` takes a free one, unless an endpoint runs there already"
        yield Finding("port", "warn", str(error).rpartition("; ")[0], move)
    except SettingsError as error:
        fact, _, move = str(error).rpartition("; ")
        yield Finding("port", "fail", fact, move)
    if settings.exchange_rates is not None:
        look = partial(_exchange, settings.exchange_rates)
        yield within(READ_SECONDS, "exchange rates", look, "METIER_EXCHANGE_RATES")
    folder = tempfile.gettempdir()
    if len(folder) > TEMPORARY_LENGTH:
        fact = f"{folder} is too long a path for Ray's sockets"
        yield Finding("sockets", "fail", fact, f"set TMPDIR to a path of {TEMPORARY_LENGTH} characters or fewer")
    else:
        yield Finding("sockets", "ok", f"{folder} takes Ray's sockets")


def _exchange(path: Path) -> Finding:
    exchange = exchange_of(path)
    return Finding("exchange rates", "ok", f"{path} holds {len(exchange.usd)} currencies as of {exchange.as_of}")


def check_memory(counts: Mapping[str, int], settings: Settings) -> Iterator[Finding]:
    """Memory of this machine (or of its control group) and disk beside what a training run of the lake takes.

    `counts`: rows of the lake by table.
    """
    from components.training_sets.budget import needs

    held = memory()
    try:
        needed = needs(counts, settings.memory_bytes)
    except SettingsError as error:
        fact, _, move = str(error).rpartition("; ")
        yield Finding("memory", "fail", fact, move)
        return
    fact = (
        f"{held.available / GIGABYTE:.1f} of {held.total / GIGABYTE:.1f} GiB are free; "
        f"a training run of this lake needs at most {needed.render()}"
    )
    below = next(folder for folder in (settings.home, *settings.home.parents) if folder.exists())
    if needed.memory_bytes > held.total:
        move = f"set METIER_MEMORY_MB to {int(SHARE_OF_MEMORY * held.total) >> 20} or less, or unset it"
        yield Finding("memory", "fail", fact, move)
    elif needed.memory_bytes > held.available:
        move = f"end what else runs, or set METIER_MEMORY_MB to {held.available >> 20}"
        yield Finding("memory", "warn", fact, move)
    elif needed.disk_bytes > shutil.disk_usage(below).free:
        yield Finding("memory", "warn", fact, f"free some disk at {below}")
    else:
        yield Finding("memory", "ok", fact)


def _size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    files = [path] if path.is_file() else (Path(at) / name for at, _, names in os.walk(path) for name in names)
    return sum(file.lstat().st_size for file in files if file.exists())


def _with_unit(size: int) -> str:
    return f"{size / GIGABYTE:,.1f} GiB" if size >= GIGABYTE else f"{size / (1 << 20):,.1f} MiB"
