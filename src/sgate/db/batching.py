"""Coalescing: concurrent calls in one process share one statement.

For example, sixty requests that insert one row each share one round trip and one commit. If fewer than `in_flight`
batches are running, a call starts a new batch. Otherwise the call waits in a queue and becomes part of the next batch.
There is no timer, and no call returns before the statement of its batch has finished.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MAX_BATCH = 64
"""Maximum number of items per statement. Larger batches are hardly faster, and a failure would affect more calls."""

MAX_WAITING = 4096
"""Maximum number of queued items. If the queue is full, the process is overloaded, and further calls fail at once."""

BATCHES_IN_FLIGHT = 2


class Overloaded(Exception):
    """Too many calls are waiting for the database; try again in a moment."""


class Coalescer(Generic[Item, Answer]):
    """Collects concurrent items into batches for `run`, which returns one result or exception per item, in order."""

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | BaseException]]],
        *,
        max_batch: int = MAX_BATCH,
        max_waiting: int = MAX_WAITING,
        in_flight: int = BATCHES_IN_FLIGHT,
    ) -> None:
        self._run = run
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._free_slots = in_flight
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._batches: set[asyncio.Task[None]] = set()

    async def submit(self, item: Item) -> Answer:
        """Submit one item and wait for its result.

        If the caller is cancelled while its item is queued, the item is removed from the queue. If the batch has
        already started, the statement takes effect nevertheless, and only the result is lost, as when a connection
        breaks after the commit.

        Raises:
            Overloaded: if too many items are already queued.
            Exception: the exception that `run` returned for this item or raised for its batch.
        """
        if len(self._waiting) >= self._max_waiting:
            raise Overloaded("too many calls are waiting for the database")
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._free_slots:
            self._start_batch()
        return await answer

    def _start_batch(self) -> None:
        self._free_slots -= 1
        task = asyncio.create_task(self._work())
        self._batches.add(task)
        task.add_done_callback(self._batches.discard)

    async def _work(self) -> None:
        try:
            while batch := self._take():
                await self._answer(batch)
        finally:
            self._free_slots += 1

    def _take(self) -> list[tuple[Item, asyncio.Future[Answer]]]:
        batch: list[tuple[Item, asyncio.Future[Answer]]] = []
        while self._waiting and len(batch) < self._max_batch:
            item, answer = self._waiting.popleft()
            if not answer.done():
                batch.append((item, answer))
        return batch

    async def _answer(self, batch: list[tuple[Item, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._run([item for item, _ in batch])
            answered = list(zip(batch, answers, strict=True))
        except BaseException as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error if isinstance(error, Exception) else Overloaded("shutting down"))
            if not isinstance(error, Exception):
                raise
            return
        for (_, future), answer in answered:
            if future.done():
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)
