"""One page of figures for all replicas of a home: each leaves its own in a file, and whoever is asked gives them all.

Samples are told apart by the label `replica`. A new process is a new replica, so no counter ever falls. What a replica
counted stays on the page for a while after it ended, until it was surely read; its gauges, which say how it is, go.
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families

SUFFIX = ".prom"
EVERY_SECONDS = 2.0
"""How often a replica leaves its figures."""
STALE_SECONDS = 10.0
"""Figures that are older are of a replica that ended."""
KEPT_SECONDS = 900.0
"""How long its counters stay: longer than anybody waits between two looks."""


def leave(folder: Path, replica: str, text: str) -> None:
    """Put a replica's figures where the others find them, and remove those that nobody asks for any more."""
    written = folder / f".{replica}{SUFFIX}"
    written.write_text(text)
    os.replace(written, folder / f"{replica}{SUFFIX}")
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(FileNotFoundError):  # another replica was first
            if _age(path) > KEPT_SECONDS:
                path.unlink()


def leave_last(folder: Path, replica: str, text: str) -> None:
    """As `leave`, for a replica that ends: what it counted."""
    families: dict[str, Metric] = {}
    _add(families, text, {}, of_ended=True)
    leave(folder, replica, generate_latest(_Families(families.values())).decode())


def page_of(folder: Path, replica: str, text: str) -> bytes:
    """The figures of all replicas that left theirs in `folder`; of the one that is asked, `text`."""
    families: dict[str, Metric] = {}
    _add(families, text, {"replica": replica}, of_ended=False)
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with suppress(FileNotFoundError):  # it was removed this moment
            if path.stem != replica and (age := _age(path)) < KEPT_SECONDS:
                _add(families, path.read_text(), {"replica": path.stem}, of_ended=age > STALE_SECONDS)
    return generate_latest(_Families(families.values()))


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _add(families: dict[str, Metric], text: str, labels: Mapping[str, str], of_ended: bool) -> None:
    """Add the samples of `text` with more labels; of a replica that ended no gauges."""
    for family in text_string_to_metric_families(text):
        if of_ended and family.type == "gauge":
            continue
        kept = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
        samples = (sample._replace(labels={**sample.labels, **labels}) for sample in family.samples)
        kept.samples.extend(samples)


class _Families(CollectorRegistry):
    """A registry of metrics that were collected elsewhere."""

    def __init__(self, families: Iterable[Metric]) -> None:
        super().__init__()
        self._families = families

    def collect(self) -> Iterator[Metric]:
        return iter(self._families)
