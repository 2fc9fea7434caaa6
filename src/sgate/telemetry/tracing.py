"""OpenTelemetry traces: one per intent, from the request that creates it to the webhook that reports its payment.

The request and the webhook may be hours apart, in different processes on different machines. The id of a trace is
derived from the intent's id (`trace_id_of`), so it does not have to be stored or passed along: every process can
compute it, and so can an operator who searches for the trace. The intent's id also determines whether a payment is
traced, so that all processes agree.

Tracing is an extra (`sgate[tracing]`) and off by default. When it is off, OpenTelemetry is not loaded, and callers use
None instead of a `Traces`.
"""

import hashlib
import re
import secrets
import time
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING

import msgspec

import sgate

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Link

Attributes = Mapping[str, str | int | float | bool]

NS_PER_S = 1_000_000_000
_INTENT = re.compile(rb'\{"id":"(pi_[0-9a-f]{24})"')
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


class TracingMissing(Exception):
    """The packages for tracing are not installed. Install them with `pip install 'sgate[tracing]'`."""


class SpanIds(msgspec.Struct, frozen=True):
    """The ids of a span and its trace."""

    trace_id: int
    span_id: int

    @property
    def traceparent(self) -> str:
        """The value of the W3C `traceparent` header."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-01"


_chosen: ContextVar[SpanIds | None] = ContextVar("_chosen", default=None)
"""The ids for the span that is being started."""


class _ChosenIds:
    """An OpenTelemetry id generator that returns the ids in `_chosen`."""

    def generate_span_id(self) -> int:
        chosen = _chosen.get()
        return new_span_id() if chosen is None else chosen.span_id

    def generate_trace_id(self) -> int:
        chosen = _chosen.get()
        return secrets.randbits(128) if chosen is None else chosen.trace_id

    def is_trace_id_random(self) -> bool:
        return False


class Traces:
    """Records the spans of payments."""

    def __init__(self, provider: "TracerProvider", sample: float = 1.0) -> None:
        """Create traces.

        Args:
            provider: exports the spans. See `provider_of`.
            sample: fraction of the payments that are traced.
        """
        self._provider = provider
        self._tracer = provider.get_tracer("sgate", sgate.__version__)
        self._below = int(sample * (1 << 64))

    def sampled(self, intent_id: str) -> bool:
        """Return whether this payment is traced."""
        return root_of(intent_id).trace_id & ((1 << 64) - 1) < self._below

    def next_span(self, intent_id: str) -> SpanIds:
        """Return the ids for a span that is about to start. They are passed to `record` when the span has ended."""
        return SpanIds(root_of(intent_id).trace_id, new_span_id())

    def record(
        self, intent_id: str, name: str, seconds: float, attributes: Attributes, *, ids: SpanIds | None = None
    ) -> None:
        """Record a span that has just ended and took `seconds`. An `error` attribute marks the span as failed."""
        if self.sampled(intent_id):
            self._record(intent_id, name, seconds, attributes, ids or self.next_span(intent_id), [])

    def record_create(self, intent_id: str, seconds: float, attributes: Attributes, traceparent: str) -> None:
        """Record the root span: the request that created an intent.

        Args:
            traceparent: the `traceparent` header of the merchant's request. The root span links to the header's span.
                May be empty.
        """
        if self.sampled(intent_id):
            links = links_of(traceparent)
            self._record(intent_id, "payment_intent.create", seconds, attributes, root_of(intent_id), links)

    def close(self) -> None:
        """Send the remaining spans. Blocks until they are sent, but for a few seconds at most."""
        self._provider.shutdown()

    def _record(
        self, intent_id: str, name: str, seconds: float, attributes: Attributes, ids: SpanIds, links: "list[Link]"
    ) -> None:
        from opentelemetry import trace

        root, now_ns = root_of(intent_id), time.time_ns()
        context = None
        if ids != root:
            parent = trace.SpanContext(root.trace_id, root.span_id, is_remote=True, trace_flags=trace.TraceFlags(1))
            context = trace.set_span_in_context(trace.NonRecordingSpan(parent))
        token = _chosen.set(ids)
        try:
            span = self._tracer.start_span(
                name,
                context=context,
                kind=_kind_of(name),
                attributes={"sgate.payment_intent": intent_id, **attributes},
                start_time=now_ns - int(seconds * NS_PER_S),
                links=links,
            )
        finally:
            _chosen.reset(token)
        if "error" in attributes:
            span.set_status(trace.StatusCode.ERROR, str(attributes["error"]))
        span.end(now_ns)


def open_traces(url: str, sample: float) -> Traces:
    """Create traces whose spans a background thread sends to a collector in batches, with OTLP over HTTP.

    Raises:
        TracingMissing: if the `tracing` extra is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise TracingMissing("pip install 'sgate[tracing]'") from None
    return Traces(provider_of(OTLPSpanExporter(endpoint=url), batched=True), sample)


def provider_of(exporter: "SpanExporter", *, batched: bool) -> "TracerProvider":
    """Create an OpenTelemetry provider for `Traces`.

    Args:
        batched: whether to export spans in batches. If False, each span is exported immediately, which is for tests.
    """
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON

    provider = TracerProvider(
        sampler=ALWAYS_ON,  # `Traces.sampled` has already decided
        resource=Resource.create({"service.name": "sgate", "service.version": sgate.__version__}),
        id_generator=_ChosenIds(),  # type: ignore[arg-type] - has the methods of their abstract class
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter) if batched else SimpleSpanProcessor(exporter))
    return provider


def root_of(intent_id: str) -> SpanIds:
    """Return the ids of the root span of an intent's trace. The root span is the request that created the intent."""
    digest = hashlib.sha256(intent_id.encode()).digest()
    return SpanIds(int.from_bytes(digest[:16]), int.from_bytes(digest[16:24]))


def trace_id_of(intent_id: str) -> str:
    """Return the trace id of an intent, as 32 hex digits."""
    return f"{root_of(intent_id).trace_id:032x}"


def new_span_id() -> int:
    """Return a random span id. It is never 0, because 0 means "none"."""
    return secrets.randbits(64) or 1


def intent_in(payload: bytes) -> str | None:
    """Return the id of the payment intent in an event's payload, or None if the payload is another object."""
    found = _INTENT.match(payload)
    return None if found is None else found[1].decode()


def links_of(traceparent: str) -> "list[Link]":
    """Return a link to the span of a W3C `traceparent`. The list is empty if the header is missing or invalid."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None or int(found[1], 16) == 0 or int(found[2], 16) == 0:
        return []
    from opentelemetry import trace

    flags = trace.TraceFlags(int(found[3], 16))
    return [trace.Link(trace.SpanContext(int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=flags))]


def _kind_of(name: str):  # noqa: ANN202 - an OpenTelemetry type, not loaded at import
    from opentelemetry.trace import SpanKind

    return {"payment_intent.create": SpanKind.SERVER, "webhook.attempt": SpanKind.CLIENT}.get(name, SpanKind.INTERNAL)
