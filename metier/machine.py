"""The memory of this machine, or of the control group that this process is held in. Reads /proc and /sys alone."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

GROUPS = (("", "memory.max"), ("memory", "memory.limit_in_bytes"))
"""Folder below /sys/fs/cgroup, and file that says how much a group may hold: of version 2 and of version 1."""


@dataclass(frozen=True)
class Memory:
    """Bytes that there are, and those that nobody uses."""

    total: int
    available: int


def memory(root: Path = Path("/")) -> Memory:
    """Of the machine, or the least that a control group above this process may hold. `root` is / but for tests."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    lines = (line.split() for line in _read(root / "proc/meminfo").splitlines())
    kilobytes = {name.rstrip(":"): int(value) for name, value, *_ in lines}
    limit = min((total, *_limits(root)))
    return Memory(limit, min(limit, kilobytes.get("MemAvailable", total // 1024) * 1024))


def _limits(root: Path) -> Iterator[int]:
    groups = {line.rpartition(":")[2].strip("/") for line in _read(root / "proc/self/cgroup").splitlines()}
    for folder, name in GROUPS:
        top = root / "sys/fs/cgroup" / folder
        for group in {"", *groups}:
            for above in (top / group, *(top / group).parents):
                if above.is_relative_to(top) and (limit := _read(above / name).strip()).isdigit():
                    yield int(limit)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
