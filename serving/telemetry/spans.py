"""Requests as OpenTelemetry traces, sent by OTLP over HTTP: a span a request, and in it one a stage.

They are made once a request is answered, from what its trace noted; a thread of the SDK sends them, and what it cannot
send in time is dropped. Knows no stage by name.
"""

import time

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, Status, StatusCode, format_trace_id, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from serving.telemetry.answered import TRACEPARENT, Answered

TIMEOUT_SECONDS = 2.0
"""Longest wait for the receiver of one batch, repetitions included."""
MOST_WAITING, MOST_AT_ONCE = 1_024, 512
"""Spans that wait to be sent, and those of a batch: at the end all are sent in three waits at most."""
EVERY_MS = 1_000.0
TRACED = "/v1/"
"""Beginning of the routes that are traced: no probe and no page."""


class Spans:
    """Sends traces of one replica to `url` until it is closed.

    Of requests that come with a trace those are sent whose caller samples them, of the others a `share`.
    """

    def __init__(self, url: str, share: float) -> None:
        sampler = ParentBased(TraceIdRatioBased(share))
        resource = Resource({SERVICE_NAME: "metier"})
        self._provider = TracerProvider(sampler, resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(url, timeout=TIMEOUT_SECONDS)
        self._provider.add_span_processor(
            BatchSpanProcessor(
                exporter,
                max_queue_size=MOST_WAITING,
                max_export_batch_size=MOST_AT_ONCE,
                schedule_delay_millis=EVERY_MS,
            )
        )
        self._tracer = self._provider.get_tracer("metier")

    def add(self, answered: Answered) -> str | None:
        """Send a request's spans soon; the id of its trace, None where it is not sampled."""
        if not answered.route.startswith(TRACED):
            return None
        parent = TraceContextTextMapPropagator().extract({TRACEPARENT.decode(): answered.arrival.traceparent or ""})
        epoch = time.time() - time.perf_counter()
        span = self._tracer.start_span(
            f"{answered.method} {answered.route}",
            parent,
            SpanKind.SERVER,
            start_time=_nanoseconds(epoch + answered.arrival.at),
        )
        if not span.is_recording():
            return None
        span.set_attributes(attributes_of(answered))
        if answered.status >= 500:
            span.set_status(Status(StatusCode.ERROR, type(answered.error).__name__ if answered.error else None))
        within = set_span_in_context(span, parent)
        for stage, begun, ended in answered.trace.took if answered.trace else ():
            child = self._tracer.start_span(stage, within, start_time=_nanoseconds(epoch + begun))
            child.end(_nanoseconds(epoch + ended))
        span.end(_nanoseconds(epoch + answered.ended))
        return format_trace_id(span.get_span_context().trace_id)

    def close(self) -> None:
        """Send what waits, as far as the receiver takes it in time, and end the thread."""
        self._provider.shutdown()


def attributes_of(answered: Answered) -> dict[str, AttributeValue]:
    """What a request's span says of it, without what was asked and who asked."""
    attributes: dict[str, AttributeValue] = {
        "http.request.method": answered.method,
        "http.route": answered.route,
        "http.response.status_code": answered.status,
        "metier.request_id": answered.arrival.request_id,
    }
    trace = answered.trace
    if trace is None:
        return attributes
    return attributes | {
        "metier.deadline_ms": trace.deadline_ms,
        "metier.surface": trace.surface,
        "metier.tier": trace.tier,
        "metier.candidates": trace.candidates,
        "metier.degraded": [f"{what}: {cause}" for what, cause in trace.causes],
    }


def _nanoseconds(seconds: float) -> int:
    return round(1e9 * seconds)
