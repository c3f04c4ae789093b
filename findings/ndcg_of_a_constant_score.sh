#!/bin/sh
# NDCG where every score is equal: five libraries, five conventions, some of which reward the order of the file.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet numpy==2.4.6 scikit-learn==1.9.1 xgboost-cpu==3.2.0 lightgbm==4.7.0 catboost==1.2.10 pytrec_eval-terrier==0.5.11
"$dir/venv/bin/python" -I -W ignore - <<'EOF'
import sys
from importlib.metadata import version

import lightgbm
import numpy as np
import pytrec_eval
import xgboost
from catboost.utils import eval_metric
from sklearn.metrics import ndcg_score

print(*(f"{p} {version(p)}" for p in ("scikit-learn", "xgboost-cpu", "lightgbm", "catboost", "pytrec_eval-terrier")))
print("Guess: a model that gives all rows one score has the NDCG of a random order, in whatever order")
print("  the rows stand; libraries differ by their gain (linear or exponential) at most.")
print("Behaviour: LightGBM and XGBoost keep the order of the rows, so a file sorted by grade gives a")
print("  perfect 1.0 and the reverse the worst value; CatBoost takes the worst order; scikit-learn the")
print("  mean of all orders; pytrec_eval sorts by document id, the largest first. Data that are sorted")
print("  by grade, or by id where ids follow the grades, make a model that learned nothing look perfect.")


def lightgbm_ndcg(grades: np.ndarray, scores: np.ndarray) -> float:
    settings = {"objective": "lambdarank", "metric": "ndcg", "eval_at": [3], "verbose": -1}
    rows = lightgbm.Dataset(
        np.arange(3.0)[:, None], grades, group=[3], init_score=scores, params={"feature_pre_filter": False, "verbose": -1}
    )
    return lightgbm.Booster(settings, rows).eval_train()[0][2]


def xgboost_ndcg(grades: np.ndarray, scores: np.ndarray) -> float:
    rows = xgboost.DMatrix(np.zeros((3, 1)), grades, qid=np.zeros(3), base_margin=scores)
    booster = xgboost.train({"objective": "rank:ndcg", "eval_metric": "ndcg@3"}, rows, 0)
    return float(booster.eval(rows).split(":")[-1])


def trec_ndcg(grades: np.ndarray, scores: np.ndarray) -> float:
    qrels = {"query": {f"row-{row}": int(grade) for row, grade in enumerate(grades)}}
    run = {"query": {f"row-{row}": float(score) for row, score in enumerate(scores)}}
    return pytrec_eval.RelevanceEvaluator(qrels, {"ndcg"}).evaluate(run)["query"]["ndcg"]


def values(grades: list[int]) -> dict[str, float]:
    labels, scores = np.array(grades), np.zeros(3)
    measured = {
        "lightgbm": lightgbm_ndcg(labels, scores),
        "xgboost": xgboost_ndcg(labels, scores),
        "catboost": eval_metric(labels.astype(float), scores, "NDCG:top=3", group_id=np.zeros(3, int))[0],
        "scikit-learn": float(ndcg_score([labels], [scores])),
        "pytrec_eval": trec_ndcg(labels, scores),
    }
    return {library: round(float(value), 3) for library, value in measured.items()}


best_first, best_last = values([3, 1, 0]), values([0, 1, 3])
print(f"Seen: grades 3, 1, 0: {best_first}")
print(f"Seen: grades 0, 1, 3: {best_last}")
expected_first = {"lightgbm": 1.0, "xgboost": 1.0, "catboost": 0.587, "scikit-learn": 0.783, "pytrec_eval": 0.587}
expected_last = {"lightgbm": 0.541, "xgboost": 0.541, "catboost": 0.587, "scikit-learn": 0.783, "pytrec_eval": 1.0}
sys.exit((best_first, best_last) != (expected_first, expected_last))
EOF
