"""Assembly of a gateway from the settings: pool, chain sources, use cases, API and pages.

The components are connected to each other only here. `run` runs the roles of the gateway.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator

from litestar import Router
from litestar.types import ControllerRouterHandler

from sgate.api.app import create_app
from sgate.api.dependencies import Dependencies
from sgate.api.live_intents import LiveIntents
from sgate.api.openapi import document
from sgate.db.encryption import Cipher
from sgate.db.notifications import Listener, Wakeups
from sgate.environment import Environment
from sgate.http.client_address import Addresses
from sgate.http.public_calls import counting
from sgate.runtime import instrumentation
from sgate.runtime.chain_sources import Chain, open_chain
from sgate.runtime.factories import (
    authenticator_of,
    data_directory,
    direct_url,
    egress_of_settings,
    exchange_rates_of,
    limits_of,
    modes_of,
    pool_of,
    reads_of,
    streams_of,
    traces_of,
    views_of,
)
from sgate.runtime.roles import (
    Gateway,
)
from sgate.services.database_writes import DatabaseWrites
from sgate.services.events import Events
from sgate.services.maintenance_mode import MaintenanceMode
from sgate.services.payment_intents import PaymentIntents
from sgate.services.payments import Payments
from sgate.services.webhook_deliveries import WebhookDeliveries
from sgate.services.webhook_endpoints import WebhookEndpoints
from sgate.settings.settings import Settings
from sgate.telemetry.metrics import Metrics
from sgate.telemetry.tracing import Traces
from sgate.web import assets
from sgate.web.checkout import routes
from sgate.web.checkout.routes import Checkout
from sgate.web.docs import pages


@contextlib.asynccontextmanager
async def open_gateway(
    settings: Settings,
    database_url: str,
    *,
    port: int,
    environment: Environment | None = None,
    traces: Traces | None = None,
) -> AsyncGenerator[Gateway]:
    """Build a gateway on a migrated database, and close its components at the end of the context.

    Args:
        port: the port that the server actually listens on.
        traces: records the spans. By default, the settings decide.
    """
    environment = environment or Environment()
    direct, metrics = direct_url(settings, database_url), Metrics()
    async with contextlib.AsyncExitStack() as stack:  # closes the opened components even if a later one fails
        traces = traces or traces_of(settings)
        if traces is not None:
            stack.push_async_callback(asyncio.to_thread, traces.close)
        cipher = Cipher(settings.secret_key_texts())
        writes = DatabaseWrites(time.monotonic)
        pool = await stack.enter_async_context(pool_of(settings, database_url, metrics, writes))
        listener, wakeups = Listener(direct), Wakeups(direct)
        reads = await stack.enter_async_context(reads_of(settings, pool, listener, metrics))
        market = await stack.enter_async_context(exchange_rates_of(settings, pool, environment, metrics))
        modes = modes_of(settings, port, market)
        chains: dict[bool, Chain] = {}
        for livemode in modes:
            chain = open_chain(settings, livemode, data_directory(settings) / "simulated-chain", metrics)
            stack.push_async_callback(chain.close)
            chains[livemode] = chain
        rate_limits = await stack.enter_async_context(limits_of(settings, environment, metrics))
        streams = streams_of(settings, metrics)
        authenticator = authenticator_of(pool, environment, listener, streams)
        decided = instrumentation.of_decisions(metrics, modes, time.time, traces)
        payment_intents = PaymentIntents(pool, modes, cipher, wakeups, environment, decided)
        deps = Dependencies(
            pool=pool,
            writes=writes,
            reads=reads,
            modes=modes,
            payment_intents=payment_intents,
            payments=Payments(pool, modes, cipher, environment, reads, decided),
            webhook_endpoints=WebhookEndpoints(pool, environment, cipher),
            webhook_deliveries=WebhookDeliveries(pool, environment, cipher, reads),
            events=Events(pool),
            authenticator=authenticator,
            rate_limits=rate_limits,
            public_views=views_of(payment_intents, modes, environment, metrics, listener),
            cipher=cipher,
            environment=environment,
            metrics=metrics,
            traces=traces,
            streams=streams,
            max_streams_per_intent=settings.max_streams_per_intent,
            listener=listener,
            live_intents=LiveIntents(listener, payment_intents.find, modes, environment),
            egress=egress_of_settings(settings),
            simulators={mode: chain.control for mode, chain in chains.items() if chain.control is not None},
            steerable=not settings.in_production,
            started_monotonic_s=time.monotonic(),
            addresses=Addresses(settings.trusted_proxies),
            now_monotonic_s=time.monotonic,
            leaving=asyncio.Event(),
            maintenance=MaintenanceMode(pool),
        )
        yield Gateway(
            settings=settings,
            database_url=database_url,
            pool=pool,
            modes=modes,
            market=market,
            chains=chains,
            environment=environment,
            metrics=metrics,
            listener=listener,
            wakeups=wakeups,
            cipher=cipher,
            deps=deps,
            app=create_app(
                deps,
                _pages(deps),
                https_only=settings.in_production,
                serves_metrics=settings.metrics_on_public_port and not settings.in_production,
            ),
        )


def _pages(deps: Dependencies) -> list[ControllerRouterHandler]:
    pages_without_key = [
        *routes.routes(
            Checkout(
                intents=deps.payment_intents,
                modes=deps.modes,
                environment=deps.environment,
                simulators=deps.simulators,
            )
        ),
        *pages.routes(document.document(), deps.modes),
        document.route(),
    ]
    counted = Router("/", route_handlers=pages_without_key, before_request=counting(deps.rate_limits, deps.addresses))
    return [counted, *assets.routes()]
