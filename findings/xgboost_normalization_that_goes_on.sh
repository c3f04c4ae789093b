#!/bin/sh
# XGBoost: lambdarank_normalization=False leaves a normalisation on, from the second tree on.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet numpy==2.4.6 xgboost-cpu==3.2.0
"$dir/venv/bin/python" -I -W ignore - <<'EOF'
import sys

import numpy as np
import xgboost

print("xgboost-cpu", xgboost.__version__)
print("Guess: with lambdarank_normalization=False the gradients of rank:ndcg are those of LambdaMART as published.")
print("Behaviour: another parameter, lambdarank_score_normalization, is on by itself and divides what swapping a pair")
print("  changes by how far apart its two scores are, plus .01. The first tree sees equal scores and is not touched.")

random = np.random.default_rng(0)
features, grades = random.normal(size=(400, 3)), random.integers(0, 3, 400)
rows = xgboost.DMatrix(features, grades, qid=np.repeat(np.arange(50), 8))


def scores(trees, **more):
    parameters = {"objective": "rank:ndcg", "lambdarank_normalization": False, "nthread": 1, **more}
    return xgboost.train(parameters, rows, trees).predict(rows)


differences = [
    float(np.abs(scores(trees) - scores(trees, lambdarank_score_normalization=False)).max()) for trees in (1, 2)
]
print(f"Seen: largest difference of scores with both off: {differences[0]} after one tree, {differences[1]:.2f} after two")
sys.exit(differences[0] != 0.0 or differences[1] < 0.1)
EOF
