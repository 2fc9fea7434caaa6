"""One trace per payment: from the request that creates the intent to the webhook that reports payment."""

import http.server
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import sgate
from api.serving import SHOP, serving
from sgate.runtime import factories, instrumentation
from sgate.settings.settings import SettingsError, load
from sgate.telemetry import tracing
from sgate.telemetry.tracing import Traces, intent_in, links_of, open_traces, provider_of, root_of, trace_id_of
from sgate.workers.watcher.watcher import Watcher
from workers.webhooks.outbox import deliverer_on
from workers.webhooks.receiver import Receiver, response

MERCHANTS_SPAN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
INTENT = "pi_" + "0a" * 12


class Traced:
    """Traces that stay in memory."""

    def __init__(self, sample=1.0):
        self._exporter = InMemorySpanExporter()
        self.traces = Traces(provider_of(self._exporter, batched=False), sample)

    @property
    def spans(self):
        return self._exporter.get_finished_spans()

    def named(self, name):
        return [span for span in self.spans if span.name == name]


async def pay_for_something(app, traced):
    """Create an intent, pay it and let all roles process it. Returns (intent, webhooks)."""
    gateway, merchant = app.gateway, await app.merchant()
    await merchant.patch("/v1/merchants/me", {"pay_address": SHOP})
    watcher = Watcher(
        pool=gateway.pool,
        source=gateway.chains[False].source,
        mode=gateway.modes[False],
        environment=gateway.environment,
        observe=instrumentation.of_decisions(gateway.metrics, gateway.modes, time.time, traced.traces),
        observe_payments=instrumentation.of_payments(traced.traces),
    )
    async with (
        Receiver(response(500), response(200)) as receiver,
        deliverer_on(gateway.pool, cipher=gateway.cipher, traces=traced.traces) as deliverer,
    ):
        await merchant.post("/v1/webhook_endpoints", {"url": receiver.url})
        await watcher.run_once()
        intent = await merchant.create(headers={"traceparent": MERCHANTS_SPAN})
        await deliverer.run_once()
        await app.pay(intent)
        for _ in range(3):  # overlapping blocks are read again, which must not record known payments twice
            await watcher.run_once()
        while (await deliverer.run_once()).claimed:
            pass
        return intent, receiver.received


async def test_a_payment_is_one_trace_from_request_to_webhook(database_url, tmp_path):
    traced = Traced()
    async with serving(database_url, tmp_path, traces=traced.traces) as app:
        intent, received = await pay_for_something(app, traced)
    assert {f"{span.context.trace_id:032x}" for span in traced.spans} == {trace_id_of(intent["id"])}
    [root] = traced.named("payment_intent.create")
    assert (root.parent, root.kind) == (None, SpanKind.SERVER)
    assert {span.parent.span_id for span in traced.spans if span is not root} == {root.context.span_id}
    [recorded], decided = traced.named("watcher.record"), traced.named("ledger.decide")
    assert recorded.attributes["sgate.amount_sats"] == intent["amount_sats"]
    assert "payment_intent.succeeded" in decided[-1].attributes["sgate.events"].split()
    assert root.start_time < recorded.start_time < decided[-1].start_time
    sent = [message.headers["traceparent"] for message in received]
    attempts = traced.named("webhook.attempt")
    assert sorted(sent) == sorted(f"00-{trace_id_of(intent['id'])}-{span.context.span_id:016x}-01" for span in attempts)
    assert {json.loads(message.body)["type"] for message in received} >= {
        "payment_intent.created",
        "payment_intent.succeeded",
    }
    assert attempts[0].status.status_code is StatusCode.ERROR
    assert attempts[0].attributes["http.response.status_code"] == 500
    assert attempts[-1].status.status_code is StatusCode.UNSET


async def test_the_merchants_own_trace_is_linked(database_url, tmp_path):
    traced = Traced()
    async with serving(database_url, tmp_path, traces=traced.traces) as app:
        merchant = await app.merchant()
        await merchant.create(headers={"traceparent": MERCHANTS_SPAN})
        await merchant.create(headers={"traceparent": "nonsense"})
    first, second = traced.named("payment_intent.create")
    [link] = first.links
    assert f"{link.context.trace_id:032x}" in MERCHANTS_SPAN
    assert f"{link.context.span_id:016x}" in MERCHANTS_SPAN
    assert second.links == ()


async def test_without_traces_a_webhook_carries_none(database_url, tmp_path):
    async with serving(database_url, tmp_path) as app, Receiver() as receiver:
        merchant = await app.merchant()
        await merchant.post("/v1/webhook_endpoints", {"url": receiver.url})
        await merchant.create()
        async with deliverer_on(app.gateway.pool, cipher=app.gateway.cipher) as deliverer:
            await deliverer.run_once()
    [message] = receiver.received
    assert "traceparent" not in message.headers


def test_our_modules_do_not_load_opentelemetry_unless_tracing_is_on():
    """Not the whole program is checked, because the Redis client loads OpenTelemetry if it is installed."""
    ours = "sgate.telemetry.tracing, sgate.workers.webhooks.deliverer, sgate.runtime.instrumentation"
    program = f"import sys, {ours}; sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    sources = str(Path(sgate.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": sources}, check=False)
    assert done.returncode == 0


def test_all_processes_agree_on_which_payments_are_traced():
    intents = [f"pi_{number:024x}" for number in range(400)]
    some, same = Traced(0.25), Traced(0.25)
    chosen = [intent for intent in intents if some.traces.sampled(intent)]
    assert chosen == [intent for intent in intents if same.traces.sampled(intent)]
    assert 60 < len(chosen) < 140
    assert not any(Traced(0.0).traces.sampled(intent) for intent in intents)
    assert all(Traced(1.0).traces.sampled(intent) for intent in intents)
    nothing = Traced(0.0)
    nothing.traces.record(INTENT, "ledger.decide", 0.1, {})
    nothing.traces.record_create(INTENT, 0.1, {}, "")
    assert nothing.spans == ()


def test_the_ids_are_never_those_that_mean_none():
    for number in range(100):
        root = root_of(f"pi_{number:024x}")
        assert root.trace_id
        assert root.span_id
        assert tracing.new_span_id()


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "00",
        MERCHANTS_SPAN[:-1],
        MERCHANTS_SPAN.upper(),
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{'1' * 32}-{'0' * 16}-01",
    ],
)
def test_what_is_no_traceparent_links_to_nothing(traceparent):
    assert links_of(traceparent) == []


@pytest.mark.parametrize(
    ("payload", "intent"),
    [
        (b'{"id":"%s","object":"payment_intent"}' % INTENT.encode(), INTENT),
        (b'{"id":"pay_%s","payment_intent":"%s"}' % (b"0a" * 12, INTENT.encode()), None),
        (b"", None),
        (b'{"id":"pi_0"}', None),
    ],
)
def test_only_events_about_an_intent_belong_to_a_payment(payload, intent):
    assert intent_in(payload) == intent


class Collector(http.server.ThreadingHTTPServer):
    """Receives spans like an OpenTelemetry collector."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Collecting)
        self.spans = []
        self.url = f"http://127.0.0.1:{self.server_port}/v1/traces"

    def __enter__(self):
        self._thread = threading.Thread(target=self.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Collecting(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
        for resource in body.resource_spans:
            for scope in resource.scope_spans:
                self.server.spans += scope.spans
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_spans_reach_a_collector_by_the_time_the_process_ends():
    with Collector() as collector:
        traces = open_traces(collector.url, 1.0)
        traces.record(INTENT, "ledger.decide", 0.5, {"sgate.status": "confirmed"})
        traces.close()
    [span] = collector.spans
    assert (span.name, span.trace_id.hex()) == ("ledger.decide", trace_id_of(INTENT))
    assert span.end_time_unix_nano - span.start_time_unix_nano == 500_000_000


def test_tracing_without_its_extra_is_refused_in_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    settings = load(_env_file=None, traces_url="http://127.0.0.1:4318/v1/traces")
    with pytest.raises(SettingsError, match=r"SGATE_TRACES_URL: .*pip install 'sgate\[tracing\]'"):
        factories.traces_of(settings)
