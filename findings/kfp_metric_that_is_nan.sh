#!/bin/sh
# Kubeflow Pipelines, run on this machine: a step that succeeded ends the run if it logged NaN as a metric.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet kfp==2.17.0
cd "$dir"
cat > steps.py <<'EOF'
import sys
from functools import partial
from pathlib import Path

import kfp
from kfp import dsl, local

report = partial(print, file=Path("report").open("w"), flush=True)
report("kfp", kfp.__version__)
report("Guess: a step may log any float as a metric, as it may return any float; if NaN is not allowed,")
report("  log_metric says so inside of the step.")
report("Behaviour: the step logs NaN, writes it and is reported as a success by its own process; then the")
report("  runner fails while it reads what the step wrote: a metric is a number in protobuf, which has no")
report("  NaN in JSON. A step that returns NaN as a parameter passes.")


@dsl.component(install_kfp_package=False)
def log_it(hits: int, metrics: dsl.Output[dsl.Metrics]):
    metrics.log_metric("ndcg", 0.5 if hits else float("nan"))


@dsl.component(install_kfp_package=False)
def return_it() -> float:
    return float("nan")


local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root="outputs", raise_on_error=True)
returned = return_it().output
number = log_it(hits=1).outputs["metrics"].metadata["ndcg"]
try:
    refusal = f"none: {log_it(hits=0).outputs['metrics'].metadata}"
except Exception as error:
    refusal = f"{type(error).__name__}: {error}"
written = [path for path in Path("outputs").rglob("executor_output.json") if "NaN" in path.read_text()]
report("Seen: returned:", returned)
report("Seen: logged 0.5:", number)
report("Seen: logged NaN:", refusal)
report("Seen: outputs of steps that hold NaN:", len(written))
sys.exit(returned == returned or number != 0.5 or "NaN" not in refusal or len(written) != 2)
EOF
PATH="$dir/venv/bin:$PATH" venv/bin/python -W ignore steps.py >log 2>&1 && cat report || { cat report log >&2; exit 1; }
