"""The long quality studies, one after another: seeded, resumable, each stage's figures as JSON.

    make evidence                                        the simulated world of a million impressions
    make evidence ARGS="--job-views DIR --letor DIR --open-bandit DIR"     and the public data sets in those folders

A stage that has left its JSON is not run again; remove the file to repeat it.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from components.simulator.config import CLICK_MODELS
from metier.cli.demo.command import CLICK_MODEL, FREELANCERS, IMPRESSIONS, JOBS, RANDOMISED_SHARE
from metier.durable import write_whole
from metier.settings import load_settings

Commands = tuple[tuple[str, ...], ...]
METIER = (sys.executable, "-c", "from metier.cli.app import main; main()")
QUALITY = ("coverage", "first_champion", "nightly_looks", "planted_challenger")
"""Scripts of quality/ that write the JSON of their stage themselves."""
WORLD = ("--freelancers", "5000", "--jobs", "3000", "--impressions", "1000000")
DEMO_WORLD = (
    *("--freelancers", str(FREELANCERS), "--jobs", str(JOBS), "--impressions", str(IMPRESSIONS)),
    *("--randomised-share", str(RANDOMISED_SHARE), "--click-model", CLICK_MODEL),
)
LOOP_SEEDS = ("7", "8", "9")
SMALLER_WORLD = ("--freelancers", "2500", "--jobs", "2000", "--impressions", "500000", "--seed", "11")


def main() -> None:
    """Run every stage that has no JSON yet and print where each stands."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--job-views", type=Path, help="folder of the public job-views data")
    parser.add_argument("--letor", type=Path, help="folder of a svmlight learning-to-rank set")
    parser.add_argument("--open-bandit", type=Path, help="folder of the small Open Bandit Dataset")
    arguments = parser.parse_args()
    out = load_settings().home / "evidence"
    out.mkdir(parents=True, exist_ok=True)
    for name, commands in stages(arguments.job_views, arguments.letor, arguments.open_bandit, out).items():
        run_stage(name, commands, out)


def stages(job_views: Path | None, letor: Path | None, open_bandit: Path | None, out: Path) -> dict[str, Commands]:
    """Commands of each stage; a stage of metier commands has a METIER_HOME of its own."""
    commands: dict[str, Commands] = {
        "simulated": (("simulate", *WORLD, "--json"), ("pipeline", "run", "training"), ("report", "--json")),
    }
    calibration = str(Path(__file__).parent / "quality" / "calibration.py")
    commands["calibration"] = (
        ("simulate", *SMALLER_WORLD),
        ("features", "build"),
        (sys.executable, calibration, "--home", str(out / "calibration"), "--out", str(out / "calibration.json")),
    )
    loop = str(Path(__file__).parent / "quality" / "closed_loop.py")
    for seed in LOOP_SEEDS:
        name = f"closed_loop_{seed}"
        commands[name] = (
            ("simulate", *DEMO_WORLD, "--seed", seed),
            ("pipeline", "run", "training"),
            (sys.executable, loop, "--out", str(out / f"{name}.json")),
        )
    for name in QUALITY:
        script = str(Path(__file__).with_name("quality") / f"{name}.py")
        commands[name] = ((sys.executable, script, "--out", str(out / f"{name}.json")),)
    positions = str(Path(__file__).with_name("quality") / "positions.py")
    for clicks in CLICK_MODELS:
        name = f"positions_{clicks}"
        worlds = ("--clicks", clicks, "--home", str(out / name), "--out", str(out / f"{name}.json"))
        commands[name] = ((sys.executable, positions, *worlds),)
    if job_views:
        training = ("pipeline", "run", "training", "--surface", "job_feed")
        commands["job_views"] = (("import", "job-views", str(job_views)), training, ("report", "--json"))
    if letor:
        script = str(Path(__file__).with_name("lambdarank.py"))
        commands["lambdarank"] = ((sys.executable, script, str(letor), "--out", str(out / "lambdarank.json")),)
    if open_bandit:
        script = str(Path(__file__).with_name("quality") / "off_policy.py")
        commands["off_policy"] = ((sys.executable, script, str(open_bandit), "--out", str(out / "off_policy.json")),)
    return commands


def run_stage(name: str, commands: Commands, out: Path) -> None:
    """Run a stage's commands in order; the last one's standard output is its JSON unless it wrote one itself."""
    result = out / f"{name}.json"
    if result.exists():
        print(f"{name}: {result} (kept from before)")
        return
    started = time.monotonic()
    environment = {**os.environ, "METIER_HOME": str(out / name), "METIER_LAKE_URL": ""}
    for command in commands:
        arguments = command if command[0] == sys.executable else (*METIER, *command)
        last = command is commands[-1] and command[0] != sys.executable
        completed = subprocess.run(
            arguments, env=environment, check=True, text=True, stdout=subprocess.PIPE if last else None
        )
        if last:
            write_whole(result, json.dumps(json.loads(completed.stdout), indent=1))
    print(f"{name}: {result} ({time.monotonic() - started:.0f} s)")


if __name__ == "__main__":
    main()
