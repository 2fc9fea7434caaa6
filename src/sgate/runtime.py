"""The composition root: settings in, running roles out.

Here, and only here, the parts are put together: pool, chain sources, use cases, API, pages, workers. All roles of a
process run in one task group: if one dies of a defect, the process dies, and the supervisor starts it anew.
"""

import asyncio
import contextlib
import gc
import os
import secrets
import signal
import socket
import time
from collections.abc import AsyncGenerator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import structlog

from sgate.api import openapi
from sgate.api.app import create_app
from sgate.api.auth import REVOCATION_POLL_S, Authenticator
from sgate.api.edge import App
from sgate.api.rate_limits import DEFAULT_PER_MINUTE, LimitClass, RateLimits
from sgate.api.server import Server, make_server
from sgate.api.services import Services
from sgate.chain.hiro import HiroSource
from sgate.chain.simulator import (
    DirectControl,
    HttpControl,
    SimulatedChain,
    SimulatorControl,
    SimulatorSource,
    mine_at_interval,
)
from sgate.chain.source import ChainSource
from sgate.core.address import Network
from sgate.gateway.deployment import FixedRate, Mode, NoRates
from sgate.gateway.environment import Environment
from sgate.gateway.intents import Intents
from sgate.settings import Settings, Source
from sgate.store import schema
from sgate.store.cipher import Cipher
from sgate.store.deliveries import Delivery, Result
from sgate.store.embedded import EmbeddedPostgres, default_directory
from sgate.store.feed import Channel, Feed, Wakeups
from sgate.store.pool import Pool, open_pool
from sgate.telemetry.metrics import Metrics, mode_name
from sgate.web import checkout, documentation
from sgate.web.checkout import Checkout
from sgate.workers import service
from sgate.workers.deliverer import Deliverer
from sgate.workers.maintenance import Maintenance
from sgate.workers.service import Pulse, Stop
from sgate.workers.watcher import Round, Watcher
from sgate.workers.webhook_client import WebhookClient

HIRO_URLS = {Network.MAINNET: "https://api.hiro.so", Network.TESTNET: "https://api.testnet.hiro.so"}
HIRO_POLL_S = 10.0
SIMULATOR_POLL_S = 0.5
GC_THRESHOLD = 50_000
"""Allocations between two collections. Requests make little cyclic garbage; collecting often costs tail latency."""

SHUTDOWN_S = 10


class Role(StrEnum):
    """What a process does. Any number of each may run on one database."""

    API = "api"  # the REST API and the pages
    WATCHER = "watcher"  # follows the chain; one leads, the others stand by
    DELIVERER = "deliverer"  # sends webhooks
    MAINTENANCE = "maintenance"  # sweeps what may be forgotten


ALL_ROLES = tuple(Role)


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """How one mode sees its chain. `simulated` is the chain itself if it runs in this process."""

    source: ChainSource
    poll_s: float
    simulated: SimulatedChain | None = None
    control: SimulatorControl | None = None
    block_interval_s: float = 0.0


class Gateway(msgspec.Struct, frozen=True, kw_only=True):
    """A process's parts, ready to run."""

    settings: Settings
    database_url: str
    pool: Pool
    modes: dict[bool, Mode]
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
        yield settings.database_url.get_secret_value()
        return
    server = EmbeddedPostgres(data_directory(settings) / "postgres")
    try:
        yield server.url
    finally:
        server.close()


def direct_url(settings: Settings, database_url: str) -> str:
    """The database without a pooler."""
    return database_url if settings.database_direct_url is None else settings.database_direct_url.get_secret_value()


@contextlib.asynccontextmanager
async def open_gateway(
    settings: Settings, database_url: str, *, port: int, environment: Environment | None = None
) -> AsyncGenerator[Gateway]:
    """Put the parts together; the database must be migrated. `port` is the one that is really listened on."""
    environment = environment or Environment()
    direct, metrics = direct_url(settings, database_url), Metrics()
    cipher = Cipher(settings.secret_key_texts())
    modes = _modes(settings, port)
    pool = await open_pool(
        database_url,
        min_connections=settings.database_min_connections,
        max_connections=settings.database_max_connections,
        statement_timeout_s=settings.database_statement_timeout_s,
        statement_cache=settings.database_direct_url is None,
        acquire_timeout_s=settings.database_acquire_timeout_s,
    )
    feed, wakeups = Feed(direct), Wakeups(direct)
    authenticator = Authenticator(pool, time.monotonic, metrics.failed_authentications.inc)
    feed.listen(Channel.API_KEY, authenticator.forget_key)
    feed.listen(Channel.MERCHANT, authenticator.forget_merchant)
    intents = Intents(pool, modes, cipher, wakeups, environment)
    chains = {livemode: _chain(settings, livemode, metrics) for livemode in modes}
    services = Services(
        pool=pool,
        modes=modes,
        intents=intents,
        authenticator=authenticator,
        rate_limits=RateLimits(_limits(settings)),
        cipher=cipher,
        environment=environment,
        metrics=metrics,
        allow_private_webhooks=_allow_private(settings),
        started_monotonic_s=time.monotonic(),
        trusted_proxies=frozenset(settings.trusted_proxies),
        now_monotonic_s=time.monotonic,
    )
    controls = {livemode: chain.control for livemode, chain in chains.items() if chain.control is not None}
    pages = [
        *checkout.routes(Checkout(intents=intents, modes=modes, environment=environment, simulators=controls)),
        *documentation.routes(openapi.document(), modes),
    ]
    try:
        yield Gateway(
            settings=settings,
            database_url=database_url,
            pool=pool,
            modes=modes,
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
    server = make_server(gateway.app) if Role.API in roles and listening is not None else None
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
            working.append(group.create_task(_serve(server, listening, stop)))
        await stop.wait()
        if server is not None:
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
            )
            tasks.append(
                service.watch(
                    watcher,
                    livemode=livemode,
                    direct_url=direct,
                    interval_s=chain.poll_s,
                    stop=stop,
                    pulse=pulse,
                    observe=_round_observer(gateway.metrics, livemode),
                )
            )
    if Role.DELIVERER in roles:
        tasks.append(_deliver(gateway, stop))
    if Role.MAINTENANCE in roles:
        tasks.append(service.keep_house(Maintenance(gateway.pool), stop=stop, pulse=Pulse()))
    return tasks


async def _deliver(gateway: Gateway, stop: Stop) -> None:
    client = WebhookClient(allow_private=_allow_private(gateway.settings))
    deliverer = Deliverer(
        pool=gateway.pool,
        cipher=gateway.cipher,
        client=client,
        schedule=gateway.settings.webhook_retry_schedule,
        environment=gateway.environment,
        observe=_attempt_observer(gateway.metrics),
    )
    try:
        await service.deliver(deliverer, gateway.feed, stop=stop, pulse=Pulse())
    finally:
        await client.close()


async def _poll_revocations(gateway: Gateway) -> None:
    async def once() -> None:
        await gateway.services.authenticator.poll_revocations()

    never = Stop()
    await service.repeat("revocations", once, interval_s=REVOCATION_POLL_S, stop=never, pulse=Pulse())


async def _serve(server: Server, listening: socket.socket, stop: Stop) -> None:
    try:
        await server.serve(sockets=[listening])
    finally:
        stop.request()


def _modes(settings: Settings, port: int) -> dict[bool, Mode]:
    public_url = settings.public_url or f"http://localhost:{port}"
    return {
        livemode: Mode(
            livemode=livemode,
            network=settings.network_of(livemode),
            asset=settings.asset_of(livemode),
            gateway_address=settings.gateway_address_of(livemode),
            rates=(
                FixedRate(settings.simulated_usd_per_btc)
                if settings.network_of(livemode) is Network.SIMULATED
                else NoRates()
            ),
            public_url=public_url,
        )
        for livemode in (False, True)
        if settings.mode(livemode).source is not Source.OFF
    }


def _chain(settings: Settings, livemode: bool, metrics: Metrics) -> Chain:
    mode, asset = settings.mode(livemode), settings.asset_of(livemode)
    simulated = mode.source is Source.SIMULATOR
    poll_s = mode.poll_interval_s or (SIMULATOR_POLL_S if simulated else HIRO_POLL_S)
    if simulated and mode.stacks_api_url is None:
        chain = SimulatedChain.open(
            data_directory(settings) / "simulated-chain", asset=asset, seed=secrets.token_hex(8)
        )
        return Chain(
            source=SimulatorSource(chain),
            poll_s=poll_s,
            simulated=chain,
            control=DirectControl(chain),
            block_interval_s=mode.block_interval_s,
        )
    url = mode.stacks_api_url or HIRO_URLS[settings.network_of(livemode)]
    api_key = None if mode.stacks_api_key is None else mode.stacks_api_key.get_secret_value()

    def count(endpoint: str, status: int | None, seconds: float) -> None:
        del seconds
        metrics.chain_calls.labels(mode_name(livemode), endpoint, str(status or "none")).inc()

    source = HiroSource(url, asset, api_key, count)
    return Chain(source=source, poll_s=poll_s, control=HttpControl(url) if simulated else None)


def _limits(settings: Settings) -> dict[LimitClass, int]:
    given = {
        LimitClass.CREATE: settings.rate_limit_create,
        LimitClass.RETRIEVE: settings.rate_limit_retrieve,
        LimitClass.PUBLIC: settings.rate_limit_public,
        LimitClass.OTHER: settings.rate_limit_other,
    }
    defaults = DEFAULT_PER_MINUTE if settings.in_production else {}
    return {name: defaults.get(name, 0) if number is None else number for name, number in given.items()}


def _allow_private(settings: Settings) -> bool:
    return not settings.in_production if settings.webhook_allow_private is None else settings.webhook_allow_private


def _round_observer(metrics: Metrics, livemode: bool):  # noqa: ANN202 - a callback for rounds
    mode = mode_name(livemode)

    def observe(report: Round) -> None:
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
