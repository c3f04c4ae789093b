#!/bin/sh
# Treelite and LightGBM: one model, one sparse matrix, two scores.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet numpy==2.4.6 scipy==1.17.1 lightgbm==4.7.0 treelite==4.8.1
"$dir/venv/bin/python" -I -W ignore - <<'EOF'
import sys
from importlib.metadata import version

import lightgbm
import numpy as np
import scipy.sparse as sp
import treelite

print("lightgbm", version("lightgbm"), "treelite", version("treelite"))
print("Guess: a LightGBM model imported into Treelite scores a sparse matrix as LightGBM does.")
print("Behaviour: on a dense matrix the two agree. In a sparse one LightGBM reads an absent entry as the")
print("  number 0 and Treelite as missing (as XGBoost would), so every row with a zero goes down other")
print("  branches of the same trees, without an error.")

zero, one, missing = (np.full(50, value) for value in (0.0, 1.0, np.nan))
column = np.concatenate([zero, one, missing])[:, None]
grades = np.repeat([0.0, 1.0, 5.0], 50)
model = lightgbm.train(
    {"objective": "regression", "verbose": -1, "num_threads": 1, "learning_rate": 0.5},
    lightgbm.Dataset(column, grades),
    20,
)
imported = treelite.frontend.from_lightgbm(model)
dense = np.array([[0.0], [1.0]])
sparse = sp.csr_matrix(dense)
seen = {
    "lightgbm, dense": model.predict(dense),
    "lightgbm, sparse": model.predict(sparse),
    "treelite, dense": treelite.gtil.predict(imported, dense).ravel(),
    "treelite, sparse": treelite.gtil.predict(imported, sparse).ravel(),
}
for name, scores in seen.items():
    print(f"Seen: {name}: rows 0 and 1 get {scores.round(2)} (trained on: 0 is 0, 1 is 1, missing is 5)")
rounded = [[round(float(score), 1) + 0.0 for score in scores] for scores in seen.values()]
sys.exit(rounded != [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [5.0, 1.0]])
EOF
