"""What replicas tell Prometheus: requests, latency, tiers, degradations, and the state of their event logs.

One registry a replica, and one page for all: each leaves its figures in a file, and whoever is asked gives every
replica's, told apart by the label `replica`. A new process is a new replica, so no counter ever falls. Knows names of
figures, not how they come about.
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families

FILE = "metrics.prom"
EVERY_SECONDS = 2.0
"""How often a replica leaves its figures."""
STALE_SECONDS = 10.0
"""Figures that are older are of a replica that ended."""
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5)


_COUNTERS = {
    "requests": ("metier_requests", "Requests by route and HTTP status.", ("route", "status")),
    "tiers": ("metier_slates", "Slates by surface and tier.", ("surface", "tier")),
    "answers": (
        "metier_answers",
        "Answers by surface and what they are made of: evidence, a model's words, none.",
        ("surface", "outcome"),
    ),
    "degraded": ("metier_degraded", "What slates did without.", ("what",)),
    "unknown": ("metier_unknown_ids", "Ids of feedback that nobody knew.", ("table",)),
    "pushes": ("metier_pushes", "Pushes to the online store.", ("state",)),
}
_GAUGES = {
    "model_requests": (
        "metier_llm_requests",
        "Requests to the language model by who asked and what came of them.",
        ("caller", "outcome"),
    ),
    "model_tokens": (
        "metier_llm_tokens",
        "Tokens that the language model read and wrote, by who asked.",
        ("caller", "direction"),
    ),
    "model_cost": ("metier_llm_cost_usd", "What that cost, by METIER_LLM_USD_PER_MILLION_*.", ("caller",)),
    "events": ("metier_event_log_events", "Events written, failed and dropped.", ("state",)),
    "sequence": ("metier_changes_sequence", "Newest change that is served.", ()),
    "behind": ("metier_changes_behind_seconds", "Since the change log was read to its end.", ()),
    "changed": ("metier_changed_candidates", "Candidates changed since the release.", ("surface",)),
    "age": ("metier_candidates_age_seconds", "Age of the served candidates.", ("surface",)),
    "view_age": ("metier_view_age_seconds", "Age of the candidates' values, by feature view.", ("surface", "view")),
    "view_limit": ("metier_view_limit_seconds", "Age from which on a view counts as stale.", ("surface", "view")),
}
"""Figures by the names that the code has for them: Prometheus' name, what it says, its labels."""


class Metrics:
    """Figures of one replica since it started."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.counters = {name: Counter(*told, registry=self.registry) for name, told in _COUNTERS.items()}
        self.gauges = {name: Gauge(*told, registry=self.registry) for name, told in _GAUGES.items()}
        self.latency = Histogram(
            "metier_request_seconds",
            "Seconds in the replica.",
            ("route",),
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )

    def text(self) -> str:
        """Prometheus' text format."""
        return generate_latest(self.registry).decode()


def leave(folder: Path, text: str) -> None:
    """Put a replica's figures where the others find them."""
    written = folder / f".{FILE}"
    written.write_text(text)
    os.replace(written, folder / FILE)


def others(folder: Path) -> dict[str, str]:
    """Figures of the other replicas that run beside the one of `folder`, by the names of their folders."""
    texts: dict[str, str] = {}
    for path in folder.parent.glob(f"*/{FILE}"):
        with suppress(FileNotFoundError):  # it ended this moment
            if path.parent != folder and time.time() - path.stat().st_mtime < STALE_SECONDS:
                texts[path.parent.name] = path.read_text()
    return texts


def page_of(texts: Mapping[str, str]) -> bytes:
    """One page of the figures of replicas, each sample with its replica."""
    families: dict[str, Metric] = {}
    for replica, text in texts.items():
        for family in text_string_to_metric_families(text):
            kept = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            samples = (sample._replace(labels={**sample.labels, "replica": replica}) for sample in family.samples)
            kept.samples.extend(samples)
    return generate_latest(_Families(families.values()))


class _Families(CollectorRegistry):
    """A registry of metrics that were collected elsewhere."""

    def __init__(self, families: Iterable[Metric]) -> None:
        super().__init__()
        self._families = families

    def collect(self) -> Iterator[Metric]:
        return iter(self._families)
