"""Prometheus metrics. Names follow the conventions: base units, `_total` for counters."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

LATENCY_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Metrics:
    """Every metric of a process. One instance per process, handed to whoever counts."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.requests = Counter(
            "sgate_http_requests", "HTTP requests answered.", ("method", "route", "status"), registry=registry
        )
        self.request_seconds = Histogram(
            "sgate_http_request_seconds",
            "Time to answer an HTTP request.",
            ("method", "route"),
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.errors = Counter("sgate_errors", "Errors answered, by code.", ("code",), registry=registry)
        self.failed_authentications = Counter(
            "sgate_failed_authentications", "Requests without a valid API key.", registry=registry
        )
        self.streams_open = Gauge(
            "sgate_streams_open", "Streams of server-sent events that are open.", registry=registry
        )
        self.redis_up = Gauge("sgate_redis_up", "1 while limits are shared through Redis.", registry=registry)
        self.limit_fallbacks = Counter(
            "sgate_rate_limit_fallbacks",
            "Calls counted in this process because Redis was away.",
            registry=registry,
        )
        self.public_views = Counter(
            "sgate_public_views",
            "Public views shown: from memory (hit), or read from the database (miss).",
            ("outcome",),
            registry=registry,
        )
        self.rate_calls = Counter(
            "sgate_exchange_rate_calls",
            "Questions to price sources: answered, failed, or cooling after a failure.",
            ("source", "outcome"),
            registry=registry,
        )
        self.rate_age = Gauge(
            "sgate_exchange_rate_age_seconds", "Age of the exchange rate in use; NaN without one.", registry=registry
        )
        self.intents_created = Counter(
            "sgate_payment_intents_created", "Payment intents made by this process.", ("mode",), registry=registry
        )
        self.intents_decided = Counter(
            "sgate_ledger_decisions", "Intents decided by this process.", ("mode",), registry=registry
        )
        self.webhook_attempts = Counter(
            "sgate_webhook_attempts", "Webhook attempts by outcome.", ("outcome",), registry=registry
        )
        self.webhook_seconds = Histogram(
            "sgate_webhook_attempt_seconds",
            "Duration of a webhook attempt.",
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.webhook_wait_seconds = Histogram(
            "sgate_webhook_first_attempt_wait_seconds",
            "From an event to its first attempt.",
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.chain_calls = Counter(
            "sgate_chain_calls", "Calls to the chain API.", ("mode", "endpoint", "status"), registry=registry
        )
        self.chain_calls_left = Gauge(
            "sgate_chain_calls_left", "Calls left of the month's budget.", ("mode", "api"), registry=registry
        )
        self.chain_behind = Gauge(
            "sgate_chain_behind_blocks", "Blocks known to exist above the scanned height.", ("mode",), registry=registry
        )
        self.chain_height = Gauge("sgate_chain_scanned_height", "Height scanned to.", ("mode",), registry=registry)
        self.chain_reorgs = Counter("sgate_chain_reorgs", "Reorganisations seen.", ("mode",), registry=registry)
        self.chain_trouble = Gauge(
            "sgate_chain_trouble", "1 while the chain cannot be followed.", ("mode",), registry=registry
        )
        self.leading = Gauge("sgate_watcher_leading", "1 while this process leads.", ("mode",), registry=registry)
        self.pool_connections = Gauge(
            "sgate_database_pool_connections", "Pooled connections by state.", ("state",), registry=registry
        )

    def render(self) -> bytes:
        """The text format that Prometheus reads."""
        return generate_latest(self.registry)


def mode_name(livemode: bool) -> str:
    """The label of a mode."""
    return "live" if livemode else "test"
