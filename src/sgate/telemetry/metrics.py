"""Prometheus metrics. docs/metrics.md is generated from this module.

Names follow the conventions of Prometheus: base units, and `_total` for counters. Some metrics are timestamps instead
of ages, because an age would stop growing if the process that reports it died.
"""

import math

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

import sgate

LATENCY_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STATEMENT_BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
CONFIRMATION_BUCKETS_S = (1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 14_400.0)
"""From seconds (one Stacks block) to hours (several Bitcoin blocks)."""

_UNITS = ("seconds", "bytes", "sats", "blocks")


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """The documentation of a metric. `name` is the metric's name in Prometheus."""

    section: str
    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str

    @property
    def unit(self) -> str:
        """The unit, which is part of the metric's name. Empty for plain numbers."""
        return next((unit for unit in _UNITS if unit in self.name.split("_")), "")


class Metrics:
    """All metrics of a process. There is one instance per process, which is passed to the code that updates it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.described: list[Described] = []
        self._section = ""
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._build()
        self._requests()
        self._payments()
        self._webhooks()
        self._chain()
        self._database()
        self._shared()

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def names(self) -> set[str]:
        """Return the names of all series that can be queried, including those of the client library."""
        names = {sample.name for family in self.registry.collect() for sample in family.samples}
        for metric in self.described:
            ends = ("", "_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",)
            names |= {metric.name + end for end in ends}
        return names

    # --- the metrics

    def _build(self) -> None:
        self._section = "The process"
        build = self._gauge("sgate_build_info", "Always 1; the label is the running version.", "version")
        build.labels(sgate.__version__).set(1)
        self.worker_failures = self._counter(
            "sgate_worker_failures",
            "Unexpected errors that interrupted a worker, which then started again. Any increase means a bug in sGate.",
            "worker",
        )

    def _requests(self) -> None:
        self._section = "Requests"
        self.requests = self._counter(
            "sgate_http_requests",
            "HTTP requests answered; `route` is the URL pattern.",
            "method",
            "route",
            "status",
        )
        self.request_seconds = self._histogram(
            "sgate_http_request_seconds",
            "Time to answer an HTTP request. For a route that ends in `(stream)`, the lifetime of the stream.",
            LATENCY_BUCKETS_S,
            "method",
            "route",
        )
        self.errors = self._counter("sgate_errors", "Error responses, by code (see docs/errors.md).", "code")
        self.failed_authentications = self._counter(
            "sgate_failed_authentications", "Requests refused for lack of a valid API key."
        )
        self.streams_open = self._gauge("sgate_streams_open", "Open streams of server-sent events.")
        self.public_views = self._counter(
            "sgate_public_views",
            "Public views served, from memory (hit) or from the database (miss).",
            "outcome",
        )
        self.redis_up = self._gauge("sgate_redis_up", "1 while rate limits are shared through Redis, otherwise 0.")
        self.limit_fallbacks = self._counter(
            "sgate_rate_limit_fallbacks", "Calls counted within this process because Redis was unavailable."
        )

    def _payments(self) -> None:
        self._section = "Payments"
        self.intents_created = self._counter("sgate_payment_intents_created", "Payment intents created.", "mode")
        self.intents_decided = self._counter(
            "sgate_ledger_decisions", "Decisions that the watcher's ledger made about payment intents.", "mode"
        )
        self.intents_undecided = self._counter(
            "sgate_ledger_undecided",
            "Failed decisions about payment intents, each postponed by a minute. Any increase means a bug in sGate.",
            "mode",
        )
        self.announced = self._counter(
            "sgate_payment_events",
            "Events announced about payment intents, by type, such as `payment_intent.succeeded`.",
            "mode",
            "type",
        )
        self.confirmed_sats = self._counter(
            "sgate_confirmed_sats", "Volume: amounts received by payment intents when first confirmed.", "mode"
        )
        self.confirmation_seconds = self._histogram(
            "sgate_payment_confirmation_seconds",
            "Time from the block that includes an intent's last payment to the decision that confirms the intent.",
            CONFIRMATION_BUCKETS_S,
            "mode",
        )
        self.rate_calls = self._counter(
            "sgate_exchange_rate_calls",
            "Requests to price sources: answered, failed, or skipped while cooling down after a failure.",
            "source",
            "outcome",
        )
        self.rate_age = self._gauge(
            "sgate_exchange_rate_age_seconds", "Age of the exchange rate in use; NaN without one."
        )

    def _webhooks(self) -> None:
        self._section = "Webhooks"
        self.webhook_attempts = self._counter(
            "sgate_webhook_attempts",
            "Attempts by outcome: delivered, retried (will be retried), or failed (given up).",
            "outcome",
        )
        self.webhook_seconds = self._histogram(
            "sgate_webhook_attempt_seconds", "Duration of an attempt.", LATENCY_BUCKETS_S
        )
        self.webhook_wait_seconds = self._histogram(
            "sgate_webhook_first_attempt_wait_seconds",
            "Time from the commit that made a delivery due to its first attempt.",
            LATENCY_BUCKETS_S,
        )

    def _chain(self) -> None:
        self._section = "The chain"
        self.chain_calls = self._counter(
            "sgate_chain_calls",
            "Calls to the chain's API; `status` is `none` if there was no response.",
            "mode",
            "endpoint",
            "status",
        )
        self.chain_call_seconds = self._histogram(
            "sgate_chain_call_seconds", "Duration of a call to the chain's API.", LATENCY_BUCKETS_S, "mode"
        )
        self.chain_calls_left = self._gauge(
            "sgate_chain_calls_left", "Calls left in this month's budget.", "mode", "api"
        )
        self.chain_calls_budget = self._gauge("sgate_chain_calls_budget", "Monthly budget of calls.", "mode", "api")
        self.chain_behind = self._gauge(
            "sgate_chain_behind_blocks", "Known blocks above the scanned height, as seen by the leader.", "mode"
        )
        self.chain_height = self._gauge("sgate_chain_scanned_height", "Height of the scanned tip.", "mode")
        self.chain_reorgs = self._counter("sgate_chain_reorgs", "Reorganizations seen.", "mode")
        self.leading = self._gauge(
            "sgate_watcher_leading", "1 while this process is the leader, 0 while it is on standby.", "mode"
        )

    def _database(self) -> None:
        self._section = "The database"
        self.pool_connections = self._gauge(
            "sgate_database_pool_connections", "Pooled connections by state: used, idle.", "state"
        )
        self.pool_limit = self._gauge("sgate_database_pool_limit", "Maximum size of this process's pool.")
        self.statement_seconds = self._histogram(
            "sgate_database_statement_seconds",
            "Duration of a statement, from sending it to receiving its last row; `table` is the `store` module that "
            "defines it, or `transaction` (such as BEGIN or COMMIT), or `other`.",
            STATEMENT_BUCKETS_S,
            "table",
        )
        self.slow_statements = self._counter(
            "sgate_database_slow_statements", "Statements that took 50 ms or more, by name.", "statement"
        )
        self.database_errors = self._counter(
            "sgate_database_errors",
            "Statements that failed: disk_full, timeout, conflict, read_only, away, resources, constraint, other. Some "
            "conflicts and constraint violations are expected and handled.",
            "kind",
        )
        self.replica_lag = self._gauge(
            "sgate_database_replica_lag_seconds", "Lag of the read replica; NaN without one."
        )
        self.replica_lag.set(math.nan)

    def _shared(self) -> None:
        """Metrics that maintenance workers read from the database.

        All workers report the same numbers, so a query should take the maximum.
        """
        self._section = "The whole deployment"
        self.surveyed_at = self._gauge(
            "sgate_survey_timestamp_seconds", "When the metrics of this section were last read, Unix time."
        )
        self.queue_due = self._gauge("sgate_webhook_queue_due", "Deliveries due to be sent (counted up to 100,000).")
        self.queue_age = self._gauge("sgate_webhook_queue_age_seconds", "How long the oldest due delivery has waited.")
        self.queue_held = self._gauge(
            "sgate_webhook_queue_held",
            "Deliveries held back until their endpoint is enabled or catches up (counted up to 100,000).",
        )
        self.endpoints = self._gauge("sgate_webhook_endpoints", "Endpoints by state: well, failing, disabled.", "state")
        self.endpoints_disabled = self._gauge(
            "sgate_webhook_endpoints_disabled_last_hour", "Endpoints that were disabled within the last hour."
        )
        self.endpoints_without_key = self._gauge(
            "sgate_webhook_endpoints_without_key",
            "Endpoints whose secret no key in SGATE_SECRET_KEYS can decrypt; nothing is sent to them.",
        )
        self.ledger_queue = self._gauge("sgate_ledger_queue", "Payment intents waiting for a decision.", "mode")
        self.ledger_queue_age = self._gauge(
            "sgate_ledger_queue_age_seconds", "How long the oldest payment intent in the queue has waited.", "mode"
        )
        self.chain_scanned_at = self._gauge(
            "sgate_chain_scanned_block_timestamp_seconds", "Block time of the scanned tip, Unix time.", "mode"
        )
        self.chain_checked_at = self._gauge(
            "sgate_chain_checked_timestamp_seconds",
            "When a watcher last polled the chain, successfully or not, Unix time.",
            "mode",
        )
        self.chain_failing = self._gauge(
            "sgate_chain_trouble", "1 while the chain cannot be followed; /health says why.", "mode"
        )
        self.chain_disagreeing = self._gauge(
            "sgate_chain_sources_disagree",
            "1 while the configured API servers disagree, as of the last hourly comparison.",
            "mode",
        )
        self.database_bytes = self._gauge("sgate_database_size_bytes", "Size of the database.")
        self.merchants_active = self._gauge(
            "sgate_merchants_active", "Merchants that created a payment intent in the last 24 hours.", "mode"
        )
        self.merchants = self._gauge("sgate_merchants", "Merchants, by mode.", "mode")

    # --- constructors

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        self._describe(f"{name}_total", "counter", meaning, labels)
        return Counter(name, meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        self._describe(name, "gauge", meaning, labels)
        return Gauge(name, meaning, labels, registry=self.registry)

    def _histogram(self, name: str, meaning: str, buckets_s: tuple[float, ...], *labels: str) -> Histogram:
        self._describe(name, "histogram", meaning, labels)
        return Histogram(name, meaning, labels, buckets=buckets_s, registry=self.registry)

    def _describe(self, name: str, kind: str, meaning: str, labels: tuple[str, ...]) -> None:
        self.described.append(Described(section=self._section, name=name, kind=kind, labels=labels, meaning=meaning))


def mode_name(livemode: bool) -> str:
    """Return the label of a mode, `live` or `test`."""
    return "live" if livemode else "test"
