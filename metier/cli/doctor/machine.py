"""The machine as metier needs it: versions, METIER_HOME and its disk, the port and sockets of the endpoint, memory."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from metier.cli.doctor.finding import Finding, Status
from metier.cli.versions import installed_version, requirements
from metier.errors import ServingError, SettingsError
from metier.settings import Settings

MATTER = ("duckdb", "feast", "kfp", "mlflow", "onnxruntime", "pyarrow", "ray", "torch", "xgboost")
"""Libraries whose versions are named; of all others, only one that is out of its range."""
GIGABYTE = 1 << 30
FREE_DISK = (1.0, 5.0)
"""GiB: below the first nothing can be trained; the demo takes about the second."""
TEMPORARY_LENGTH = 12
"""Characters: serving.launch makes `/metier-xxxxxxxx` below it for Ray's sockets, and takes paths of 28."""

RUN, LIBRARIES = 0.7, 1.1
"""GiB of the run that starts the steps, and of one step before it has data (0.6 to 1.1 with 24,000 impressions)."""
COPIES = 5
FEATURES = 150
MOST_ROWS = 900_000
NEGATIVES = 60
STEPS_AT_ONCE = 2


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
    folder = tempfile.gettempdir()
    if len(folder) > TEMPORARY_LENGTH:
        fact = f"{folder} is too long a path for Ray's sockets"
        yield Finding("sockets", "fail", fact, f"set TMPDIR to a path of {TEMPORARY_LENGTH} characters or fewer")
    else:
        yield Finding("sockets", "ok", f"{folder} takes Ray's sockets")


def training_gigabytes(impressions: int, organic: int) -> float:
    """GiB that a training run of a lake may hold at once, estimated from above.

    A training set has a row an impression, at most MOST_ROWS a surface; without impressions, a row for each of the
    `organic` positives and its 60 sampled negatives. A row is about 150 features of 4 bytes. COPIES of it are in memory
    where most are: the joined table, the matrix, the part chosen from it, the tensors or XGBoost's bins, and the scores
    and gradients. STEPS_AT_ONCE steps run side by side, each with LIBRARIES:

        0.7 GiB + 2 * (1.1 GiB + 5 * rows * 150 * 4 bytes)

    900,000 rows: 0.7 + 2 * (1.1 + 2.5) = 7.9 GiB. Building features stays below: DuckDB holds 1.5 GB and puts the rest
    aside.
    """
    rows = min(impressions or organic * (1 + NEGATIVES), MOST_ROWS)
    return RUN + STEPS_AT_ONCE * (LIBRARIES + COPIES * rows * FEATURES * 4 / GIGABYTE)


def check_memory(impressions: int, organic: int) -> Finding:
    """Memory of this machine (or of its control group) beside what a training run of the lake needs."""
    total, available = _memory()
    needed = training_gigabytes(impressions, organic)
    fact = f"{available:.1f} of {total:.1f} GiB are free; a training run of this lake needs about {needed:.1f} GiB"
    if needed > total:
        move = "train one surface at a time (--surface), on a machine with more memory or on Kubeflow"
        return Finding("memory", "fail", fact, move)
    if needed > available:
        return Finding("memory", "warn", fact, "end what else runs, or train one surface at a time (--surface)")
    return Finding("memory", "ok", fact)


def _memory() -> tuple[float, float]:
    """(total, available) GiB."""
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    kilobytes = {name.rstrip(":"): int(value) for name, value, *_ in lines}
    total, available = kilobytes["MemTotal"] * 1024, kilobytes["MemAvailable"] * 1024
    for limit in (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")):
        if limit.exists() and (value := limit.read_text().strip()).isdigit():
            total, available = min(total, int(value)), min(available, int(value))
    return total / GIGABYTE, available / GIGABYTE


def _size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    files = [path] if path.is_file() else (Path(at) / name for at, _, names in os.walk(path) for name in names)
    return sum(file.lstat().st_size for file in files if file.exists())


def _with_unit(size: int) -> str:
    return f"{size / GIGABYTE:,.1f} GiB" if size >= GIGABYTE else f"{size / (1 << 20):,.1f} MiB"
