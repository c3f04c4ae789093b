"""What a run of processes listens on, as the kernel tells it. Linux only."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

LISTENS = "0A"
FILES = ("tcp", "tcp6")


def processes_of(variable: str) -> list[Path]:
    """Folders in /proc of all that runs with this `NAME=value` in its environment, children of nobody included."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended, or is somebody else's
            if variable.encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append(process)
    return found


def listening(processes: list[Path]) -> set[tuple[str, int]]:
    """(address, port) of every TCP socket on which one of them listens."""
    sockets = {inode for process in processes for inode in _sockets(process)}
    return {
        (_address(local), int(local.partition(":")[2], 16))
        for name in FILES
        for _, local, _, state, *_, inode in _rows(Path("/proc/net") / name)
        if state == LISTENS and inode in sockets
    }


def _sockets(process: Path) -> Iterator[str]:
    with suppress(OSError):  # it ended
        for descriptor in (process / "fd").iterdir():
            if found := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(descriptor)):
                yield found[1]


def _rows(path: Path) -> Iterator[list[str]]:
    """The first ten columns, of which the last is the inode."""
    return (line.split()[:10] for line in path.read_text().splitlines()[1:])


def _address(local: str) -> str:
    """An address that the kernel prints as words of four bytes, each in the machine's order."""
    digits = local.partition(":")[0]
    words = [bytes.fromhex(digits[start : start + 8])[::-1] for start in range(0, len(digits), 8)]
    address = ip_address(b"".join(words))
    return str(getattr(address, "ipv4_mapped", None) or address)
