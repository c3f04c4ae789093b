"""Vectors of many texts by two processes, each with an encoder of its own: a vector is a function of its text alone.

They work from the start of a block to its end, so that who asks can do something else meanwhile. Knows no text by key
and keeps nothing.
"""

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from feature_repo.texts.encoder import Encoder

PROCESSES = 2
TEXTS_A_TASK = 2_000
"""Texts that are encoded together; fewer in all are not worth a second process."""

Floats = NDArray[np.float32]


@contextmanager
def encoding(
    encoder: Encoder, cards: Sequence[str], queries: Sequence[str], size: int = TEXTS_A_TASK
) -> Iterator[tuple[Iterator[Floats], Iterator[Floats]]]:
    """Vectors (n, d) of the cards and of the queries, in order, `size` at a time; the block's end stops the rest."""
    tasks = [[texts[start : start + size] for start in range(0, len(texts), size)] for texts in (cards, queries)]
    if max(map(len, tasks)) < 2:
        yield map(encoder.encode_cards, tasks[0]), map(encoder.encode_queries, tasks[1])
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(PROCESSES, context, _load, (encoder.directory,))
    try:
        yield pool.map(_encode_cards, tasks[0]), pool.map(_encode_queries, tasks[1])
    finally:
        pool.shutdown(cancel_futures=True)


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


def _encode_cards(texts: Sequence[str]) -> Floats:
    return _loaded[0].encode_cards(texts)


def _encode_queries(texts: Sequence[str]) -> Floats:
    return _loaded[0].encode_queries(texts)
