"""API keys: what is set of them, and how one is made. Only hashes are kept, so no file or variable holds a key.

Keys come as TOML, a table each by the name of who holds it:

    [storefront]
    sha256 = "<64 digits>"
    scopes = ["read", "feedback"]
    per_second = 50

They are random and long, which is why one round of SHA-256 without salt is enough. Knows no request.
"""

import hashlib
import ipaddress
import secrets
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, FiniteFloat, StringConstraints, TypeAdapter, ValidationError

from metier.errors import SettingsError
from metier.settings import Settings
from metier.texts.fields import Model
from serving.access.scopes import Scope

PREFIX = "metier_"
RANDOM_BYTES = 32
SHORTEST = len(PREFIX) + 43
"""Characters of a key that `new_key` makes; what is shorter could be guessed, and is no key whatever its hash."""
PER_SECOND = 100.0
"""Requests a second of a key that states no other number, of one replica."""
OTHERS_MAY = 0o007
VARIABLE, FILE_VARIABLE = "METIER_API_KEYS", "METIER_API_KEYS_FILE"
MAKE_ONE = "`metier key NAME SCOPE ...` makes one"


class Key(Model):
    """What is known of a key: its hash, what it may do, and how often a second it may ask a replica."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]
    per_second: Annotated[FiniteFloat, Field(gt=0, le=1_000_000)] = PER_SECOND


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,60}$")]
_KEYS: TypeAdapter[dict[str, Key]] = TypeAdapter(dict[Name, Key])


def new_key() -> str:
    """A key that nobody can guess."""
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def hash_of(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def read_keys(settings: Settings) -> dict[str, Key]:
    """Keys by name, of the file and of the variable; none where neither is set. SettingsError names what is amiss."""
    text, path = settings.api_keys.get_secret_value(), settings.api_keys_file
    of_text = _some(parsed_keys(text, VARIABLE), VARIABLE) if text else {}
    of_file = _some(keys_of_file(path), FILE_VARIABLE) if path is not None else {}
    if twice := sorted(of_text.keys() & of_file.keys()):
        raise SettingsError(f"{VARIABLE} and {FILE_VARIABLE} both name {twice[0]}; name each key once")
    return {**of_text, **of_file}


def _some(keys: dict[str, Key], variable: str) -> dict[str, Key]:
    """The keys; an endpoint that was to have some must not be open to everybody for want of them."""
    if not keys:
        raise SettingsError(f"{variable} is set and holds no key; {MAKE_ONE}")
    return keys


def keys_of_file(path: Path) -> dict[str, Key]:
    """Keys of a file; SettingsError where others than its owner and group may read or change it."""
    try:
        mode, text = path.stat().st_mode, path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{FILE_VARIABLE} is {path}, which cannot be read; {MAKE_ONE}") from error
    if mode & OTHERS_MAY:
        raise SettingsError(
            f"{FILE_VARIABLE} is {path}, which others may read or change (mode {mode & 0o777:o}); "
            f"run `chmod 600 {path}`"
        )
    return parsed_keys(text, FILE_VARIABLE)


def parsed_keys(text: str, variable: str) -> dict[str, Key]:
    """Keys as TOML; SettingsError says what cannot be used, and never a hash or a key."""
    try:
        return _KEYS.validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{variable} is not TOML; {MAKE_ONE}, as docs/threat-model.md shows") from error
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(str(part)[:60] for part in first["loc"])
        raise SettingsError(f"{variable}: {where}: {first['msg']}; {MAKE_ONE}") from None


def as_toml(name: str, sha256: str, scopes: Iterable[str], per_second: float) -> str:
    """A key as a file of keys has it."""
    listed = ", ".join(f'"{scope}"' for scope in scopes)
    return f'[{name}]\nsha256 = "{sha256}"\nscopes = [{listed}]\nper_second = {per_second}\n'


def require_keys(settings: Settings, host: str | None) -> Mapping[str, Key]:
    """The keys of an endpoint that listens on `host`, None where nobody says; SettingsError for none off loopback."""
    keys = read_keys(settings)
    if not keys and not (host and _is_loopback(host)):
        where = "beyond loopback" if host is None else f"on {host}, which is not loopback"
        raise SettingsError(
            f"the endpoint listens {where}, and no API key is set; "
            f"set {FILE_VARIABLE}, for which {MAKE_ONE}, or listen on 127.0.0.1"
        )
    return keys


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
