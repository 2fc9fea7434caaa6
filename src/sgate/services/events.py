"""A merchant's events: pages of events, single events, and the events after a position.

No read goes beyond the horizon (see `store.events`). Paging from a cursor therefore never skips an event whose
transaction was still in progress. Concurrent callers share one query for the horizon.
"""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from sgate.core import errors
from sgate.db.batching import Coalescer, Overloaded
from sgate.db.pool import Connection, Pool
from sgate.store import events
from sgate.store.events import Event, Matching
from sgate.store.merchants import Merchant


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page of events, newest first. `has_more` is true if there are more events in the direction of paging."""

    events: Sequence[Event]
    has_more: bool


class Events:
    """The use cases that read events."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._horizons = Coalescer[None, int](self._read_horizon)

    async def page(
        self,
        merchant: Merchant,
        matching: Matching,
        *,
        starting_after: str | None,
        ending_before: str | None,
        limit: int,
    ) -> Page:
        """Return the newest events, the events just before `starting_after`, or the events just after `ending_before`.

        Raises:
            InvalidCursor: if the cursor is not the id of one of the merchant's events.
        """
        up_to, after = await self._horizon(), 0
        async with self._pool.acquire() as connection:
            if starting_after is not None:
                up_to = min(up_to, await _position(connection, merchant, starting_after, "starting_after") - 1)
            read = events.newest
            if ending_before is not None:
                after, read = await _position(connection, merchant, ending_before, "ending_before"), events.oldest
            found = await read(
                connection,
                merchant.id,
                matching,
                livemode=merchant.livemode,
                after=after,
                up_to=up_to,
                limit=limit + 1,
            )
        shown = found[:limit]
        return Page(events=shown[::-1] if ending_before is not None else shown, has_more=len(found) > limit)

    async def get(self, merchant: Merchant, event_id: str) -> Event:
        """Return an event.

        Raises:
            EventNotFound: if the merchant has no such event.
        """
        async with self._pool.acquire() as connection:
            event = await events.get(connection, event_id, merchant.id, livemode=merchant.livemode)
        if event is None:
            raise errors.EventNotFound
        return event

    async def after(self, merchant: Merchant, last_event_id: str) -> int:
        """Return the position from which to read the events after `last_event_id`.

        Raises:
            InvalidCursor: if the merchant has no such event.
        """
        async with self._pool.acquire() as connection:
            return await _position(connection, merchant, last_event_id, "last_event_id")

    async def now(self, merchant: Merchant, matching: Matching) -> tuple[int, str | None]:
        """Return the position at which new events begin, and the id of the newest event before this position, if any.

        Args:
            matching: a filter whose period must cover all time. Its other conditions are ignored.
        """
        horizon, any_event = await self._horizon(), replace(matching, event_type=None, object_id=None)
        async with self._pool.acquire() as connection:
            newest = await events.newest(
                connection, merchant.id, any_event, livemode=merchant.livemode, after=0, up_to=horizon, limit=1
            )
        return horizon, newest[0].id if newest else None

    async def following(
        self, merchant: Merchant, position: int, matching: Matching, limit: int
    ) -> tuple[Sequence[Event], int]:
        """Return the events after a position, oldest first, and the position from which to continue.

        Every event is returned exactly once, even if the transactions that wrote the events overlapped.
        """
        horizon = await self._horizon()
        if horizon <= position:
            return (), position
        async with self._pool.acquire() as connection:
            found = await events.oldest(
                connection,
                merchant.id,
                matching,
                livemode=merchant.livemode,
                after=position,
                up_to=horizon,
                limit=limit,
            )
        return found, found[-1].position if len(found) == limit else horizon

    async def _horizon(self) -> int:
        try:
            return await self._horizons.submit(None)
        except Overloaded as error:
            raise errors.Unavailable("The server is very busy. Try again in a moment.", retry_after_s=1) from error

    async def _read_horizon(self, batch: Sequence[None]) -> list[int | BaseException]:
        async with self._pool.acquire() as connection:
            horizon = await events.horizon(connection)
        return [horizon] * len(batch)


async def _position(connection: Connection, merchant: Merchant, event_id: str, param: str) -> int:
    position = await events.position(connection, event_id, merchant.id, livemode=merchant.livemode)
    if position is None:
        raise errors.InvalidCursor(param=param)
    return position
