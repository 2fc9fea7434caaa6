"""Server-sent events: long-lived responses that send updates as they happen.

A stream is a generator that calls `read` for the frames that its client has not received yet. The stream calls `read`
when its subscription is woken, and every `poll_s` seconds in case a wake-up was missed. Streams are limited in number
(in total and per tag) and in lifetime. No event is lost when a stream ends, because a client that reconnects sends the
id of the last event that it received (`Last-Event-ID`). `guard` disconnects a client that stops reading.
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
"""Idle time after which a comment is sent, so that proxies keep the connection open and dead clients are noticed."""

LIFE_S = 15 * 60.0
"""Lifetime of a stream. When the client reconnects, its key is checked again and any process may serve it."""

RETRY_MS = 2000
"""The minimum reconnection delay that is sent to clients.

A random addition of up to half of this value prevents all clients from reconnecting at once.
"""

RESERVE = 0.2
"""Share of the streams that is reserved for clients that send a client secret, because they are about to pay."""

KEEP_ALIVE = b": still here\n\n"
HEADERS = {
    "Cache-Control": "no-store, no-transform",
    "Connection": "close",  # the connection is not reused after the stream, so shutdown does not wait for it
    "X-Accel-Buffering": "no",  # otherwise, nginx would collect frames in a buffer before it forwards them
}


class TooManyStreams(errors.RateLimitExceeded):
    """You have reached the maximum number of open streams. Close one, or share one stream between consumers."""


class Subscription:
    """A handle with which an open stream can be woken and ended."""

    __slots__ = ("_woken", "ended")

    def __init__(self) -> None:
        self._woken = asyncio.Event()
        self.ended = False

    def wake(self) -> None:
        """Make the stream read again, because there may be new frames."""
        self._woken.set()

    def end(self) -> None:
        """End the stream. The client will reconnect."""
        self.ended = True
        self._woken.set()

    async def wait(self, seconds: float) -> None:
        """Wait until the stream is woken or ended, for at most `seconds`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()


Read = Callable[[], Awaitable[Sequence[bytes]]]
Join = Callable[[Subscription], contextlib.AbstractContextManager[Read]]
"""Subscribes a stream to its updates while the stream is open, and yields the function that reads the updates.

Each read returns frames that are sent together. A read that leaves frames for later wakes the subscription itself.
"""


def frame(data: bytes, *, event: str | None = None, identity: str | None = None) -> bytes:
    """Encode one event. `data` is a single line, such as JSON. Clients send `identity` back as `Last-Event-ID`."""
    return ServerSentEventMessage(data=data, event=event, id=identity, sep="\n").encode()


def position(identity: str) -> bytes:
    """Encode a frame that sets the client's `Last-Event-ID` without delivering an event."""
    return ServerSentEventMessage(data=None, id=identity, sep="\n").encode()


class Streams:
    """The open streams of this process."""

    def __init__(self, *, max_open: int, heartbeat_s: float = HEARTBEAT_S, life_s: float = LIFE_S) -> None:
        """`max_open` is the maximum number of open streams."""
        self._max_open = max_open
        self._heartbeat_s = heartbeat_s
        self._life_s = life_s
        self._tags: Counter[str] = Counter()
        self._open: dict[Subscription, Sequence[str]] = {}
        self._ending = False

    @property
    def open(self) -> int:
        """The number of open streams."""
        return len(self._open)

    def response(
        self, join: Join, *, limits: Mapping[str, int | None], poll_s: float, reserved: bool = False
    ) -> Stream:
        """Return a response that streams the frames that are read through `join`.

        Args:
            limits: maps each tag of the stream (such as the caller) to the maximum number of streams with this tag, or
                to None if there is no limit.
            poll_s: seconds between reads when the stream is not woken.
            reserved: whether the stream may use the reserved share (see `RESERVE`).

        Raises:
            TooManyStreams: if the limit of one of the tags is reached.
            Unavailable: if this process has reached its maximum number of streams, or is shutting down.
        """
        self._refuse_too_many(limits, reserved=reserved)
        subscription = Subscription()
        self._open[subscription] = tuple(limits)
        self._tags.update(tuple(limits))
        body = self._body(subscription, join, poll_s)
        weakref.finalize(body, self._closed, subscription)  # if the client has disconnected, `body` never starts
        return Stream(body, media_type=EVENT_STREAM, headers=HEADERS)

    def end(self) -> None:
        """End all streams and refuse new ones, because the server is shutting down."""
        self._ending = True
        for subscription in self._open:
            subscription.end()

    def end_tagged(self, tag: str) -> None:
        """End the streams with this tag."""
        if self._tags[tag]:
            for subscription, tags in self._open.items():
                if tag in tags:
                    subscription.end()

    def _refuse_too_many(self, limits: Mapping[str, int | None], *, reserved: bool) -> None:
        if any(limit is not None and self._tags[tag] >= limit for tag, limit in limits.items()):
            raise TooManyStreams(retry_after_s=5)
        if self._ending or self.open >= (self._max_open if reserved else self._max_open * (1 - RESERVE)):
            raise errors.Unavailable("This server cannot open another stream. Try again in a moment.", retry_after_s=5)

    def _closed(self, subscription: Subscription) -> None:
        tags = self._open.pop(subscription, ())
        self._tags.subtract(tags)
        for tag in tags:
            if not self._tags[tag]:
                del self._tags[tag]

    async def _body(self, subscription: Subscription, join: Join, poll_s: float) -> AsyncGenerator[bytes]:
        log = structlog.get_logger("sgate.api")
        try:
            yield _retry()
            try:
                with join(subscription) as read:
                    async for frames in self._frames(subscription, read, poll_s):
                        yield frames
            except (*DatabaseErrors, errors.GatewayError) as error:
                # The client notices only that the stream has ended, and reconnects.
                log.warning("stream_ended", reason=f"{type(error).__name__}: {error}")
            except Exception:
                log.exception("stream_failed")  # a defect, logged here because the response has already begun
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
