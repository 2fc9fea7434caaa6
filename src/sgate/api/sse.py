"""Server-sent events: long answers that tell news as they happen.

A stream is a loop around `look`, which returns what is new since it was asked last. It is asked when the feed says that
there may be news, and every `poll_s` seconds in case the feed missed something. Everything is bounded: how many streams
are open, how long one lives, how long a client may take to read. A client that comes back says what it saw last
(`Last-Event-ID`), so ending a stream loses nothing. A stop of the server ends all streams at once.
"""

import asyncio
import contextlib
import functools
import random
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import structlog
from litestar import Response

from sgate.api.asgi import Receive, Scope, Send
from sgate.gateway import errors
from sgate.store.feed import Channel, Feed
from sgate.store.pool import DatabaseErrors

EVENT_STREAM = "text/event-stream"
HEARTBEAT_S = 15.0
"""A comment is sent after so much silence: proxies close what is silent for a minute, and a dead client shows."""

LIFE_S = 15 * 60.0
"""Then the client has to come back: its key is checked again, and streams spread over the processes again."""

SEND_TIMEOUT_S = 20.0
"""A client that takes no byte for so long is cut off. Until then at most one write waits for it."""

GOODBYE_TIMEOUT_S = 1.0
MAX_STREAMS = 1000
"""Of one process."""

RETRY_MS = 2000
"""When a client should come back, lengthened by up to half, so that not all come at once."""

MAX_WRITE_BYTES = 65_536
KEEP_ALIVE = b": still here\n\n"
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store, no-transform",
    "Connection": "close",  # the connection has no use after the stream, and a stop need not wait for it
    "X-Accel-Buffering": "no",  # nginx would else keep news back until it has a page of them
}


class TooManyStreams(errors.RateLimitExceeded):
    """You have as many streams open as are allowed. Close one, or use it for more."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a stream. `data` is a single line, such as JSON; `id` comes back as `Last-Event-ID`."""

    data: bytes
    id: str | None = None
    event: str | None = None

    def encoded(self) -> bytes:
        """As it is sent."""
        name = b"" if self.event is None else b"event: %s\n" % self.event.encode()
        number = b"" if self.id is None else b"id: %s\n" % self.id.encode()
        return b"%s%sdata: %s\n\n" % (number, name, self.data)


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What `look` found. `more`: ask again at once. `final`: there will never be more, the stream may end."""

    frames: Sequence[Frame] = ()
    more: bool = False
    final: bool = False


Look = Callable[[], Awaitable[News]]


class Streams:
    """The open streams of this process."""

    def __init__(
        self,
        feed: Feed,
        *,
        most: int = MAX_STREAMS,
        heartbeat_s: float = HEARTBEAT_S,
        life_s: float = LIFE_S,
        send_timeout_s: float = SEND_TIMEOUT_S,
    ) -> None:
        self._most = most
        self._heartbeat_s = heartbeat_s
        self._life_s = life_s
        self._send_timeout_s = send_timeout_s
        self._ending = asyncio.Event()
        self._callers: Counter[str] = Counter()
        self._waiting: dict[tuple[Channel, str], set[asyncio.Event]] = {}
        for channel in (Channel.INTENT, Channel.EVENT):
            feed.listen(channel, functools.partial(self._wake, channel))

    @property
    def open(self) -> int:
        """How many are open."""
        return self._callers.total()

    def answer(
        self, look: Look, *, channel: Channel, topic: str, caller: str, most_of_caller: int, poll_s: float
    ) -> Response[bytes]:
        """The answer that streams what `look` finds.

        Args:
            channel, topic: which messages of the feed mean that there may be news.
            caller: whose stream it is; one caller may have `most_of_caller` at a time.

        Raises:
            TooManyStreams: if the caller has as many as it may.
            Unavailable: if this process has.
        """
        if self._callers[caller] >= most_of_caller:
            raise TooManyStreams(retry_after_s=5)
        if self.open >= self._most or self._ending.is_set():
            raise errors.Unavailable("This server has no stream to spare. Try again in a moment.", retry_after_s=5)
        return _StreamingResponse(functools.partial(self._serve, look, (channel, topic), caller, poll_s))

    def end(self) -> None:
        """End all streams, and open no more: the server is about to stop."""
        self._ending.set()

    async def _serve(
        self,
        look: Look,
        key: tuple[Channel, str],
        caller: str,
        poll_s: float,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """One stream, from its first byte to its last."""
        line = _Line(scope, send, self._send_timeout_s)
        with self._counted(caller):
            async with self._woken_by(key) as wake:
                talking = asyncio.create_task(self._talk(look, wake, poll_s, line))
                others = [asyncio.create_task(_until_gone(receive)), asyncio.create_task(self._ending.wait())]
                try:
                    await asyncio.wait([talking, *others], timeout=self._life_s, return_when=asyncio.FIRST_COMPLETED)
                    gone = others[0].done()
                finally:
                    await _cancel(talking, *others)
            if not gone and not line.cut:
                await line.end()
            if talking.done() and not talking.cancelled():
                _report(talking.exception())

    async def _talk(self, look: Look, wake: asyncio.Event, poll_s: float, line: "_Line") -> None:
        loop = asyncio.get_running_loop()
        await line.write(b"retry: %d\n\n" % _retry_ms())
        last_sent = loop.time()
        while not line.cut:
            wake.clear()
            news = await look()
            for chunk in _chunks(news.frames):
                await line.write(chunk)
                last_sent = loop.time()
            if news.final:
                return
            if news.more:
                continue
            silence_s = last_sent + self._heartbeat_s - loop.time()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), max(0.0, min(poll_s, silence_s)))
            if loop.time() >= last_sent + self._heartbeat_s:
                await line.write(KEEP_ALIVE)
                last_sent = loop.time()

    @contextlib.contextmanager
    def _counted(self, caller: str):  # noqa: ANN202 - counts while the block lasts
        self._callers[caller] += 1
        try:
            yield
        finally:
            self._callers[caller] -= 1
            if not self._callers[caller]:
                del self._callers[caller]

    @contextlib.asynccontextmanager
    async def _woken_by(self, key: tuple[Channel, str]) -> AsyncGenerator[asyncio.Event]:
        wake = asyncio.Event()
        self._waiting.setdefault(key, set()).add(wake)
        try:
            yield wake
        finally:
            self._waiting[key].discard(wake)
            if not self._waiting[key]:
                del self._waiting[key]

    def _wake(self, channel: Channel, topic: str) -> None:
        for wake in self._waiting.get((channel, topic), ()):
            wake.set()


class _Line:
    """The way to one client. `cut` when it took nothing for too long; then nothing more is written."""

    def __init__(self, scope: Scope, send: Send, timeout_s: float) -> None:
        self._send = send
        self._timeout_s = timeout_s
        self._abort: Callable[[], None] | None = scope.get("abort")
        self.cut = False

    async def write(self, data: bytes) -> None:
        """Write; wait as long as the client may take for what was written before."""
        try:
            await asyncio.wait_for(self._body(data, more=True), self._timeout_s)
        except TimeoutError:
            self.cut = True
            if self._abort is not None:
                self._abort()

    async def end(self) -> None:
        """The last words: when to come back."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._body(b"retry: %d\n\n" % _retry_ms(), more=False), GOODBYE_TIMEOUT_S)

    async def _body(self, data: bytes, *, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": more})


class _StreamingResponse(Response[bytes]):
    """What a handler returns: Litestar sends it by calling it, as any ASGI application."""

    def __init__(self, serve: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        super().__init__(b"", media_type=EVENT_STREAM, headers=HEADERS)
        self._serve = serve

    def to_asgi_response(self, app: object, request: object, **options: Any) -> Any:
        """The ASGI application that answers."""
        del app, request, options
        return self._answer

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["path_template"] = f"{scope.get('path_template')} (stream)"  # apart in the metrics: it lasts minutes
        headers = [(b"content-type", EVENT_STREAM.encode())]
        headers += [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._serve(scope, receive, send)


async def _until_gone(receive: Receive) -> None:
    with contextlib.suppress(errors.BadRequest):  # the edge's word for a client that went before it had asked
        while (await receive())["type"] != "http.disconnect":
            pass


async def _cancel(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def _report(error: BaseException | None) -> None:
    """The client only sees that the stream ended, and comes back; a defect must be told here."""
    if error is None:
        return
    if isinstance(error, (*DatabaseErrors, errors.GatewayError)):
        structlog.get_logger("sgate.api").warning("stream_ended", reason=f"{type(error).__name__}: {error}")
    else:
        structlog.get_logger("sgate.api").error("stream_failed", exc_info=error)


def _chunks(frames: Sequence[Frame]) -> Sequence[bytes]:
    """Frames as writes of a bounded size; a frame is never cut."""
    chunks: list[bytes] = []
    for frame in frames:
        encoded = frame.encoded()
        if chunks and len(chunks[-1]) + len(encoded) <= MAX_WRITE_BYTES:
            chunks[-1] += encoded
        else:
            chunks.append(encoded)
    return chunks


def _retry_ms() -> int:
    return round(RETRY_MS * (1 + random.random() / 2))  # noqa: S311 - jitter
