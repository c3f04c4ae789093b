#!/bin/sh
# XGBoost: an unbiased ranker that is trained on forgets the position bias that it had estimated.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet numpy==2.4.6 xgboost-cpu==3.2.0
"$dir/venv/bin/python" -I -W ignore - <<'EOF'
import sys

import numpy as np
import xgboost

print("xgboost-cpu", xgboost.__version__)
print("Guess: ten trees and ten more with xgb_model are the same as twenty trees at once.")
print("Behaviour: so they are, but not with lambdarank_unbiased: the ratios of position bias start again at 1.")

random = np.random.default_rng(0)
features, grades = random.normal(size=(400, 3)), random.integers(0, 3, 400)
rows = xgboost.DMatrix(features, grades, qid=np.repeat(np.arange(50), 8))


def difference(unbiased):
    parameters = {"objective": "rank:ndcg", "lambdarank_unbiased": unbiased, "nthread": 1}
    at_once = xgboost.train(parameters, rows, 20)
    trained_on = xgboost.train(parameters, rows, 10, xgb_model=xgboost.train(parameters, rows, 10))
    return float(np.abs(at_once.predict(rows) - trained_on.predict(rows)).max())


plain, unbiased = difference(False), difference(True)
print(f"Seen: largest difference of scores: {plain} plain, {unbiased:.2f} unbiased")
sys.exit(plain != 0.0 or unbiased < 0.1)
EOF
