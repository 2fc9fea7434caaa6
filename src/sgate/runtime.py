"""The composition root: settings in, running roles out.

Here, and only here, the parts are put together: pool, chain sources, use cases, API, pages, workers. All roles of a
process run in one task group: if one dies of a defect, the process dies, and the supervisor starts it anew.
"""

import asyncio
import contextlib
import gc
import signal
import socket
import time
from collections.abc import AsyncGenerator, Sequence

from litestar.types import ControllerRouterHandler

from sgate import observers
from sgate.api.app import create_app
from sgate.api.authentication import Authenticator
from sgate.api.dependencies import Dependencies
from sgate.api.live_intents import Rooms
from sgate.api.openapi import document
from sgate.api.operations import create_operations_app
from sgate.chain.simulator import mine_at_interval
from sgate.chains import open_chain
from sgate.db.encryption import Cipher
from sgate.db.notifications import Channel, Feed, Wakeups
from sgate.environment import Environment
from sgate.http.client_address import Addresses
from sgate.http.server import Server, make_server
from sgate.http.sse import Streams
from sgate.parts import (
    allow_private,
    data_directory,
    direct_url,
    limits_of,
    market_rates,
    modes_of,
    pool_of,
    reads_of,
    traces_of,
    views_of,
)
from sgate.roles import Gateway, Role, measure_replica, poll_revocations, refresh_rates, store_use_of_keys, workers_of
from sgate.services.maintenance_mode import MaintenanceMode
from sgate.services.payment_intents import Intents
from sgate.services.payments import Payments
from sgate.settings import Settings
from sgate.telemetry.metrics import Metrics
from sgate.telemetry.tracing import Traces
from sgate.web import assets
from sgate.web.checkout import routes
from sgate.web.checkout.routes import Checkout
from sgate.web.docs import pages, swagger
from sgate.workers.loops import Stop

GC_THRESHOLD = 50_000
"""Allocations between two collections. Requests make little cyclic garbage; collecting often costs tail latency."""

SHUTDOWN_S = 10


@contextlib.asynccontextmanager
async def open_gateway(
    settings: Settings,
    database_url: str,
    *,
    port: int,
    environment: Environment | None = None,
    traces: Traces | None = None,
) -> AsyncGenerator[Gateway]:
    """Put the parts together; the database must be migrated. `port` is the one that is really listened on. `traces`
    says where spans go; default: as the settings say.
    """
    environment = environment or Environment()
    direct, metrics = direct_url(settings, database_url), Metrics()
    traces = traces or traces_of(settings)
    cipher = Cipher(settings.secret_key_texts())
    pool = await pool_of(settings, database_url, metrics)
    reads = await reads_of(settings, pool, feed := Feed(direct), metrics)
    market = market_rates(settings, pool, environment, metrics)
    modes = modes_of(settings, port, market)
    wakeups = Wakeups(direct)
    authenticator = Authenticator(pool, time.monotonic, environment.now)
    feed.listen(Channel.API_KEY, authenticator.forget_key)
    feed.listen(Channel.MERCHANT, authenticator.forget_merchant)
    closing = contextlib.AsyncExitStack()
    if traces is not None:
        closing.push_async_callback(asyncio.to_thread, traces.close)
    if market is not None:
        closing.push_async_callback(market.close)
    rate_limits = await closing.enter_async_context(limits_of(settings, metrics))
    decided = observers.of_decisions(metrics, modes, time.time, traces)
    intents = Intents(pool, modes, cipher, wakeups, environment, decided)
    public_views = views_of(intents, modes, environment, metrics, feed)
    directory = data_directory(settings) / "simulated-chain"
    chains = {livemode: open_chain(settings, livemode, directory, metrics) for livemode in modes}
    controls = {livemode: chain.control for livemode, chain in chains.items() if chain.control is not None}
    streams = Streams(most=settings.max_streams)
    metrics.streams_open.set_function(lambda: streams.open)
    deps = Dependencies(
        pool=pool,
        reads=reads,
        modes=modes,
        intents=intents,
        payments=Payments(pool, modes, cipher, environment, reads, decided),
        authenticator=authenticator,
        rate_limits=rate_limits,
        public_views=public_views,
        cipher=cipher,
        environment=environment,
        metrics=metrics,
        traces=traces,
        streams=streams,
        feed=feed,
        rooms=Rooms(feed, intents.find, modes, environment),
        allow_private_webhooks=allow_private(settings),
        simulators=controls,
        steerable=not settings.in_production,
        started_monotonic_s=time.monotonic(),
        addresses=Addresses(settings.trusted_proxies),
        now_monotonic_s=time.monotonic,
        leaving=asyncio.Event(),
        maintenance=MaintenanceMode(pool),
    )
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
            deps=deps,
            app=create_app(
                deps,
                _pages(deps),
                https_only=settings.in_production,
                serves_metrics=settings.metrics_port is None,
            ),
        )
    finally:
        await closing.aclose()
        reads.close()
        for chain in chains.values():
            await chain.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(pool.close(), SHUTDOWN_S)
        pool.terminate()


def _pages(deps: Dependencies) -> list[ControllerRouterHandler]:
    return [
        *routes.routes(
            Checkout(
                intents=deps.intents,
                modes=deps.modes,
                environment=deps.environment,
                simulators=deps.simulators,
            )
        ),
        *swagger.routes(),
        *pages.routes(document.document(), deps.modes),
        *assets.routes(),
    ]


async def run(
    gateway: Gateway,
    roles: Sequence[Role],
    stop: Stop,
    listening: socket.socket | None,
    operations: socket.socket | None = None,
) -> None:
    """Run roles until `stop` is requested, then finish what is in flight. The API needs a `listening` socket;
    `operations` is that of SGATE_METRICS_PORT, which is served to the end.

    Raises:
        ExceptionGroup: if a role died of a defect.
    """
    server = None
    if Role.API in roles and listening is not None:
        server = make_server(gateway.app, on_shutdown=gateway.deps.streams.end, drain_s=gateway.settings.drain_seconds)
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
        working = [group.create_task(task) for task in workers_of(gateway, roles, stop)]
        if server is not None and listening is not None:
            background.append(group.create_task(poll_revocations(gateway)))
            if gateway.deps.reads.has_replica:
                gateway.metrics.replica_lag.set_function(lambda: gateway.deps.reads.lag_s)
                background.append(group.create_task(measure_replica(gateway.deps.reads)))
            working.append(group.create_task(store_use_of_keys(gateway, stop)))
            if gateway.market is not None:
                background.append(group.create_task(refresh_rates(gateway.market, gateway.settings)))
            working.append(group.create_task(_serve(server, listening, stop)))
        overseen = None if operations is None else make_server(create_operations_app(gateway.deps))
        if overseen is not None and operations is not None:
            group.create_task(overseen.serve(sockets=[operations]))
        await stop.wait()
        if server is not None:
            gateway.deps.leaving.set()
            server.should_exit = True
        await asyncio.wait(working)
        if overseen is not None:
            overseen.should_exit = True
        for task in background:
            task.cancel()


def stop_on_signals(stop: Stop) -> None:
    """SIGTERM and SIGINT ask for a stop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.request)


async def _serve(server: Server, listening: socket.socket, stop: Stop) -> None:
    try:
        await server.serve(sockets=[listening])
    finally:
        stop.request()
