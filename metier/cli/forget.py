"""`metier forget`: a person leaves every place."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from metier.cli.output import JsonOption, print_report
from metier.settings import load_settings


def forget(
    actor_id: Annotated[str, typer.Argument(help="Id of a freelancer or a client.")], as_json: JsonOption = False
) -> None:
    """Remove a person from lake, features, online store, candidates, event log, runs and reports; print the receipt.

    Exit status 1 where something is left to do, which the receipt names. Safe to repeat.

    Example: metier forget fr_000042
    """
    from components.privacy.forget import forget as remove

    receipt = remove(load_settings(), actor_id, datetime.now(UTC))
    print_report(receipt, as_json)
    if receipt.left:
        raise typer.Exit(1)
