"""Where lists and numbers are read: on the replica, as long as it shows all that its reader may know already.

A merchant who was told of a change by a webhook, or who made it, must not read an older state afterwards. So the
replica is asked only for merchants whose last change it is known to show, and never when it is further behind than
allowed. What it refuses or fails at, the primary is asked. Single objects, events, and what decides are always read on
the primary.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog

from sgate.core.errors import GatewayError
from sgate.db import replica
from sgate.db.notifications import topic_of
from sgate.db.pool import AnyDatabaseError, Connection, Pool
from sgate.db.replica import Freshness

MEASURE_INTERVAL_S = 1.0
MAX_LAG_S = 5.0
ANSWER_TIMEOUT_S = 3.0
"""A replica that takes longer is not waited for. Behind a pooler it is not refused when it is away: it hangs."""

MAX_CHANGES = 100_000
"""Merchants whose last change is remembered. Beyond this the primary is asked for all, until the replica shows it."""

T = TypeVar("T")
Read = Callable[[Connection], Awaitable[T]]

_log = structlog.get_logger(__name__)


class ReplicaReads:
    """Runs reads of lists on a replica or on the primary. Without a replica, always on the primary."""

    def __init__(
        self,
        primary: Pool,
        replica_pool: Pool | None = None,
        *,
        max_lag_s: float = MAX_LAG_S,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`max_lag_s`: a replica that is further behind is not asked."""
        self._primary = primary
        self._replica = replica_pool
        self._max_lag_s = max_lag_s
        self._monotonic_s = monotonic_s
        self._freshness = Freshness()
        self._changes: dict[str, float] = {}
        self._all_changed_s = 0.0
        self._told = False
        self._asking: set[asyncio.Task[Any]] = set()
        self.served_by_replica = 0

    @property
    def has_replica(self) -> bool:
        """Whether there is a replica at all."""
        return self._replica is not None

    @property
    def lag_s(self) -> float:
        """How far the replica may be behind now, in seconds; infinite if that is not known."""
        return self._monotonic_s() - self._freshness.shows_until_s

    @property
    def replica_is_fresh(self) -> bool:
        """Whether the replica is asked at all now."""
        return self._told and self.lag_s <= self._max_lag_s

    async def run(self, merchant_id: str | None, read: Read[T], *, livemode: bool) -> T:
        """Let `read` read, on whichever server may answer a merchant (or None: the operator, always the primary)."""
        if self._replica is not None and merchant_id is not None and self._may_ask(merchant_id, livemode=livemode):
            try:
                found = await self._ask_replica(self._replica, read)
            except GatewayError:  # perhaps only because it has not come that far
                pass
            except AnyDatabaseError as error:
                _log.warning("replica_failed", reason=str(error))
                self._freshness.forget()
            else:
                self.served_by_replica += 1
                return found
        async with self._primary.acquire() as connection:
            return await read(connection)

    def changed(self, topic: str) -> None:
        """Something of a merchant (`notifications.topic_of`) has changed, at the latest now."""
        if self._replica is None:
            return
        if len(self._changes) >= MAX_CHANGES:
            self._changes.clear()
            self._all_changed_s = self._monotonic_s()
        self._changes[topic] = self._monotonic_s()

    def told(self, connected: bool) -> None:
        """Whether we are told of changes. What was missed may concern anyone."""
        self._told = connected
        self._all_changed_s = self._monotonic_s()

    async def measure(self) -> None:
        """Look how far the replica is. What it shows for sure need not be remembered as changed."""
        if self._replica is None:
            return
        asked_at_s = self._monotonic_s()
        async with self._primary.acquire() as connection:
            written_to = await replica.written(connection)
        try:
            replayed_to = await self._ask_replica(self._replica, replica.replayed)
        except AnyDatabaseError as error:
            self._freshness.forget()
            _log.warning("replica_failed", reason=str(error))
            return
        self._freshness.note(asked_at_s, written_to, replayed_to)
        shown = self._freshness.shows_until_s
        self._changes = {topic: at_s for topic, at_s in self._changes.items() if at_s >= shown}

    def close(self) -> None:
        """Give the replica's connections up."""
        if self._replica is not None:
            self._replica.terminate()

    async def _ask_replica(self, pool: Pool, read: Read[T]) -> T:
        """In a task of its own: giving a connection back can hang as long as the statement that was given up."""

        async def ask() -> T:
            async with pool.acquire() as connection:
                return await read(connection)

        asking = asyncio.create_task(ask())
        self._asking.add(asking)
        asking.add_done_callback(self._answered)
        try:
            await asyncio.wait([asking], timeout=ANSWER_TIMEOUT_S)
            if asking.done():
                return asking.result()
            raise TimeoutError(f"no answer within {ANSWER_TIMEOUT_S:.0f} s")
        finally:
            asking.cancel()

    def _answered(self, task: asyncio.Task[Any]) -> None:
        self._asking.discard(task)
        if not task.cancelled():
            task.exception()  # perhaps nobody waits for it any more

    def _may_ask(self, merchant_id: str, *, livemode: bool) -> bool:
        changed_s = self._changes.get(topic_of(merchant_id, livemode=livemode), self._all_changed_s)
        return self.replica_is_fresh and max(changed_s, self._all_changed_s) < self._freshness.shows_until_s
