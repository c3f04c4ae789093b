"""A folder is as it was or as it will be, wherever its writer was killed."""

import os
import signal
import subprocess
import sys

import pytest

from feature_repo.files.whole_folder import replacing_folder, settle

KILLED = """
import os, signal, sys
from pathlib import Path
from feature_repo.files.whole_folder import replacing_folder

left = [int(sys.argv[2])]

def watch(name, arguments):
    if name in ("os.rename", "shutil.rmtree", "os.mkdir"):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
with replacing_folder(Path(sys.argv[1])) as beside:
    (beside / "new").write_text("new")
"""


def content(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture
def folder(tmp_path):
    with replacing_folder(tmp_path / "folder") as beside:
        (beside / "old").write_text("old")
    return tmp_path / "folder"


def test_files_take_their_place_together(folder):
    assert content(folder) == {"old": "old"}
    with replacing_folder(folder) as beside:
        (beside / "new").write_text("new")
        assert content(folder) == {"old": "old"}
    assert content(folder) == {"new": "new"}
    assert os.listdir(folder.parent) == ["folder"]


def test_a_block_that_fails_changes_nothing(folder):
    def fail():
        with replacing_folder(folder) as beside:
            (beside / "new").write_text("new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    settle(folder)
    assert content(folder) == {"old": "old"}
    assert os.listdir(folder.parent) == ["folder"]


def test_killed_anywhere_it_is_the_old_one_or_the_new_one(tmp_path):
    seen = []
    for place in range(20):
        folder = tmp_path / str(place) / "folder"
        folder.mkdir(parents=True)
        (folder / "old").write_text("old")
        command = [sys.executable, "-c", KILLED, str(folder), str(place)]
        status = subprocess.run(command, timeout=60, check=False).returncode
        settle(folder)
        assert os.listdir(folder.parent) == ["folder"]
        seen.append(tuple(content(folder)))
        if status == 0:
            break
        assert status == -signal.SIGKILL
    assert status == 0
    assert set(seen) == {("old",), ("new",)}
    assert len(seen) > 4
