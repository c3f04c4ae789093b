"""`metier import`: files of others, and the endpoint's own log, into the lake."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from metier.cli.output import JsonOption, print_report
from metier.durable import write_whole
from metier.errors import InputError, UnknownNameError
from metier.lake import Lake
from metier.lake.imports import recording, shut_to_undo
from metier.lake.rehearsal import rehearsing
from metier.settings import load_settings

if TYPE_CHECKING:
    from components.importers.ingest import IngestReport

app = typer.Typer(help="Bring events into the lake.", no_args_is_help=True)

DirectoryArgument = Annotated[Path, typer.Argument(help="Folder to read.")]
FileArgument = Annotated[Path, typer.Argument(help="CSV, JSON, JSON lines or Parquet, packed or not.")]
MappingOption = Annotated[
    Path, typer.Option(help="YAML that says which column is what; see docs/importing.md and `metier import guess`.")
]
CheckOption = Annotated[bool, typer.Option("--check", help="Count what would come of it; write nothing.")]
CorrectsOption = Annotated[
    bool, typer.Option("--corrects", help="Events whose id is there with other content replace what is there.")
]
MostOption = Annotated[
    float,
    typer.Option("--most-quarantined", min=0, max=1, help="Share of a table's refused rows that is no error."),
]

GUESSED = {"posts": "jobs", "people": "freelancers", "clients": "clients", "interactions": "interactions"}
"""What a file may hold, as the commands and as the contract name it."""

Bring = Callable[[Lake, datetime], "IngestReport"]
Importer = Callable[[Lake, Path, Path, datetime], "IngestReport"]
"""From lake, file, mapping and clock."""


@app.command("contract")
def import_contract(
    directory: DirectoryArgument,
    *,
    corrects: CorrectsOption = False,
    check: CheckOption = False,
    most_quarantined: MostOption = 0.5,
    as_json: JsonOption = False,
) -> None:
    """Import tables that already keep the data contract (Parquet or CSV); bad rows go to quarantine.

    Example: metier import contract exports/2026-03
    """
    from components.importers.contract_tables import read_contract_directory
    from components.importers.ingest import ingest

    def bring(lake: Lake, clock: datetime) -> "IngestReport":
        return ingest(lake, read_contract_directory(directory), clock, corrects)

    _bring(f"contract {directory}", bring, check, most_quarantined, as_json)


@app.command("job-views")
def import_job_views(
    directory: DirectoryArgument,
    *,
    check: CheckOption = False,
    most_quarantined: MostOption = 0.5,
    as_json: JsonOption = False,
) -> None:
    """Import the public job-views data: applicants, the jobs they viewed, and the views.

    Example: metier import job-views data/job_views
    """
    from components.importers.ingest import ingest
    from components.importers.job_views import read_job_views

    def bring(lake: Lake, clock: datetime) -> "IngestReport":
        return ingest(lake, read_job_views(directory), clock)

    _bring(f"job-views {directory}", bring, check, most_quarantined, as_json)


@app.command("events")
def import_events(as_json: JsonOption = False) -> None:
    """Import what the endpoint logged since the last import; safe beside a running endpoint, and to repeat.

    Example: metier import events
    """
    from components.importers.logs.endpoint import import_logs

    settings = load_settings()
    with shut_to_undo(settings.lake, f"events-{uuid.uuid4().hex[:8]}"):
        report = import_logs(Lake(settings.lake), settings, settings.as_of or datetime.now(UTC))
    print_report(report, as_json)


def _by_mapping(name: str, find: Callable[[], Importer], said: str) -> None:
    """The command of a file that comes in by a mapping; `find` imports its importer when it runs."""

    def command(
        file: FileArgument,
        mapping: MappingOption,
        *,
        check: CheckOption = False,
        most_quarantined: MostOption = 0.5,
        as_json: JsonOption = False,
    ) -> None:
        run = find()
        _bring(f"{name} {file}", lambda lake, clock: run(lake, file, mapping, clock), check, most_quarantined, as_json)

    app.command(name, help=said)(command)


def _posts() -> Importer:
    from components.importers.mapped.posts import import_posts

    return import_posts


def _people() -> Importer:
    from components.importers.mapped.people import import_people

    return import_people


def _clients() -> Importer:
    from components.importers.mapped.people import import_clients

    return import_clients


_by_mapping(
    "posts",
    _posts,
    "Import any file of job posts by a mapping: cleaned, personal data masked, near-duplicates quarantined.\n\n"
    "Example: metier import posts posts.csv --mapping posts.yaml",
)
_by_mapping(
    "people",
    _people,
    "Import any file of freelancers by a mapping: cleaned, personal data masked.\n\n"
    "Example: metier import people people.csv --mapping people.yaml",
)
_by_mapping(
    "clients",
    _clients,
    "Import any file of clients by a mapping.\n\nExample: metier import clients companies.csv --mapping companies.yaml",
)


@app.command("interactions")
def import_interactions(
    file: FileArgument,
    mapping: MappingOption,
    *,
    corrects: CorrectsOption = False,
    check: CheckOption = False,
    most_quarantined: MostOption = 0.5,
    as_json: JsonOption = False,
) -> None:
    """Import any log of views, applications and hires by a mapping; equal rows count once.

    Example: metier import interactions clicks.csv --mapping clicks.yaml
    """
    from components.importers.mapped import interactions

    def bring(lake: Lake, clock: datetime) -> "IngestReport":
        return interactions.import_interactions(lake, file, mapping, clock, corrects)

    _bring(f"interactions {file}", bring, check, most_quarantined, as_json)


@app.command("taxonomy")
def import_taxonomy(
    files: Annotated[list[Path], typer.Argument(help="ESCO, O*NET or own files of skills, packed or not.")],
    *,
    add: Annotated[bool, typer.Option("--add", help="Join them to the taxonomy that is there.")] = False,
    check: CheckOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make files of skills the taxonomy by which texts are understood; see docs/taxonomy.md.

    Example: metier import taxonomy skills_en.csv broaderRelationsSkillPillar_en.csv
    """
    from components.importers.taxonomies import import_taxonomy

    print_report(import_taxonomy(load_settings().taxonomy, files, add, check), as_json)


@app.command("guess")
def guess(
    file: FileArgument,
    table: Annotated[
        str | None, typer.Option(help="posts, people, clients or interactions; left out: guessed.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write, which must not be there; left out: shown.")] = None,
) -> None:
    """Write a first mapping of a file from its header and a sample, to be corrected by hand.

    Example: metier import guess posts.csv --out posts.yaml
    """
    from components.importers.mapped.guessing.guess import guess

    if table is not None and table not in GUESSED:
        raise UnknownNameError("table", table, tuple(GUESSED))
    text = guess(file, GUESSED[table] if table else None)
    if out is None:
        print(text, end="")
        return
    if out.exists():
        raise InputError(f"{out} is there already; name another file, or remove it")
    write_whole(out, text)
    print(f"wrote {out}")


def _bring(source: str, bring: Bring, check: bool, most_quarantined: float, as_json: bool) -> None:
    """Run an import, or rehearse it, and print what came of it; ContractError where too much was refused."""
    from components.importers.lacking import lacking
    from components.importers.outcome import require_useful

    settings = load_settings()
    with rehearsing(settings.lake) if check else recording(settings.lake, source) as lake:
        report = bring(lake, settings.as_of or datetime.now(UTC))
        report = replace(report, lacking=lacking(lake, report.tables))
    if check and not as_json:
        print("checked, nothing was written")
    print_report(report, as_json)
    require_useful(report, source, most_quarantined)
