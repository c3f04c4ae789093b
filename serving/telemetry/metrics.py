"""What a replica tells Prometheus: requests, stages, tiers, what was left out, queues, ages, processor time.

One registry a replica, of which `pages` makes one page for all. Knows names of figures, not how they come about.
"""

import threading
import time
from collections.abc import Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Summary,
    disable_created_metrics,
    generate_latest,
    values,
)

from serving.request.trace import RequestTrace

REQUEST_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5)
STAGE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25)

_COUNTERS = {
    "requests": ("metier_requests", "Requests by route and HTTP status.", ("route", "status")),
    "tiers": ("metier_slates", "Slates by surface and tier.", ("surface", "tier")),
    "late": ("metier_late_slates", "Slates that were made after their deadline.", ("surface",)),
    "answers": (
        "metier_answers",
        "Answers by surface and what they are made of: evidence, a model's words, none.",
        ("surface", "outcome"),
    ),
    "degraded": (
        "metier_degraded",
        "What answers did without, and why: it failed, came too late, is stale.",
        ("what", "why"),
    ),
    "unknown": ("metier_unknown_ids", "Ids of feedback that nobody knew.", ("table",)),
    "pushes": ("metier_pushes", "Pushes to the online store.", ("state",)),
    "cpu": ("metier_cpu_seconds", "Processor time of the replica since it serves, all of its work together.", ()),
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
    "served": ("metier_served", "1 for the bundle and release that are served.", ("surface", "bundle", "release")),
    "queue": ("metier_queue_tasks", "Tasks in the threads of a pool or waiting for them.", ("pool",)),
    "queue_bound": ("metier_queue_bound_tasks", "How many of them there may be.", ("pool",)),
    "queue_wait": ("metier_queue_expected_seconds", "Until a task that came now would be done.", ("pool",)),
    "price": ("metier_usd_per_core_hour", "METIER_USD_PER_CORE_HOUR; 0 where no price is set.", ()),
}
"""Figures by the names that the code has for them: Prometheus' name, what it says, its labels."""


class Metrics:
    """Figures of one replica since it started."""

    def __init__(self) -> None:
        _plain()
        self.registry = registry = CollectorRegistry()
        self.counters = {name: Counter(*told, registry=registry) for name, told in _COUNTERS.items()}
        self.gauges = {name: Gauge(*told, registry=registry) for name, told in _GAUGES.items()}
        self._requests = Histogram(
            "metier_request_seconds", "Seconds in the replica.", ("route",), buckets=REQUEST_BUCKETS, registry=registry
        )
        self._stages = Histogram(
            "metier_stage_seconds",
            "Seconds in a stage of a ranking; queue: before its turn came.",
            ("surface", "stage"),
            buckets=STAGE_BUCKETS,
            registry=registry,
        )
        self._slate_cpu = Summary(
            "metier_slate_cpu_seconds",
            "Processor time of a ranking in the threads that worked for it.",
            ("surface",),
            registry=registry,
        )
        self.exploration = Summary(
            "metier_exploration_loss",
            "Share of its discounted score that exploration cost each slate of a surface that explores.",
            ("surface",),
            registry=registry,
        )
        self._reading = threading.Lock()
        self._cpu_read: float | None = None
        self._served: dict[str, tuple[str, str]] = {}

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self.counters["requests"].labels(route, str(status)).inc()
        self._requests.labels(route).observe(seconds)

    def count_slate(self, trace: RequestTrace) -> None:
        """Count a slate, its stages and what it does without."""
        surface = trace.surface
        self.counters["tiers"].labels(surface, trace.tier).inc()
        for stage, begun, ended in trace.took:
            self._stages.labels(surface, stage).observe(ended - begun)
        self._slate_cpu.labels(surface).observe(trace.cpu_ms / 1e3)
        if trace.exploration_loss is not None:
            self.exploration.labels(surface).observe(trace.exploration_loss)
        if trace.remaining_ms < 0:
            self.counters["late"].labels(surface).inc()
        self.count_degraded(trace.causes)

    def count_degraded(self, causes: Iterable[tuple[str, str]]) -> None:
        """Count (what, why) an answer does without."""
        for what, why in causes:
            self.counters["degraded"].labels(what, why).inc()

    def set_served(self, surface: str, bundle: str, release: str) -> None:
        """Note what a surface serves, in place of what it served before."""
        before, now = self._served.get(surface), (bundle, release)
        self.gauges["served"].labels(surface, *now).set(1)
        self._served[surface] = now
        if before not in (None, now):
            self.gauges["served"].remove(surface, *before)

    def text(self) -> str:
        """Prometheus' text format."""
        with self._reading:
            self._count_cpu()
        return generate_latest(self.registry).decode()

    def _count_cpu(self) -> None:
        """Count the process' processor time from the first time on that figures are asked for."""
        now = time.process_time()
        if self._cpu_read is not None:
            self.counters["cpu"].inc(now - self._cpu_read)
        self._cpu_read = now


def _plain() -> None:
    """Have the library keep figures in memory, and no moment of creation beside each, which nobody reads.

    Feast 0.67 sets PROMETHEUS_MULTIPROC_DIR when it is imported: by it the registries of a process share their values.
    """
    values.ValueClass = values.MutexValue
    disable_created_metrics()  # type: ignore[no-untyped-call]
