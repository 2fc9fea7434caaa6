"""Factories for the components of a process, such as the database, exchange rates, limits and modes.

Each factory builds one component from the settings. `build` connects the components to each other.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncGenerator, Generator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import structlog

from sgate.api.authentication import Authenticator
from sgate.core.address import Network
from sgate.core.egress import Egress, egress_of
from sgate.core.mode import FixedRate, Mode, NoRates, RateSource
from sgate.core.rate import Rules
from sgate.db import schema_check
from sgate.db.embedded import EmbeddedPostgres, default_directory
from sgate.db.notifications import Channel, Listener
from sgate.db.pool import Pool, open_pool
from sgate.environment import Environment
from sgate.http.rate_limits import DEFAULT_PER_MINUTE, EXPIRY_S, LimitClass, RateLimits
from sgate.http.rate_limits_shared import shared_counters
from sgate.http.sse import Streams
from sgate.rates.client import RateClient
from sgate.rates.sources import SOURCES
from sgate.runtime import instrumentation
from sgate.services.database_writes import DatabaseWrites
from sgate.services.exchange_rates import ExchangeRates
from sgate.services.payment_intents import PaymentIntents
from sgate.services.public_intent_cache import PublicIntentCache
from sgate.services.replica_reads import ReplicaReads
from sgate.settings.modes import Source
from sgate.settings.settings import Settings, SettingsError
from sgate.telemetry.metrics import Metrics
from sgate.telemetry.tracing import Traces, TracingMissing, open_traces

SHUTDOWN_S = 10
"""How long the pool waits at the end for connections that are in use."""

REPLICA_ACQUIRE_TIMEOUT_S = 1.0
"""How long a read waits for a connection to the replica before it uses the primary."""


def data_directory(settings: Settings) -> Path:
    """Return the directory of the embedded database and the simulated chain."""
    return settings.data_dir or default_directory()


class DatabaseUrls(NamedTuple):
    """The URLs of the database.

    Attributes:
        application: for the application, possibly through a pooler.
        owner: for the role that owns the schema and migrates it, without a pooler.
    """

    application: str
    owner: str


@contextlib.contextmanager
def database(settings: Settings) -> Generator[DatabaseUrls]:
    """Yield the URLs of the database from the settings. If none are set, run an embedded server and yield its URLs."""
    if settings.database_url is not None:
        application = settings.postgres_url(settings.database_url)
        owner = settings.database_owner_url
        yield DatabaseUrls(
            application, direct_url(settings, application) if owner is None else settings.postgres_url(owner)
        )
        return
    server = EmbeddedPostgres(data_directory(settings) / "postgres")
    try:
        yield DatabaseUrls(server.application_url, server.url)
    finally:
        server.close()


def direct_url(settings: Settings, database_url: str) -> str:
    """Return the application's URL of the database without the pooler."""
    direct = settings.database_direct_url
    return database_url if direct is None else settings.postgres_url(direct)


async def prepare(urls: DatabaseUrls, settings: Settings) -> None:
    """Migrate the schema in development. In production, only check that this version can use it."""
    if settings.in_production:
        await schema_check.check(direct_url(settings, urls.application))
    else:
        from sgate.store import migrate  # imports SQLAlchemy, which a server in production does not need

        await migrate.migrate(urls.owner)
    structlog.get_logger("sgate").info("database_ready", pid=os.getpid())


@contextlib.asynccontextmanager
async def reads_of(
    settings: Settings, pool: Pool, listener: Listener, metrics: Metrics
) -> AsyncGenerator[ReplicaReads]:
    """Yield a `ReplicaReads`, which reads lists from the replica if there is one.

    The replica is not connected to at this point, so that the process starts even if the replica is unreachable.
    """
    replica_pool = None
    if settings.database_replica_url is not None:
        replica_pool = await open_pool(
            settings.postgres_url(settings.database_replica_url),
            min_connections=0,
            max_connections=settings.database_max_connections,
            statement_timeout_s=settings.database_statement_timeout_s,
            acquire_timeout_s=REPLICA_ACQUIRE_TIMEOUT_S,
            application_name="sgate reads",
            observe=instrumentation.of_statements(metrics),
            statement_cache=settings.database_direct_url is None,
        )
    reads = ReplicaReads(pool, replica_pool, max_lag_s=settings.database_replica_max_lag_s)
    listener.listen(Channel.EVENT, reads.changed)
    listener.on_connection(reads.notified)
    try:
        yield reads
    finally:
        reads.close()


@contextlib.asynccontextmanager
async def exchange_rates_of(
    settings: Settings, pool: Pool, environment: Environment, metrics: Metrics
) -> AsyncGenerator[ExchangeRates | None]:
    """Yield market rates, or None if no mode runs on a real network or no price source is configured."""
    priced = [
        livemode
        for livemode in (False, True)
        if settings.mode(livemode).source is not Source.OFF and settings.network_of(livemode) is not Network.SIMULATED
    ]
    if not priced or not settings.exchange_rate_sources:
        yield None
        return
    sources = {name: SOURCES[name] for name in settings.exchange_rate_sources}
    client = RateClient(
        sources, settings.exchange_rate_urls, lambda name, outcome: metrics.rate_calls.labels(name, outcome).inc()
    )
    rules = Rules(
        max_age=timedelta(seconds=settings.exchange_rate_max_age_s),
        max_spread=settings.exchange_rate_max_spread_percent / 100,
        min_sources=settings.exchange_rate_min_sources,
    )
    market = ExchangeRates(pool, client, rules, environment, timedelta(seconds=settings.exchange_rate_refresh_s))
    metrics.rate_age.set_function(market.age_s)
    try:
        yield market
    finally:
        await market.close()


def _rates_of(settings: Settings, livemode: bool, market: ExchangeRates | None) -> RateSource:
    if settings.network_of(livemode) is Network.SIMULATED:
        return FixedRate(settings.simulated_usd_per_btc)
    return NoRates() if market is None else market


def modes_of(settings: Settings, port: int | None = None, market: ExchangeRates | None = None) -> dict[bool, Mode]:
    """Return the enabled modes, keyed by livemode.

    Args:
        port: the port that the server listens on.
        market: the market rates, or None.
    """
    public_url = settings.public_url or f"http://localhost:{settings.port if port is None else port}"
    return {
        livemode: Mode(
            livemode=livemode,
            network=settings.network_of(livemode),
            asset=settings.asset_of(livemode),
            gateway_address=settings.gateway_address_of(livemode),
            rates=_rates_of(settings, livemode, market),
            public_url=public_url,
        )
        for livemode in (False, True)
        if settings.mode(livemode).source is not Source.OFF
    }


def _limits(settings: Settings) -> dict[LimitClass, int]:
    given = {
        LimitClass.CREATE: settings.rate_limit_create,
        LimitClass.RETRIEVE: settings.rate_limit_retrieve,
        LimitClass.PUBLIC: settings.rate_limit_public,
        LimitClass.OTHER: settings.rate_limit_other,
    }
    defaults = DEFAULT_PER_MINUTE if settings.in_production else {}
    return {name: defaults.get(name, 0) if number is None else number for name, number in given.items()}


def views_of(
    intents: PaymentIntents, modes: dict[bool, Mode], environment: Environment, metrics: Metrics, listener: Listener
) -> PublicIntentCache:
    """Return the cache of public intents. It is subscribed to the notifications of changes."""
    hit, miss = (metrics.public_views.labels(outcome).inc for outcome in ("hit", "miss"))
    views = PublicIntentCache(intents.find, modes, environment, time.monotonic, on_hit=hit, on_miss=miss)
    listener.on_connection(views.listening)
    listener.listen(Channel.INTENT, views.forget)
    listener.listen(Channel.MERCHANT, lambda _: views.clear())
    return views


@contextlib.asynccontextmanager
async def limits_of(settings: Settings, environment: Environment, metrics: Metrics) -> AsyncGenerator[RateLimits]:
    """Yield rate limits that count in this process, or in Redis together with other processes."""
    url = settings.redis_url_text()
    if url is None:
        yield RateLimits(_limits(settings), environment.now)
        return
    async with shared_counters(url, EXPIRY_S, metrics.redis_up.set, metrics.limit_fallbacks.inc) as shared:
        yield RateLimits(_limits(settings), environment.now, shared)


def traces_of(settings: Settings) -> Traces | None:
    """Return the recorder of traces, or None if tracing is off.

    Raises:
        SettingsError: if the extra for tracing is not installed.
    """
    if settings.traces_url is None:
        return None
    try:
        return open_traces(settings.traces_url, settings.traces_sample)
    except TracingMissing as error:
        raise SettingsError(f"SGATE_TRACES_URL: traces need an extra; {error}") from None


@contextlib.asynccontextmanager
async def pool_of(
    settings: Settings, database_url: str, metrics: Metrics, writes: DatabaseWrites
) -> AsyncGenerator[Pool]:
    """Yield the pool of connections that the whole process shares, with metrics. `writes` is notified of errors."""
    measure = instrumentation.of_statements(metrics)

    def observe(statement: str, seconds: float, error: BaseException | None) -> None:
        measure(statement, seconds, error)
        writes.observe(error)

    pool = await open_pool(
        database_url,
        min_connections=settings.database_min_connections,
        max_connections=settings.database_max_connections,
        statement_timeout_s=settings.database_statement_timeout_s,
        statement_cache=settings.database_direct_url is None,
        acquire_timeout_s=settings.database_acquire_timeout_s,
        observe=observe,
    )
    metrics.pool_limit.set_function(pool.get_max_size)
    metrics.pool_connections.labels("idle").set_function(pool.get_idle_size)
    metrics.pool_connections.labels("used").set_function(lambda: pool.get_size() - pool.get_idle_size())
    try:
        yield pool
    finally:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(pool.close(), SHUTDOWN_S)
        pool.terminate()


def authenticator_of(pool: Pool, environment: Environment, listener: Listener, streams: Streams) -> Authenticator:
    """Return the authenticator, which caches API keys.

    When a notification reports a revoked key or a changed merchant, the affected keys are removed from the cache, and
    the streams that were opened with these keys end. A client whose key is still valid can open a new stream.
    """
    authenticator = Authenticator(pool, time.monotonic, environment.now, streams.end_tagged)
    listener.listen(Channel.API_KEY, authenticator.evict_key)
    listener.listen(Channel.MERCHANT, authenticator.evict_merchant)
    return authenticator


def streams_of(settings: Settings, metrics: Metrics) -> Streams:
    """Return the registry of this process's open streams, with metrics."""
    streams = Streams(max_open=settings.max_streams)
    metrics.streams_open.set_function(lambda: streams.open)
    return streams


def egress_of_settings(settings: Settings) -> Egress:
    """Return the rules for the addresses that webhooks may be sent to.

    If the settings do not say whether private addresses are allowed, they are allowed only in development.
    """
    private = not settings.in_production if settings.webhook_allow_private is None else settings.webhook_allow_private
    return egress_of(allow_private=private, deny=settings.webhook_deny)
