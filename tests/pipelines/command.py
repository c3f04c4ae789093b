"""`metier pipeline` in a process of its own, as a person meets it."""

import os
import subprocess
import sys
from pathlib import Path

CLUSTER = {"METIER_CLUSTER_FILE": str(Path(__file__).resolve().parents[2] / "infra" / "k8s" / "steps.toml")}


def metier(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from metier.cli.app import main; main()", "pipeline", *arguments]
    environment = {**os.environ, "METIER_HOME": str(home), "HOME": str(home)} | CLUSTER
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)


def assert_one_line(done: subprocess.CompletedProcess[str], status: int, *words: str) -> None:
    assert done.returncode == status, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr
