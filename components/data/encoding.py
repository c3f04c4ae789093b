"""Vectors of many texts by two processes, each with an encoder of its own: a vector is a function of its text alone.

Knows no text by key and keeps nothing.
"""

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.retrieval.encoder import Encoder

PROCESSES = 2
TEXTS_A_TASK = 2_000
"""Texts that are encoded together; fewer in all are not worth a second process."""

Floats = NDArray[np.float32]


def encode_in_parts(encoder: Encoder, texts: Sequence[str], size: int = TEXTS_A_TASK) -> Iterator[Floats]:
    """Vectors (n, d) of the texts in order, `size` at a time."""
    parts = [texts[start : start + size] for start in range(0, len(texts), size)]
    if len(parts) < 2:
        yield from map(encoder.encode_cards, parts)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, context, _load, (encoder.directory,)) as pool:
        yield from pool.map(_encode, parts)


_loaded: list[Encoder] = []
"""The encoder of a worker process."""


def _load(directory: Path) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _loaded.append(Encoder.load(directory))


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for texts for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _encode(texts: Sequence[str]) -> Floats:
    return _loaded[0].encode_cards(texts)
