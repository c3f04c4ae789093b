"""Days on the shelf: in their order, nothing early, nothing twice."""

import numpy as np
import pyarrow as pa

from components.simulator.handover import Draws, RecordingDelays
from components.simulator.shelf import Shelf
from components.simulator.world_log import ENTITIES, FIRST, NOBODY, WorldLog

HOUR = 3_600_000_000


def act(log: WorldLog, *at_us: int, freelancer: int = 0) -> None:
    who = {name: np.full(len(at_us), NOBODY) for name in ("job", "client", "query")}
    log.act("click", "client", who | {"freelancer": np.full(len(at_us), freelancer)}, np.array(at_us))


def note(log: WorldLog, name: str, at_us: int) -> None:
    log.note("clients", {"client_id": name, "status": "active", "event_timestamp": at_us})


def test_batches_come_back_in_their_order_and_as_often_as_asked(tmp_path):
    with Shelf(tmp_path) as shelf:
        for number in range(3):
            shelf.put("days", pa.RecordBatch.from_pydict({"n": [number] * number}, pa.schema([("n", pa.int64())])))
        shelf.finish()
        for _ in range(2):
            assert [batch["n"].to_pylist() for batch in shelf.batches("days")] == [[], [1], [2, 2]]
        assert shelf.rows == {"days": 3}


def test_what_happens_later_waits_and_equal_moments_keep_the_order_of_logging(tmp_path):
    log = WorldLog()
    with Shelf(tmp_path) as shelf:
        act(log, 30 * HOUR, 5 * HOUR, freelancer=1)
        act(log, 26 * HOUR, 4 * HOUR, freelancer=2)
        log.lay_aside(shelf, 24 * HOUR)
        act(log, 30 * HOUR, 25 * HOUR, freelancer=3)
        log.lay_aside(shelf, 48 * HOUR)
        shelf.finish()
        days = [list(zip(b["at_us"].to_pylist(), b["freelancer"].to_pylist(), strict=True)) for b in
                shelf.batches("interactions")]  # fmt: skip
    assert days == [
        [(4 * HOUR, 2), (5 * HOUR, 1)],
        [(25 * HOUR, 3), (26 * HOUR, 2), (30 * HOUR, 1), (30 * HOUR, 3)],
    ]


def test_versions_wait_for_their_moment_and_the_first_of_each_is_marked(tmp_path):
    log = WorldLog()
    with Shelf(tmp_path) as shelf:
        for name, at_us in (("c2", 3), ("c1", 3), ("c1", 30)):
            note(log, name, at_us)
        log.lay_aside(shelf, 10)
        note(log, "c3", 20)
        log.lay_aside(shelf, 40)
        shelf.finish()
        found = [list(zip(b["client_id"].to_pylist(), b[FIRST].to_pylist(), strict=True)) for b in
                 shelf.batches("clients")]  # fmt: skip
        assert found == [[("c1", True), ("c2", True)], [("c3", True), ("c1", False)]]
        assert all(shelf.rows[name] == 0 for name in ENTITIES if name != "clients")


def test_one_query_in_so_many_is_judged():
    assert WorldLog(judge_every=3).judged(np.array([0, 0, 1, 2, 3, 3])).tolist() == [0, 1, 4, 5]
    assert WorldLog().judged(np.arange(4)).tolist() == [0, 1, 2, 3]


def test_draws_in_parts_are_those_of_one_draw_and_leave_the_generator_behind_them():
    whole, parted = np.random.default_rng(5), np.random.default_rng(5)
    draws = Draws(parted, 1_000, lambda own, size: own.exponential(3e6, size))
    assert np.concatenate([draws.next(300), draws.next(0), draws.next(700)]).tolist() == (
        whole.exponential(3e6, 1_000).tolist()
    )
    assert parted.random() == whole.random()


def test_nothing_is_recorded_before_it_happens_or_after_the_export():
    stamps = np.arange(2_000) * HOUR
    recorded = RecordingDelays(np.random.default_rng(1), 2_000, share=0.5, end_us=1_999 * HOUR).recorded(stamps)
    assert (recorded >= stamps).all()
    assert recorded.max() <= 1_999 * HOUR
    assert 0.4 < (recorded - stamps > 60_000_000).mean() < 0.6
