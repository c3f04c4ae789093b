"""Import this first: the checkout comes before the folder of the benchmarks, whose serving.py would be `serving`.

The folder stays on the path, at its end: processes that the run starts import the script again.
"""

import sys
from pathlib import Path

_BENCHMARKS = Path(__file__).resolve().parents[1]
_OTHERS = [path for path in sys.path if Path(path).resolve() not in (_BENCHMARKS, _BENCHMARKS.parent)]
sys.path[:] = [str(_BENCHMARKS.parent), *_OTHERS, str(_BENCHMARKS)]
