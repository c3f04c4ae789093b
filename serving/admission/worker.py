"""Threads that work for a replica, each pool with a bounded queue that knows how long its tasks wait.

A request that would wait longer than it may is refused at once, and one whose deadline passed while it waited is not
begun: what is admitted has the time that it needs. Knows no route and no stage.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from metier.errors import BusyError
from serving.request.trace import RequestTrace, Took

Item = TypeVar("Item")
Result = TypeVar("Result")
BUSY = "this replica is busy; send the request again in a second"


class Gate:
    """At most `most` works at a time, each of which goes on when its caller leaves. For one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._under_way: set[asyncio.Task[Any]] = set()

    async def complete(self, work: Coroutine[Any, Any, Result]) -> Result:
        """What the work gives; BusyError, and it is not begun, where too many are under way."""
        if len(self._under_way) >= self._most:
            work.close()
            raise BusyError(BUSY)
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)


class Worker:
    """One thread, or a few, that at most `most` tasks are in or wait for."""

    SHARE = 0.1
    """Of the newest task in the mean of how long tasks take."""

    def __init__(self, name: str, most: int, threads: int = 1) -> None:
        self.name, self.most, self.pending = name, most, 0
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._threads = threads
        self._changing = threading.Lock()
        self._task_ms = 0.0
        """Exponential mean of what tasks with a deadline took, but for what they waited; 0 before the first."""

    async def do(self, task: Callable[[], Any], trace: RequestTrace | None = None, spare: int = 0) -> Any:
        """Run `task` in a thread; BusyError where too many wait, or where it could not be done by its deadline.

        A request that work was spent on already has `spare` places more, and is begun however late it is: what is
        left of its deadline is for a lower tier.

        A task that is cancelled while it waits is not begun; that one was abandoned later, its trace says.
        """
        if spare and self.pending >= self.most + spare:
            raise BusyError(BUSY)
        if not spare:
            self.require_place(trace)
        with self._changing:
            self.pending += 1
        future = self._pool.submit(self._in_time, task, trace, time.perf_counter(), spare > 0)
        future.add_done_callback(self._leave)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if trace is not None:
                trace.abandoned = True
            raise

    async def each(self, begin: Callable[[], Iterable[Item]]) -> AsyncIterator[Item]:
        """The items that `begin` gives, as they come, found in a thread; BusyError where too many wait.

        Once it was begun all are found, whether or not they are taken.
        """
        loop, queue = asyncio.get_running_loop(), asyncio.Queue[Item | None]()

        def found() -> None:
            for item in begin():
                loop.call_soon_threadsafe(queue.put_nowait, item)

        task = asyncio.create_task(self.do(found))
        task.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while (item := await queue.get()) is not None:
                yield item
            await task
        finally:
            task.cancel()

    @property
    def is_full(self) -> bool:
        """Whether `do` refuses whatever comes without spare places."""
        return self.pending >= self.most

    def require_place(self, trace: RequestTrace | None = None) -> None:
        """BusyError where `do` would refuse."""
        if self.is_full:
            raise BusyError(BUSY)
        if self.pending and trace is not None and self.expected_ms > trace.remaining_ms:
            raise BusyError(
                f"{self.expected_ms:.0f} ms of work wait here and {max(trace.remaining_ms, 0):.0f} of the deadline of "
                f"{trace.deadline_ms:g} are left; send the request again in a second"
            )

    @property
    def expected_ms(self) -> float:
        """Until a task that came now would be done, by the mean of those before."""
        return (self.pending / self._threads + 1) * self._task_ms

    def close(self) -> None:
        """End the threads, all tasks done."""
        self._pool.shutdown()

    def _in_time(self, task: Callable[[], Any], trace: RequestTrace | None, came: float, however_late: bool) -> Any:
        if trace is None:
            return task()
        begun, cpu, waited_ms = time.perf_counter(), time.thread_time(), trace.waited_ms
        trace.took.append(Took("queue", came, begun))
        if trace.remaining_ms <= 0 and not however_late:
            raise BusyError(
                f"the deadline of {trace.deadline_ms:g} ms passed before the turn of this request came; "
                "send it again in a second"
            )
        try:
            return task()
        finally:
            trace.cpu_ms += 1e3 * (time.thread_time() - cpu)
            took_ms = 1e3 * (time.perf_counter() - begun) - (trace.waited_ms - waited_ms)
            self._task_ms += self.SHARE * (took_ms - self._task_ms) if self._task_ms else took_ms

    def _leave(self, future: Future[Any]) -> None:
        with self._changing:
            self.pending -= 1
