#!/bin/sh
# RecTools: the NDCG of a perfect list is not 1, and ranks that count from 0 give infinity.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet --only-binary :all: rectools==0.19.0
"$dir/venv/bin/python" -I -W ignore - <<'EOF'
import math
import sys
from importlib.metadata import version

import pandas as pd
from rectools import Columns
from rectools.metrics import MRR, NDCG, calc_metrics

print("rectools", version("rectools"))
print("Guess: NDCG is divided by the best that the user's relevant items allow, so a list with the one")
print("  relevant item on top has 1.0; ranks that count from 0 are refused or mean the same.")
print("Behaviour: it is divided by the DCG of k relevant items, which a user with fewer can never have:")
print("  0.22 for a perfect list of ten (divide_by_achievable=True gives 1.0). Values of other libraries")
print("  cannot be compared, and users with few items weigh less in the mean. A rank of 0 is accepted")
print("  and gives infinity.")

listed = pd.DataFrame({Columns.User: 1, Columns.Item: range(10), Columns.Rank: range(1, 11)})
relevant = pd.DataFrame({Columns.User: [1], Columns.Item: [0]})
metrics = {"ndcg": NDCG(k=10), "achievable": NDCG(k=10, divide_by_achievable=True), "mrr": MRR(k=10)}
seen = {
    f"ranks from {first}": {
        name: round(float(value), 3)
        for name, value in sorted(
            calc_metrics(metrics, listed.assign(**{Columns.Rank: range(first, first + 10)}), relevant).items()
        )
    }
    for first in (1, 0)
}
for name, values in seen.items():
    print(f"Seen: {name}: {values}")
sys.exit(
    seen["ranks from 1"] != {"achievable": 1.0, "mrr": 1.0, "ndcg": 0.22}
    or seen["ranks from 0"]["ndcg"] != math.inf
    or seen["ranks from 0"]["mrr"] != math.inf
)
EOF
