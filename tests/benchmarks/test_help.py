"""Every benchmark can be run as the file it is, from any folder."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
RUN = 'if __name__ == "__main__":'
PARTS = ("*.py", "quality/*.py", "language/*.py", "[!l]*/__main__.py")


@pytest.mark.parametrize(
    "script",
    sorted(path for part in PARTS for path in BENCHMARKS.glob(part) if RUN in path.read_text()),
    ids=lambda path: path.stem,
)
def test_a_benchmark_says_what_it_takes(script, tmp_path):
    done = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: ")
