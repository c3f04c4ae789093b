"""`metier import`, `metier simulate`, `metier lake`: events in, and what the lake holds."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from metier.lake import Lake
from metier.settings import load_settings

importing = typer.Typer(help="Bring events into the lake.", no_args_is_help=True)
lake = typer.Typer(help="Look at the lake.", no_args_is_help=True)

DirectoryArgument = Annotated[Path, typer.Argument(help="Folder to read.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


@importing.command("contract")
def import_contract(directory: DirectoryArgument, as_json: JsonOption = False) -> None:
    """Import tables that already keep the data contract (Parquet or CSV); bad rows go to quarantine.

    Example: metier import contract exports/2026-03
    """
    from components.importers.contract_tables import read_contract_directory

    _ingest(read_contract_directory(directory), as_json)


@importing.command("job-views")
def import_job_views(directory: DirectoryArgument, as_json: JsonOption = False) -> None:
    """Import the public job-views data: applicants, the jobs they viewed, and the views.

    Example: metier import job-views data/job_views
    """
    from components.importers.job_views import read_job_views

    _ingest(read_job_views(directory), as_json)


@importing.command("events")
def import_events(as_json: JsonOption = False) -> None:
    """Import what the endpoint logged since the last import; safe beside a running endpoint, and to repeat.

    Example: metier import events
    """
    from components.importers.logs.endpoint import import_logs

    settings = load_settings()
    report = import_logs(Lake(settings.lake), settings, settings.as_of or datetime.now(UTC))
    print(json.dumps(asdict(report)) if as_json else report.render())


@importing.command("posts")
def import_posts(
    file: Annotated[Path, typer.Argument(help="CSV of job posts.")],
    mapping: Annotated[Path, typer.Option(help="YAML that says which column is what; see docs/importing-posts.md.")],
    as_json: JsonOption = False,
) -> None:
    """Import any CSV of job posts by a mapping: cleaned, personal data masked, near-duplicates quarantined.

    Example: metier import posts posts.csv --mapping posts.yaml
    """
    from components.importers import posts

    settings = load_settings()
    report = posts.import_posts(Lake(settings.lake), file, mapping, settings.as_of or datetime.now(UTC))
    print(json.dumps(asdict(report)) if as_json else report.render())


def _ingest(tables: Iterable[tuple[str, str, Any]], as_json: bool) -> None:
    from components.importers.ingest import ingest

    settings = load_settings()
    report = ingest(Lake(settings.lake), tables, settings.as_of or datetime.now(UTC))
    print(json.dumps(asdict(report)) if as_json else report.render())


def simulate(
    freelancers: Annotated[int, typer.Option(help="People in the world.")] = 1500,
    jobs: Annotated[int, typer.Option(help="Jobs posted.")] = 1000,
    impressions: Annotated[int, typer.Option(help="About how many impressions are logged.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal bytes.")] = 7,
    end: Annotated[datetime, typer.Option(help="Last day of the world, UTC.")] = datetime(2026, 3, 1),
    click_model: Annotated[str, typer.Option(help="position_trust or cascade.")] = "position_trust",
    logging_policy: Annotated[str, typer.Option(help="weak or strong.")] = "weak",
    as_json: JsonOption = False,
) -> None:
    """Simulate a two-sided marketplace into the lake, with its truth beside it.

    Example: metier simulate --freelancers 5000 --jobs 3000 --impressions 1000000
    """
    from rich.console import Console
    from rich.progress import Progress

    from components.simulator import SimulatorConfig, render
    from components.simulator import simulate as run

    settings = load_settings()
    target = Lake(settings.lake)
    config = SimulatorConfig(
        seed=seed,
        freelancers=freelancers,
        jobs=jobs,
        impressions=impressions,
        end=end.replace(tzinfo=UTC),
        click_model=click_model,
        logging_policy=logging_policy,
    )
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("simulating", total=1.0)
        summary = run(
            config,
            lambda name, rows: target.append(name, rows),
            settings.truth,
            lambda share, what: bar.update(task, completed=share, description=what),
        )
    print(json.dumps(asdict(summary)) if as_json else render(summary))


@lake.command("counts")
def counts(as_json: JsonOption = False) -> None:
    """Rows per table, quarantined rows, and the lake's clock.

    Example: metier lake counts
    """
    held = Lake(load_settings().lake)
    rows = held.counts()
    quarantined = {name: held.quarantined(name).num_rows for name in rows}
    clock = held.as_of().isoformat()
    if as_json:
        print(json.dumps({"as_of": clock, "rows": rows, "quarantined": quarantined}))
        return
    print(f"as of {clock}")
    for name, number in rows.items():
        print(f"{name:14}{number:>12,}   quarantined {quarantined[name]:,}")


@lake.command("replay")
def replay(
    most: Annotated[int, typer.Option(min=1, help="Newest served impressions to rebuild.")] = 1000,
    as_happened: Annotated[
        bool, typer.Option("--as-happened", help="Ignore recorded_at: late rows then make values differ.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Rebuild the features of served impressions as they were known then, and compare; exit status 1 on a mismatch.

    Example: metier lake replay --most 10000
    """
    from components.monitoring.replay import replay as rebuild

    report = rebuild(load_settings(), most, as_happened)
    print(json.dumps(asdict(report)) if as_json else report.render())
    if report.mismatches:
        raise typer.Exit(1)
