"""Parks deliveries that cannot be sent now, and requeues them when they can.

The backlog manages endpoints that were recently disabled or enabled, and endpoints that are stuck. It also performs the
recoveries that merchants have requested. It moves a few rows at a time, so that no other delivery is delayed. If an
endpoint has a hundred thousand parked deliveries, they are requeued at the rate that the endpoint can handle.
"""

from collections.abc import Sequence

import msgspec

from sgate.db import notifications
from sgate.db.pool import Connection, Pool
from sgate.store import webhook_deliveries_parked, webhook_recoveries
from sgate.store.webhook_deliveries_parked import MarkedEndpoint

MAX_ENDPOINTS = 50
"""The maximum number of endpoints per iteration."""

HOLD_BATCH = 1_000
"""The maximum number of deliveries that are parked at a time."""

MAX_QUEUED_FAILING = 100
"""The maximum number of queued deliveries of a failing or stuck endpoint. More of them would only slow down the claims
of deliveries to other endpoints.
"""

MAX_QUEUED = 2_000
"""The maximum number of queued deliveries of a working endpoint."""

RECOVERY_BATCH = 200
"""The maximum number of events that a recovery requeues at a time."""


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """The report of one iteration: deliveries parked and requeued, and recoveries continued."""

    held: int = 0
    released: int = 0
    recovered: int = 0


class Backlog:
    """Manages deliveries that wait for their endpoint. Several processes may run it at the same time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def run_once(self, stuck: Sequence[str] = ()) -> Moved:
        """Park and requeue deliveries. `stuck` contains the endpoints whose slots are all taken by slow attempts."""
        async with self._pool.acquire() as connection:
            for endpoint_id in stuck:
                await webhook_deliveries_parked.mark(connection, endpoint_id)
            recovered = await self._recover(connection)
            async with connection.transaction():
                moved = [
                    await self._tend(connection, endpoint, stuck=endpoint.id in stuck)
                    for endpoint in await webhook_deliveries_parked.lock_marked(connection, MAX_ENDPOINTS)
                ]
                if any(count > 0 for count in moved):
                    await notifications.notify(connection, notifications.Channel.DELIVERY)
        return Moved(
            held=-sum(count for count in moved if count < 0),
            released=sum(count for count in moved if count > 0),
            recovered=recovered,
        )

    async def _tend(self, connection: Connection, endpoint: MarkedEndpoint, *, stuck: bool) -> int:
        """Park or requeue deliveries of one endpoint. Returns the number requeued, or minus the number parked."""
        keep = 0 if endpoint.disabled else MAX_QUEUED_FAILING if stuck else MAX_QUEUED
        moved = -await webhook_deliveries_parked.hold(connection, endpoint.id, keep=keep, limit=HOLD_BATCH)
        if not moved and not endpoint.disabled:
            target = MAX_QUEUED_FAILING if stuck or endpoint.failing else MAX_QUEUED
            room = target - await webhook_deliveries_parked.due(connection, endpoint.id, target)
            moved = await webhook_deliveries_parked.release(connection, endpoint.id, room) if room > 0 else 0
        waiting = not endpoint.disabled and await webhook_deliveries_parked.any_held(connection, endpoint.id)
        if endpoint.settled and not (moved or waiting or stuck):
            await webhook_deliveries_parked.unmark(connection, endpoint.id)
        return moved

    async def _recover(self, connection: Connection) -> int:
        async with connection.transaction():
            recovery = await webhook_recoveries.next_open(connection)
            if recovery is None:
                return 0
            await webhook_recoveries.step(connection, recovery.id, RECOVERY_BATCH)
            await webhook_deliveries_parked.mark(connection, recovery.endpoint_id)
        return 1
