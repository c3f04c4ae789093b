#!/bin/sh
# Kubeflow Pipelines, run on this machine: integers in a list are floats in the next step, a lone integer is not.
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
report("Guess: what a step returns is what the next step receives: [2025, 2026] stays two integers, as")
report("  2025 stays one.")
report("Behaviour: integers inside a list or a dictionary arrive as floats, all the way to a file name")
report("  'year=2025.0'; only a parameter that is an integer by itself is turned back. Identifiers above")
report("  2 to the 53rd come out as other identifiers.")


@dsl.component(install_kfp_package=False)
def years() -> list:
    return [2025, 9007199254740993]


@dsl.component(install_kfp_package=False)
def year() -> int:
    return 2025


@dsl.component(install_kfp_package=False)
def paths(listed: list, alone: int) -> str:
    return " ".join(f"year={value}" for value in [*listed, alone])


@dsl.pipeline
def partitions() -> str:
    return paths(listed=years().output, alone=year().output).output


local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root="outputs", raise_on_error=True)
seen = partitions().output
report("Seen: returned [2025, 9007199254740993] and 2025, used as:", seen)
sys.exit(seen != "year=2025.0 year=9007199254740992.0 year=2025")
EOF
PATH="$dir/venv/bin:$PATH" venv/bin/python -W ignore steps.py >log 2>&1 && cat report || { cat report log >&2; exit 1; }
