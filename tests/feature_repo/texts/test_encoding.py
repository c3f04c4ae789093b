"""Vectors by two processes: the encoder's own, in order, and no process outlives who asked for them."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from feature_repo.texts import Encoder
from feature_repo.texts.encoding import encoding

TEXTS = [f"Go developer number {number} " + "for payments " * (number % 5) for number in range(24)]
KILLED = """
from feature_repo.texts.encoding import encoding
from feature_repo.texts import Encoder

if __name__ == "__main__":
    with encoding(Encoder.load(), ["go developer"] * 100_000, [], size=50) as (parts, _):
        for number, part in enumerate(parts):
            if number == 0:
                import multiprocessing
                print(*(worker.pid for worker in multiprocessing.active_children()), flush=True)
"""


@pytest.fixture(scope="module")
def encoder():
    return Encoder.load()


def test_parts_are_the_encoders_own_vectors_in_order(encoder):
    with encoding(encoder, TEXTS, TEXTS[:8], size=7) as (cards, queries):
        parts, typed = list(cards), list(queries)
    assert [len(part) for part in parts] == [7, 7, 7, 3]
    assert [len(part) for part in typed] == [7, 1]
    assert np.allclose(np.concatenate(parts), encoder.encode_cards(TEXTS), rtol=0, atol=1e-6)
    assert np.allclose(np.concatenate(typed), encoder.encode_queries(TEXTS[:8]), rtol=0, atol=1e-6)


def test_few_texts_are_encoded_here_and_none_give_nothing(encoder):
    with encoding(encoder, TEXTS, TEXTS[:3]) as (cards, queries):
        (part,), (typed,) = cards, queries
    assert np.array_equal(part, encoder.encode_cards(TEXTS))
    assert np.array_equal(typed, encoder.encode_queries(TEXTS[:3]))
    with encoding(encoder, [], []) as (cards, queries):
        assert list(cards) == list(queries) == []


def test_what_is_not_done_when_the_block_fails_is_left(encoder):
    def fail():
        with encoding(encoder, TEXTS * 10_000, [], size=50):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not multiprocessing.active_children()


def test_the_processes_end_with_the_one_that_was_killed(tmp_path):
    script = tmp_path / "encode.py"
    script.write_text(KILLED)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as process:
        workers = [int(pid) for pid in process.stdout.readline().split()]
        process.send_signal(signal.SIGKILL)
    assert len(workers) == 2
    deadline = time.monotonic() + 30
    while any(_runs(pid) for pid in workers):
        assert time.monotonic() < deadline, f"{workers} still run"
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
