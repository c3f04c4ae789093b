#!/bin/sh
# Kubeflow Pipelines, run on this machine: a loop over an empty list has no outputs that could be collected.
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
report("Guess: dsl.Collected of a loop over n values is a list of n outputs; for n = 0 the empty list.")
report("Behaviour: for n = 0 the run ends with an error that names the loop as a task that is not found:")
report("  a pipeline with one step for each new partition fails on the day that has none.")


@dsl.component(install_kfp_package=False)
def partitions(count: int) -> list:
    return list(range(count))


@dsl.component(install_kfp_package=False)
def rows_of(partition: int) -> int:
    return partition + 10


@dsl.component(install_kfp_package=False)
def total(rows: list) -> int:
    return int(sum(rows))


@dsl.pipeline
def rows_in_all(count: int) -> int:
    listed = partitions(count=count)
    with dsl.ParallelFor(listed.output) as partition:
        rows = rows_of(partition=partition)
    return total(rows=dsl.Collected(rows.output)).output


local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root="outputs", raise_on_error=True)
seen = {}
for count in (2, 0):
    try:
        seen[count] = rows_in_all(count=count).output
    except Exception as error:
        seen[count] = f"{type(error).__name__}: {error}"
for count, result in seen.items():
    report(f"Seen: {count} partitions: {result}")
sys.exit(seen[2] != 21 or "not found" not in str(seen[0]))
EOF
PATH="$dir/venv/bin:$PATH" venv/bin/python -W ignore steps.py >log 2>&1 && cat report || { cat report log >&2; exit 1; }
