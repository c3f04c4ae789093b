"""Texts that say nearly the same: exact Jaccard similarity of their runs of three words, within blocks.

Deterministic and without false negatives: the earliest text is kept, and a later one is a near-duplicate of the most
similar kept text of its block at THRESHOLD or above. Near-duplicates of near-duplicates do not chain. Knows texts,
not posts.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import ceil

import numpy as np

from metier.texts.canonical import canonical

THRESHOLD = 0.85
"""Share of three-word runs in common: about two changed words in a hundred, or one in forty."""
_RUN = 3
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Text:
    """`owner` and `block` as the caller has them: only texts of one block and of different owners are compared."""

    words: str
    owner: str
    block: Hashable


@dataclass(frozen=True)
class Twin:
    """The position of the kept text, and the similarity to it."""

    kept: int
    similarity: float


def near_duplicates(
    texts: Sequence[Text], may_repeat: Callable[[int, int], bool] = lambda position, earlier: True
) -> dict[int, Twin]:
    """Positions of near-duplicates, each with the earlier text that it repeats; a text without words repeats none.

    `may_repeat` says of two positions whether what else is known of the texts lets the first repeat the second.
    """
    runs = [_runs(text.words) for text in texts]
    rarest = _rarest_first(runs)
    positions_of: dict[tuple[Hashable, int], list[int]] = defaultdict(list)
    twins: dict[int, Twin] = {}
    for position, text in enumerate(texts):
        keys = [(text.block, run) for run in rarest[position]]
        candidates = {candidate for key in keys for candidate in positions_of.get(key, ())}
        compared = [candidate for candidate in sorted(candidates) if may_repeat(position, candidate)]
        twin = _most_similar(position, texts, runs, compared)
        if twin:
            twins[position] = twin
            continue
        for key in keys:
            positions_of[key].append(position)
    return twins


def _runs(text: str) -> np.ndarray:
    """Sorted distinct 64-bit hashes of the text's runs of three words; one of a shorter text as a whole."""
    words = _WORD.findall(canonical(text).casefold())
    starts = range(max(1, len(words) - _RUN + 1)) if words else ()
    joined = {" ".join(words[start : start + _RUN]).encode() for start in starts}
    hashed = b"".join(blake2b(run, digest_size=8).digest() for run in joined)
    return np.unique(np.frombuffer(hashed, np.uint64))


def _rarest_first(runs: Sequence[np.ndarray]) -> list[list[int]]:
    """Of each text as many of its rarest runs that two texts at the threshold must share one of them."""
    distinct, often = np.unique(np.concatenate([np.empty(0, np.uint64), *runs]), return_counts=True)
    rarest = []
    for hashes in runs:
        order = np.argsort(often[np.searchsorted(distinct, hashes)], kind="stable")
        enough = hashes.size - ceil(THRESHOLD * hashes.size) + 1
        rarest.append(hashes[order[:enough]].tolist())
    return rarest


def _most_similar(
    position: int, texts: Sequence[Text], runs: Sequence[np.ndarray], candidates: Sequence[int]
) -> Twin | None:
    best: Twin | None = None
    for candidate in candidates:
        if texts[candidate].owner == texts[position].owner:
            continue
        similarity = _similarity(runs[position], runs[candidate])
        if similarity >= THRESHOLD and (best is None or similarity > best.similarity):
            best = Twin(candidate, similarity)
    return best


def _similarity(first: np.ndarray, second: np.ndarray) -> float:
    shared = np.intersect1d(first, second, assume_unique=True).size
    return shared / (first.size + second.size - shared)
