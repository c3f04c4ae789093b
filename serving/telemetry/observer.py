"""Sees every request that a replica answered: counts it, traces it, and writes a line where it is of note.

Knows no route and no stage.
"""

from typing import TYPE_CHECKING, Any

from metier.settings import Settings
from serving.access.quiet_logs import masking
from serving.request.trace import Arrival
from serving.telemetry.answered import REQUEST_ID, Answered
from serving.telemetry.lines import RequestLines
from serving.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from serving.telemetry.spans import Spans


class Observer:
    """Of one replica; counts from the start, and writes and traces once it is opened."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.names_requests = True
        """Whether answers are given their request's id here; Ray Serve gives it by itself."""
        self._lines: RequestLines | None = None
        self._spans: Spans | None = None

    def open(self, settings: Settings) -> None:
        """Begin to write lines, and to trace where the settings say where to."""
        self.metrics.gauges["price"].set(settings.usd_per_core_hour)
        self._lines = RequestLines(settings.logs, masking(settings))
        if settings.traces_url:
            from serving.telemetry.spans import Spans  # its exporter, for those who use it

            self._spans = Spans(settings.traces_url, settings.traces_share)

    def close(self) -> None:
        """Write and send what waits, as far as that takes seconds."""
        if self._spans is not None:
            self._spans.close()
        if self._lines is not None:
            self._lines.close()

    def named(self, start: Any, arrival: Arrival) -> Any:
        """The start of an answer, an ASGI message, with the id of its request."""
        if not self.names_requests:
            return start
        return {**start, "headers": [*start.get("headers", ()), (REQUEST_ID, arrival.request_id.encode())]}

    def see(self, answered: Answered) -> None:
        """Count an answered request, and tell of it."""
        self.metrics.count_request(answered.route, answered.status, answered.seconds)
        trace_id = None if self._spans is None else self._spans.add(answered)
        if self._lines is not None and (of_note := answered.of_note):
            self._lines.write(answered, of_note, trace_id)
