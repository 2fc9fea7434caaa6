"""The loops of the deliverer and its backlog. Slow receivers do not delay claims."""

import asyncio
import contextlib
from collections.abc import Sequence
from uuid import UUID

import structlog

from sgate.db.notifications import Channel, Listener
from sgate.db.pool import DatabaseErrors
from sgate.store.webhook_deliveries_queue import Delivery
from sgate.workers.loops import STOP_GRACE_S, Pulse, Stop, first_of, repeat
from sgate.workers.webhooks.backlog import Backlog
from sgate.workers.webhooks.deliverer import Deliverer

DELIVERY_POLL_S = 1.0


BACKLOG_INTERVAL_S = 1.0


class _Attempts:
    """The attempts in flight. Each has its own task, so finished attempts free their slots even while others hang."""

    def __init__(self, deliverer: Deliverer, wake: asyncio.Event, pulse: Pulse) -> None:
        self._deliverer = deliverer
        self._wake = wake
        self._pulse = pulse
        self._tasks: dict[asyncio.Task[object], tuple[UUID, Delivery]] = {}

    def start(self, token: UUID, claimed: Sequence[Delivery]) -> None:
        """Start the attempts of claimed deliveries."""
        for delivery in claimed:
            task: asyncio.Task[object] = asyncio.create_task(self._deliverer.attempt(token, delivery))
            self._tasks[task] = (token, delivery)
            task.add_done_callback(self._ended)

    async def finish(self, grace_s: float) -> None:
        """Wait up to `grace_s` seconds for all attempts. Cancel attempts that take longer, and release their leases."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        canceled = dict(self._tasks)
        for task in canceled:
            task.cancel()
        await asyncio.gather(*canceled, return_exceptions=True)
        with contextlib.suppress(*DatabaseErrors):  # after an error, the leases expire by themselves
            for token, delivery in canceled.values():
                await self._deliverer.release(token, [delivery])

    def _ended(self, task: asyncio.Task[object]) -> None:
        _, delivery = self._tasks.pop(task)
        self._wake.set()  # an endpoint has a free slot, or the next event of an intent may be sent
        error = None if task.cancelled() else task.exception()
        if isinstance(error, DatabaseErrors):
            structlog.get_logger("sgate.deliverer").warning("result_not_stored", reason=str(error))
        elif error is not None:
            # The delivery is tried again when its lease expires; the other deliveries continue in the meantime.
            self._pulse.defect(error)
            structlog.get_logger("sgate.deliverer").error("delivery_failed", delivery=delivery.id, exc_info=error)


async def deliver(
    deliverer: Deliverer, listener: Listener, *, stop: Stop, pulse: Pulse, stop_grace_s: float = STOP_GRACE_S
) -> None:
    """Send due deliveries after each notification, and at least every DELIVERY_POLL_S seconds."""
    wake = asyncio.Event()
    unlisten = listener.listen(Channel.DELIVERY, lambda _: wake.set())
    attempts = _Attempts(deliverer, wake, pulse)

    async def claim_and_send() -> None:
        while not stop.requested:
            wake.clear()
            token, claimed = await deliverer.claim()
            pulse.beat(deliverer.signing_error)
            if not claimed:
                break
            attempts.start(token, claimed)

    async def once() -> None:
        await claim_and_send()
        await first_of(wake, stop, DELIVERY_POLL_S)

    try:
        await repeat("deliverer", once, interval_s=0, stop=stop, pulse=pulse)
    finally:
        unlisten()
        await attempts.finish(stop_grace_s)


async def manage_backlog(backlog: Backlog, deliverer: Deliverer, *, stop: Stop, pulse: Pulse) -> None:
    """Park deliveries that cannot be sent now, and requeue them when they can."""

    async def once() -> None:
        await backlog.run_once(deliverer.stuck)
        pulse.beat()

    await repeat("backlog", once, interval_s=BACKLOG_INTERVAL_S, stop=stop, pulse=pulse)
