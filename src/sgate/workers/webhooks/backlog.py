"""The tender keeps the queue short: what cannot go now is taken out of it, and put back when it can.

It looks after the endpoints that were disabled or enabled lately and those that are stuck, and works off what merchants
want to have recovered. A few rows at a time, so that it delays nobody: an endpoint with a hundred thousand deliveries
gets them back at the pace it can take.
"""

from collections.abc import Sequence

import msgspec

from sgate.db import notifications
from sgate.db.pool import Connection, Pool
from sgate.store import webhook_deliveries_parked, webhook_recoveries
from sgate.store.webhook_deliveries_parked import Tended

ENDPOINTS = 50
"""Endpoints looked after in one round."""

MOVED = 1_000
"""Deliveries taken out of the queue at a time."""

SURPLUS = 100
"""So many of a failing or stuck endpoint may be in the queue; more would only be in the way of others' claims."""

PLENTY = 2_000
"""So many of a working one."""

RECOVERED = 200
"""Events that a recovery takes at a time."""


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What one round moved."""

    held: int = 0
    released: int = 0
    recovered: int = 0


class Backlog:
    """Looks after deliveries that wait for their endpoint. Any number may run."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def run_once(self, stuck: Sequence[str] = ()) -> Moved:
        """One round. `stuck`: endpoints that hang with all they may have in flight."""
        async with self._pool.acquire() as connection:
            for endpoint_id in stuck:
                await webhook_deliveries_parked.tend(connection, endpoint_id)
            recovered = await self._recover(connection)
            async with connection.transaction():
                moved = [
                    await self._tend(connection, endpoint, stuck=endpoint.id in stuck)
                    for endpoint in await webhook_deliveries_parked.tended(connection, ENDPOINTS)
                ]
                if any(count > 0 for count in moved):
                    await notifications.notify(connection, notifications.Channel.DELIVERY)
        return Moved(
            held=-sum(count for count in moved if count < 0),
            released=sum(count for count in moved if count > 0),
            recovered=recovered,
        )

    async def _tend(self, connection: Connection, endpoint: Tended, *, stuck: bool) -> int:
        """Returns how many deliveries were put back into the queue; negative if they were taken out."""
        keep = 0 if endpoint.disabled else SURPLUS if stuck else PLENTY
        moved = -await webhook_deliveries_parked.hold(connection, endpoint.id, keep=keep, limit=MOVED)
        if not moved and not endpoint.disabled:
            most = SURPLUS if stuck or endpoint.failing else PLENTY
            room = most - await webhook_deliveries_parked.due(connection, endpoint.id, most)
            moved = await webhook_deliveries_parked.release(connection, endpoint.id, room) if room > 0 else 0
        waiting = not endpoint.disabled and await webhook_deliveries_parked.any_held(connection, endpoint.id)
        if endpoint.settled and not (moved or waiting or stuck):
            await webhook_deliveries_parked.leave(connection, endpoint.id)
        return moved

    async def _recover(self, connection: Connection) -> int:
        async with connection.transaction():
            recovery = await webhook_recoveries.next_open(connection)
            if recovery is None:
                return 0
            await webhook_recoveries.step(connection, recovery.id, RECOVERED)
            await webhook_deliveries_parked.tend(connection, recovery.endpoint_id)
        return 1
