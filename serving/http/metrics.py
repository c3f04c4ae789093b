"""What a replica tells Prometheus: requests, latency, tiers, degradations, and the state of its event log.

One registry a replica; knows names of figures, not how they come about.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """Figures of one replica since it started."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "metier_requests", "Requests by route and HTTP status.", ("route", "status"), registry=self.registry
        )
        self.latency = Histogram(
            "metier_request_seconds",
            "Seconds in the replica.",
            ("route",),
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.tiers = Counter(
            "metier_slates", "Slates by surface and tier.", ("surface", "tier"), registry=self.registry
        )
        self.degraded = Counter("metier_degraded", "What slates did without.", ("what",), registry=self.registry)
        self.events = Gauge(
            "metier_event_log_events", "Events written, failed and dropped.", ("state",), registry=self.registry
        )
        self.pushes = Counter("metier_pushes", "Pushes to the online store.", ("state",), registry=self.registry)
        self.sequence = Gauge("metier_changes_sequence", "Newest change that is served.", registry=self.registry)
        self.behind = Gauge(
            "metier_changes_behind_seconds", "Since the change log was read to its end.", registry=self.registry
        )
        self.changed = Gauge(
            "metier_changed_candidates", "Candidates changed since the release.", ("surface",), registry=self.registry
        )
        self.age = Gauge(
            "metier_candidates_age_seconds", "Age of the served candidates.", ("surface",), registry=self.registry
        )
        self.view_age = Gauge(
            "metier_view_age_seconds",
            "Age of the candidates' values, by feature view.",
            ("surface", "view"),
            registry=self.registry,
        )
        self.view_limit = Gauge(
            "metier_view_limit_seconds",
            "Age from which on a view counts as stale.",
            ("surface", "view"),
            registry=self.registry,
        )

    def text(self) -> bytes:
        """Prometheus' text format."""
        return generate_latest(self.registry)
