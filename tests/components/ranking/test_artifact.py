"""Saved models are checked before anything is parsed."""

import json

import pytest

from components.ranking import artifact
from metier.errors import ArtifactError


@pytest.fixture
def saved(tmp_path):
    artifact.write(tmp_path / "model", "toy", {"feature_names": ["a"]}, {"weights.bin": b"12345", "inner/x": b""})
    return tmp_path / "model"


def reworded(path, **changes):
    """The manifest with fields changed and its digest made to fit again, as a newer writer would have done."""
    manifest = json.loads(path.read_text())
    manifest.pop("sha256")
    manifest.update(changes)
    manifest["sha256"] = artifact._digest(manifest)
    path.write_text(json.dumps(manifest))


def test_what_was_written_is_read(saved):
    found = artifact.read(saved, "toy")
    assert found.metadata == {"feature_names": ["a"]}
    assert found.files == {"weights.bin": b"12345", "inner/x": b""}


def test_writing_again_replaces_every_file(saved):
    artifact.write(saved, "toy", {"feature_names": ["b"]}, {"weights.bin": b"new"})
    assert artifact.read(saved, "toy").files == {"weights.bin": b"new"}


@pytest.mark.parametrize("content", [b"12345 ", b"1234", b"", b"x2345"])
def test_an_altered_or_truncated_file_is_refused(saved, content):
    (saved / "weights.bin").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"weights\.bin differs from the sha256"):
        artifact.read(saved, "toy")


def test_a_missing_file_is_named(saved):
    (saved / "weights.bin").unlink()
    with pytest.raises(ArtifactError, match=r"weights\.bin is missing"):
        artifact.read(saved, "toy")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"{}", b'{"format_version": "x"}'])
def test_a_damaged_manifest_is_refused(saved, content):
    (saved / "manifest.json").write_bytes(content)
    with pytest.raises(ArtifactError, match="is not a manifest"):
        artifact.read(saved, "toy")


def test_an_edited_manifest_differs_from_its_own_digest(saved):
    path = saved / "manifest.json"
    path.write_text(path.read_text().replace('"a"', '"b"'))
    with pytest.raises(ArtifactError, match="its own sha256"):
        artifact.read(saved, "toy")


def test_a_newer_format_names_the_command(saved):
    reworded(saved / "manifest.json", format_version=artifact.FORMAT_VERSION + 1)
    with pytest.raises(ArtifactError, match="pip install --upgrade metier"):
        artifact.read(saved, "toy")


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "inner/../../outside"])
def test_a_manifest_cannot_reach_outside_its_directory(saved, name):
    reworded(saved / "manifest.json", files={name: "0" * 64})
    with pytest.raises(ArtifactError, match="outside its directory"):
        artifact.read(saved, "toy")


def test_another_kind_and_an_empty_directory_are_refused(saved, tmp_path):
    with pytest.raises(ArtifactError, match="holds a toy artifact, not xgboost"):
        artifact.read(saved, "xgboost")
    with pytest.raises(ArtifactError, match="no saved model"):
        artifact.read(tmp_path / "nowhere", "toy")
