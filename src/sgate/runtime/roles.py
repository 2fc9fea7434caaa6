"""The roles of a gateway's processes, and the tasks of each role."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

import msgspec
import structlog

from sgate.api.authentication import REVOCATION_POLL_S, STORE_USE_S
from sgate.api.dependencies import Dependencies
from sgate.core.mode import Mode
from sgate.db.encryption import Cipher
from sgate.db.notifications import Listener, Wakeups
from sgate.db.pool import DatabaseErrors, Pool, open_pool
from sgate.environment import Environment
from sgate.http.asgi import App
from sgate.runtime import instrumentation
from sgate.runtime.chain_sources import CallCounts, Chain
from sgate.runtime.factories import direct_url
from sgate.services import secret_rotation
from sgate.services.database_writes import RETRY_INTERVAL_S
from sgate.services.exchange_rates import ExchangeRates
from sgate.services.replica_reads import MEASURE_INTERVAL_S
from sgate.settings.settings import Settings
from sgate.store import deployment_snapshot
from sgate.store.webhook_deliveries_queue import QUEUE_SETTINGS
from sgate.telemetry.metrics import Metrics, mode_name
from sgate.workers import loops
from sgate.workers.loops import Pulse, Stop
from sgate.workers.maintenance import Maintenance, maintain
from sgate.workers.watcher.loop import watch
from sgate.workers.watcher.watcher import Watcher
from sgate.workers.webhooks.backlog import Backlog
from sgate.workers.webhooks.client import WebhookClient
from sgate.workers.webhooks.deliverer import Deliverer
from sgate.workers.webhooks.loop import deliver, manage_backlog

RATE_READS_PER_REFRESH = 6
"""One process polls the price sources in each interval. In the same time, every process reads the stored rate this many
times."""

REENCRYPT_INTERVAL_S = 3600.0
SURVEY_INTERVAL_S = 15.0
"""The seconds between two snapshots of the whole deployment for the metrics."""

QUEUE_CONNECTIONS = 3
"""The number of database connections for a deliverer's queue. One claims deliveries, and two store results."""


class Role(StrEnum):
    """A role of a process. Any number of processes with each role may share one database."""

    API = "api"  # the REST API and the pages
    WATCHER = "watcher"  # follows the chain; one process leads, the others stand by
    DELIVERER = "deliverer"  # sends webhooks
    MAINTENANCE = "maintenance"  # deletes expired data


ALL_ROLES = tuple(Role)


class Gateway(msgspec.Struct, frozen=True, kw_only=True):
    """The components of a process, ready to run."""

    settings: Settings
    database_url: str
    pool: Pool
    modes: dict[bool, Mode]
    market: ExchangeRates | None
    chains: dict[bool, Chain]
    environment: Environment
    metrics: Metrics
    listener: Listener
    wakeups: Wakeups
    cipher: Cipher
    deps: Dependencies
    app: App


def workers_of(gateway: Gateway, roles: Sequence[Role], stop: Stop) -> list[Any]:
    direct, traces = direct_url(gateway.settings, gateway.database_url), gateway.deps.traces
    tasks: list[Any] = []
    if Role.WATCHER in roles:
        for livemode, mode in gateway.modes.items():
            chain, pulse = gateway.chains[livemode], _pulse(gateway, "watcher")
            gateway.metrics.leading.labels(mode_name(livemode)).set_function(pulse.leads)
            watcher = Watcher(
                pool=gateway.pool,
                source=chain.source,
                mode=mode,
                environment=gateway.environment,
                start_height=gateway.settings.mode(livemode).start_height,
                servers=chain.servers,
                allowance=chain.allowance,
                read_intervals=chain.read_intervals,
                observe=instrumentation.of_decisions(gateway.metrics, gateway.modes, time.time, traces),
                observe_payments=None if traces is None else instrumentation.of_payments(traces),
            )
            books = CallCounts(gateway.pool, chain.budgets, gateway.metrics, livemode=livemode)
            tasks.append(
                watch(
                    watcher,
                    gateway.listener,
                    livemode=livemode,
                    direct_url=direct,
                    interval_s=chain.interval_s,
                    stop=stop,
                    pulse=pulse,
                    observe=instrumentation.of_polls(gateway.metrics, books, livemode=livemode),
                )
            )
    if Role.DELIVERER in roles:
        tasks.append(_deliver(gateway, stop))
    if Role.MAINTENANCE in roles:
        tasks.append(
            maintain(_maintenance(gateway.pool, gateway.settings), stop=stop, pulse=_pulse(gateway, "maintenance"))
        )
        tasks.append(_reencrypt(gateway, stop))
        tasks.append(_survey(gateway, stop))
    return tasks


def _pulse(gateway: Gateway, worker: str) -> Pulse:
    """Return the pulse of a worker whose defects are counted in the metrics."""
    return Pulse(gateway.metrics.worker_failures.labels(worker).inc)


async def _survey(gateway: Gateway, stop: Stop) -> None:
    """Report the state of the whole deployment in the metrics."""
    observe = instrumentation.of_snapshots(gateway.metrics)

    async def once() -> None:
        async with gateway.pool.acquire() as connection:
            observe(await deployment_snapshot.take(connection, gateway.cipher.key_ids))

    await loops.repeat("survey", once, interval_s=SURVEY_INTERVAL_S, stop=stop, pulse=_pulse(gateway, "survey"))


def _maintenance(pool: Pool, settings: Settings) -> Maintenance:
    return Maintenance(pool, timedelta(days=settings.webhook_retention_days))


async def _reencrypt(gateway: Gateway, stop: Stop) -> None:
    async def once() -> None:
        done = await secret_rotation.reencrypt(gateway.pool, gateway.cipher)
        if done.changed or done.lost:
            structlog.get_logger("sgate").warning("webhook_secrets_reencrypted", changed=done.changed, lost=done.lost)

    await loops.repeat("secrets", once, interval_s=REENCRYPT_INTERVAL_S, stop=stop, pulse=_pulse(gateway, "secrets"))


async def _deliver(gateway: Gateway, stop: Stop) -> None:
    client = WebhookClient(egress=gateway.deps.egress, proxy=gateway.settings.webhook_proxy_text())
    queue = await open_pool(
        direct_url(gateway.settings, gateway.database_url),
        min_connections=QUEUE_CONNECTIONS,
        max_connections=QUEUE_CONNECTIONS,
        application_name="sgate queue",
        session_settings=QUEUE_SETTINGS,
        observe=instrumentation.of_statements(gateway.metrics),
    )
    deliverer = Deliverer(
        pool=gateway.pool,
        queue=queue,
        cipher=gateway.cipher,
        client=client,
        schedule=gateway.settings.webhook_retry_schedule,
        environment=gateway.environment,
        observe=instrumentation.of_attempts(gateway.metrics),
        traces=gateway.deps.traces,
    )
    try:
        await asyncio.gather(
            deliver(deliverer, gateway.listener, stop=stop, pulse=_pulse(gateway, "deliverer")),
            manage_backlog(Backlog(gateway.pool), deliverer, stop=stop, pulse=_pulse(gateway, "backlog")),
        )
    finally:
        await client.close()
        queue.terminate()


async def measure_replica(gateway: Gateway) -> None:
    measure = gateway.deps.reads.measure
    await loops.repeat("replica", measure, interval_s=MEASURE_INTERVAL_S, stop=Stop(), pulse=_pulse(gateway, "replica"))


async def probe_writes(gateway: Gateway) -> None:
    async def once() -> None:
        await gateway.deps.writes.run_once(gateway.pool)

    await loops.repeat("writes", once, interval_s=RETRY_INTERVAL_S, stop=Stop(), pulse=Pulse())


async def poll_revocations(gateway: Gateway) -> None:
    async def once() -> None:
        await gateway.deps.authenticator.poll_revocations()
        await gateway.deps.maintenance.refresh()

    never = Stop()
    await loops.repeat(
        "revocations", once, interval_s=REVOCATION_POLL_S, stop=never, pulse=_pulse(gateway, "revocations")
    )


async def store_use_of_keys(gateway: Gateway, stop: Stop) -> None:
    """Store when keys were last used: regularly until `stop` is requested, and once more after that."""
    store = gateway.deps.authenticator.store_use
    await loops.repeat("key_use", store, interval_s=STORE_USE_S, stop=stop, pulse=_pulse(gateway, "key_use"))
    with contextlib.suppress(*DatabaseErrors):
        await store()


async def refresh_rates(gateway: Gateway, market: ExchangeRates) -> None:
    interval_s = gateway.settings.exchange_rate_refresh_s / RATE_READS_PER_REFRESH
    await loops.repeat("rates", market.refresh, interval_s=interval_s, stop=Stop(), pulse=_pulse(gateway, "rates"))
