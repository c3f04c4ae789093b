"""What a replica takes on: no more than it may, nothing that would come too late, nothing for a caller who has gone."""

import asyncio
import threading
import time

import pytest

from metier.errors import BusyError
from serving.admission.worker import Gate, Worker
from serving.request.trace import RequestTrace

SOON = 30.0
FAR_MS = 60_000


def run(scenario, most=4, threads=1):
    """What a scenario gives of a worker that is closed at its end."""
    worker = Worker("tested", most, threads)
    try:
        return asyncio.run(scenario(worker))
    finally:
        worker.close()


async def held(worker):
    """A task that is in a thread of the worker, and the event that ends it."""
    begun, resume = threading.Event(), threading.Event()

    def stay():
        begun.set()
        assert resume.wait(SOON)

    task = asyncio.create_task(worker.do(stay))
    assert await asyncio.to_thread(begun.wait, SOON)
    return task, resume


def test_past_the_bound_a_task_is_refused_at_once():
    async def scenario(worker):
        task, resume = await held(worker)
        waiting = [task, *(asyncio.create_task(worker.do(lambda: 1)) for _ in range(3))]
        await asyncio.sleep(0)
        with pytest.raises(BusyError, match="busy"):
            await worker.do(lambda: 1)
        resume.set()
        await asyncio.gather(*waiting)
        return await worker.do(lambda: 2)

    assert run(scenario) == 2


def test_what_a_task_waited_for_and_would_have_given_up_teaches_nothing():
    async def scenario(worker):
        trace = RequestTrace(FAR_MS)

        def wait():
            with trace.waiting():
                time.sleep(0.05)

        await worker.do(wait, trace)
        assert trace.waited_ms >= 50
        return worker.expected_ms

    assert run(scenario) < 50


def test_what_would_come_too_late_is_refused_and_what_fits_is_not():
    async def scenario(worker):
        await worker.do(lambda: time.sleep(0.02), RequestTrace(FAR_MS))  # teaches that a task takes 20 ms
        task, resume = await held(worker)
        waiting = [task, *(asyncio.create_task(worker.do(lambda: 1)) for _ in range(2))]
        await asyncio.sleep(0)
        assert worker.expected_ms >= 4 * 20
        with pytest.raises(BusyError, match=r"work wait here and .* of the deadline of 60 are left"):
            await worker.do(lambda: 1, RequestTrace(60.0))  # three before it and itself: 80 ms
        fits = asyncio.create_task(worker.do(lambda: "in time", RequestTrace(FAR_MS)))
        await asyncio.sleep(0)
        resume.set()
        await asyncio.gather(*waiting)
        return await fits

    assert run(scenario) == "in time"


def test_an_idle_worker_takes_whatever_has_time_left():
    async def scenario(worker):
        worker._task_ms = 2.0 * FAR_MS
        return await worker.do(lambda: "tried", RequestTrace(FAR_MS))

    assert run(scenario) == "tried"


def test_what_waits_past_its_deadline_is_not_begun():
    done = []

    async def scenario(worker):
        task, resume = await held(worker)
        late = asyncio.create_task(worker.do(lambda: done.append("late"), RequestTrace(1.0)))
        await asyncio.sleep(0.01)
        resume.set()
        await task
        with pytest.raises(BusyError, match="the deadline of 1 ms passed before the turn"):
            await late

    run(scenario)
    assert done == []


def test_what_work_was_spent_on_has_places_of_its_own_and_is_begun_however_late():
    async def scenario(worker):
        task, resume = await held(worker)
        with pytest.raises(BusyError, match="busy"):
            await worker.do(lambda: 1, RequestTrace(FAR_MS))
        late = RequestTrace(1.0)
        worked_for = asyncio.create_task(worker.do(lambda: "a lower tier", late, spare=1))
        await asyncio.sleep(0.01)
        with pytest.raises(BusyError, match="busy"):
            await worker.do(lambda: 1, RequestTrace(FAR_MS), spare=1)
        resume.set()
        await task
        answer = await worked_for
        assert late.remaining_ms < 0
        (queue,) = late.took
        assert queue.stage == "queue"
        assert 1e3 * (queue.ended - queue.begun) >= 10
        return answer

    assert run(scenario, most=1) == "a lower tier"


def test_what_is_cancelled_while_it_waits_is_not_begun_and_gives_its_place_back():
    done = []

    async def scenario(worker):
        task, resume = await held(worker)
        abandoned = asyncio.create_task(worker.do(lambda: done.append("abandoned")))
        await asyncio.sleep(0)
        abandoned.cancel()
        with pytest.raises(asyncio.CancelledError):
            await abandoned
        kept = asyncio.create_task(worker.do(lambda: done.append("kept")))
        await asyncio.sleep(0)
        resume.set()
        await asyncio.gather(task, kept)

    run(scenario, most=2)
    assert done == ["kept"]


def test_the_deadline_is_one_for_waiting_and_work():
    assert RequestTrace(100.0, started=time.perf_counter() - 0.2).remaining_ms < 0


def test_a_gate_completes_what_it_let_in_though_the_caller_leaves():
    done = []

    async def scenario():
        gate, go = Gate(1), asyncio.Event()

        async def work():
            await go.wait()
            done.append("work")

        caller = asyncio.create_task(gate.complete(work()))
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        with pytest.raises(BusyError):
            await gate.complete(work())
        go.set()
        await asyncio.sleep(0.01)
        await gate.complete(work())

    asyncio.run(scenario())
    assert done == ["work", "work"]
