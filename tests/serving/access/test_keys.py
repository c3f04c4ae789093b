"""Keys are made once, kept as hashes, and read from a file that nobody else may read."""

import os

import pytest

from metier.errors import SettingsError
from metier.settings import Settings
from serving.access.keys import as_toml, hash_of, new_key, read_keys, require_keys
from tests.local.walk import metier

EVERYWHERE = "0.0.0.0"  # noqa: S104
ENTRY = as_toml("shop", "0" * 64, ["read", "feedback"], 5)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "keys.toml"
    path.write_text(ENTRY)
    path.chmod(0o600)
    return path


def test_a_key_is_long_and_never_the_same():
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert {len(key) for key in keys} == {50}  # metier_ and 32 bytes in base 64


def test_keys_of_the_file_and_of_the_variable_are_one_set(file):
    settings = Settings(api_keys_file=file, api_keys=as_toml("ops", "1" * 64, ["admin"], 1))
    keys = read_keys(settings)
    assert {name: (key.scopes, key.per_second) for name, key in keys.items()} == {
        "shop": ({"read", "feedback"}, 5),
        "ops": ({"admin"}, 1),
    }
    assert read_keys(Settings()) == {}


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o644, 0o777])
def test_a_file_that_others_may_read_or_change_is_refused(file, mode):
    file.chmod(mode)
    with pytest.raises(SettingsError, match=f"others may read or change .mode {mode:o}.; run `chmod 600"):
        read_keys(Settings(api_keys_file=file))
    file.chmod(0o640)
    assert "shop" in read_keys(Settings(api_keys_file=file))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("shop", "METIER_API_KEYS is not TOML"),
        ("# none", "METIER_API_KEYS is set and holds no key"),
        ('[shop]\nsha256 = "secret"\nscopes = ["read"]', r"shop\.sha256: String should match pattern"),
        (f'[shop]\nsha256 = "{"0" * 64}"\nscopes = ["root"]', r"shop\.scopes\.0: Input should be 'read'"),
        (f'[shop]\nsha256 = "{"0" * 64}"\nscopes = []', r"shop\.scopes: "),
        (f'[shop]\nsha256 = "{"0" * 64}"\nscopes = ["read"]\nper_second = 0', r"shop\.per_second: "),
        (f'["a shop"]\nsha256 = "{"0" * 64}"\nscopes = ["read"]', "a shop"),
        (f'[shop]\nkey = "secret"\nsha256 = "{"0" * 64}"\nscopes = ["read"]', r"shop\.key: Extra inputs"),
    ],
)
def test_what_is_no_key_is_refused_without_what_it_holds(text, reason):
    with pytest.raises(SettingsError, match=reason) as refused:
        read_keys(Settings(api_keys=text))
    assert "secret" not in str(refused.value)


def test_a_name_is_given_once(file):
    with pytest.raises(SettingsError, match="both name shop"):
        read_keys(Settings(api_keys_file=file, api_keys=ENTRY))


def test_without_keys_only_loopback_is_listened_on(file):
    for host in ("127.0.0.1", "127.0.0.2", "::1", "localhost"):
        assert require_keys(Settings(), host) == {}
    for host in (EVERYWHERE, "::", "10.0.0.7", "example.org", None):
        with pytest.raises(SettingsError, match="no API key is set"):
            require_keys(Settings(), host)
        assert "shop" in require_keys(Settings(api_keys_file=file), host)


def test_the_command_prints_a_key_once_and_keeps_its_hash(tmp_path):
    path = tmp_path / "made" / "keys.toml"
    first = metier(tmp_path, "key", "shop", "read", "feedback", "--file", str(path))
    other = metier(tmp_path, "key", "ops", "admin", "--per-second", "2.5", "--file", str(path))
    keys = read_keys(Settings(api_keys_file=path))
    assert keys["shop"].sha256 == hash_of(first.stdout.strip())
    assert keys["ops"].sha256 == hash_of(other.stdout.strip())
    assert (keys["shop"].per_second, keys["ops"].per_second) == (100, 2.5)
    assert path.stat().st_mode & 0o777 == 0o600
    assert first.stdout.strip() not in path.read_text()
    assert os.listdir(path.parent) == ["keys.toml"]
    again = metier(tmp_path, "key", "shop", "read", "--file", str(path))
    assert (again.returncode, again.stdout) == (2, "")
    assert "has a key of shop" in again.stderr


def test_the_endpoint_does_not_start_beyond_loopback_without_keys(tmp_path, monkeypatch):
    monkeypatch.setenv("METIER_HTTP_HOST", EVERYWHERE)
    done = metier(tmp_path, "serve", "--port", "0")
    assert done.returncode == 2
    assert done.stderr.startswith(
        "metier: the endpoint listens on 0.0.0.0, which is not loopback, and no API key is set;"
    )
