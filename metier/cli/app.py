"""The front door: `metier ...`. Parses, calls, prints; every command shows an example in its help."""

import sys
from typing import Annotated

import typer

from metier.cli import demo, doctor, features, forget, importing, lake, pipeline, report, serve, settings_page
from metier.cli.versions import installed_version
from metier.errors import InputError, MetierError

app = typer.Typer(
    name="metier",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(importing.app, name="import")
app.command("simulate")(importing.simulate)
app.add_typer(lake.app, name="lake")
app.add_typer(features.app, name="features")
app.command("forget")(forget.forget)
app.add_typer(pipeline.app, name="pipeline")
app.command("report")(report.report)
app.command("serve")(serve.serve)
app.command("rank")(serve.rank)
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
        app()
    except MetierError as error:
        print(f"metier: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, InputError) else 1)


if __name__ == "__main__":
    main()
