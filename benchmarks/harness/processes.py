"""What processes of an endpoint use: processor time of all of them, and memory of its replicas, as Ray names them."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import psutil

REPLICA = "ray::ServeReplica"


def family(process: psutil.Process) -> list[psutil.Process]:
    """A process and all that it started."""
    return [process, *process.children(recursive=True)]


def replicas_of(process: psutil.Process) -> list[psutil.Process]:
    """Replicas of a Ray Serve application among those that a process started, the longest running first."""
    started = process.children(recursive=True)
    found = [each for each in started if each.is_running() and each.name().startswith(REPLICA)]
    return sorted(found, key=lambda each: each.create_time())


def cpu_seconds(process: psutil.Process) -> float:
    """Processor time, in user and system mode, of a process and of all that it started, as far as they still run."""
    seconds = 0.0
    for each in family(process):
        with suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            seconds += times.user + times.system
    return seconds


def pss_mib(processes: Sequence[psutil.Process]) -> float:
    """Memory of processes in MiB; a page that several share counts in parts."""
    return sum(each.memory_full_info().pss for each in processes) / 2**20


@contextmanager
def stopped(processes: Sequence[psutil.Process]) -> Iterator[None]:
    """Stop processes, and all that they started, as long as the block runs."""
    stopped = [each for process in processes for each in family(process)]
    try:
        _tell(stopped, psutil.Process.suspend)
        yield
    finally:
        _tell(stopped, psutil.Process.resume)


def _tell(processes: Sequence[psutil.Process], order: Callable[[psutil.Process], None]) -> None:
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            order(each)


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Keep this thread, and what it starts meanwhile, on one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
