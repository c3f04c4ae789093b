"""Memory, time and quality of a training run on a log without impressions: a made one, or tables of the contract.

    make bench SUITE=organic                                            100,000 interactions, 943 people, 1,682 jobs
    make bench SUITE=organic ARGS="--interactions 1000000 --people 20000 --jobs 10000"
    make bench SUITE=organic ARGS="--tables TABLES --memory-mb 4096"    what benchmarks/movielens.py wrote

Imports the tables into a home of its own and trains `job_feed` as `metier pipeline run training` does, under
METIER_MEMORY_MB. Five times a second it looks at the memory of all processes (proportional set size: a page that two
share counts half in each) and of each step. JSON: seconds and CPU seconds, rows, HR@10 and NDCG@10 with intervals.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from harness.organic_worlds import write_world

from components.evaluation.report import read_report
from metier.durable import write_whole
from metier.settings import Settings, load_settings

METIER = (sys.executable, "-m", "metier.cli.app")
LOOK_SECONDS = 0.2
STEP_FLAG = "--function_to_execute"
GIB = 2**30


@dataclass
class Held:
    """The most that some processes held together, in bytes: all pages, and those that no file backs; CPU seconds."""

    pss: int = 0
    anonymous: int = 0
    cpu_seconds: float = 0.0
    seconds: float = 0.0

    def look(self, pss: int, anonymous: int, cpu_seconds: float, seconds: float) -> None:
        self.pss, self.anonymous = max(self.pss, pss), max(self.anonymous, anonymous)
        self.cpu_seconds, self.seconds = max(self.cpu_seconds, cpu_seconds), seconds


def main() -> None:
    """Run it and print the JSON."""
    arguments = _arguments()
    home = arguments.out / arguments.name
    if arguments.fresh:
        shutil.rmtree(home, ignore_errors=True)
    tables = arguments.tables or home / "tables"
    if arguments.tables is None and not tables.exists():
        write_world(tables, arguments.interactions, arguments.people, arguments.jobs)
    environment = {**os.environ, "METIER_HOME": str(home), "METIER_MEMORY_MB": str(arguments.memory_mb)}
    subprocess.run((*METIER, "import", "contract", str(tables)), env=environment, check=True, stdout=sys.stderr)
    started = time.monotonic()
    steps, whole, status = watched((*METIER, "pipeline", "run", "training", "--surface", "job_feed"), environment)
    figures = {
        "status": status,
        "memory_mb": arguments.memory_mb,
        "seconds": round(time.monotonic() - started, 1),
        "cpu_seconds": round(sum(step.cpu_seconds for step in steps.values()), 1),
        "peak_gib": round(whole.pss / GIB, 2),
        "peak_anonymous_gib": round(whole.anonymous / GIB, 2),
        "steps": {name: _rounded(step) for name, step in steps.items()},
        "report": reported(home) if status == 0 else None,
    }
    text = json.dumps(figures, indent=1)
    write_whole(home / "organic.json", text)
    print(text)


def watched(command: tuple[str, ...], environment: dict[str, str]) -> tuple[dict[str, Held], Held, int]:
    """(what each step held, by its number and name; what the run held; its exit status)."""
    steps: dict[str, Held] = {}
    first_look: dict[str, float] = {}
    whole = Held()
    began = time.monotonic()
    with subprocess.Popen(command, env=environment, stdout=sys.stderr) as process:
        runner = psutil.Process(process.pid)
        while process.poll() is None:
            pss, anonymous, _ = _held([runner])
            for guard in _children(runner):
                name = _step_name(guard)
                now = time.monotonic()
                held = _held([guard, *_children(guard, recursive=True)])
                pss, anonymous = pss + held[0], anonymous + held[1]
                if name:
                    first = first_look.setdefault(name, now)
                    steps.setdefault(name, Held()).look(*held, now - first)
            whole.look(pss, anonymous, 0.0, time.monotonic() - began)
            time.sleep(LOOK_SECONDS)
    return steps, whole, process.returncode


def reported(home: Path) -> dict[str, Any]:
    """The report's first facts and measured rows with their intervals."""
    report = read_report(Settings(home=home).reports / "job_feed")
    rows = [
        {
            "section": section.title,
            "ranker": row.ranker,
            "metric": row.metric,
            "value": round(row.interval.value, 4),
            "low": round(row.interval.low, 4),
            "high": round(row.interval.high, 4),
            "queries": row.interval.n,
        }
        for section in report.sections
        for row in section.measured
    ]
    return {"facts": report.facts, "measured": rows}


def _children(process: psutil.Process, recursive: bool = False) -> list[psutil.Process]:
    try:
        children: list[psutil.Process] = process.children(recursive=recursive)
    except psutil.NoSuchProcess:
        return []
    return children


def _held(processes: list[psutil.Process]) -> tuple[int, int, float]:
    """(proportional set size, its anonymous part, CPU seconds) of the processes together."""
    pss = anonymous = 0
    cpu = 0.0
    for process in processes:
        try:
            lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()[1:]
            times = process.cpu_times()
        except (OSError, psutil.NoSuchProcess):  # it has just ended
            continue
        sizes = {name.rstrip(":"): int(kilobytes) * 1024 for name, kilobytes, *_ in (line.split() for line in lines)}
        pss += sizes.get("Pss", 0)
        anonymous += sizes.get("Pss_Anon", sizes.get("Anonymous", 0))
        cpu += times.user + times.system
    return pss, anonymous, cpu


def _step_name(guard: psutil.Process) -> str:
    """The step that a guard runs, with the guard's process id: loops run one name several times."""
    try:
        command = guard.cmdline()
    except psutil.NoSuchProcess:
        return ""
    return f"{command[command.index(STEP_FLAG) + 1]} {guard.pid}" if STEP_FLAG in command else ""


def _rounded(held: Held) -> dict[str, float]:
    return {
        "peak_gib": round(held.pss / GIB, 2),
        "peak_anonymous_gib": round(held.anonymous / GIB, 2),
        **{name: round(value, 1) for name, value in asdict(held).items() if name.endswith("seconds")},
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interactions", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=943)
    parser.add_argument("--jobs", type=int, default=1_682)
    parser.add_argument("--tables", type=Path, help="a folder of tables in the contract, instead of a made world")
    parser.add_argument("--memory-mb", type=int, default=4_096, help="METIER_MEMORY_MB of the run")
    parser.add_argument("--name", default="world", help="folder of the home below --out")
    parser.add_argument("--fresh", action="store_true", help="begin with an empty home")
    parser.add_argument("--out", type=Path, default=load_settings().home / "reports" / "benchmarks" / "organic")
    arguments = parser.parse_args()
    arguments.out = arguments.out.absolute()
    return arguments


if __name__ == "__main__":
    main()
