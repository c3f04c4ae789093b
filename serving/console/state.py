"""How an endpoint is: figures of note of every replica, reports on disk, decision records. Knows no page."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from serving.telemetry.cost import usd_per_1000_requests

SHOWN_SUFFIXES = (".html", ".json", ".png", ".svg")
"""Files of the reports folder that are given out."""
ALWAYS = "metier_changes_sequence"
"""What every replica that runs tells."""
ASKED = "/v1/"
COUNTED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "metier_requests_total": ("requests", ("route", "status")),
    "metier_slates_total": ("slates", ("surface", "tier")),
    "metier_degraded_total": ("slates that did without", ("what", "why")),
    "metier_event_log_events": ("events of the event log", ("state",)),
    "metier_unknown_ids_total": ("unknown ids in feedback", ("table",)),
    "metier_pushes_total": ("pushes to the online store", ("state",)),
    ALWAYS: ("newest change that is served", ()),
    "metier_changes_behind_seconds": ("seconds since the change log was read to its end", ()),
    "metier_changed_candidates": ("candidates changed since the release", ("surface",)),
}
"""Samples of note -> what they are called, and the labels that tell them apart."""


@dataclass(frozen=True)
class Figure:
    """One figure of one replica."""

    name: str
    labels: str
    replica: str
    value: float


@dataclass(frozen=True)
class Report:
    """A page under the reports folder; `bundle` is what was registered after it, where something was."""

    path: str
    name: str
    written_at: datetime
    bundle: str = ""


def figures(page: str) -> Iterator[Figure]:
    """The figures of note of the replicas that run, on a page of metrics, in the order of COUNTED; what each costs."""
    told = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    running = {sample.labels["replica"] for sample in told if sample.name == ALWAYS}
    samples = [sample for sample in told if sample.labels["replica"] in running]
    for name, (called, labels) in COUNTED.items():
        for sample in samples:
            if sample.name == name:
                of = ", ".join(sample.labels[label] for label in labels)
                yield Figure(called, of, sample.labels["replica"], sample.value)
    for replica in sorted(running):
        yield from _costs(replica, [sample for sample in samples if sample.labels["replica"] == replica])


def _costs(replica: str, samples: Sequence[Sample]) -> Iterator[Figure]:
    """Processor time a request, and at the declared price the cost of 1,000; nothing before the first request."""
    cpu_seconds, requests, price = (
        sum(sample.value for sample in samples if sample.name == name and _is_asked(sample))
        for name in ("metier_cpu_seconds_total", "metier_requests_total", "metier_usd_per_core_hour")
    )
    if requests:
        yield Figure("milliseconds of processor time", "a request", replica, 1e3 * cpu_seconds / requests)
        if price:
            usd = usd_per_1000_requests(cpu_seconds, requests, price)
            yield Figure("US dollars of processor time", "1,000 requests", replica, usd)


def _is_asked(sample: Sample) -> bool:
    """Whether a sample is of no route, or of one that is there to be asked: no probe and no page."""
    return sample.labels.get("route", ASKED).startswith(ASKED)


def reports(folder: Path) -> list[Report]:
    """The HTML pages under `folder`, the newest first."""
    found = [_report(path, folder) for path in folder.rglob("*.html") if path.is_file()]
    return sorted(found, key=lambda report: report.written_at, reverse=True)


def report_file(folder: Path, path: str) -> Path | None:
    """The file at `path` under the reports `folder`; None where it is none that is given out.

    Neither `..`, nor an absolute path, nor a link leads out of the folder.
    """
    home = folder.resolve()
    try:
        file = (home / path).resolve()
        is_there = file.suffix in SHOWN_SUFFIXES and file.is_file()
    except (OSError, ValueError):  # a null byte, or a name that is too long
        return None
    inside = file.is_relative_to(home) and not any(part.startswith(".") for part in file.relative_to(home).parts)
    return file if is_there and inside else None


def _report(path: Path, folder: Path) -> Report:
    note = _note(path.with_name("run.json"))
    written = note.get("written_at")
    moment = datetime.fromisoformat(written) if written else datetime.fromtimestamp(path.stat().st_mtime, UTC)
    relative = path.relative_to(folder)
    return Report(relative.as_posix(), str(relative.with_suffix("")), moment, str(note.get("bundle") or ""))


def _note(path: Path) -> dict[str, Any]:
    """What was written down beside a report; nothing where that cannot be read."""
    try:
        note = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}
