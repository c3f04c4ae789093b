"""`metier report`: what the training runs on this machine found, newest first, in six lines or whole."""

import json
from typing import Annotated

import typer

from metier.cli.output import JsonOption
from metier.errors import EmptyDataError, InputError
from metier.settings import load_settings

FullOption = Annotated[bool, typer.Option("--full", help="Print every section instead of a summary.")]
HistoryOption = Annotated[bool, typer.Option("--history", help="List the runs: date, run, bundle, verdict, figure.")]
RunOption = Annotated[str | None, typer.Option("--run", help="The reports of this run, as --history names it.")]


def report(
    full: FullOption = False, history: HistoryOption = False, run: RunOption = None, as_json: JsonOption = False
) -> None:
    """Say of each surface what the gate decided, by which figure, against what, and where the page is.

    Example: metier report --history
    """
    if history:
        if full or run is not None:
            raise InputError("--history lists all runs; leave out --full and --run, or leave out --history")
        _print_history(as_json)
    else:
        _print_reports(run, full, as_json)


def _print_history(as_json: bool) -> None:
    from components.evaluation.report.history import history
    from metier.stored import as_plain

    runs = history(load_settings().reports)
    _require(bool(runs))
    print(json.dumps([as_plain(run) for run in runs]) if as_json else "\n".join(run.render() for run in runs))


def _print_reports(run: str | None, full: bool, as_json: bool) -> None:
    from components.evaluation.report import summary
    from components.evaluation.report.history import newest_reports, reports_of_run
    from components.evaluation.report.write import render_text
    from metier.stored import as_plain

    folder = load_settings().reports
    reports = newest_reports(folder) if run is None else reports_of_run(folder, run)
    _require(bool(reports))
    if as_json:
        print(json.dumps([as_plain(report) for report, _ in reports]))
        return
    for evaluation, page in reports:
        print("\n".join(summary(evaluation, page)))
        if full:
            print(f"\n{render_text(evaluation)}\n")
    if not full:
        print("Everything that was measured: metier report --full; earlier runs: metier report --history")


def _require(evaluated: bool) -> None:
    if not evaluated:
        raise EmptyDataError("no evaluation yet; run `metier pipeline run training` first")
