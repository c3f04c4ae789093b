"""The logs of the endpoint into the lake: what was served and done, then new versions from the change log.

A stream of changes is copied into files first and imported from there; what was imported and is part of every release
in use can be pruned. Knows logs and releases; how lines become rows is events.py's.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from components.importers.logs.events import EventsReport, import_events, imported_whole, no_other_import
from components.importers.logs.unknown_ids import still_unknown
from components.releases.folder import moment_of
from metier.changes.files import FileChangeLog
from metier.changes.log import sequence_of
from metier.changes.stream import StreamChangeLog
from metier.lake import Lake
from metier.settings import Settings

PAGE = 1_000
KEPT = timedelta(days=1)
"""How much older than the oldest release in use a change must be to go: more than an import takes."""


def import_logs(lake: Lake, settings: Settings, clock: datetime) -> EventsReport:
    """Bring what was recorded by `clock` to the lake; InputError while another import runs.

    Interactions that eligibility reads are in both logs, with equal clocks. One that is in the change log alone, since
    its replica was killed between the two, counts on every replica: it comes from there.
    """
    if settings.changes_url:
        copy_stream(settings)
    done = import_events(lake, settings.events, clock)
    report = done + import_events(lake, settings.changes, clock, came_before=True)
    return replace(report, unknown=still_unknown(lake, report.unknown))


def copy_stream(settings: Settings) -> None:
    """Append to the files what the stream holds and they do not."""
    stream, files = StreamChangeLog(settings.changes_url), FileChangeLog(settings.changes)
    settings.changes.mkdir(parents=True, exist_ok=True)
    with no_other_import(settings.changes):
        at = files.last()
        while page := stream.since(at, PAGE):
            for change in page:
                files.keep(change)
            at = page[-1].sequence


def prune_changes(settings: Settings, bundles: Iterable[str]) -> int:
    """Remove the segments of which the lake and every kept release of `bundles` hold all; how many."""
    moments = [moment_of(path.name) for bundle in bundles for path in (settings.candidates / bundle).glob("[0-9]*")]
    if not moments or not settings.changes.exists():
        return 0
    contained = sequence_of(min(moments) - KEPT)
    with no_other_import(settings.changes):
        segments, imported = FileChangeLog(settings.changes).segments(), imported_whole(settings.changes)
        removable = [
            path for path, following in pairwise(segments) if int(following.stem) <= contained and path.name in imported
        ]
        for path in removable:
            path.unlink()
        if settings.changes_url and segments and all(path.name in imported for path in segments):
            StreamChangeLog(settings.changes_url).prune(min(contained, FileChangeLog(settings.changes).last()))
    return len(removable)
