"""`metier import` and `metier simulate`: events into the lake."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from metier.cli.output import JsonOption, print_report
from metier.lake import Lake
from metier.lake.imports import recording
from metier.settings import load_settings

app = typer.Typer(help="Bring events into the lake.", no_args_is_help=True)

DirectoryArgument = Annotated[Path, typer.Argument(help="Folder to read.")]


@app.command("contract")
def import_contract(directory: DirectoryArgument, as_json: JsonOption = False) -> None:
    """Import tables that already keep the data contract (Parquet or CSV); bad rows go to quarantine.

    Example: metier import contract exports/2026-03
    """
    from components.importers.contract_tables import read_contract_directory

    _ingest(f"contract {directory}", read_contract_directory(directory), as_json)


@app.command("job-views")
def import_job_views(directory: DirectoryArgument, as_json: JsonOption = False) -> None:
    """Import the public job-views data: applicants, the jobs they viewed, and the views.

    Example: metier import job-views data/job_views
    """
    from components.importers.job_views import read_job_views

    _ingest(f"job-views {directory}", read_job_views(directory), as_json)


@app.command("events")
def import_events(as_json: JsonOption = False) -> None:
    """Import what the endpoint logged since the last import; safe beside a running endpoint, and to repeat.

    Example: metier import events
    """
    from components.importers.logs.endpoint import import_logs

    settings = load_settings()
    report = import_logs(Lake(settings.lake), settings, settings.as_of or datetime.now(UTC))
    print_report(report, as_json)


@app.command("posts")
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
    lake = recording(settings.lake, f"posts {file}")
    report = posts.import_posts(lake, file, mapping, settings.as_of or datetime.now(UTC))
    print_report(report, as_json)


def _ingest(source: str, tables: Iterable[tuple[str, str, pa.Table]], as_json: bool) -> None:
    from components.importers.ingest import ingest

    settings = load_settings()
    report = ingest(recording(settings.lake, source), tables, settings.as_of or datetime.now(UTC))
    print_report(report, as_json)


def simulate(
    freelancers: Annotated[int, typer.Option(help="People in the world.")] = 1500,
    jobs: Annotated[int, typer.Option(help="Jobs posted.")] = 1000,
    impressions: Annotated[int, typer.Option(help="About how many impressions are logged.")] = 100_000,
    *,
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
    lake = recording(settings.lake, f"simulate --seed {seed}")
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
            lambda name, rows: lake.append(name, rows),
            settings.truth,
            lambda share, what: bar.update(task, completed=share, description=what),
        )
    print(json.dumps(asdict(summary)) if as_json else render(summary))
