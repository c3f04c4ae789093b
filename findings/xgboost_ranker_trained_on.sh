#!/bin/sh
# XGBoost: a ranker trained on from one that stopped early predicts with the old trees alone.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet numpy==2.4.6 scikit-learn==1.9.1 xgboost-cpu==3.2.0
"$dir/venv/bin/python" -I -W ignore - <<'EOF'
import sys

import numpy as np
import xgboost

print("xgboost-cpu", xgboost.__version__)
print("Guess: XGBRanker.fit(..., xgb_model=earlier) adds n_estimators trees, and predict uses them.")
print("Behaviour: if the earlier ranker stopped early its best_iteration comes along as an attribute,")
print("  and predict of the new ranker stops there: the new trees are trained, saved and never used.")
print("  The booster inside of it uses them all, so the two give different scores.")

random = np.random.default_rng(0)
features, grades, queries = random.normal(size=(400, 5)), random.integers(0, 3, 400), np.repeat(np.arange(100), 4)
old, new = slice(0, 200), slice(200, 400)

earlier = xgboost.XGBRanker(n_estimators=50, early_stopping_rounds=3, eval_metric="ndcg@4", n_jobs=1)
earlier.fit(
    features[old], grades[old], qid=queries[old],
    eval_set=[(features[new], grades[new])], eval_qid=[queries[new]], verbose=False,
)
later = xgboost.XGBRanker(n_estimators=20, n_jobs=1)
later.fit(features[new], grades[new], qid=queries[new], xgb_model=earlier.get_booster())

trees = later.get_booster().num_boosted_rounds()
difference = float(np.abs(later.predict(features) - earlier.predict(features)).max())
unused = float(np.abs(later.get_booster().predict(xgboost.DMatrix(features)) - later.predict(features)).max())
print(f"Seen: trees of the earlier ranker {earlier.get_booster().num_boosted_rounds()}, of the later one {trees}")
print(f"Seen: best_iteration of both: {earlier.best_iteration}, {later.get_booster().attr('best_iteration')}")
print(f"Seen: largest difference of their scores: {difference}")
print(f"Seen: largest difference between the later ranker and its own booster: {unused:.2f}")
sys.exit(difference != 0.0 or unused < 0.1 or trees != earlier.get_booster().num_boosted_rounds() + 20)
EOF
