"""The front door: `metier ...`. Parses, calls, prints; every command shows an example in its help."""

import sys

import typer

from metier.cli import data, demo, features, pipeline, report, serve, upkeep
from metier.errors import InputError, MetierError

app = typer.Typer(
    name="metier",
    help="The ranking platform of a work marketplace.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data.importing, name="import")
app.command("simulate")(data.simulate)
app.add_typer(data.lake, name="lake")
app.add_typer(features.app, name="features")
app.command("forget")(upkeep.forget)
app.add_typer(pipeline.app, name="pipeline")
app.command("report")(report.report)
app.command("serve")(serve.serve)
app.command("rank")(serve.rank)
app.command("demo")(demo.demo)


def main() -> None:
    """Run the command line; a known error becomes one clear line and exit status 2 (the caller's) or 1 (ours)."""
    try:
        app()
    except MetierError as error:
        print(f"metier: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, InputError) else 1)


if __name__ == "__main__":
    main()
