"""Time and memory from an empty home to training sets, at several sizes of a simulated marketplace.

    make bench SUITE=scale                                       0.1, 1 and 10 million impressions
    make bench SUITE=scale ARGS="--impressions 100000 1000000"

For each size: simulate a world into a lake, ingest that lake into another one, validate it, build its features,
and make the training sets of all surfaces, two at a time as the training pipeline does. Each stage is a process of its
own; its memory is what all its processes hold together, five times a second. A stage that has left its figures is not
run again: remove its line in the JSON, or the file, to repeat it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from metier.durable import write_whole
from metier.settings import Settings, load_settings

SIZES = (100_000, 1_000_000, 10_000_000)
METIER = (sys.executable, "-m", "metier.cli.app")
STAGES = ("simulate", "ingest", "validate", "features", "training set")
AT_ONCE = 2
"""Training sets that the pipeline makes at one time."""
LOOK_SECONDS = 0.2
GIB = 2**30


@dataclass(frozen=True)
class Figures:
    """Wall-clock seconds, and the most memory that the processes of a stage held together (resident, in bytes)."""

    seconds: float
    peak_rss: int


def main() -> None:
    """Run what has no figures yet, and print the table."""
    arguments = _arguments()
    if arguments.stage:
        run_stage(arguments.stage, arguments.home, arguments.surface)
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / "scale.json"
    figures: dict[str, dict[str, dict[str, float]]] = json.loads(path.read_text()) if path.exists() else {}
    for size in arguments.impressions:
        done = figures.setdefault(str(size), {})
        for stage in STAGES:
            if stage not in done:
                print(f"{size:,} impressions: {stage}", file=sys.stderr, flush=True)
                done[stage] = asdict(
                    measured(commands(stage, size, arguments.out / str(size)), arguments.out / str(size))
                )
                write_whole(path, json.dumps(figures, indent=1))
        shutil.rmtree(arguments.out / str(size), ignore_errors=True)
    print(table({size: figures[str(size)] for size in arguments.impressions}))
    print(f"\n{path}", file=sys.stderr)


def commands(stage: str, impressions: int, home: Path) -> list[tuple[str, ...]]:
    """What a stage runs, AT_ONCE at a time."""
    freelancers, jobs = str(impressions // 50), str(impressions // 100)
    if stage == "simulate":
        sizes = ("--freelancers", freelancers, "--jobs", jobs, "--impressions", str(impressions))
        return [(*METIER, "simulate", *sizes, "--json")]
    if stage == "ingest":
        return [(*METIER, "import", "contract", str(home / "simulated"), "--json")]
    own = (sys.executable, __file__, "--home", str(home), "--stage", stage)
    if stage == "training set":
        return [(*own, "--surface", surface) for surface in ("job_feed", "applicant_review", "talent_search")]
    return [own]


def measured(stage_commands: list[tuple[str, ...]], home: Path) -> Figures:
    """Run the commands to their end; SystemExit where one fails."""
    home.mkdir(parents=True, exist_ok=True)
    lake = home / ("simulated" if "simulate" in stage_commands[0] else "lake")
    environment = {**os.environ, "METIER_HOME": str(home), "METIER_LAKE_URL": str(lake)}
    started = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as turns:
        peak = Peak()
        for status in [turns.submit(peak.watch, command, environment) for command in stage_commands]:
            if status.result():
                raise SystemExit(
                    f"a command of this stage ended with status {status.result()}; {home} is left as it is"
                )
    return Figures(round(time.monotonic() - started, 1), peak.bytes)


class Peak:
    """The most memory that commands held together."""

    def __init__(self) -> None:
        self.bytes = 0
        self._resident_bytes: dict[int, int] = {}

    def watch(self, command: tuple[str, ...], environment: dict[str, str]) -> int:
        """Run a command and look at it until it ends; its exit status."""
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None:
                self._resident_bytes[process.pid] = _resident(process.pid)
                self.bytes = max(self.bytes, sum(self._resident_bytes.values()))
                time.sleep(LOOK_SECONDS)
        self._resident_bytes[process.pid] = 0
        return process.returncode


def _resident(pid: int) -> int:
    """Bytes of a process and all its descendants."""
    resident = 0
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            resident += process.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return resident


def run_stage(stage: str, home: Path, surface: str) -> None:
    """What the pipeline's step of that name does."""
    from components.training_sets.build import build
    from components.training_sets.plan import plan
    from components.validation.expectations import require, validate
    from feature_repo.build.feature_tables import build_all
    from feature_repo.client import FeatureStoreClient
    from feature_repo.texts import Encoder
    from metier.lake import Lake

    settings = Settings(home=home)
    lake = Lake(settings.lake)
    as_of = lake.as_of()
    if stage == "validate":
        require(validate(lake, as_of, home / "docs"))
    elif stage == "features":
        build_all(lake, settings, as_of, Encoder.load())
        FeatureStoreClient(settings).apply()
    else:
        for study in plan(lake, as_of, [surface]):
            folders = [home / "sets" / surface / part for part in ("train", "validation", "held_out")]
            print(build(study, settings, as_of, *folders).render())


def table(figures: dict[int, dict[str, dict[str, float]]]) -> str:
    """Markdown: a line a stage, seconds and GiB a size."""
    lines = ["| stage | " + " | ".join(f"{size:,} impressions" for size in figures) + " |"]
    lines += ["|---|" + "---:|" * len(figures)]
    for stage in STAGES:
        cells = [
            f"{stages[stage]['seconds']:,.0f} s, {stages[stage]['peak_rss'] / GIB:.1f} GiB"
            for stages in figures.values()
        ]
        lines.append(f"| {stage} | " + " | ".join(cells) + " |")
    totals = [
        f"{sum(stages[stage]['seconds'] for stage in STAGES):,.0f} s, "
        f"{max(stages[stage]['peak_rss'] for stage in STAGES) / GIB:.1f} GiB"
        for stages in figures.values()
    ]
    return "\n".join([*lines, "| all, largest peak | " + " | ".join(totals) + " |"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--impressions", type=int, nargs="+", default=SIZES, help="people: 2%%, jobs: 1%% of it")
    parser.add_argument("--out", type=Path, default=load_settings().home / "reports" / "benchmarks" / "scale")
    parser.add_argument("--stage", choices=STAGES, default=None, help="run one stage in --home, as the command does")
    parser.add_argument("--surface", default="job_feed", help="the surface of that stage's training set")
    parser.add_argument("--home", type=Path, default=None)
    arguments = parser.parse_args()
    arguments.out = arguments.out.absolute()
    return arguments


if __name__ == "__main__":
    main()
