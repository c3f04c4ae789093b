"""Places of METIER_HOME that hold people, each with its removal of one person.

Counts what went; a repeat counts nothing. Knows what each place is for; how files are searched and cut is traces.py's.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from components.privacy.person import Person, in_rows
from components.privacy.traces import Traces, naming_rows, open_here, without_lines, without_rows
from components.releases import open_registry
from components.releases.aliases import aliased_bundles
from components.releases.folder import POINTER, moment_of, newest_version
from components.releases.release_builder import build_releases
from feature_repo.build.corpus import distinct_query_texts, distinct_texts
from feature_repo.forgetting.offline import RemovedIds, forget_offline, forget_texts
from feature_repo.forgetting.online import forget_online
from metier.changes.files import FileChangeLog
from metier.changes.stream import StreamChangeLog
from metier.durable import UNFINISHED
from metier.errors import MetierError
from metier.lake import Lake
from metier.lake.upkeep import take_out_quarantined
from metier.settings import Settings

END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
UNFINISHED_SECONDS = 600
"""A file under a temporary name that nobody has written to for so long was left by a process that was killed."""
ID_COLUMNS = ("freelancer_id", "client_id", "actor_id", "candidate_id", "job_id", "query_id")

Row = Mapping[str, Any]


def in_events(folder: Path, person: Person) -> Person:
    """What is known of the person, and what the event log adds: jobs and queries that the lake does not hold yet."""
    for _ in range(2):  # queries are found by the jobs
        person = in_rows(person, own_events(folder, person))
    return person


def own_events(folder: Path, person: Person) -> Iterator[tuple[str, Row]]:
    """(table, row) of each event of the person in the log."""
    events = (_event(line) for path in sorted(folder.glob("*.jsonl")) for line in _lines(path))
    return (event for event in events if event is not None and person.owns(event[1]))


def forget_events(folder: Path, person: Person, traces: Traces) -> tuple[int, list[Path]]:
    """(Lines removed, segments that a process here has open and that hold the person: those are left)."""
    paths = sorted(folder.glob("*.jsonl"))
    opened = open_here(paths)
    removed, remaining = 0, []
    for path in paths:
        if path not in opened:
            removed += without_lines(path, _Unwanted(person, traces))
        elif any(map(_Unwanted(person, traces), _lines(path))):
            remaining.append(path)
    return removed, remaining


def forget_changes(settings: Settings, person: Person, traces: Traces) -> int:
    """Versions removed from the change log; a running endpoint then reads it anew, and forgets them too."""
    unwanted = _Unwanted(person, traces)
    with FileChangeLog(settings.changes).rewriting() as segments:
        removed = sum(without_lines(path, unwanted) for path in segments)
    if settings.changes_url:
        removed += StreamChangeLog(settings.changes_url).take_out(unwanted)
    return removed


def forget_quarantine(lake: Lake, person: Person, traces: Traces) -> int:
    """Rejected rows removed: by their ids where they have some, otherwise by what they say."""

    def is_unwanted(row: Row, reason: str) -> bool:
        content_columns = {column: value for column, value in row.items() if column not in ID_COLUMNS}
        content = json.dumps([content_columns, reason], ensure_ascii=False, default=str).encode()
        return person.owns(row) or person.shown_in(row, None) or traces.in_bytes(content)

    def marks(rows: pa.Table) -> pa.ChunkedArray:
        pairs = zip(rows["row"].to_pylist(), rows["reason"].to_pylist(), strict=True)
        return pa.chunked_array([pa.array([is_unwanted(json.loads(row), reason) for row, reason in pairs], pa.bool_())])

    return take_out_quarantined(lake, marks)


def forget_features(settings: Settings, lake: Lake, person: Person) -> dict[str, int]:
    """Rows by place that went from offline tables, text vectors and the online store; the lake forgot before."""
    ids = frozenset([person.id])
    removed_ids = RemovedIds({"freelancer_id": ids, "client_id": ids, "job_id": person.jobs})
    rows = {f"features.{view}": number for view, number in forget_offline(settings.features, removed_ids).items()}
    unwanted = set(person.text_keys)
    if unwanted:
        unwanted -= {*distinct_texts(lake, END_OF_TIME).keys, *distinct_query_texts(lake, END_OF_TIME)[0]}
    rows["text_vectors"] = forget_texts(settings.features / "vectors", unwanted)
    rows["online_store"] = forget_online(settings, removed_ids)
    return rows


def forget_releases(settings: Settings, traces: Traces) -> tuple[int, dict[str, str], str | None]:
    """(Releases removed, bundle -> release built anew, why none could be).

    New ones come first, as known at the moment of the newest that goes; a running endpoint turns to them by itself.
    """
    folders = [path for path in sorted(settings.candidates.glob("*/*")) if path.is_dir()]
    affected = [path for path in folders if traces.in_folder(path)]
    newest = [path for path in affected if path.name == newest_version(path.parent)]
    built: dict[str, str] = {}
    failure = None
    if newest:
        try:
            if aliased_bundles(open_registry(settings)):
                built = build_releases(settings, max(moment_of(path.name) for path in newest))
        except MetierError as error:
            failure = str(error)
    removed = [path for path in affected if built.get(path.parent.name) != path.name]
    for path in removed:
        shutil.rmtree(path, ignore_errors=True)
        if newest_version(path.parent) == path.name:
            (path.parent / POINTER).unlink()
    return len(removed), built, failure


def forget_files(settings: Settings, traces: Traces) -> tuple[dict[str, int], list[Path]]:
    """(Removed by place, logs that a process here has open and that name the person: those are left).

    Runs and reports go whole: they can be made again. Of a simulated truth and of logs only what names the person goes.
    """
    runs = [path for path in sorted(settings.pipelines.glob("runs/*")) if traces.in_folder(path)]
    names = [path.name.encode() for path in runs]
    run_files = [path for path in sorted(settings.pipelines.glob("**/*.json")) if "runs" not in path.parts]
    caches = [
        path
        for path in run_files
        if traces.in_file(path) or any(name in path.read_bytes() for name in names if path.parent.name == "cache")
    ]
    reports = [path for path in sorted(settings.reports.glob("*/*")) if _holds(path, traces)]
    for path in (*runs, *caches, *reports):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    logs = [path for path in sorted((*settings.home.glob("*.log"), *settings.pipelines.glob("*.log")))]
    affected = [path for path in logs if traces.in_file(path)]
    opened = open_here(affected)
    queries = {query.encode() for query in traces.queries.to_pylist()}

    def judged(line: bytes) -> bool:
        return traces.in_bytes(line) or not queries.isdisjoint(line.split(maxsplit=1)[:1])

    rows = {
        "pipeline_runs": len(runs),
        "pipeline_caches": len(caches),
        "reports": len(reports),
        "judgements": sum(without_lines(path, judged) for path in sorted(settings.judgements.glob("*.qrels"))),
        "truth": sum(without_rows(path, naming_rows(traces)) for path in sorted(settings.truth.glob("*.parquet"))),
        "log_lines": sum(without_lines(path, traces.in_bytes) for path in affected if path not in opened),
    }
    return rows, sorted(opened)


def remove_unfinished(home: Path, now: datetime) -> int:
    """Files removed that a killed process left half written, whoever they are about."""
    abandoned = now.timestamp() - UNFINISHED_SECONDS
    paths = [path for path in home.rglob(UNFINISHED) if path.is_file() and path.stat().st_mtime < abandoned]
    for path in paths:
        path.unlink(missing_ok=True)
    return len(paths)


def still_held(settings: Settings, traces: Traces, but: tuple[Path, ...]) -> list[Path]:
    """Files under METIER_HOME that still hold the person; rows of lake and features went by their columns."""
    cleared = (settings.features, Path(settings.lake))

    def is_searched(path: Path) -> bool:
        is_row_file = any(path.is_relative_to(folder) for folder in cleared) and not path.name.startswith(".")
        return not is_row_file and not any(path.is_relative_to(other) for other in but)

    return [path for path in sorted(settings.home.rglob("*")) if is_searched(path) and traces.in_file(path)]


class _Unwanted:
    """Judges the lines of one segment in order: the query of a slate comes before its impressions."""

    def __init__(self, person: Person, traces: Traces) -> None:
        self._person = person
        self._traces = traces
        self._surfaces: dict[str, str] = {}

    def __call__(self, line: bytes) -> bool:
        event = _event(line)
        if event is None:
            return self._traces.in_bytes(line)
        table, row = event
        if table == "queries":
            self._surfaces[str(row.get("query_id"))] = str(row.get("surface"))
        surface = self._surfaces.get(str(row.get("query_id")))
        shows_person = table == "impressions" and self._person.shown_in(row, surface)
        return shows_person or self._person.owns(row)


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as handle:
        yield from handle


def _event(line: bytes) -> tuple[str, Row] | None:
    """(table, row) of a line of the event log; None where it is none."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not isinstance(event.get("row"), dict):
        return None
    return str(event.get("table")), event["row"]


def _holds(path: Path, traces: Traces) -> bool:
    return traces.in_folder(path) if path.is_dir() else traces.in_file(path)
