"""Reads of lists and statistics on the replica, while it shows every change that the merchant may already know of.

A merchant who made a change, or was notified of a change by a webhook, must not read an older state afterwards. The
replica therefore serves a merchant only if it is known to have replayed the merchant's last change. It serves no
merchant while its lag exceeds the limit. A read that fails on the replica is repeated on the primary. The primary
always serves single objects, events, and the reads on which decisions depend.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog

from sgate.core.errors import GatewayError
from sgate.db import replica
from sgate.db.notifications import topic_of
from sgate.db.pool import AnyDatabaseError, Connection, Pool
from sgate.db.replica import Freshness
from sgate.services.merchant_slots import MerchantSlots

MEASURE_INTERVAL_S = 1.0
MAX_LAG_S = 5.0
ANSWER_TIMEOUT_S = 3.0
"""How long to wait for the replica. While it is down, a pooler may let connections hang instead of refusing them."""

MAX_CHANGES = 100_000
"""Maximum number of merchants whose last change is remembered.

If there are more, the primary serves all merchants until the replica has replayed every change made so far.
"""

T = TypeVar("T")
Read = Callable[[Connection], Awaitable[T]]

_log = structlog.get_logger(__name__)


class ReplicaReads:
    """Runs reads of lists on the replica or on the primary. Without a replica, all reads run on the primary."""

    def __init__(
        self,
        primary: Pool,
        replica_pool: Pool | None = None,
        *,
        max_lag_s: float = MAX_LAG_S,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`max_lag_s` is the maximum replication lag at which the replica is used."""
        self._primary = primary
        self._replica = replica_pool
        self._max_lag_s = max_lag_s
        self._monotonic_s = monotonic_s
        self._freshness = Freshness()
        self._slots = MerchantSlots()
        self._changes: dict[str, float] = {}
        self._all_changed_s = 0.0
        self._notified = False
        self._running: set[asyncio.Task[Any]] = set()
        self.served_by_replica = 0

    @property
    def has_replica(self) -> bool:
        """Whether a replica is configured."""
        return self._replica is not None

    @property
    def lag_s(self) -> float:
        """Upper bound of the replication lag in seconds; infinite if it is unknown."""
        return self._monotonic_s() - self._freshness.shows_until_s

    @property
    def replica_is_fresh(self) -> bool:
        """Whether the replica is fresh enough to be used now."""
        return self._notified and self.lag_s <= self._max_lag_s

    async def run(self, merchant_id: str | None, read: Read[T], *, livemode: bool, costly: bool = False) -> T:
        """Run `read` on the replica if it shows the merchant's latest change, and otherwise on the primary.

        If `merchant_id` is None, the caller is the operator, who is always served by the primary. Only a few
        `costly` reads of each merchant run at once.

        Raises:
            RateLimitExceeded: if too many costly reads of the merchant are running.
        """
        async with self._slots.slot(merchant_id) if costly and merchant_id is not None else contextlib.nullcontext():
            return await self._run(merchant_id, read, livemode=livemode)

    async def _run(self, merchant_id: str | None, read: Read[T], *, livemode: bool) -> T:
        if self._replica is not None and merchant_id is not None and self._may_ask(merchant_id, livemode=livemode):
            try:
                found = await self._ask_replica(self._replica, read)
            except GatewayError:  # replication lag may be the cause, so the primary decides
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
        """Note that a merchant's data has just changed. `topic` is the merchant's `notifications.topic_of`."""
        if self._replica is None:
            return
        if len(self._changes) >= MAX_CHANGES:
            self._changes.clear()
            self._all_changed_s = self._monotonic_s()
        self._changes[topic] = self._monotonic_s()

    def notified(self, connected: bool) -> None:
        """Note whether notifications arrive. Missed notifications may concern any merchant, so all count as changed."""
        self._notified = connected
        self._all_changed_s = self._monotonic_s()

    async def measure(self) -> None:
        """Measure the replica's lag, and forget the changes that the replica has replayed."""
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
        """Terminate the connections to the replica."""
        if self._replica is not None:
            self._replica.terminate()

    async def _ask_replica(self, pool: Pool, read: Read[T]) -> T:
        """Run `read` in a separate task.

        A connection cannot be returned to the pool before its canceled statement has ended, and that can take long.
        """

        async def run() -> T:
            async with pool.acquire() as connection:
                return await read(connection)

        task = asyncio.create_task(run())
        self._running.add(task)
        task.add_done_callback(self._answered)
        try:
            await asyncio.wait([task], timeout=ANSWER_TIMEOUT_S)
            if task.done():
                return task.result()
            raise TimeoutError(f"no response within {ANSWER_TIMEOUT_S:.0f} s")
        finally:
            task.cancel()

    def _answered(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # mark the exception as retrieved, because the waiter may have given up

    def _may_ask(self, merchant_id: str, *, livemode: bool) -> bool:
        changed_s = self._changes.get(topic_of(merchant_id, livemode=livemode), self._all_changed_s)
        return self.replica_is_fresh and max(changed_s, self._all_changed_s) < self._freshness.shows_until_s
