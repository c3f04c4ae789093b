"""`metier forget` and `metier lake migrate | compact | retain`: living with the data once it is there."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from metier.cli.data import JsonOption, lake
from metier.lake import Lake
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
    print(json.dumps(asdict(receipt)) if as_json else receipt.render())
    if receipt.left:
        raise typer.Exit(1)


@lake.command("migrate")
def migrate(as_json: JsonOption = False) -> None:
    """Bring every file of the lake to the version of the data contract that this metier writes.

    Example: metier lake migrate
    """
    from metier.lake.upkeep import migrate as run

    report = run(Lake(load_settings().lake))
    print(json.dumps(asdict(report)) if as_json else f"{report.upgraded:,} files upgraded, {report.current:,} current")


@lake.command("compact")
def compact(as_json: JsonOption = False) -> None:
    """Merge small files of a date into files of 32 to 256 MB, or one file a date where there is less.

    Example: metier lake compact
    """
    from metier.lake.upkeep import compact as run

    report = run(Lake(load_settings().lake))
    print(json.dumps(asdict(report)) if as_json else f"{report.before:,} files before, {report.after:,} after")


@lake.command("retain")
def retain(
    apply: Annotated[bool, typer.Option("--apply/--dry-run", help="Remove the rows, or only count them.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Count, or remove, the rows older than their table's days; the newest version of an entity always stays.

    Example: metier lake retain --apply
    """
    from components.privacy.retention import retain as run

    settings = load_settings()
    held = Lake(settings.lake)
    report = run(held, settings.as_of or held.as_of(), settings.retention_days, apply=apply)
    print(json.dumps(asdict(report)) if as_json else report.render())
