"""The processes of a local run's steps: they end with the run, and one that is killed says why.

kfp starts a step by a plain subprocess, which outlives a run that is killed, and turns every exit status into a cross.
Here each step runs under pipelines.guard. Knows how kfp starts a step, nothing of what a step does.
"""

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from kfp.local import subprocess_task_handler

from pipelines import guard

STEP_FLAG = "--function_to_execute"
STOPPED = 143
"""Exit status of a step that was not begun since the run is being stopped, as after SIGTERM."""
SHELL_SIGNAL = 128
"""A shell that ran a killed program exits with this and the signal's number."""


class StepProcesses:
    """Those that run now, `at_once` of them. Steps of a loop are started from threads of kfp's."""

    def __init__(self, at_once: int) -> None:
        self._links: set[socket.socket] = set()
        self._stopping = False
        self._lock = threading.RLock()  # a signal's handler runs in the main thread, which may hold it
        self._slots = threading.BoundedSemaphore(at_once)

    def run(self, full_command: list[str], env_vars: dict[str, str] | None = None) -> int:
        """Run a step's command, print what it prints, return its exit status; takes the place of kfp's function."""
        variables = ["env", *(f"{name}={value}" for name, value in env_vars.items())] if env_vars else []
        with self._slots, ExitStack() as stack:
            link, far_end = (stack.enter_context(end) for end in socket.socketpair())
            if not self._admit(link):
                return STOPPED
            stack.callback(self._links.discard, link)
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-I", "-S", guard.__file__, *variables, *full_command],
                    stdin=far_end.fileno(),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    bufsize=1,
                    start_new_session=True,
                )
            )
            far_end.close()
            for line in process.stdout or ():
                print(line, end="")
            print("\n")
            return self._status(full_command, link)

    def stop(self) -> None:
        """End every step and begin no further one."""
        with self._lock:
            self._stopping = True
            for link in tuple(self._links):
                with suppress(OSError):  # the step has just ended
                    link.shutdown(socket.SHUT_WR)

    def _admit(self, link: socket.socket) -> bool:
        with self._lock:
            if not self._stopping:
                self._links.add(link)
            return not self._stopping

    def _status(self, command: list[str], link: socket.socket) -> int:
        received = b"".join(iter(lambda: link.recv(4096), b""))
        if not received:
            return STOPPED
        report: dict[str, Any] = json.loads(received)
        status = int(report["status"])
        if status in (-signal.SIGKILL, SHELL_SIGNAL + signal.SIGKILL) and not self._stopping:
            memory = bool(report["killed_for_memory"])
            print(f"PipelineError: {killed(_step_name(command), int(report['peak_bytes']), for_memory=memory)}")
        return status


def killed(step: str, peak_bytes: int, *, for_memory: bool) -> str:
    """What to say of a step that ended by SIGKILL; `for_memory` where the kernel has counted a kill for memory."""
    cause = "for memory" if for_memory else "by signal 9, most likely for memory unless somebody did it"
    return (
        f"step '{step}' was killed {cause} (peak {peak_bytes / 1e9:.1f} GB); end what else runs here, "
        "set METIER_MEMORY_MB to what is left for the run, or use a machine with more memory"
    )


@contextmanager
def ending_with_this_run(at_once: int) -> Iterator[None]:
    """Meanwhile kfp's steps run `at_once` and end with this process, even a killed one, or when it is asked to end.

    SIGTERM becomes SystemExit. Signals are heeded in the main thread alone.
    """
    steps = StepProcesses(at_once)
    with ExitStack() as stack:
        started, subprocess_task_handler.run_local_subprocess = subprocess_task_handler.run_local_subprocess, steps.run
        stack.callback(setattr, subprocess_task_handler, "run_local_subprocess", started)
        stack.callback(steps.stop)
        if threading.current_thread() is threading.main_thread():
            for number, handler in ((signal.SIGINT, _interrupt(steps)), (signal.SIGTERM, _terminate(steps))):
                stack.callback(signal.signal, number, signal.signal(number, handler))
        yield


def _interrupt(steps: StepProcesses) -> Any:
    def handle(number: int, frame: FrameType | None) -> None:
        steps.stop()
        raise KeyboardInterrupt

    return handle


def _terminate(steps: StepProcesses) -> Any:
    def handle(number: int, frame: FrameType | None) -> None:
        steps.stop()
        raise SystemExit(SHELL_SIGNAL + number)

    return handle


def _step_name(command: list[str]) -> str:
    """The step's name as kfp's log spells it."""
    return command[command.index(STEP_FLAG) + 1].replace("_", "-") if STEP_FLAG in command else Path(command[0]).name
