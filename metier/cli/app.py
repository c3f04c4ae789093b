"""The front door: `metier ...`. Parses, calls, prints; every command shows an example in its help."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from metier.cli import (
    demo,
    doctor,
    features,
    forget,
    importing,
    judge,
    key,
    lake,
    pipeline,
    report,
    serve,
    settings_page,
    simulate,
)
from metier.cli.deploy import deploy, rollback
from metier.cli.deploy.promote import promote
from metier.cli.mcp.command import mcp
from metier.cli.versions import installed_version
from metier.errors import InputError, MetierError, SettingsError
from metier.settings import load_settings

app = typer.Typer(
    name="metier",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(importing.app, name="import")
app.command("simulate")(simulate.simulate)
app.add_typer(lake.app, name="lake")
app.add_typer(features.app, name="features")
app.command("forget")(forget.forget)
app.add_typer(pipeline.app, name="pipeline")
app.add_typer(judge.app, name="judge")
app.command("report")(report.report)
app.command("serve")(serve.serve)
app.command("promote")(promote)
app.command("deploy")(deploy)
app.command("rollback")(rollback)
app.command("rank")(serve.rank)
app.command("key")(key.key)
app.command("mcp")(mcp)
app.command("doctor")(doctor.doctor)
app.command("settings")(settings_page.settings)
app.command("demo")(demo.demo)


def _print_version(value: bool) -> None:
    if value:
        print(f"metier {installed_version()}")
        raise typer.Exit


@app.callback()
def metier(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """The ranking platform of a work marketplace: import or simulate events, train, serve, and look after it.

    Example: metier demo
    """


def main() -> None:
    """Run the command line; a known error becomes one clear line and exit status 2 (the caller's) or 1 (ours)."""
    try:
        _run()
    except MetierError as error:
        print(f"metier: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, InputError) else 1)


def _run() -> None:
    """The command; SettingsError where the folder of a setting cannot be used."""
    try:
        app()
    except OSError as error:
        setting = _setting_of(error)
        if setting is None:
            raise
        raise SettingsError(
            f"{setting} cannot be used: {error.filename}: {error.strerror}; set it to a folder that you can write"
        ) from error


def _setting_of(error: OSError) -> str | None:
    """The setting whose folder, or a folder above that is to be made, the error is about; None for all else."""
    if not isinstance(error.filename, str | Path):
        return None
    path = Path(error.filename).absolute()
    settings = load_settings()
    folders = {"METIER_HOME": settings.home}
    if settings.lake_url and "://" not in settings.lake_url:  # first, since it may lie in the home
        folders = {"METIER_LAKE_URL": Path(settings.lake_url).absolute(), **folders}
    for setting, folder in folders.items():
        is_missing_inside = isinstance(error, FileNotFoundError) and os.path.isdir(folder)
        if path.is_relative_to(folder) and not is_missing_inside:
            return setting
        if folder.is_relative_to(path) and not os.path.isdir(path):
            return setting
    return None


if __name__ == "__main__":
    main()
