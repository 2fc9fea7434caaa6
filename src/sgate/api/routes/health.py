"""Calls for monitoring: /health, /health/live, /health/ready, /metrics."""

import resource
import sys
from datetime import datetime

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from sgate.api.calls import Call
from sgate.api.dependencies import Dependencies
from sgate.api.requests import json_response
from sgate.core import clock
from sgate.core.address import Network
from sgate.core.mode import CHAIN_SILENT_AFTER
from sgate.db.pool import DatabaseErrors
from sgate.objects.encoding import encode, iso_ms, iso_ms_or_none
from sgate.objects.health import Alive, ChainHealth, Health, HealthReport
from sgate.store import chain_cursors, ledger_queue, webhook_endpoints
from sgate.store.chain_cursors import Cursor
from sgate.telemetry.metrics import mode_name

HEALTH = Call(
    method="get",
    path="/health",
    name="health",
    summary="Retrieve the health report",
    tag="Operations",
    description=(
        "Reports the state of each component. The status code is 503 if the database is unavailable or refuses writes, "
        "for example because its disk is full, and 200 otherwise."
    ),
    answer=HealthReport,
    unhealthy=True,
)
HEALTH_LIVE = Call(
    method="get",
    path="/health/live",
    name="healthLive",
    summary="Check liveness",
    tag="Operations",
    description="Returns 200 while the process is running.",
    answer=Alive,
    unhealthy=True,
)
HEALTH_READY = Call(
    method="get",
    path="/health/ready",
    name="healthReady",
    summary="Check readiness",
    tag="Operations",
    description=(
        "Returns 200 if the process can serve requests, and 503 if the database does not respond or the process is "
        "shutting down."
    ),
    answer=Alive,
    unhealthy=True,
)
CALLS = (HEALTH, HEALTH_LIVE, HEALTH_READY)


def routes(deps: Dependencies) -> list[HTTPRouteHandler]:
    """Return the routes of the health calls."""

    @HEALTH.route
    async def health() -> Response[bytes]:
        """Report the health of each component."""
        report = await report_of(deps)
        return json_response(encode(report), 503 if report.status is Health.UNHEALTHY else 200)

    @HEALTH_LIVE.route
    async def live() -> Response[bytes]:
        """Report that the process is running."""
        return json_response(encode(Alive(status=Health.HEALTHY)))

    @HEALTH_READY.route
    async def ready() -> Response[bytes]:
        """Report whether the process can serve requests: the database responds, and no shutdown is in progress."""
        healthy = not deps.leaving.is_set() and await _cursors(deps) is not None
        status = Health.HEALTHY if healthy else Health.UNHEALTHY
        return json_response(encode(Alive(status=status)), 200 if healthy else 503)

    return [health, live, ready]


def metrics_route(deps: Dependencies) -> HTTPRouteHandler:
    """Return the route that Prometheus scrapes."""

    @get("/metrics")
    async def metrics() -> Response[bytes]:
        """Return the metrics in the Prometheus text format."""
        return Response(deps.metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return metrics


async def report_of(deps: Dependencies) -> HealthReport:
    """Check each component, and return the report."""
    now = deps.environment.now()
    cursors = await _cursors(deps)
    chains = {mode_name(cursor.livemode): _chain_health(cursor, now) for cursor in cursors or ()}
    has_database = cursors is not None and deps.writes.accepted
    components = {
        "database": Health.HEALTHY if has_database else Health.UNHEALTHY,
        "blockchain": _worst([chain.status for chain in chains.values()]) if cursors else Health.DEGRADED,
        # If no Redis is configured, calls are counted in this process, and the cache is always healthy.
        "cache": Health.HEALTHY if deps.rate_limits.as_configured else Health.DEGRADED,
    }
    if deps.reads.has_replica:
        components["replica"] = Health.HEALTHY if deps.reads.replica_is_fresh else Health.DEGRADED
    if cursors is not None:
        components["webhooks"] = await _webhooks(deps)
        if await _has_undecided(deps):
            components["ledger"] = Health.DEGRADED
    return HealthReport(
        status=_worst(list(components.values())),
        timestamp=iso_ms(now),
        services=components,
        chains=chains,
        uptime=round(deps.now_monotonic_s() - deps.started_monotonic_s, 1),
        memory={"max_rss": _max_rss_bytes()},
    )


async def _cursors(deps: Dependencies) -> list[Cursor] | None:
    """Return the chain cursors of the enabled modes, or None if the database is unavailable."""
    try:
        async with deps.pool.acquire(timeout=2) as connection:
            found = [await chain_cursors.get(connection, livemode=livemode) for livemode in deps.modes]
    except DatabaseErrors:
        return None
    return [cursor for cursor in found if cursor is not None]


async def _webhooks(deps: Dependencies) -> Health:
    """Check that webhooks can be signed. Each secret can be decrypted only if its key is in `SGATE_SECRET_KEYS`."""
    try:
        async with deps.pool.acquire(timeout=2) as connection:
            lost = await webhook_endpoints.count_undecryptable_secrets(connection, deps.cipher.key_ids)
    except DatabaseErrors:
        return Health.DEGRADED
    return Health.DEGRADED if lost else Health.HEALTHY


async def _has_undecided(deps: Dependencies) -> bool:
    """Return whether a decision has failed. `sgate ledger replay --check` lists the payment intents concerned."""
    try:
        async with deps.pool.acquire(timeout=2) as connection:
            return await ledger_queue.count_undecided(connection) > 0
    except DatabaseErrors:
        return False  # the component `database` reports this


def _chain_health(cursor: Cursor, now: datetime) -> ChainHealth:
    silent = cursor.checked_at is None or now - cursor.checked_at > CHAIN_SILENT_AFTER
    clock_behind = clock.warning(cursor.view.time, now, Network(cursor.network))
    return ChainHealth(
        status=Health.DEGRADED if silent or cursor.trouble or clock_behind else Health.HEALTHY,
        network=cursor.network,
        scanned_height=cursor.view.height,
        checked_at=iso_ms_or_none(cursor.checked_at),
        trouble=cursor.trouble or ("no watcher has polled the chain recently" if silent else clock_behind),
    )


def _worst(states: list[Health]) -> Health:
    order = (Health.UNHEALTHY, Health.DEGRADED, Health.HEALTHY)
    return next((state for state in order if state in states), Health.HEALTHY)


def _max_rss_bytes() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
