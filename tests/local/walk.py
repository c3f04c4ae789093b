"""Runs of the command line in a METIER_HOME of their own, as a person would start them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

START_SECONDS = 300
STOP_SECONDS = 90


def metier(home: Path, *arguments: str, timeout: float = 560) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, env=environment(home), timeout=timeout, check=False
    )


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "metier.cli.app", *arguments]


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "METIER_HOME": str(home), "OMP_NUM_THREADS": "1"}


class Endpoint:
    """A `metier serve` and all its processes."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.process = process
        self.url = url

    def family(self) -> list[psutil.Process]:
        """The server and everything that descends from it."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def kill(self) -> None:
        """SIGKILL everything at once, as a power cut would."""
        family = self.family()
        for each in family:
            each.kill()
        psutil.wait_procs(family, timeout=STOP_SECONDS)
        self.process.wait()


@contextmanager
def endpoint(home: Path) -> Iterator[Endpoint]:
    """The endpoint of a trained home on a free port; nothing of it is left after the block."""
    ready = home / "serving.url"
    ready.unlink(missing_ok=True)
    with (home / "serving.log").open("wb") as log:
        process = subprocess.Popen(
            command("serve", "--port", "0", "--as-of", "lake", "--ready", str(ready)),
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(home),
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not ready.exists():
            assert process.poll() is None, (home / "serving.log").read_text()
            assert time.monotonic() < deadline, (home / "serving.log").read_text()
            time.sleep(0.2)
        served = Endpoint(process, ready.read_text())
        family = served.family()
        yield served
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)
    _, alive = psutil.wait_procs(family, timeout=STOP_SECONDS)
    assert alive == [], f"left behind: {alive}"
