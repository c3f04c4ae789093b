#!/bin/sh
# pytrec_eval reads scores in single precision: scores that are close become ties, and ties go by document id.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet pytrec_eval-terrier==0.5.11 ir-measures==0.4.3 ranx==0.3.21
"$dir/venv/bin/python" -I -W ignore - <<'EOF'
import sys
from importlib.metadata import version

import ir_measures
import pytrec_eval
import ranx

print(*(f"{name} {version(name)}" for name in ("pytrec_eval-terrier", "ir-measures", "ranx")))
print("Guess: a run of Python floats is ranked by these floats; evaluators agree where no two are equal.")
print("Behaviour: pytrec_eval (and ir_measures, which calls it) keeps 24 bits of a score. Two scores")
print("  that differ by less are a tie, which the larger document id wins. ranx ranks by the floats.")
print("  Scores around 1 need a gap of about 1e-7; scores such as a Unix time in seconds lie 128 apart.")

qrels = {"query": {"job-1": 1, "job-2": 0}}
runs = {
    "close probabilities": {"query": {"job-1": 0.9000000002, "job-2": 0.9000000001}},
    "newest first, by Unix time": {"query": {"job-1": 1767225660.0, "job-2": 1767225600.0}},
    "a wide gap": {"query": {"job-1": 0.91, "job-2": 0.90}},
}
seen = {}
for name, run in runs.items():
    seen[name] = (
        pytrec_eval.RelevanceEvaluator(qrels, {"recip_rank"}).evaluate(run)["query"]["recip_rank"],
        float(ir_measures.calc_aggregate([ir_measures.RR], qrels, run)[ir_measures.RR]),
        float(ranx.evaluate(ranx.Qrels(qrels), ranx.Run(run), "mrr")),
    )
    print(f"Seen: {name}: reciprocal rank of job-1 (pytrec_eval, ir_measures, ranx) = {seen[name]}")
sys.exit(list(seen.values()) != [(0.5, 0.5, 1.0), (0.5, 0.5, 1.0), (1.0, 1.0, 1.0)])
EOF
