"""The reports of a surface by run: each is kept in a folder of its own, and the newest also stands above them.

    reports/<surface>/evaluation.json, .html            the newest
    reports/<surface>/<run>/evaluation.json, .html      each run's
    reports/<surface>/<run>/run.json                    when it was written, and the bundle that came of it

A run is named by its clock and a digest of what was measured, so that the same evaluation is filed once.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from components.evaluation.gate import Verdict
from components.evaluation.report.document import EvaluationReport, Measured, show_interval
from components.evaluation.report.summary import headline
from components.evaluation.report.write import HTML_FILE, JSON_FILE, read_report, write_report
from metier.durable import write_whole
from metier.errors import UnknownNameError
from metier.stored import Moment, as_json, from_json

NOTE_FILE = "run.json"
DIGITS = 8
UNDATED = datetime.min.replace(tzinfo=UTC)
"""Where a run of unknown date is sorted."""


@dataclass(frozen=True)
class RunNote:
    """When a report was written (None: nothing recorded it), and what was registered after it, if anything was."""

    written_at: Moment | None
    bundle: str = ""
    promotion: str = ""
    """Who promoted that bundle by hand, when and why; empty where nobody did."""


@dataclass(frozen=True)
class Run:
    """One line of the history."""

    surface: str
    run: str
    written_at: Moment | None
    as_of: str
    verdict: Verdict | None
    bundle: str
    figure: Measured | None
    page: str
    promotion: str = ""

    def render(self) -> str:
        """One line for a person."""
        figure = f"{self.figure.metric} {show_interval(self.figure.interval)}" if self.figure else "no figure"
        parts = (self.bundle or "no bundle", self.verdict or "not decided", figure, *filter(None, (self.promotion,)))
        date = f"{self.written_at:%Y-%m-%d %H:%M}" if self.written_at else f"{'date unknown':16}"
        return f"{date}  {self.surface}  {self.run}  {'  '.join(parts)}"


def run_of(report: EvaluationReport) -> str:
    """Name of the run that the report is of: `<clock to the minute>-<digest>`."""
    digest = hashlib.sha256(as_json(report).encode()).hexdigest()[:DIGITS]
    clock = str(report.facts.get("as of", "undated"))[:16].replace(":", "")
    return f"{clock}-{digest}"


def file_report(report: EvaluationReport, folder: Path, written_at: datetime) -> Path:
    """Keep the report under its run in `folder`, a surface's, and make it the newest; returns the newest's page."""
    _keep_newest(folder)
    own = _file(report, folder, written_at)
    for name in (HTML_FILE, JSON_FILE):
        write_whole(folder / name, (own / name).read_bytes())
    return folder / HTML_FILE


def note_bundle(report: EvaluationReport, folder: Path, bundle: str) -> None:
    """Write down what was registered after the report that is kept in `folder`; nothing where it is not kept."""
    path = folder / run_of(report) / NOTE_FILE
    if path.exists():
        write_whole(path, as_json(replace(from_json(RunNote, path.read_bytes()), bundle=bundle)))


def note_promotion(folder: Path, bundle: str, promotion: str) -> None:
    """Write down with the reports in `folder`, a surface's, that the bundle that came of them was promoted by hand."""
    for path in folder.glob(f"*/{NOTE_FILE}"):
        note = from_json(RunNote, path.read_bytes())
        if note.bundle == bundle:
            write_whole(path, as_json(replace(note, promotion=promotion)))


def history(reports: Path) -> list[Run]:
    """Every run of every surface, the latest first and those of unknown date last.

    A report of a build that kept one alone is a run of its own.
    """
    surfaces = sorted({path.parent.name for path in reports.glob(f"*/{JSON_FILE}")} | _filed(reports))
    runs = [run for surface in surfaces for run in _runs(reports / surface)]
    return sorted(runs, key=lambda run: (run.written_at or UNDATED, run.surface, run.as_of), reverse=True)


def reports_of_run(reports: Path, run: str) -> list[tuple[EvaluationReport, Path]]:
    """Reports of one run with their pages; UnknownNameError where there is none of that name."""
    runs = history(reports)
    pages = [Path(entry.page) for entry in runs if entry.run == run]
    if not pages:
        raise UnknownNameError("run", run, tuple(entry.run for entry in runs))
    return [(read_report(page.parent), page) for page in pages]


def newest_reports(reports: Path) -> list[tuple[EvaluationReport, Path]]:
    """The newest report of every surface with its page, by name."""
    return [(read_report(path.parent), path.with_name(HTML_FILE)) for path in sorted(reports.glob(f"*/{JSON_FILE}"))]


def _filed(reports: Path) -> set[str]:
    return {path.parent.parent.name for path in reports.glob(f"*/*/{JSON_FILE}")}


def _runs(folder: Path) -> Iterator[Run]:
    filed = _reports(folder)
    for own, report in filed.items():
        yield _run(report, own.name, own, _note(own))
    if (folder / JSON_FILE).exists():
        newest = read_report(folder)
        if not _among(newest, filed):
            yield _run(newest, run_of(newest), folder, _note(folder))


def _reports(folder: Path) -> dict[Path, EvaluationReport]:
    """The filed reports by their folders, which a build before may have named by a digest of fewer fields."""
    return {path.parent: read_report(path.parent) for path in sorted(folder.glob(f"*/{JSON_FILE}"))}


def _among(report: EvaluationReport, filed: Mapping[Path, EvaluationReport]) -> bool:
    return as_json(report) in map(as_json, filed.values())


def _run(report: EvaluationReport, run: str, folder: Path, note: RunNote) -> Run:
    first = headline(report)
    return Run(
        surface=report.surface,
        run=run,
        written_at=note.written_at,
        as_of=str(report.facts.get("as of", "")),
        verdict=report.decision.verdict if report.decision else None,
        bundle=note.bundle,
        figure=first[1] if first else None,
        page=str(folder / HTML_FILE),
        promotion=note.promotion,
    )


def _note(folder: Path) -> RunNote:
    """What stands beside a report."""
    path = folder / NOTE_FILE
    return from_json(RunNote, path.read_bytes()) if path.exists() else RunNote(None)


def _keep_newest(folder: Path) -> None:
    """File the newest report where a build before left it alone; one that cannot be read is let go."""
    if (folder / JSON_FILE).exists():
        try:
            newest = read_report(folder)
        except ValueError:
            return
        if not _among(newest, _reports(folder)):
            _file(newest, folder, _note(folder).written_at)


def _file(report: EvaluationReport, folder: Path, written_at: datetime | None) -> Path:
    own = folder / run_of(report)
    if not (own / NOTE_FILE).exists():
        write_report(report, own)
        write_whole(own / NOTE_FILE, as_json(RunNote(written_at)))
    return own
