"""One monitoring run over a METIER_HOME: measure, compare, write the report.

The first run stores the reference. A finding past its limit raises nothing here; findings.require does.
"""

from datetime import datetime
from functools import partial
from pathlib import Path

from components.monitoring.drift import drift
from components.monitoring.findings import Limits
from components.monitoring.health import Nulls, Volume, daily_volumes, freshness, newest_rows, null_rates, volume
from components.monitoring.histograms import ViewState, WatchedView, measure
from components.monitoring.monitoring_report import MonitoringReport
from components.monitoring.page import HTML_FILE, read_nulls, write_report
from components.monitoring.reference import Reference
from components.monitoring.skew import skew
from feature_repo.build.aggregates import MEMORY_LIMIT
from feature_repo.offline.asof_read import VersionReader
from feature_repo.views import VIEWS
from metier.lake import Lake
from metier.settings import Settings


def page_path(settings: Settings) -> Path:
    """Where the newest report's page is, its JSON and metrics beside it."""
    return settings.reports / "monitoring" / HTML_FILE


def reference_path(settings: Settings) -> Path:
    """Where the reference is."""
    return settings.home / "monitoring" / "reference.json"


def monitor(
    settings: Settings,
    as_of: datetime,
    inputs_digest: str,
    *,
    new_reference: bool = False,
    limits: Limits | None = None,
) -> MonitoringReport:
    """Measure everything as of a moment and write the report; `new_reference` makes what is found the reference."""
    from components.monitoring.replay import replay

    declared = limits or Limits()
    stored = None if new_reference else Reference.read(reference_path(settings))
    states = view_states(settings, as_of, stored)
    reference = stored or Reference(as_of, states)
    if stored is None:
        reference.write(reference_path(settings))
    tables, volumes = _of_lake(settings, as_of, declared)
    folder = page_path(settings).parent
    nulls = {view: Nulls.of(state) for view, state in states.items()}
    findings = (
        *freshness(tables | {view: state.newest for view, state in states.items()}, as_of, declared),
        *volume(volumes, declared),
        skew(partial(replay, settings), declared),
        *drift(reference.views, states, declared),
        *null_rates(nulls, read_nulls(folder), declared),
    )
    report = MonitoringReport(as_of, inputs_digest, reference.as_of, findings, tuple(volumes), nulls)
    write_report(report, folder)
    return report


def view_states(settings: Settings, as_of: datetime, reference: Reference | None) -> dict[str, ViewState]:
    """Every feature view as of a moment, in the reference's bins."""
    reader = VersionReader(MEMORY_LIMIT, 1, settings.features / ".spill")
    reference_views = reference.views if reference else {}
    return {
        view.name: measure(reader, view, as_of, reference_views.get(view.name))
        for view in watched_views(settings.features)
    }


def watched_views(features: Path) -> list[WatchedView]:
    """The feature views that are declared to Feast, with their folders."""
    return [WatchedView(view.name, features / view.name, view.key, tuple(view.features)) for view in VIEWS]


def _of_lake(settings: Settings, as_of: datetime, limits: Limits) -> tuple[dict[str, datetime | None], list[Volume]]:
    with Lake(settings.lake).connect(as_of) as connection:
        return newest_rows(connection), daily_volumes(connection, as_of, limits.volume_weeks)
