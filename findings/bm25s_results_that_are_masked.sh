#!/bin/sh
# bm25s: a mask of documents and a word that a document lacks do not keep the document out of the results.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet bm25s==0.3.16
"$dir/venv/bin/python" -I -W ignore - <<'EOF'
import sys

import bm25s
import numpy as np

print("bm25s", bm25s.__version__)
print("Guess: retrieve returns documents that hold a word of the query; a weight_mask of 0 leaves a")
print("  document out; a caller that wants to be sure drops what has the score 0.")
print("Behaviour: retrieve always returns k documents: masked ones and ones without a word of the query")
print("  follow with the score 0. With method 'bm25+' or 'bm25l' a document without any word of the")
print("  query has a score above 0, so dropping zeros does not help.")

documents = [["python", "remote"], ["java", "onsite"], ["logo", "design"], ["python", "science"]]
only_java = np.array([0, 1, 0, 0])


def results(method: str) -> list[tuple[int, bool]]:
    index = bm25s.BM25(method=method)
    index.index(documents, show_progress=False)
    ids, scores = index.retrieve([["python"]], k=3, weight_mask=only_java, show_progress=False)
    return [(int(document), float(score) > 0.0) for document, score in zip(ids[0], scores[0])]


seen = {method: results(method) for method in ("lucene", "bm25+", "bm25l")}
print("Seen: the query is 'python', the mask allows document 1 alone, which does not hold it")
for method, found in seen.items():
    print(f"Seen: {method}: documents and whether their score is above 0: {found}")
sys.exit(
    any(len(found) != 3 for found in seen.values())
    or any(positive for _, positive in seen["lucene"])
    or any(seen[method][0] != (1, True) for method in ("bm25+", "bm25l"))
)
EOF
