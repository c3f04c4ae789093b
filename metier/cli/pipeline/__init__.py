"""`metier pipeline`: compile, check and run the pipelines here; submit, schedule and follow them on a server."""

import typer

from metier.cli.pipeline import here, server
from metier.cli.pipeline.here import run

app = typer.Typer(help="Compile, check, run, submit or schedule the Kubeflow pipelines.", no_args_is_help=True)
app.command("compile")(here.compile_)
app.command("check")(here.check)
app.command("run")(run)
app.command("submit")(server.submit)
app.command("schedule")(server.schedule)
app.command("list")(server.list_)
app.command("wait")(server.wait)
app.command("logs")(server.logs)
app.command("cancel")(server.cancel)

__all__ = ["app", "run"]
