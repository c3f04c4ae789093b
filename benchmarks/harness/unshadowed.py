"""Import this first: the folder of the benchmarks leaves the path, where serving.py would stand for the package."""

import sys
from pathlib import Path

sys.path[:] = [path for path in sys.path if Path(path).resolve() != Path(__file__).resolve().parents[1]]
