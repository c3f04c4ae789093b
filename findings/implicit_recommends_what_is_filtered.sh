#!/bin/sh
# implicit: a recommendation longer than what is left after the filter is filled up with filtered items.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet --only-binary :all: implicit==0.7.3
OPENBLAS_NUM_THREADS=1 "$dir/venv/bin/python" -I -W ignore - <<'EOF'
import sys
from importlib.metadata import version

import numpy as np
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender

print("implicit", version("implicit"))
print("Guess: with filter_already_liked_items=True (the default) no item that the user has is in the")
print("  answer; if fewer than N are left the answer is shorter, or padded with -1.")
print("Behaviour: the answer has N ids all the same, the rest are items that the user already has: with")
print("  the lowest float as score in a factor model, and with the plain score 0.0 in a nearest")
print("  neighbour model, where nothing tells them from an unrelated item. A user without any item")
print("  gets a full answer from the first and an empty one from the second.")

items = sp.csr_matrix(
    np.array([[1, 1, 1, 1, 0], [0, 0, 0, 0, 0], [0, 1, 0, 1, 0], [1, 0, 0, 1, 1], [1, 1, 0, 0, 0]], dtype=np.float32)
)
models = {
    "factors": AlternatingLeastSquares(factors=4, random_state=0, num_threads=1),
    "neighbours": CosineRecommender(K=5, num_threads=1),
}
seen = {}
for name, model in models.items():
    model.fit(items, show_progress=False)
    ids, scores = model.recommend(0, items[0], N=3)
    nothing, _ = model.recommend(1, items[1], N=3)
    seen[name] = (ids.tolist(), scores.tolist(), nothing.tolist())
    print(f"Seen: {name}: user 0 has items 0 to 3 and is recommended {ids} with scores {scores};")
    print(f"  user 1 has none and is recommended {nothing}")
lowest = float(np.finfo(np.float32).min)
(als, als_scores, als_nothing), (cosine, cosine_scores, cosine_nothing) = seen["factors"], seen["neighbours"]
sys.exit(
    not (als[0] == cosine[0] == 4 and set(als[1:]) | set(cosine[1:]) <= {0, 1, 2, 3})
    or als_scores[1:] != [lowest, lowest]
    or cosine_scores[1:] != [0.0, 0.0]
    or len(als_nothing) != 3
    or cosine_nothing != []
)
EOF
