"""Server-sent events: long responses that send news as it happens.

A stream is a generator around `read`, which returns the frames that its client has not been sent. It reads when whoever
makes the news wakes it, and every `poll_s` seconds in case a wake-up was missed. Everything is bounded: how many
streams are open, in all and for each of their tags, and how long one lives. A client that comes back says what it saw
last (`Last-Event-ID`), so ending a stream loses nothing. A client that takes no bytes is cut off by `guard`.
"""

import asyncio
import contextlib
import random
import weakref
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence

import structlog
from litestar.response import ServerSentEventMessage, Stream

from sgate.core import errors
from sgate.db.pool import DatabaseErrors

EVENT_STREAM = "text/event-stream"
HEARTBEAT_S = 15.0
"""A comment is sent after so much silence: proxies close what is silent for a minute, and a dead client shows."""

LIFE_S = 15 * 60.0
"""Then the client has to come back: its key is checked again, and streams spread over the processes again."""

RETRY_MS = 2000
"""When a client should come back, lengthened by up to half, so that not all come at once."""

RESERVE = 0.2
"""The share of all streams that is kept for those that show a client secret: people who are about to pay."""

KEEP_ALIVE = b": still here\n\n"
HEADERS = {
    "Cache-Control": "no-store, no-transform",
    "Connection": "close",  # the connection has no use after the stream, and a stop need not wait for it
    "X-Accel-Buffering": "no",  # nginx would else hold frames back until it has a page of them
}


class TooManyStreams(errors.RateLimitExceeded):
    """You have as many streams open as are allowed. Close one, or use it for more."""


class Subscription:
    """One open stream: wakes its generator, and ends it."""

    __slots__ = ("_woken", "ended")

    def __init__(self) -> None:
        self._woken = asyncio.Event()
        self.ended = False

    def wake(self) -> None:
        """There may be news."""
        self._woken.set()

    def end(self) -> None:
        """Send no more; the client comes back."""
        self.ended = True
        self._woken.set()

    async def wait(self, seconds: float) -> None:
        """Until there may be news, at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()


Read = Callable[[], Awaitable[Sequence[bytes]]]
Join = Callable[[Subscription], contextlib.AbstractContextManager[Read]]
"""Subscribes a stream to its news for as long as it is open, and gives what reads them: as many frames as should leave
together. If it leaves some for later, it wakes the subscription itself.
"""


def frame(data: bytes, *, event: str | None = None, identity: str | None = None) -> bytes:
    """One event of a stream. `data` is a single line, such as JSON; `identity` comes back as `Last-Event-ID`."""
    return ServerSentEventMessage(data=data, event=event, id=identity, sep="\n").encode()


def position(identity: str) -> bytes:
    """Makes a client say this id when it comes back, though it has seen no event yet."""
    return ServerSentEventMessage(data=None, id=identity, sep="\n").encode()


class Streams:
    """The open streams of this process."""

    def __init__(self, *, most: int, heartbeat_s: float = HEARTBEAT_S, life_s: float = LIFE_S) -> None:
        """`most`: how many may be open."""
        self._most = most
        self._heartbeat_s = heartbeat_s
        self._life_s = life_s
        self._tags: Counter[str] = Counter()
        self._open: dict[Subscription, Sequence[str]] = {}
        self._ending = False

    @property
    def open(self) -> int:
        """How many are open."""
        return len(self._open)

    def response(
        self, join: Join, *, limits: Mapping[str, int | None], poll_s: float, reserved: bool = False
    ) -> Stream:
        """A response that streams what `join` gives to read.

        Args:
            limits: tags of the stream, such as its caller's, each with the number of streams that may have it, if any.
            poll_s: how often to read without being woken.
            reserved: whether it may use the reserve.

        Raises:
            TooManyStreams: if there are as many with one of its tags as there may be.
            Unavailable: if this process has as many as it may.
        """
        self._refuse_too_many(limits, reserved=reserved)
        subscription = Subscription()
        self._open[subscription] = tuple(limits)
        self._tags.update(tuple(limits))
        talk = self._talk(subscription, join, poll_s)
        weakref.finalize(talk, self._closed, subscription)  # a client that goes at once never lets it begin
        return Stream(talk, media_type=EVENT_STREAM, headers=HEADERS)

    def end(self) -> None:
        """End all streams, and open no more: the server is about to stop."""
        self._ending = True
        for subscription in self._open:
            subscription.end()

    def end_tagged(self, tag: str) -> None:
        """End the streams that have this tag."""
        if self._tags[tag]:
            for subscription, tags in self._open.items():
                if tag in tags:
                    subscription.end()

    def _refuse_too_many(self, limits: Mapping[str, int | None], *, reserved: bool) -> None:
        if any(most is not None and self._tags[tag] >= most for tag, most in limits.items()):
            raise TooManyStreams(retry_after_s=5)
        if self._ending or self.open >= (self._most if reserved else self._most * (1 - RESERVE)):
            raise errors.Unavailable("This server has no stream to spare. Try again in a moment.", retry_after_s=5)

    def _closed(self, subscription: Subscription) -> None:
        tags = self._open.pop(subscription, ())
        self._tags.subtract(tags)
        for tag in tags:
            if not self._tags[tag]:
                del self._tags[tag]

    async def _talk(self, subscription: Subscription, join: Join, poll_s: float) -> AsyncGenerator[bytes]:
        log = structlog.get_logger("sgate.api")
        try:
            yield _retry()
            try:
                with join(subscription) as read:
                    async for frames in self._frames(subscription, read, poll_s):
                        yield frames
            except (*DatabaseErrors, errors.GatewayError) as error:
                # The client only sees that the stream ended, and comes back.
                log.warning("stream_ended", reason=f"{type(error).__name__}: {error}")
            except Exception:
                log.exception("stream_failed")  # a defect: logged here, as the response began long ago
            yield _retry()
        finally:
            self._closed(subscription)

    async def _frames(self, subscription: Subscription, read: Read, poll_s: float) -> AsyncGenerator[bytes]:
        clock = asyncio.get_running_loop().time
        ends_at, silent_at = clock() + self._life_s, clock() + self._heartbeat_s
        while not subscription.ended and not self._ending and clock() < ends_at:
            frames = await read()
            if frames:
                yield b"".join(frames)
                silent_at = clock() + self._heartbeat_s
            elif clock() >= silent_at:
                yield KEEP_ALIVE
                silent_at = clock() + self._heartbeat_s
            await subscription.wait(max(0.0, min(poll_s, silent_at - clock(), ends_at - clock())))


def _retry() -> bytes:
    milliseconds = round(RETRY_MS * (1 + random.random() / 2))  # noqa: S311 - jitter
    return ServerSentEventMessage(data=None, retry=milliseconds, sep="\n").encode()
