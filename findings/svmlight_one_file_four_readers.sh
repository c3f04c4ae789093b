#!/bin/sh
# One file of ranking data in svmlight format, four readers: three shapes and a refusal.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet numpy==2.4.6 scikit-learn==1.9.1 xgboost-cpu==3.2.0 lightgbm==4.7.0 catboost==1.2.10
cd "$dir"
venv/bin/python -I -W ignore - <<'EOF'
import sys
from importlib.metadata import version
from pathlib import Path

import lightgbm
import xgboost
from catboost import Pool
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

print(*(f"{name} {version(name)}" for name in ("scikit-learn", "xgboost-cpu", "lightgbm", "catboost")))
print("Guess: the four read a file 'grade qid:Q index:value', indices from 1 as in LETOR, to the same")
print("  matrix, and what one of them reads and writes again is the same file.")
print("Behaviour: XGBoost counts columns from 0, so index 1 is its second column and the first is empty;")
print("  scikit-learn guesses the base from the data and CatBoost takes 1: three columns. LightGBM")
print("  refuses 'qid' (it wants group sizes in a file of their own). scikit-learn writes from 0, so")
print("  after one load and dump XGBoost has every feature in another column than before.")

Path("jobs.svm").write_text("3 qid:1 1:0.5 2:4 3:7\n1 qid:1 1:0.25 3:6\n0 qid:2 1:0.75 2:1\n2 qid:2 2:4 3:2\n")
matrix, grades, queries = load_svmlight_file("jobs.svm", query_id=True)
dump_svmlight_file(matrix, grades, "again.svm", query_id=queries)
try:
    refusal = f"{lightgbm.Dataset('jobs.svm', params={'verbose': -1}).construct().num_feature()} columns"
except lightgbm.basic.LightGBMError as error:
    refusal = str(error)


def first_row(path: str) -> dict[int, float]:
    row = xgboost.DMatrix(f"{path}?format=libsvm").get_data()[0]
    return dict(zip(row.indices.tolist(), row.data.tolist()))


seen = {
    "scikit-learn": matrix.shape,
    "catboost": Pool("libsvm://jobs.svm").shape,
    "xgboost": (4, xgboost.DMatrix("jobs.svm?format=libsvm").num_col()),
    "lightgbm": refusal,
    "first row in xgboost": first_row("jobs.svm"),
    "and after load and dump": first_row("again.svm"),
}
for name, value in seen.items():
    print(f"Seen: {name}: {value}")
sys.exit(
    list(seen.values())
    != [
        (4, 3),
        (4, 3),
        (4, 4),
        "Input format error when parsing as LibSVM",
        {1: 0.5, 2: 4.0, 3: 7.0},
        {0: 0.5, 1: 4.0, 2: 7.0},
    ]
)
EOF
