"""Files are whole before and after, whatever happens in between."""

from contextlib import suppress

import pytest

from metier.durable import new_folder, replacing, write_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_text_is_utf8_and_bytes_are_bytes(tmp_path):
    write_whole(tmp_path / "a" / "text", "ä")
    write_whole(tmp_path / "a" / "bytes", b"\x00\xff")
    assert (tmp_path / "a" / "text").read_bytes() == b"\xc3\xa4"
    assert (tmp_path / "a" / "bytes").read_bytes() == b"\x00\xff"
    assert names(tmp_path / "a") == ["bytes", "text"]


def test_a_block_that_fails_leaves_the_old_file_and_nothing_beside(tmp_path):
    path = tmp_path / "file"
    write_whole(path, "old")
    with suppress(ZeroDivisionError), replacing(path) as beside:
        beside.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_a_block_that_writes_nothing_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    write_whole(path, "old")
    with replacing(path):
        pass
    assert path.read_text() == "old"


def test_a_folder_comes_whole_or_not_at_all(tmp_path):
    with suppress(ZeroDivisionError), new_folder(tmp_path / "folder") as written:
        (written / "part").touch()
        raise ZeroDivisionError
    assert names(tmp_path) == []
    with new_folder(tmp_path / "folder") as written:
        (written / "part").touch()
        assert not (tmp_path / "folder").exists()
    assert names(tmp_path) == ["folder"]
    assert names(tmp_path / "folder") == ["part"]


def test_a_folder_with_files_is_kept_as_it_is(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "first").touch()
    with pytest.raises(OSError, match="not empty"), new_folder(tmp_path / "folder"):
        pass
    assert names(tmp_path / "folder") == ["first"]
