"""Run one command, and end it with all its processes as soon as whoever started this program ends, however it ends.

A program of its own: `python guard.py COMMAND ...`, with one end of a socket pair as standard input. The other end is
the starter's; the kernel closes it when the starter dies, even by SIGKILL. Once the command has ended, one line of JSON
goes back through the socket. Imports nothing of this house, so that it starts in a few hundredths of a second.
"""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

GRACE_SECONDS = 3.0
"""Between SIGTERM and SIGKILL."""


def main(command: list[str]) -> None:
    """Run the command in a process group of its own; report its exit status, its peak and kills for memory."""
    starter = socket.socket(fileno=sys.stdin.fileno())
    kills_before = memory_kills()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True) as process:
        threading.Thread(target=_end_with, args=(starter, process), daemon=True).start()
        status = process.wait()
        _signal_group(process.pid, signal.SIGKILL)  # what a step leaves behind would keep its output open
    report = {
        "status": status,
        "peak_bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
        "killed_for_memory": memory_kills() > kills_before,
    }
    try:
        starter.sendall(json.dumps(report).encode())
    except OSError:  # the reader has ended
        os._exit(1)


def memory_kills() -> int:
    """How many processes of this machine the kernel has killed for memory; 0 where it does not say."""
    try:
        counters = dict(line.split() for line in Path("/proc/vmstat").read_text().splitlines())
    except OSError:
        return 0
    return int(counters.get("oom_kill", 0))


def _end_with(starter: socket.socket, process: "subprocess.Popen[bytes]") -> None:
    while starter.recv(1):  # empty once the starter has closed its end, or is dead
        pass
    _signal_group(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_SECONDS)
    _signal_group(process.pid, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


if __name__ == "__main__":
    main(sys.argv[1:])
