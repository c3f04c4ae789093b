"""Memory is that of the machine, or what a control group above this process may hold."""

import pytest

from metier.machine import memory

MIB = 2**20


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("memory.max", f"{300 * MIB}\n"),
        ("pod/memory.max", f"{300 * MIB}\n"),
        ("memory/memory.limit_in_bytes", f"{300 * MIB}\n"),
        ("memory/pod/memory.limit_in_bytes", f"{300 * MIB}\n"),
    ],
)
def test_the_limit_of_a_control_group_counts(tmp_path, path, text):
    limit = tmp_path / "sys/fs/cgroup" / path
    limit.parent.mkdir(parents=True)
    limit.write_text(text)
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/pod/step\n")
    (tmp_path / "proc/meminfo").write_text("MemAvailable: 204800 kB\n")
    found = memory(tmp_path)
    assert (found.total, found.available) == (300 * MIB, 200 * MIB)


def test_without_a_limit_it_is_the_machines(tmp_path):
    limit = tmp_path / "sys/fs/cgroup/memory.max"
    limit.parent.mkdir(parents=True)
    limit.write_text("max\n")
    assert memory(tmp_path).total == memory(tmp_path).available > 300 * MIB
