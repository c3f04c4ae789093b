"""`metier key`: an API key of the endpoint, made and written down as its hash."""

import os
from pathlib import Path
from typing import Annotated

import typer

from metier.durable import replacing
from metier.errors import InputError
from metier.settings import load_settings

OWNER_ONLY = 0o600


def key(
    name: Annotated[
        str, typer.Argument(help="Who is to hold it, such as storefront; logs and refusals say this name.")
    ],
    scopes: Annotated[list[str], typer.Argument(help="What it may do: read, feedback, write, admin.")],
    per_second: Annotated[
        float | None, typer.Option(min=0.001, help="Requests a second of one replica. Default: 100.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="File of keys. Default: METIER_API_KEYS_FILE.")] = None,
) -> None:
    """Make an API key, add its hash to the file of keys, and print the key: this once, since nothing keeps it.

    Example: metier key storefront read feedback --file keys.toml
    """
    from serving.access.keys import PER_SECOND, as_toml, hash_of, keys_of_file, new_key, parsed_keys

    path = file or load_settings().api_keys_file
    if path is None:
        raise InputError("no file of keys is named; give --file, or set METIER_API_KEYS_FILE")
    known = keys_of_file(path) if path.exists() else {}
    if name in known:
        raise InputError(f"{path} has a key of {name}; choose another name, or take that one out of the file")
    made = new_key()
    entry = as_toml(name, hash_of(made), scopes, per_second or PER_SECOND)
    parsed_keys(entry, "the key")
    with replacing(path) as temporary:
        os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_EXCL, OWNER_ONLY))
        temporary.write_text(f"{path.read_text()}\n{entry}" if known else entry)
        temporary.chmod(path.stat().st_mode & 0o777 if known else OWNER_ONLY)
    typer.echo(made)
