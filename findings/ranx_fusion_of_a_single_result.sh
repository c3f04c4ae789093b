#!/bin/sh
# ranx: the only result of a retriever is worth nothing after the default normalisation of a fusion.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet ranx==0.3.21
"$dir/venv/bin/python" -I -W ignore - <<'EOF'
import sys
from importlib.metadata import version

from ranx import Run, fuse

print("ranx", version("ranx"))
print("Guess: a document that is the one exact hit of the word search and stands in the list of the")
print("  vector search too is first, or near to it, when both lists are fused.")
print("Behaviour: min-max normalisation (the default) gives the only result of a list 0, as if the")
print("  list did not have it, and the last of the other list 0 too: the document found by both is")
print("  last. A list of equal scores becomes zeros likewise. Normalisation by rank puts it first.")

words = Run({"query": {"exact": 14.2}})
vectors = Run({"query": {"near": 0.91, "fair": 0.84, "exact": 0.80}})
ties = Run({"query": {"left": 3.0, "right": 3.0}})


def fused(first: Run, norm: str) -> dict[str, float]:
    scores = fuse(runs=[first, vectors], norm=norm, method="sum").run["query"]
    return {document: round(float(score), 3) for document, score in scores.items()}


seen = {norm: fused(words, norm) for norm in ("min-max", "rank")}
equal = fused(ties, "min-max")
for norm, scores in seen.items():
    print(f"Seen: {norm}: {scores}")
print(f"Seen: min-max, after a list of equal scores: {equal}")
sys.exit(
    equal["left"] != 0.0
    or equal["right"] != 0.0
    or seen["min-max"]["exact"] != 0.0
    or list(seen["min-max"])[-1] != "exact"
    or list(seen["rank"])[0] != "exact"
)
EOF
