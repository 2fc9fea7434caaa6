"""Runs the roles of a process until it is asked to stop.

All roles run in one task group. A worker that fails because of a defect starts again by itself. If the server or the
connection for notifications ends, which the other parts need, the process exits and its supervisor restarts it.
"""

import asyncio
import gc
import signal
import socket
from collections.abc import Sequence

from sgate.api.operations import create_operations_app
from sgate.chain.simulator import mine_at_interval
from sgate.http.guard import Limits
from sgate.http.server import Server, make_server
from sgate.runtime.roles import (
    Gateway,
    Role,
    measure_replica,
    poll_revocations,
    probe_writes,
    refresh_rates,
    store_use_of_keys,
    workers_of,
)
from sgate.workers.loops import Stop

OPERATIONS_CONNECTIONS = 100
"""Maximum number of connections to SGATE_METRICS_PORT. They come from Prometheus, health checks and the operator."""

GC_THRESHOLD = 50_000
"""The number of allocations between two garbage collections. Requests leave little cyclic garbage, and frequent
collections would increase the tail latency."""


async def run_roles(
    gateway: Gateway,
    roles: Sequence[Role],
    stop: Stop,
    listening: socket.socket | None,
    operations: socket.socket | None = None,
) -> None:
    """Run roles until `stop` is requested, then finish the work in progress.

    Args:
        listening: the socket of the API. It is required for the role `api`.
        operations: the socket of SGATE_METRICS_PORT, which is served to the end.

    Raises:
        ExceptionGroup: if a defect ended the server or the connection for notifications.
    """
    server = None
    if Role.API in roles and listening is not None:
        server = make_server(
            gateway.app,
            limits=Limits(connections=gateway.settings.max_connections),
            on_shutdown=gateway.deps.streams.end,
            drain_s=gateway.settings.drain_seconds,
        )
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 50)
    async with asyncio.TaskGroup() as group:
        background = [group.create_task(gateway.listener.run()), group.create_task(gateway.wakeups.run())]
        background.append(group.create_task(probe_writes(gateway)))
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
                background.append(group.create_task(measure_replica(gateway)))
            working.append(group.create_task(store_use_of_keys(gateway, stop)))
            if gateway.market is not None:
                background.append(group.create_task(refresh_rates(gateway, gateway.market)))
            working.append(group.create_task(_serve(server, listening, stop)))
        operations_server = (
            None
            if operations is None
            else make_server(create_operations_app(gateway.deps), limits=Limits(connections=OPERATIONS_CONNECTIONS))
        )
        if operations_server is not None and operations is not None:
            group.create_task(operations_server.serve(sockets=[operations]))
        await stop.wait()
        if server is not None:
            gateway.deps.leaving.set()
            server.should_exit = True
        await asyncio.wait(working)
        if operations_server is not None:
            operations_server.should_exit = True
        for task in background:
            task.cancel()


def stop_on_signals(stop: Stop) -> None:
    """Request a stop on SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.request)


async def _serve(server: Server, listening: socket.socket, stop: Stop) -> None:
    try:
        await server.serve(sockets=[listening])
    finally:
        stop.request()
