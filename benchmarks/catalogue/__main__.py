"""POST /v1/search/talent and /v1/feed/jobs over large catalogues behind a bare uvicorn: latency, memory, load time.

    make bench SUITE=catalogue                              10,000, 100,000 and 1,000,000 candidates
    make bench SUITE=catalogue ARGS="--sizes 100000 --surfaces talent_search"

The bundles are those of METIER_HOME, or of a small world made for the purpose; their candidate releases are multiplied
with variations (made.py). Every size is served by processes of its own, one client asks for 500 ranked candidates at a
time, and every answer is checked. Memory: what one replica has for itself, and the pages of the release that all of a
node share. A stage that has left its figures is not run again: remove its line in the JSON, or the file, to repeat it.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

import httpx
import numpy as np
import psutil
from harness import unshadowed  # noqa: F401
from harness.home import environment, home_of_its_own, say, stop_at_signals, to_status
from harness.load import endpoint, run_round

from components.releases import Bundle, open_registry
from components.releases.aliases import bundles_to_serve
from metier.durable import write_whole
from metier.errors import InputError
from metier.lake import Lake
from metier.settings import Settings, load_settings

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from made import make_catalogue  # noqa: E402

SIZES = (10_000, 100_000, 1_000_000)
PATHS = {"talent_search": "/v1/search/talent", "job_feed": "/v1/feed/jobs"}
ACTORS = {
    "talent_search": "SELECT DISTINCT client_id, job_id FROM jobs WHERE client_id IS NOT NULL ORDER BY ALL",
    "job_feed": "SELECT DISTINCT freelancer_id, NULL FROM interactions WHERE side = 'freelancer' ORDER BY ALL",
}
RANKED = 500
WARM = 100
DEADLINE_MS = 30_000
MIB = 2**20

Figures = dict[str, Any]


def main() -> int:
    """Parse, and turn errors into one line and a status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="candidates of a catalogue")
    parser.add_argument("--surfaces", nargs="+", choices=PATHS, default=list(PATHS))
    parser.add_argument("--requests", type=int, default=400, help="requests of a surface that are measured")
    parser.add_argument("--out", type=Path, default=load_settings().reports / "benchmarks" / "catalogue")
    parser.add_argument("--keep", action="store_true", help="leave the catalogues where they are made")
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    return to_status(lambda: serve(arguments.serve) if arguments.serve else measure(arguments))


def serve(port: int) -> int:
    """The measured process: what a replica serves, without Ray."""
    import uvicorn

    from serving.clock import OffsetClock
    from serving.engine import Engine
    from serving.http.routes import create_api

    settings = load_settings()
    pins = {surface: served.bundle for surface, served in bundles_to_serve(open_registry(settings)).items()}
    clock = OffsetClock.starting_at(Lake(settings.lake).as_of())
    app = create_api(lambda: Engine(settings, pins, clock))
    uvicorn.run(app, host=settings.http_host, port=port, loop="uvloop", access_log=False, log_level="warning")
    return 0


def measure(arguments: argparse.Namespace) -> int:
    """Run what has no figures yet, and print the table."""
    stop_at_signals()
    out = arguments.out.absolute()
    path = out / "catalogue.json"
    figures: dict[str, dict[str, Figures]] = json.loads(path.read_text()) if path.exists() else {}
    with home_of_its_own(None) as settings:
        for size in arguments.sizes:
            for surface in arguments.surfaces:
                done = figures.setdefault(str(size), {})
                if surface not in done:
                    done[surface] = _measured(settings, surface, size, out / str(size), arguments)
                    write_whole(path, json.dumps(figures, indent=1))
    print(table({size: figures[str(size)] for size in arguments.sizes}))
    print(f"written to {path}")
    return 1 if any(done["faults"] for sizes in figures.values() for done in sizes.values()) else 0


def _measured(settings: Settings, surface: str, size: int, folder: Path, arguments: argparse.Namespace) -> Figures:
    """Make the catalogue of a surface unless it is there, serve it alone, and ask."""
    registry, pin = open_registry(settings), _pin(settings, surface)
    bundle = Bundle.load(registry.fetch(pin.name, pin.version, pin.sha256), pin.sha256)
    target, begun = folder / bundle.version, time.monotonic()
    if not (target / "current.json").exists():
        say(f"making {size:,} candidates of {surface} in {target}")
        make_catalogue(settings.candidates / bundle.version, target, bundle.encoder, size)
    made = time.monotonic() - begun
    with _only(settings, target) as served:
        figures = _asked(served, surface, arguments.requests)
    on_disk = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    if not arguments.keep:
        shutil.rmtree(target)
    return {"made_s": round(made, 1), "on_disk_mib": round(on_disk / MIB), **figures}


def _pin(settings: Settings, surface: str) -> Any:
    pins = bundles_to_serve(open_registry(settings))
    if surface not in pins:
        raise InputError(f"{settings.home} has no bundle of {surface}; train one, or name others with --surfaces")
    return pins[surface].bundle


@contextmanager
def _only(settings: Settings, target: Path) -> Iterator[Settings]:
    """A home that is linked to this one, with the catalogue at `target` in place of the release of its bundle."""
    with tempfile.TemporaryDirectory(prefix="metier-bench-") as name:
        home = Path(name)
        for path in settings.home.iterdir():
            if path.name != settings.candidates.name and path.suffix != ".lock":  # no lock is taken through a link
                (home / path.name).symlink_to(path.resolve())
        served = settings.model_copy(update={"home": home})
        served.candidates.mkdir()
        for folder in settings.candidates.iterdir():
            (served.candidates / folder.name).symlink_to(target if folder.name == target.name else folder.resolve())
        yield served


def _memory_mib(process: psutil.Process) -> tuple[float, float]:
    """(what the process has for itself, pages of files that it maps and shares with whoever maps them) in MiB."""
    maps = process.memory_maps(grouped=True)
    own = sum(each.anonymous for each in maps)
    return own / MIB, (sum(each.rss for each in maps) - own) / MIB


def _asked(settings: Settings, surface: str, requests: int) -> Figures:
    """Start, ask, and look at the process."""
    from serving.launch import THREADS
    from serving.ports import free_port

    with Lake(settings.lake).connect() as connection:
        actors = connection.execute(ACTORS[surface]).fetchall()
    port = free_port(settings.http_host)
    url, variables = f"http://{settings.http_host}:{port}", {**environment(settings), **dict.fromkeys(THREADS, "1")}
    command, begun = (sys.executable, str(HERE), "--serve", str(port)), time.monotonic()
    with endpoint(command, variables, url, settings.home / f"{surface}.log") as process:
        loaded, replica = time.monotonic() - begun, psutil.Process(process.pid)
        snapshot = httpx.get(f"{url}/v1/bundle", timeout=30).json()[surface]
        run_round(url, PATHS[surface], _bodies(actors, WARM, seed=0), n_clients=1)
        cpu, bodies = sum(replica.cpu_times()[:2]), _bodies(actors, requests, seed=1)
        answers = run_round(url, PATHS[surface], bodies, n_clients=1)
        cpu = sum(replica.cpu_times()[:2]) - cpu
        stages = run_round(url, PATHS[surface], _bodies(actors, WARM, seed=2, timings=True), n_clients=1)
        own, shared = _memory_mib(replica)
    figures = answers.figures(_fault)
    return {
        "snapshot": snapshot["snapshot_version"],
        "p50_ms": round(figures["p50_ms"], 2),
        "p95_ms": round(figures["p95_ms"], 2),
        "p99_ms": round(figures["p99_ms"], 2),
        "cpu_ms": round(1e3 * cpu / requests, 2),
        "loaded_s": round(loaded, 1),
        "own_mib": round(own),
        "shared_mib": round(shared),
        "stages_ms": _stages(stages.answers),
        "faults": figures["failures"],
    }


def _bodies(actors: list[tuple[str, str | None]], count: int, seed: int, timings: bool = False) -> list[bytes]:
    drawn = np.random.default_rng(seed).integers(len(actors), size=count)
    shared = {"k": 20, "deadline_ms": DEADLINE_MS, "timings": timings}
    chosen = [actors[row] for row in drawn.tolist()]
    return [
        json.dumps({"actor_id": actor, **shared, **({"job_id": job} if job else {})}).encode() for actor, job in chosen
    ]


def _fault(status: int, response: Any) -> str | None:
    """What is wrong with an answer."""
    if status != 200:
        return f"status {status}"
    if response["degraded"]:
        return "without " + ", ".join(note.split(":")[0] for note in response["degraded"])
    if response["tier"] != "ensemble":
        return f"tier {response['tier']}"
    return None if response["considered"] == RANKED else f"considered {response['considered']} of {RANKED}"


def _stages(answers: list) -> dict[str, float]:
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
            lines.append(f"| {int(size):,} | {surface} | " + " | ".join((*cells, *more)) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
