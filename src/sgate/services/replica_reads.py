"""Reads of lists and stats on the replica, as long as it shows every change that the reader may already know of.

A merchant who made a change, or was notified of it by a webhook, must not read an older state afterwards. The replica
therefore serves only merchants whose last change it is known to have replayed, and none while its lag exceeds the
limit. A read that fails on the replica is repeated on the primary. Single objects, events and the reads that decisions
depend on always use the primary.
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
"""How long to wait for the replica. When it is down, a connection through a pooler hangs instead of being refused."""

MAX_CHANGES = 100_000
"""Merchants whose last change is remembered. Beyond this, the primary serves all until the replica has caught up."""

T = TypeVar("T")
Read = Callable[[Connection], Awaitable[T]]

_log = structlog.get_logger(__name__)


class ReplicaReads:
    """Runs reads of lists on a replica or on the primary; without a replica always on the primary."""

    def __init__(
        self,
        primary: Pool,
        replica_pool: Pool | None = None,
        *,
        max_lag_s: float = MAX_LAG_S,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`max_lag_s` is the replication lag above which the replica is not used."""
        self._primary = primary
        self._replica = replica_pool
        self._max_lag_s = max_lag_s
        self._monotonic_s = monotonic_s
        self._freshness = Freshness()
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
        """Whether the replica is used at present."""
        return self._notified and self.lag_s <= self._max_lag_s

    async def run(self, merchant_id: str | None, read: Read[T], *, livemode: bool) -> T:
        """Run `read` on the server that may answer this merchant; None is the operator, who always gets the primary."""
        if self._replica is not None and merchant_id is not None and self._may_ask(merchant_id, livemode=livemode):
            try:
                found = await self._ask_replica(self._replica, read)
            except GatewayError:  # perhaps only because the replica lags behind
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
        """Note that data of a merchant has just changed. `topic`: see `notifications.topic_of`."""
        if self._replica is None:
            return
        if len(self._changes) >= MAX_CHANGES:
            self._changes.clear()
            self._all_changed_s = self._monotonic_s()
        self._changes[topic] = self._monotonic_s()

    def notified(self, connected: bool) -> None:
        """Note whether notifications of changes arrive. Those that were missed may concern any merchant."""
        self._notified = connected
        self._all_changed_s = self._monotonic_s()

    async def measure(self) -> None:
        """Measure the replica's lag, and forget the changes that it has replayed."""
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
        """Run `read` in a separate task, because returning a connection can take as long as its canceled statement."""

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
            task.exception()  # mark it as retrieved: the waiter may have given up

    def _may_ask(self, merchant_id: str, *, livemode: bool) -> bool:
        changed_s = self._changes.get(topic_of(merchant_id, livemode=livemode), self._all_changed_s)
        return self.replica_is_fresh and max(changed_s, self._all_changed_s) < self._freshness.shows_until_s
