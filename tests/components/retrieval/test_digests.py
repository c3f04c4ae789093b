"""Files are read once a node, and again once one is another file; a note vouches for nothing else."""

import shutil
from pathlib import Path

import pytest

from components.retrieval.digests import NOTE, first_altered, sha256_of


class Reading:
    """sha256_of, counting."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, path: Path) -> str:
        self.read.append(path.name)
        return sha256_of(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "release"
    folder.mkdir()
    for name in "ab":
        (folder / name).write_text(name)
    return folder


def digests(folder: Path) -> dict[str, str]:
    return {name: sha256_of(folder / name) for name in "ab"}


def test_content_is_read_once(folder: Path) -> None:
    files, reading = digests(folder), Reading()
    assert first_altered(folder, files, reading) is None
    assert first_altered(folder, files, reading) is None
    assert reading.read == ["a", "b"]


def test_a_file_that_was_replaced_is_read_again(folder: Path) -> None:
    files, reading = digests(folder), Reading()
    first_altered(folder, files)
    (folder / "b").unlink()
    (folder / "b").write_text("b")
    assert first_altered(folder, files, reading) is None
    assert reading.read == ["b"]
    (folder / "b").write_text("c")
    assert first_altered(folder, files, reading) == "b"
    (folder / "a").unlink()
    assert first_altered(folder, files, reading) == "a"


def test_another_digest_is_wanted_than_was_found(folder: Path) -> None:
    files = digests(folder)
    first_altered(folder, files)
    assert first_altered(folder, {**files, "a": files["b"]}) == "a"


def test_a_note_does_not_vouch_for_a_copy(folder: Path, tmp_path: Path) -> None:
    files, reading = digests(folder), Reading()
    first_altered(folder, files)
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    assert (copy / NOTE).exists()
    assert first_altered(copy, files, reading) is None
    assert reading.read == ["a", "b"]


@pytest.mark.parametrize("note", [b"", b"[]", b"\xff", b'{"a": 1}'])
def test_a_damaged_note_vouches_for_nothing(folder: Path, note: bytes) -> None:
    files, reading = digests(folder), Reading()
    (folder / NOTE).write_bytes(note)
    assert first_altered(folder, files, reading) is None
    assert reading.read == ["a", "b"]


def test_where_no_note_can_be_left_files_are_read_each_time(folder: Path) -> None:
    files, reading = digests(folder), Reading()
    (folder / NOTE).mkdir()
    assert first_altered(folder, files, reading) is None
    assert first_altered(folder, files, reading) is None
    assert reading.read == ["a", "b", "a", "b"]
