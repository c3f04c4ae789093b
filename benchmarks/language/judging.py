"""How far the relevance judge agrees with the truth of simulated worlds that nothing was mended on.

`python benchmarks/language/judging.py [--seeds 21 22] [--queries 1000] [--model] [--out FILE]` simulates each world in
a folder that goes with the run and prints the audit of `metier judge audit` per seed as JSON; --model audits the model
at METIER_LLM_URL on the same queries beside the rules.
"""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from components.evaluation.judged.audit import Bench, audit
from components.language.models import open_model
from components.simulator import SimulatorConfig, simulate
from metier.durable import write_whole
from metier.errors import InputError
from metier.lake import Lake
from metier.settings import Settings, load_settings
from metier.stored import as_plain

FRESH = (21, 22, 23)
"""Seeds 0 and 1 were looked at when the rubric was mended, and its scale was set on them."""


def audited(seed: int, queries: int, model: bool) -> dict[str, Any]:
    """The audit of each judge in the world of one seed, and the seconds that it took."""
    with TemporaryDirectory() as home:
        settings = load_settings().model_copy(update={"home": Path(home), "lake_url": "", "as_of": None})
        lake = Lake(settings.lake)
        simulate(SimulatorConfig(seed=seed), lake.append, settings.truth)
        found = {}
        for bench in _benches(settings, lake, model):
            start = time.perf_counter()
            agreement = audit(bench, settings, queries)
            found[bench.judge.name] = as_plain(agreement) | {"seconds": time.perf_counter() - start}
        return found


def _benches(settings: Settings, lake: Lake, model: bool) -> Iterator[Bench]:
    yield Bench.by_rules(settings, lake.as_of())
    if not model:
        return
    remote = open_model(settings)
    if remote is None:
        raise InputError("METIER_LLM_URL is not set; set it, or leave out --model")
    with closing(remote):
        yield Bench.by_model(remote, settings, lake.as_of())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, nargs="*", default=FRESH, help="worlds to simulate")
    parser.add_argument("--queries", type=int, default=1000, help="queries of a surface")
    parser.add_argument("--model", action="store_true", help="audit the model at METIER_LLM_URL too")
    parser.add_argument("--out", type=Path, help="write the JSON here too")
    arguments = parser.parse_args()
    found = {str(seed): audited(seed, arguments.queries, arguments.model) for seed in arguments.seeds}
    report = json.dumps(found, indent=2)
    if arguments.out:
        write_whole(arguments.out, report)
    print(report)


if __name__ == "__main__":
    main()
