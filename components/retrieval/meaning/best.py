"""The best of scored rows."""

import numpy as np

from components.retrieval.meaning.blocks import Floats, IntArray


def best(positions: IntArray, scores: Floats, k: int) -> tuple[IntArray, Floats]:
    """The k greatest scores, best first, equal ones by position; `positions` ascends."""
    if k < len(scores):
        above = np.flatnonzero(scores >= np.partition(scores, len(scores) - k)[len(scores) - k])
        positions, scores = positions[above], scores[above]
    order = np.argsort(-scores, kind="stable")[:k]
    return positions[order], scores[order]
