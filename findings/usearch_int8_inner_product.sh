#!/bin/sh
# USearch: an int8 index by inner product ranks by cosine.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet numpy==2.4.6 usearch==2.26.6
"$dir/venv/bin/python" -I -W ignore - <<'EOF'
import sys

import numpy as np
import usearch
from usearch.index import Index

print("usearch", usearch.__version__)
print("Guess: an index by inner product keeps the lengths of vectors, whatever type it stores them in:")
print("  of two vectors in one direction the longer one comes first, with int8 about as with float16.")
print("Behaviour: with dtype 'i8' each vector is scaled to a length of its own before it is rounded: a")
print("  vector and its tenth have one distance, and a long vector at an angle comes after a short one")
print("  straight ahead. Where length is the popularity of a job, int8 silently drops it.")

query = np.array([3.0, 4.0, 0.0, 0.0], dtype=np.float32)
vectors = np.stack([query * 0.1, query, np.array([30.0, 30.0, 30.0, 0.0], dtype=np.float32)])


def distances(dtype: str) -> dict[int, float]:
    index = Index(ndim=4, metric="ip", dtype=dtype)
    index.add(np.arange(3), vectors)
    return {int(match.key): round(float(match.distance), 1) for match in index.search(query, 3)}


seen = {dtype: distances(dtype) for dtype in ("f32", "f16", "i8")}
for dtype, found in seen.items():
    print(f"Seen: {dtype}: distances of 0 (a tenth of the query), 1 (the query), 2 (long, at an angle): {found}")
sys.exit(
    any(list(seen[dtype]) != [2, 1, 0] for dtype in ("f32", "f16"))
    or list(seen["i8"])[-1] != 2
    or seen["i8"][0] != seen["i8"][1]
)
EOF
