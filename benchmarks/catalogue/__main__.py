"""POST /v1/search/talent and /v1/feed/jobs over large catalogues behind a bare uvicorn: latency, memory, load time.

    make bench SUITE=catalogue                              10,000, 100,000 and 1,000,000 candidates
    make bench SUITE=catalogue ARGS="--sizes 100000 --surfaces talent_search"

The bundles are those of METIER_HOME, or of a small world made for the purpose; their candidate releases are multiplied
with variations (made.py). Each catalogue is served by a process of its own on one core, one client on another asks for
500 ranked candidates at a time, and every answer is checked. Memory: what a replica has for itself, and pages of files,
which the replicas of a node share. A catalogue that has left its figures is not made again: remove its lines in the
JSON, or the file, to repeat it. --keep leaves catalogues where they are made, 4 GiB for a million candidates.
"""

import argparse
import json
import os
import shutil
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

import httpx
import numpy as np
import psutil
from endpoints.workload import ACTORS, PATIENT_MS, Workload
from harness import unshadowed  # noqa: F401
from harness.home import environment, home_of_its_own, say, stop_at_signals, to_status
from harness.load import Answer, endpoint, run_round
from harness.processes import cpu_seconds, on_core
from made import make_catalogue

from components.releases import Bundle, open_registry
from components.releases.aliases import trained_bundles
from components.releases.folder import newest_version
from metier.durable import write_whole
from metier.errors import InputError
from metier.lake import Lake
from metier.settings import Settings, load_settings
from serving.launch import THREADS
from serving.ports import free_port

BARE = Path(__file__).resolve().parents[1] / "endpoints" / "bare.py"
SIZES = (10_000, 100_000, 1_000_000)
PATHS = {"talent_search": "/v1/search/talent", "job_feed": "/v1/feed/jobs"}
RANKED, SHOWN = 500, 20
WARM = 100
MIB = 2**20

Figures = dict[str, Any]


def main() -> int:
    """Parse, and turn errors into one line and a status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="candidates of a catalogue")
    parser.add_argument("--surfaces", nargs="+", choices=PATHS, default=list(PATHS))
    parser.add_argument("--requests", type=int, default=1_000, help="requests of a catalogue that are measured")
    parser.add_argument("--out", type=Path, default=load_settings().reports / "benchmarks" / "catalogue")
    parser.add_argument("--keep", action="store_true", help="leave the catalogues where they are made")
    arguments = parser.parse_args()
    return to_status(lambda: measure(arguments))


def measure(arguments: argparse.Namespace) -> int:
    """Run what has no figures yet, and print the table."""
    stop_at_signals()
    out = arguments.out.absolute()
    path = out / "catalogue.json"
    figures: dict[str, dict[str, Figures]] = json.loads(path.read_text()) if path.exists() else {}
    for size in arguments.sizes:
        done = figures.setdefault(str(size), {})
        for surface in arguments.surfaces:
            if surface not in done:
                done[surface] = measured(surface, size, out / str(size), arguments)
                write_whole(path, json.dumps(figures, indent=1))
    asked = {size: {name: figures[str(size)][name] for name in arguments.surfaces} for size in arguments.sizes}
    print(table(asked))
    print(f"written to {path}")
    return 1 if any(row["faults"] for done in asked.values() for row in done.values()) else 0


def measured(surface: str, size: int, folder: Path, arguments: argparse.Namespace) -> Figures:
    """Make the catalogue of a surface unless it is there, serve it alone, and ask."""
    with home_of_its_own(surface) as settings:
        bundle = _bundle(settings, surface)
        target, begun = folder / bundle.version, time.monotonic()
        if newest_version(target) is None:
            say(f"making {size:,} candidates of {surface} in {target}")
            make_catalogue(settings.candidates / bundle.version, target, bundle.encoder, size)
        made = time.monotonic() - begun
        _put_in_place(settings.candidates, target)
        figures = _asked(settings, surface, bundle.version, arguments.requests)
    on_disk = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    if not arguments.keep:
        shutil.rmtree(target)
    return {"made_s": round(made, 1), "on_disk_mib": round(on_disk / MIB), **figures}


def _bundle(settings: Settings, surface: str) -> Bundle:
    registry = open_registry(settings)
    trained = trained_bundles(registry)
    if surface not in trained:
        raise InputError(f"no bundle of {surface} is trained; train one, or name others with --surfaces")
    pin = trained[surface].bundle
    return Bundle.load(registry.fetch(pin.name, pin.version, pin.sha256), pin.sha256)


def _put_in_place(candidates: Path, target: Path) -> None:
    """In the folder of releases, which is a link, the catalogue at `target` instead of the release of its bundle."""
    real = candidates.resolve()
    candidates.unlink()
    candidates.mkdir()
    for folder in real.iterdir():
        (candidates / folder.name).symlink_to(target if folder.name == target.name else folder)


def _asked(settings: Settings, surface: str, bundle: str, requests: int) -> Figures:
    """Start, ask, and look at the process."""
    with Lake(settings.lake).connect() as connection:
        workload = Workload(surface, connection.execute(ACTORS[surface]).fetchall(), [], RANKED)
    port = free_port(settings.http_host)
    url, variables = f"http://{settings.http_host}:{port}", {**environment(settings), **dict.fromkeys(THREADS, "1")}
    command = (sys.executable, str(BARE), str(port))
    *others, core = sorted(os.sched_getaffinity(0))
    with ExitStack() as stack:
        begun = time.monotonic()
        with on_core(core):
            process = stack.enter_context(endpoint(command, variables, url, settings.home / f"{surface}.log"))
        loaded, replica = time.monotonic() - begun, psutil.Process(process.pid)
        stack.enter_context(on_core(others[0] if others else core))
        run_round(url, PATHS[surface], _bodies(workload, WARM, seed=0), n_clients=1)
        cpu = cpu_seconds(replica)
        answers = run_round(url, PATHS[surface], _bodies(workload, requests, seed=1), n_clients=1)
        cpu = cpu_seconds(replica) - cpu
        timed = run_round(url, PATHS[surface], _bodies(workload, WARM, seed=2, timings=True), n_clients=1)
        snapshot = httpx.get(f"{url}/v1/bundle", timeout=30).json()[surface]["snapshot_version"]
        own, shared = _memory_mib(replica)
    figures = answers.figures(lambda status, answer: workload.fault(bundle, status, answer))
    return {
        "snapshot": snapshot,
        **{name: round(figures[name], 2) for name in ("p50_ms", "p95_ms", "p99_ms")},
        "cpu_ms": round(1e3 * cpu / requests, 2),
        "loaded_s": round(loaded, 1),
        "own_mib": round(own),
        "shared_mib": round(shared),
        "stages_ms": _stages(timed.answers),
        "faults": figures["failures"],
    }


def _bodies(workload: Workload, count: int, seed: int, timings: bool = False) -> list[bytes]:
    """Of actors drawn anew each time, and of a job of theirs where one is searched for."""
    shared = {"k": SHOWN, "deadline_ms": PATIENT_MS, "timings": timings}
    drawn = np.random.default_rng(seed).integers(len(workload.actors), size=count)
    asked = [workload.actors[row] for row in drawn.tolist()]
    return [
        json.dumps({**shared, "actor_id": actor, **({"job_id": job} if job else {})}).encode() for actor, job in asked
    ]


def _memory_mib(process: psutil.Process) -> tuple[float, float]:
    """(what the process has for itself, pages of files that it maps and shares with whoever maps them) in MiB."""
    maps = process.memory_maps(grouped=True)
    own = sum(each.anonymous for each in maps)
    return own / MIB, (sum(each.rss for each in maps) - own) / MIB


def _stages(answers: list[Answer]) -> dict[str, float]:
    """Median milliseconds of each stage."""
    timed = [answer.content()["timings_ms"] for answer in answers if answer.status == 200]
    names = dict.fromkeys(name for each in timed for name in each)
    return {name: round(float(np.median([each.get(name, 0.0) for each in timed])), 2) for name in names}


def table(figures: dict[int, dict[str, Figures]]) -> str:
    """Markdown: a line a size and surface."""
    lines = [
        "| candidates | surface | p50 ms | p99 ms | CPU ms | MiB a replica | MiB a node | MiB on disk | load s |",
        "|---:|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for size, done in figures.items():
        for surface, row in done.items():
            cells = (f"{row['p50_ms']:.1f}", f"{row['p99_ms']:.1f}", f"{row['cpu_ms']:.1f}", f"{row['own_mib']:,}")
            more = (f"{row['shared_mib']:,}", f"{row['on_disk_mib']:,}", f"{row['loaded_s']:.0f}")
            lines.append(f"| {size:,} | {surface} | " + " | ".join((*cells, *more)) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
