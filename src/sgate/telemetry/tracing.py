"""OpenTelemetry traces: one per payment, from the request that makes the intent to the webhook that tells of the money.

Hours may lie between the two, and other processes, other machines. So that nothing has to be stored or handed on, a
trace's id is made from the intent's: every process knows it, and so does whoever looks for a payment's trace
(`trace_id_of`). Which payments are traced follows from the id too, so that all processes agree.

This is an extra (`sgate[tracing]`) and off by default; then nothing here is loaded, and callers hold None.
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
    """The packages for tracing are not installed: pip install 'sgate[tracing]'."""


class SpanIds(msgspec.Struct, frozen=True):
    """Where a span stands: in which trace, under which id."""

    trace_id: int
    span_id: int

    @property
    def traceparent(self) -> str:
        """As the W3C header of that name."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-01"


_chosen: ContextVar[SpanIds | None] = ContextVar("_chosen", default=None)
"""The ids of the span that is being made."""


class _ChosenIds:
    """OpenTelemetry's way to say which ids spans get."""

    def generate_span_id(self) -> int:
        chosen = _chosen.get()
        return new_span_id() if chosen is None else chosen.span_id

    def generate_trace_id(self) -> int:
        chosen = _chosen.get()
        return secrets.randbits(128) if chosen is None else chosen.trace_id

    def is_trace_id_random(self) -> bool:
        return False


class Traces:
    """Where spans of payments go."""

    def __init__(self, provider: "TracerProvider", sample: float = 1.0) -> None:
        """`provider`: made by `provider_of`. `sample`: the share of payments that are traced."""
        self._provider = provider
        self._tracer = provider.get_tracer("sgate", sgate.__version__)
        self._below = int(sample * (1 << 64))

    def sampled(self, intent_id: str) -> bool:
        """Whether this payment is traced."""
        return root_of(intent_id).trace_id & ((1 << 64) - 1) < self._below

    def next_span(self, intent_id: str) -> SpanIds:
        """The ids of a span that is about to begin, for `record` when it has ended."""
        return SpanIds(root_of(intent_id).trace_id, new_span_id())

    def record(
        self, intent_id: str, name: str, seconds: float, attributes: Attributes, *, ids: SpanIds | None = None
    ) -> None:
        """Record what ended just now and took `seconds`. An attribute `error` marks it failed."""
        if self.sampled(intent_id):
            self._record(intent_id, name, seconds, attributes, ids or self.next_span(intent_id), [])

    def record_create(self, intent_id: str, seconds: float, attributes: Attributes, traceparent: str) -> None:
        """Record the request that made an intent: the root. `traceparent`: what the merchant's request carried, or
        nothing; the two traces are linked.
        """
        if self.sampled(intent_id):
            links = links_of(traceparent)
            self._record(intent_id, "payment_intent.create", seconds, attributes, root_of(intent_id), links)

    def close(self) -> None:
        """Send what is still here. Blocks for as long as that takes, a few seconds at most."""
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
    """Traces that go to a collector, by OTLP over HTTP, a few seconds late and from a thread of their own.

    Raises:
        TracingMissing: if the extra is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise TracingMissing("pip install 'sgate[tracing]'") from None
    return Traces(provider_of(OTLPSpanExporter(endpoint=url), batched=True), sample)


def provider_of(exporter: "SpanExporter", *, batched: bool) -> "TracerProvider":
    """An OpenTelemetry provider for `Traces`. `batched` off sends each span at once, as tests want it."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON

    provider = TracerProvider(
        sampler=ALWAYS_ON,  # `Traces.sampled` has decided before
        resource=Resource.create({"service.name": "sgate", "service.version": sgate.__version__}),
        id_generator=_ChosenIds(),  # type: ignore[arg-type] - their class is abstract; this has its methods
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter) if batched else SimpleSpanProcessor(exporter))
    return provider


def root_of(intent_id: str) -> SpanIds:
    """The root of an intent's trace: the request that made it."""
    digest = hashlib.sha256(intent_id.encode()).digest()
    return SpanIds(int.from_bytes(digest[:16]), int.from_bytes(digest[16:24]))


def trace_id_of(intent_id: str) -> str:
    """Under what to look for a payment's trace: 32 hex."""
    return f"{root_of(intent_id).trace_id:032x}"


def new_span_id() -> int:
    """Never 0, which means none."""
    return secrets.randbits(64) or 1


def intent_in(payload: bytes) -> str | None:
    """The id of the payment intent that an event's object is, or None if it is something else."""
    found = _INTENT.match(payload)
    return None if found is None else found[1].decode()


def links_of(traceparent: str) -> "list[Link]":
    """A link to the span that a W3C `traceparent` names; none if it names none."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None or int(found[1], 16) == 0 or int(found[2], 16) == 0:
        return []
    from opentelemetry import trace

    flags = trace.TraceFlags(int(found[3], 16))
    return [trace.Link(trace.SpanContext(int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=flags))]


def _kind_of(name: str):  # noqa: ANN202 - a kind of OpenTelemetry, which is not loaded when this is read
    from opentelemetry.trace import SpanKind

    return {"payment_intent.create": SpanKind.SERVER, "webhook.attempt": SpanKind.CLIENT}.get(name, SpanKind.INTERNAL)
