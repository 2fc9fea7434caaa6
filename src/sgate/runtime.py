"""The composition root: settings in, running roles out.

Here, and only here, the parts are put together: pool, chain sources, use cases, API, pages, workers. All roles of a
process run in one task group: if one dies of a defect, the process dies, and the supervisor starts it anew.
"""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import time
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import structlog

from sgate.api import openapi_document
from sgate.api.addresses import Addresses
from sgate.api.app import create_app
from sgate.api.asgi import App
from sgate.api.auth import NOTE_USE_S, REVOCATION_POLL_S, Authenticator
from sgate.api.rate_limits import DEFAULT_PER_MINUTE, WINDOW_S, LimitClass, RateLimits
from sgate.api.server import Server, make_server
from sgate.api.services import Services
from sgate.api.shared_limits import shared_counters
from sgate.api.sse import Streams
from sgate.chain.simulator import mine_at_interval
from sgate.chains import CallBooks, Chain, open_chain
from sgate.core.address import Network
from sgate.core.rate import Rules
from sgate.gateway import secrets_at_rest
from sgate.gateway.deployment import FixedRate, Mode, NoRates, RateSource
from sgate.gateway.environment import Environment
from sgate.gateway.intents import Intents
from sgate.gateway.maintenance_mode import MaintenanceMode
from sgate.gateway.market_rates import MarketRates
from sgate.gateway.payments import Payments
from sgate.gateway.public_cache import PublicViews
from sgate.gateway.reads import MEASURE_INTERVAL_S, Reads
from sgate.rates.client import RateClient
from sgate.rates.sources import SOURCES
from sgate.settings import Settings, Source
from sgate.store import schema
from sgate.store.cipher import Cipher
from sgate.store.deliveries import QUEUE_SETTINGS, Delivery, Result
from sgate.store.embedded import EmbeddedPostgres, default_directory
from sgate.store.feed import Channel, Feed, Wakeups
from sgate.store.pool import DatabaseErrors, Pool, open_pool
from sgate.telemetry.metrics import Metrics, mode_name
from sgate.web import assets, checkout, documentation, swagger
from sgate.web.checkout import Checkout
from sgate.workers import service
from sgate.workers.deliverer import Deliverer
from sgate.workers.maintenance import Maintenance
from sgate.workers.service import Pulse, Stop
from sgate.workers.tender import Tender
from sgate.workers.watcher import Round, Watcher
from sgate.workers.webhook_client import WebhookClient

GC_THRESHOLD = 50_000
"""Allocations between two collections. Requests make little cyclic garbage; collecting often costs tail latency."""

RATE_LOOKS_PER_REFRESH = 6
"""How often a process looks for a rate that another has found, per interval in which one is found."""

SHUTDOWN_S = 10
REPLICA_ACQUIRE_TIMEOUT_S = 1.0
"""How long a read waits for a connection to the replica before it asks the primary."""

REENCRYPT_INTERVAL_S = 3600.0
QUEUE_CONNECTIONS = 3
"""Of a deliverer: one that claims, two that store results."""


class Role(StrEnum):
    """What a process does. Any number of each may run on one database."""

    API = "api"  # the REST API and the pages
    WATCHER = "watcher"  # follows the chain; one leads, the others stand by
    DELIVERER = "deliverer"  # sends webhooks
    MAINTENANCE = "maintenance"  # sweeps what may be forgotten


ALL_ROLES = tuple(Role)


class Gateway(msgspec.Struct, frozen=True, kw_only=True):
    """A process's parts, ready to run."""

    settings: Settings
    database_url: str
    pool: Pool
    modes: dict[bool, Mode]
    market: MarketRates | None
    chains: dict[bool, Chain]
    environment: Environment
    metrics: Metrics
    feed: Feed
    wakeups: Wakeups
    cipher: Cipher
    services: Services
    app: App


def data_directory(settings: Settings) -> Path:
    """Where the embedded server and the simulated chain keep their data."""
    return settings.data_dir or default_directory()


@contextlib.contextmanager
def database(settings: Settings):  # noqa: ANN201 - a context manager of the database's URL
    """The URL of the database: the one named in the settings, or an embedded server for as long as the block lasts."""
    if settings.database_url is not None:
        yield settings.postgres_url(settings.database_url)
        return
    server = EmbeddedPostgres(data_directory(settings) / "postgres")
    try:
        yield server.url
    finally:
        server.close()


def direct_url(settings: Settings, database_url: str) -> str:
    """The database without a pooler."""
    direct = settings.database_direct_url
    return database_url if direct is None else settings.postgres_url(direct)


@contextlib.asynccontextmanager
async def open_gateway(
    settings: Settings, database_url: str, *, port: int, environment: Environment | None = None
) -> AsyncGenerator[Gateway]:
    """Put the parts together; the database must be migrated. `port` is the one that is really listened on."""
    environment = environment or Environment()
    direct, metrics = direct_url(settings, database_url), Metrics()
    cipher = Cipher(settings.secret_key_texts())
    pool = await open_pool(
        database_url,
        min_connections=settings.database_min_connections,
        max_connections=settings.database_max_connections,
        statement_timeout_s=settings.database_statement_timeout_s,
        statement_cache=settings.database_direct_url is None,
        acquire_timeout_s=settings.database_acquire_timeout_s,
    )
    reads = await _reads(settings, pool, feed := Feed(direct))
    market = _market_rates(settings, pool, environment, metrics)
    modes = modes_of(settings, port, market)
    wakeups = Wakeups(direct)
    authenticator = Authenticator(pool, time.monotonic, environment.now)
    feed.listen(Channel.API_KEY, authenticator.forget_key)
    feed.listen(Channel.MERCHANT, authenticator.forget_merchant)
    closing = contextlib.AsyncExitStack()
    if market is not None:
        closing.push_async_callback(market.close)
    rate_limits = await closing.enter_async_context(_rate_limits(settings, metrics))
    intents = Intents(pool, modes, cipher, wakeups, environment)
    public_views = _public_views(intents, modes, environment, metrics, feed)
    directory = data_directory(settings) / "simulated-chain"
    chains = {livemode: open_chain(settings, livemode, directory, metrics) for livemode in modes}
    controls = {livemode: chain.control for livemode, chain in chains.items() if chain.control is not None}
    streams = Streams(feed)
    metrics.streams_open.set_function(lambda: streams.open)
    services = Services(
        pool=pool,
        reads=reads,
        modes=modes,
        intents=intents,
        payments=Payments(pool, modes, cipher, environment, reads),
        authenticator=authenticator,
        rate_limits=rate_limits,
        public_views=public_views,
        cipher=cipher,
        environment=environment,
        metrics=metrics,
        streams=streams,
        allow_private_webhooks=allow_private(settings),
        simulators=controls,
        steerable=not settings.in_production,
        started_monotonic_s=time.monotonic(),
        addresses=Addresses(settings.trusted_proxies),
        now_monotonic_s=time.monotonic,
        leaving=asyncio.Event(),
        maintenance=MaintenanceMode(pool),
    )
    pages = [
        *checkout.routes(Checkout(intents=intents, modes=modes, environment=environment, simulators=controls)),
        *swagger.routes(),
        *documentation.routes(openapi_document.document(), modes),
        *assets.routes(),
    ]
    try:
        yield Gateway(
            settings=settings,
            database_url=database_url,
            pool=pool,
            modes=modes,
            market=market,
            chains=chains,
            environment=environment,
            metrics=metrics,
            feed=feed,
            wakeups=wakeups,
            cipher=cipher,
            services=services,
            app=create_app(services, pages, https_only=settings.in_production),
        )
    finally:
        await closing.aclose()
        reads.close()
        for chain in chains.values():
            await chain.source.close()
            if chain.control is not None:
                await chain.control.close()
            if chain.simulated is not None:
                chain.simulated.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(pool.close(), SHUTDOWN_S)
        pool.terminate()


async def run(gateway: Gateway, roles: Sequence[Role], stop: Stop, listening: socket.socket | None) -> None:
    """Run roles until `stop` is requested, then finish what is in flight. The API needs a `listening` socket.

    Raises:
        ExceptionGroup: if a role died of a defect.
    """
    server = None
    if Role.API in roles and listening is not None:
        server = make_server(
            gateway.app, on_shutdown=gateway.services.streams.end, drain_s=gateway.settings.drain_seconds
        )
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 50)
    async with asyncio.TaskGroup() as group:
        background = [group.create_task(gateway.feed.run()), group.create_task(gateway.wakeups.run())]
        background += [
            group.create_task(mine_at_interval(chain.simulated, chain.block_interval_s))
            for chain in gateway.chains.values()
            if chain.simulated is not None and chain.block_interval_s
        ]
        working = [group.create_task(task) for task in _workers(gateway, roles, stop)]
        if server is not None and listening is not None:
            background.append(group.create_task(_poll_revocations(gateway)))
            if gateway.services.reads.has_replica:
                background.append(group.create_task(_measure_replica(gateway.services.reads)))
            working.append(group.create_task(_store_use_of_keys(gateway, stop)))
            if gateway.market is not None:
                background.append(group.create_task(_refresh_rates(gateway.market, gateway.settings)))
            working.append(group.create_task(_serve(server, listening, stop)))
        await stop.wait()
        if server is not None:
            gateway.services.leaving.set()
            server.should_exit = True
        await asyncio.wait(working)
        for task in background:
            task.cancel()


def stop_on_signals(stop: Stop) -> None:
    """SIGTERM and SIGINT ask for a stop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.request)


def _workers(gateway: Gateway, roles: Sequence[Role], stop: Stop) -> list[Any]:
    direct = direct_url(gateway.settings, gateway.database_url)
    tasks: list[Any] = []
    if Role.WATCHER in roles:
        for livemode, mode in gateway.modes.items():
            chain, pulse = gateway.chains[livemode], Pulse()
            gateway.metrics.leading.labels(mode_name(livemode)).set_function(pulse.leads)
            watcher = Watcher(
                pool=gateway.pool,
                source=chain.source,
                mode=mode,
                environment=gateway.environment,
                start_height=gateway.settings.mode(livemode).start_height,
                allowance=chain.allowance,
            )
            books = CallBooks(gateway.pool, chain.budgets, gateway.metrics, livemode=livemode)
            tasks.append(
                service.watch(
                    watcher,
                    gateway.feed,
                    livemode=livemode,
                    direct_url=direct,
                    interval_s=chain.interval_s,
                    stop=stop,
                    pulse=pulse,
                    observe=_round_observer(gateway.metrics, books, livemode),
                )
            )
    if Role.DELIVERER in roles:
        tasks.append(_deliver(gateway, stop))
    if Role.MAINTENANCE in roles:
        tasks.append(service.keep_house(_maintenance(gateway.pool, gateway.settings), stop=stop, pulse=Pulse()))
        tasks.append(_reencrypt(gateway, stop))
    return tasks


def _maintenance(pool: Pool, settings: Settings) -> Maintenance:
    return Maintenance(pool, timedelta(days=settings.webhook_retention_days))


async def _reencrypt(gateway: Gateway, stop: Stop) -> None:
    async def once() -> None:
        done = await secrets_at_rest.reencrypt(gateway.pool, gateway.cipher)
        if done.changed or done.lost:
            structlog.get_logger("sgate").warning("webhook_secrets_reencrypted", changed=done.changed, lost=done.lost)

    await service.repeat("secrets", once, interval_s=REENCRYPT_INTERVAL_S, stop=stop, pulse=Pulse())


async def _deliver(gateway: Gateway, stop: Stop) -> None:
    client = WebhookClient(allow_private=allow_private(gateway.settings))
    queue = await open_pool(
        direct_url(gateway.settings, gateway.database_url),
        min_connections=QUEUE_CONNECTIONS,
        max_connections=QUEUE_CONNECTIONS,
        application_name="sgate queue",
        session_settings=QUEUE_SETTINGS,
    )
    deliverer = Deliverer(
        pool=gateway.pool,
        queue=queue,
        cipher=gateway.cipher,
        client=client,
        schedule=gateway.settings.webhook_retry_schedule,
        environment=gateway.environment,
        observe=_attempt_observer(gateway.metrics),
    )
    try:
        await asyncio.gather(
            service.deliver(deliverer, gateway.feed, stop=stop, pulse=Pulse()),
            service.tend(Tender(gateway.pool), deliverer, stop=stop, pulse=Pulse()),
        )
    finally:
        await client.close()
        queue.terminate()


async def _reads(settings: Settings, pool: Pool, feed: Feed) -> Reads:
    """Lists on the replica, if there is one. It is not connected to yet: a replica that is away stops no start."""
    replica_pool = None
    if settings.database_replica_url is not None:
        replica_pool = await open_pool(
            settings.postgres_url(settings.database_replica_url),
            min_connections=0,
            max_connections=settings.database_max_connections,
            statement_timeout_s=settings.database_statement_timeout_s,
            acquire_timeout_s=REPLICA_ACQUIRE_TIMEOUT_S,
            application_name="sgate reads",
            statement_cache=settings.database_direct_url is None,
        )
    reads = Reads(pool, replica_pool, max_lag_s=settings.database_replica_max_lag_s)
    feed.listen(Channel.EVENT, reads.changed)
    feed.on_connection(reads.told)
    return reads


async def _measure_replica(reads: Reads) -> None:
    await service.repeat("replica", reads.measure, interval_s=MEASURE_INTERVAL_S, stop=Stop(), pulse=Pulse())


async def _poll_revocations(gateway: Gateway) -> None:
    async def once() -> None:
        await gateway.services.authenticator.poll_revocations()
        await gateway.services.maintenance.look()

    never = Stop()
    await service.repeat("revocations", once, interval_s=REVOCATION_POLL_S, stop=never, pulse=Pulse())


async def _store_use_of_keys(gateway: Gateway, stop: Stop) -> None:
    """Until the stop, and once more then."""
    store = gateway.services.authenticator.store_use
    await service.repeat("key_use", store, interval_s=NOTE_USE_S, stop=stop, pulse=Pulse())
    with contextlib.suppress(*DatabaseErrors):
        await store()


async def _refresh_rates(market: MarketRates, settings: Settings) -> None:
    interval_s = settings.exchange_rate_refresh_s / RATE_LOOKS_PER_REFRESH
    await service.repeat("rates", market.refresh, interval_s=interval_s, stop=Stop(), pulse=Pulse())


async def _serve(server: Server, listening: socket.socket, stop: Stop) -> None:
    try:
        await server.serve(sockets=[listening])
    finally:
        stop.request()


def _market_rates(settings: Settings, pool: Pool, environment: Environment, metrics: Metrics) -> MarketRates | None:
    """Rates for the modes that do not run on the simulated chain, if there are any and sources are asked."""
    priced = [
        livemode
        for livemode in (False, True)
        if settings.mode(livemode).source is not Source.OFF and settings.network_of(livemode) is not Network.SIMULATED
    ]
    if not priced or not settings.exchange_rate_sources:
        return None
    sources = {name: SOURCES[name] for name in settings.exchange_rate_sources}
    client = RateClient(
        sources, settings.exchange_rate_urls, lambda name, outcome: metrics.rate_calls.labels(name, outcome).inc()
    )
    rules = Rules(
        max_age=timedelta(seconds=settings.exchange_rate_max_age_s),
        max_spread=settings.exchange_rate_max_spread_percent / 100,
        min_sources=settings.exchange_rate_min_sources,
    )
    market = MarketRates(pool, client, rules, environment, timedelta(seconds=settings.exchange_rate_refresh_s))
    metrics.rate_age.set_function(market.age_s)
    return market


def _rates_of(settings: Settings, livemode: bool, market: MarketRates | None) -> RateSource:
    if settings.network_of(livemode) is Network.SIMULATED:
        return FixedRate(settings.simulated_usd_per_btc)
    return NoRates() if market is None else market


def modes_of(settings: Settings, port: int | None = None, market: MarketRates | None = None) -> dict[bool, Mode]:
    """The modes that are on. `port`: the one that is really listened on. `market`: exchange rates, if there are any."""
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


def _public_views(
    intents: Intents, modes: dict[bool, Mode], environment: Environment, metrics: Metrics, feed: Feed
) -> PublicViews:
    """The cache of the public view, told of every change."""
    hit, miss = (metrics.public_views.labels(outcome).inc for outcome in ("hit", "miss"))
    views = PublicViews(intents.find, modes, environment, time.monotonic, on_hit=hit, on_miss=miss)
    feed.on_connection(views.listening)
    feed.listen(Channel.INTENT, views.forget)
    feed.listen(Channel.MERCHANT, lambda _: views.clear())
    return views


@contextlib.asynccontextmanager
async def _rate_limits(settings: Settings, metrics: Metrics) -> AsyncGenerator[RateLimits]:
    url = settings.redis_url_text()
    if url is None:
        yield RateLimits(_limits(settings))
        return
    async with shared_counters(url, WINDOW_S, metrics.redis_up.set) as shared:
        yield RateLimits(_limits(settings), shared, metrics.limit_fallbacks.inc)


def allow_private(settings: Settings) -> bool:
    """Whether webhooks may go to private addresses."""
    return not settings.in_production if settings.webhook_allow_private is None else settings.webhook_allow_private


def _round_observer(metrics: Metrics, books: CallBooks, livemode: bool):  # noqa: ANN202 - a callback for rounds
    mode = mode_name(livemode)

    async def observe(report: Round) -> None:
        await books.save()
        metrics.chain_behind.labels(mode).set(report.behind_blocks)
        metrics.chain_height.labels(mode).set(report.view.height)
        metrics.chain_trouble.labels(mode).set(0 if report.trouble is None else 1)
        if report.settled:
            metrics.intents_decided.labels(mode).inc(report.settled)
        if report.reorged_from is not None:
            metrics.chain_reorgs.labels(mode).inc()

    return observe


def _attempt_observer(metrics: Metrics):  # noqa: ANN202 - a callback for attempts
    counters = {name: metrics.webhook_attempts.labels(name) for name in ("delivered", "failed", "retried")}

    def observe(delivery: Delivery, result: Result) -> None:
        outcome = "delivered" if result.delivered else "failed" if result.failed else "retried"
        counters[outcome].inc()
        metrics.webhook_seconds.observe(result.duration_ms / 1000)
        if delivery.attempt == 1:
            waited_s = (result.started_at - delivery.event_created_at).total_seconds()
            metrics.webhook_wait_seconds.observe(max(0.0, waited_s))

    return observe


async def prepare(database_url: str, settings: Settings) -> None:
    """Bring the schema up to date in development; in production only check that it is."""
    direct = direct_url(settings, database_url)
    if settings.in_production:
        await schema.check(direct)
    else:
        from sgate.store import migrate  # brings SQLAlchemy along, which a server in production does not need

        await migrate.migrate(direct)
    structlog.get_logger("sgate").info("database_ready", pid=os.getpid())
