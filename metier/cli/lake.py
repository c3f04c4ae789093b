"""`metier lake`: what the lake holds, what it refused, and its upkeep."""

import json
from collections import Counter
from dataclasses import asdict
from typing import Annotated, Any

import pyarrow as pa
import typer

from metier.cli.output import JsonOption, print_report
from metier.contract import TABLES, table
from metier.lake import Lake
from metier.lake.imports import Import, list_imports, undo_import
from metier.settings import load_settings
from metier.stored import as_plain

app = typer.Typer(help="Look at the lake, and look after it.", no_args_is_help=True)

REBUILD = (
    "features, text vectors, term weights and candidate releases are of before; `metier pipeline run features` makes "
    "them anew. Bundles go on serving, with the term weights that they were trained with, until the next training"
)
UNREADABLE = "events"
"""Where lines of an event log go that are no rows of any table."""


@app.command("counts")
def counts(as_json: JsonOption = False) -> None:
    """Rows per table, quarantined rows, and the lake's clock.

    Example: metier lake counts
    """
    lake = Lake(load_settings().lake)
    rows = lake.counts()
    quarantined = {name: lake.quarantined(name).num_rows for name in rows}
    clock = lake.as_of().isoformat()
    if as_json:
        print(json.dumps({"as_of": clock, "rows": rows, "quarantined": quarantined}))
        return
    print(f"as of {clock}")
    for name, number in rows.items():
        print(f"{name:14}{number:>12,}   quarantined {quarantined[name]:,}")


@app.command("quarantine")
def quarantine(
    tables: Annotated[list[str] | None, typer.Option("--table", help="Only this table (repeatable).")] = None,
    most: Annotated[int, typer.Option(min=0, help="Rows to print of each reason.")] = 3,
    as_json: JsonOption = False,
) -> None:
    """Refused rows: how many by reason, and the first of each; --json prints every one, a line each.

    Example: metier lake quarantine --table jobs
    """
    lake = Lake(load_settings().lake)
    names = [table(name).name if name != UNREADABLE else name for name in tables or (*TABLES, UNREADABLE)]
    rejected = pa.concat_tables([lake.quarantined(name) for name in names]).to_pylist()
    if as_json:
        for entry in rejected:
            print(json.dumps({**entry, "row": json.loads(entry["row"])}))
    else:
        print("\n".join(_by_reason(rejected, most)) or "nothing is in quarantine")


def _by_reason(rejected: list[dict[str, Any]], most: int) -> list[str]:
    """Lines: each table's reasons, the most frequent first, and up to `most` rows of each."""
    lines = []
    numbers = Counter((entry["table"], entry["reason"]) for entry in rejected)
    for (name, reason), number in sorted(numbers.items(), key=lambda item: (item[0][0], -item[1], item[0][1])):
        lines.append(f"{name}: {number:,} x {reason}")
        entries = [entry for entry in rejected if (entry["table"], entry["reason"]) == (name, reason)]
        lines += [f"    {entry['source']}: {entry['row']}" for entry in entries[:most]]
    return lines


@app.command("imports")
def imports(as_json: JsonOption = False) -> None:
    """Imports and simulations, the oldest first, with what each wrote; what the endpoint logged is none of them.

    Example: metier lake imports
    """
    entries = list_imports(Lake(load_settings().lake))
    if as_json:
        print(json.dumps([_plain(entry) for entry in entries]))
    else:
        print("\n".join(entry.render() for entry in entries) or "no import is recorded")


def _plain(entry: Import) -> dict[str, Any]:
    return {**as_plain(entry), "files": len(entry.files), "quarantine_files": len(entry.quarantine_files)}


@app.command("undo")
def undo(
    import_id: Annotated[str, typer.Argument(metavar="IMPORT", help="Id that `metier lake imports` prints.")],
    as_json: JsonOption = False,
) -> None:
    """Remove what an import wrote, rows and quarantined rows; refused once other rows may depend on which were there.

    Rows of other imports stay, also where they name a removed job or person. Safe to repeat after a kill.

    Example: metier lake undo 20260301T101500-4f2a
    """
    report = undo_import(Lake(load_settings().lake), import_id)
    print_report(report, as_json)


@app.command("replay")
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
    print_report(report, as_json)
    if report.mismatches:
        raise typer.Exit(1)


@app.command("migrate")
def migrate(as_json: JsonOption = False) -> None:
    """Bring every file of the lake to the version of the data contract that this metier writes.

    Personal data that masks of an earlier version missed is masked, in refused rows too. Safe to repeat after a kill.

    Example: metier lake migrate
    """
    from components.language.taxonomy import taxonomy_of
    from feature_repo.build.built import is_current
    from metier.lake.upkeep import migrate as run

    settings = load_settings()
    report = run(Lake(settings.lake))
    taxonomy = taxonomy_of(settings.taxonomy)
    is_old = settings.features.exists() and not is_current(Lake(settings.lake), settings.features, taxonomy)
    built_anew = REBUILD if is_old else ""
    if as_json:
        print(json.dumps({**asdict(report), "next": built_anew}))
        return
    print(f"{report.upgraded:,} files upgraded, {report.current:,} current")
    if report.quarantine_masked:
        print(f"{report.quarantine_masked:,} files of refused rows masked anew")
    if built_anew:
        print(built_anew)


@app.command("compact")
def compact(as_json: JsonOption = False) -> None:
    """Merge small files of a date into files of 32 to 256 MB, or one file a date where there is less.

    Imports whose files were merged cannot be undone any more.

    Example: metier lake compact
    """
    from metier.lake.upkeep import compact as run

    report = run(Lake(load_settings().lake))
    print(json.dumps(asdict(report)) if as_json else f"{report.before:,} files before, {report.after:,} after")


@app.command("retain")
def retain(
    apply: Annotated[bool, typer.Option("--apply/--dry-run", help="Remove the rows, or only count them.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Count, or remove, the rows older than their table's days; the newest version of an entity always stays.

    Conversations with the assistant go that are older than METIER_CONVERSATION_HOURS.

    Example: metier lake retain --apply
    """
    from dataclasses import replace

    from components.privacy.retention import retain as run
    from serving.language.conversations import expire_conversations

    settings = load_settings()
    lake = Lake(settings.lake)
    report = run(lake, settings.as_of or lake.as_of(), settings.retention_days, apply=apply)
    report = replace(report, conversations=expire_conversations(settings, apply=apply))
    print_report(report, as_json)
