"""A limit on the costly reads that one merchant has running at once, so that they cannot delay other merchants."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from sgate.core import errors

MAX_RUNNING = 2
"""The number of costly reads of one merchant that each process runs at once. Each occupies a core of the database."""

MAX_WAITING = 8
"""The number of further reads of the merchant that wait. They hold no connection while they wait."""

MAX_WAIT_S = 10.0


class MerchantSlots:
    """Lets a few reads of each merchant run at once. A few more wait, in order; all others are refused."""

    def __init__(
        self, *, running: int = MAX_RUNNING, waiting: int = MAX_WAITING, max_wait_s: float = MAX_WAIT_S
    ) -> None:
        self._running = running
        self._waiting = waiting
        self._max_wait_s = max_wait_s
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._present: dict[str, int] = {}

    @contextlib.asynccontextmanager
    async def slot(self, merchant_id: str) -> AsyncGenerator[None]:
        """Hold one of the merchant's slots.

        Raises:
            RateLimitExceeded: if too many reads of the merchant are already waiting, or if this one waited too long.
        """
        present = self._present.get(merchant_id, 0)
        if present >= self._running + self._waiting:
            raise _busy()
        self._present[merchant_id] = present + 1
        slots = self._slots.setdefault(merchant_id, asyncio.Semaphore(self._running))
        try:
            await self._acquire(slots)
            try:
                yield
            finally:
                slots.release()
        finally:
            self._present[merchant_id] -= 1
            if not self._present[merchant_id]:
                del self._present[merchant_id], self._slots[merchant_id]

    async def _acquire(self, slots: asyncio.Semaphore) -> None:
        try:
            async with asyncio.timeout(self._max_wait_s):
                await slots.acquire()
        except TimeoutError:
            raise _busy() from None


def _busy() -> errors.RateLimitExceeded:
    return errors.RateLimitExceeded(
        "Too many lists with page numbers or metadata filters are being read for this merchant at once. Try again in a "
        "moment, and read such lists one after another.",
        retry_after_s=1,
    )
