"""Server-sent events: long answers that tell news as they happen.

A stream is a loop around `look`, which returns what is new since it was asked last. It is asked when whoever makes the
news wakes it, and every `poll_s` seconds in case a wake-up was missed. Everything is bounded: how many streams are
open, how long one lives, how long a client may take to read. A client that comes back says what it saw last
(`Last-Event-ID`), so ending a stream loses nothing. A stop of the server ends all streams at once.

Thousands are open at a time, so a stream costs no task and no timer of its own: it runs in the task of its request, the
server tells it when its connection is lost, and one sweep looks after the times of all.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Sequence
from enum import Enum
from typing import Any

import msgspec
import structlog
from litestar import Response

from sgate.core import errors
from sgate.db.pool import DatabaseErrors
from sgate.http.asgi import TAKES_OVER, Connection, Receive, Scope, Send
from sgate.http.request_state import state_of

EVENT_STREAM = "text/event-stream"
HEARTBEAT_S = 15.0
"""A comment is sent after so much silence: proxies close what is silent for a minute, and a dead client shows."""

LIFE_S = 15 * 60.0
"""Then the client has to come back: its key is checked again, and streams spread over the processes again."""

SEND_TIMEOUT_S = 20.0
"""A client for which more waits than the server keeps (64 KiB), and that takes no byte for so long, is cut off."""

GOODBYE_TIMEOUT_S = 1.0
LINGER_S = 3.0
"""After its last words a connection is closed when the client has taken them, but not later than this."""

SWEEP_S = 0.5
"""How often the times of all streams are looked at."""

RETRY_MS = 2000
"""When a client should come back, lengthened by up to half, so that not all come at once."""

MAX_WRITE_BYTES = 65_536
KEEP_ALIVE = b": still here\n\n"
HEADERS = (
    (b"content-type", EVENT_STREAM.encode()),
    (b"cache-control", b"no-store, no-transform"),
    (b"connection", b"close"),  # the connection has no use after the stream, and a stop need not wait for it
    (b"x-accel-buffering", b"no"),  # nginx would else keep news back until it has a page of them
)


class TooManyStreams(errors.RateLimitExceeded):
    """You have as many streams open as are allowed. Close one, or use it for more."""


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What `look` found. `frames`: each made by `frame`. `more`: ask again at once. `final`: there will never be more,
    the stream may end.
    """

    frames: Sequence[bytes] = ()
    more: bool = False
    final: bool = False


NOTHING_NEW = News()

Look = Callable[[], Awaitable[News]]
Leave = Callable[[], None]


def position(identity: str) -> bytes:
    """What makes a client say this id when it comes back, though it has seen no event yet."""
    return b"id: %s\n\n" % identity.encode()


def frame(data: bytes, *, event: str | None = None, identity: str | None = None) -> bytes:
    """One event of a stream. `data` is a single line, such as JSON; `identity` comes back as `Last-Event-ID`."""
    name = b"" if event is None else b"event: %s\n" % event.encode()
    number = b"" if identity is None else b"id: %s\n" % identity.encode()
    return b"%s%sdata: %s\n\n" % (number, name, data)


class Streams:
    """The open streams of this process."""

    def __init__(
        self,
        *,
        most: int,
        heartbeat_s: float = HEARTBEAT_S,
        life_s: float = LIFE_S,
        send_timeout_s: float = SEND_TIMEOUT_S,
        sweep_s: float = SWEEP_S,
    ) -> None:
        """`most`: how many may be open. The times of each: see the defaults. `sweep_s`: how exact times are."""
        self._most = most
        self._heartbeat_s = heartbeat_s
        self._life_s = life_s
        self._send_timeout_s = send_timeout_s
        self._sweep_s = sweep_s
        self._sweeping: asyncio.TimerHandle | None = None
        self._ending = False
        self._callers: Counter[str] = Counter()
        self._lines: set[Line] = set()

    @property
    def open(self) -> int:
        """How many are open."""
        return self._callers.total()

    def answer(
        self, look: Look, join: Callable[["Line"], Leave], *, caller: str, most_of_caller: int, poll_s: float
    ) -> Response[bytes]:
        """The answer that streams what `look` finds.

        Args:
            join: given the stream, to be woken when there may be news; returns what to call when that is over.
            caller: whose stream it is; one caller may have `most_of_caller` at a time.

        Raises:
            TooManyStreams: if the caller has as many as it may.
            Unavailable: if this process has.
        """
        if self._callers[caller] >= most_of_caller:
            raise TooManyStreams(retry_after_s=5)
        if self.open >= self._most or self._ending:
            raise errors.Unavailable("This server has no stream to spare. Try again in a moment.", retry_after_s=5)

        async def serve(scope: Scope, begin: Send, send: Send) -> None:
            scope["path_template"] = f"{scope.get('path_template')} (stream)"  # apart in the metrics: it lasts minutes
            await begin({"type": "http.response.start", "status": 200, "headers": [*HEADERS]})
            if state_of(scope).head:
                await send({"type": "http.response.body", "body": b""})
                return
            with self._counted(caller), self._line(scope, send, poll_s) as line:
                await line.follow(look, join)

        return _StreamingResponse(serve)

    def end(self) -> None:
        """End all streams, and open no more: the server is about to stop."""
        self._ending = True
        for line in self._lines:
            line.break_off(_Over.TIME)

    @contextlib.contextmanager
    def _counted(self, caller: str) -> Generator[None]:
        self._callers[caller] += 1
        try:
            yield
        finally:
            self._callers[caller] -= 1
            if not self._callers[caller]:
                del self._callers[caller]

    @contextlib.contextmanager
    def _line(self, scope: Scope, send: Send, poll_s: float) -> Generator["Line"]:
        line = Line(scope, send, heartbeat_s=self._heartbeat_s, life_s=self._life_s, poll_s=poll_s)
        self._lines.add(line)
        if self._sweeping is None:
            self._sweep_later()
        try:
            yield line
        finally:
            self._lines.discard(line)

    def _sweep_later(self) -> None:
        self._sweeping = asyncio.get_running_loop().call_later(self._sweep_s, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = None
        now = asyncio.get_running_loop().time()
        for line in self._lines:
            line.check(now, self._send_timeout_s)
        if self._lines:
            self._sweep_later()


class _Over(Enum):
    """Why a stream is broken off."""

    TIME = "its time is over, or the server's"
    CUT = "the client took nothing for too long"
    GONE = "the connection is lost"


class Line:
    """One stream: the way to its client, from the first byte to the last."""

    __slots__ = (
        "_connection", "_ends_at", "_heartbeat_s", "_look_at", "_loop", "_over", "_poll_s", "_resting", "_send",
        "_sent_at", "_task", "_time", "_woken", "_writing_since",
    )  # fmt: skip

    def __init__(self, scope: Scope, send: Send, *, heartbeat_s: float, life_s: float, poll_s: float) -> None:
        self._connection: Connection | None = scope.get("connection")
        self._send = send
        self._heartbeat_s = heartbeat_s
        self._poll_s = poll_s
        self._loop = asyncio.get_running_loop()
        self._time = self._loop.time
        self._sent_at = self._time()
        self._ends_at = self._sent_at + life_s
        self._look_at = self._sent_at + poll_s
        self._writing_since: float | None = None
        self._resting: asyncio.Future[None] | None = None
        self._woken = False
        self._over: _Over | None = None
        self._task = asyncio.current_task()

    async def follow(self, look: Look, join: Callable[["Line"], Leave]) -> None:
        """Tell the client what there is, until one of the two has enough."""
        if self._connection is not None:
            if self._connection.lost:
                return  # it went while its request was read and understood
            self._connection.on_lost = self._lost
        leave = join(self)
        try:
            await self._talk(look)
        except asyncio.CancelledError:
            if self._over is None or self._task is None:
                raise
            self._task.uncancel()  # it was us
        except (*DatabaseErrors, errors.GatewayError) as error:
            # The client only sees that the stream ended, and comes back.
            structlog.get_logger("sgate.api").warning("stream_ended", reason=f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001 - a defect: told here, as the answer has begun long ago
            structlog.get_logger("sgate.api").error("stream_failed", exc_info=error)
        finally:
            leave()
            self._task = None
            if self._connection is not None:
                self._connection.on_lost = None
        if self._over in {None, _Over.TIME}:
            await self._part()

    # --- from outside

    def wake(self) -> None:
        """There may be news."""
        self._woken = True
        if self._resting is not None and not self._resting.done():
            self._resting.set_result(None)

    def push(self, chunk: bytes) -> bool:
        """Say this at once (see `chunk_of`), without the task of the request, if it says nothing else just now and the
        client has taken all there was before. Returns whether it did.
        """
        resting = self._resting is not None and not self._resting.done()
        if not resting or self._connection is None or not self._connection.write_chunk(chunk):
            return False
        self._sent_at = self._time()
        return True

    def check(self, now: float, send_timeout_s: float) -> None:
        """Look at the time."""
        if self._writing_since is not None and now >= self._writing_since + send_timeout_s:
            if self._connection is not None:
                self._connection.abort()  # first, so that the loss is known when the request ends
            self.break_off(_Over.CUT)
        elif now >= self._ends_at:
            self.break_off(_Over.TIME)
        elif now >= min(self._look_at, self._sent_at + self._heartbeat_s):
            self.wake()

    def break_off(self, why: _Over) -> None:
        """Stop talking, in the middle of whatever it is."""
        if self._over is None and self._task is not None:
            self._over = why
            self._task.cancel()

    def _lost(self) -> None:
        self.break_off(_Over.GONE)

    # --- talking

    async def _talk(self, look: Look) -> None:
        await self._write(b"retry: %d\n\n" % _retry_ms())
        while self._over is None:
            self._woken = False
            news = await look()
            for chunk in _chunks(news.frames):
                await self._write(chunk)
            if news.final:
                return
            if not news.more:
                await self._rest()

    async def _rest(self) -> None:
        """Until there may be news, or it is time to look or to say something."""
        if self._time() >= self._sent_at + self._heartbeat_s:
            await self._write(KEEP_ALIVE)
        self._look_at = self._time() + self._poll_s
        if not self._woken:
            self._resting = self._loop.create_future()
            await self._resting
            self._resting = None

    async def _write(self, data: bytes) -> None:
        """Write; wait as long as the client may take for what was written before."""
        self._writing_since = self._sent_at = self._time()
        await self._send({"type": "http.response.body", "body": data, "more_body": True})
        self._writing_since = None

    async def _part(self) -> None:
        """The last words: when to come back."""
        last = {"type": "http.response.body", "body": b"retry: %d\n\n" % _retry_ms(), "more_body": False}
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._send(last), GOODBYE_TIMEOUT_S)
        if self._connection is not None:
            self._loop.call_later(LINGER_S, self._connection.abort)


class _StreamingResponse(Response[bytes]):
    """What a handler returns: Litestar sends it by calling it, as any ASGI application. It sends nothing yet."""

    def __init__(self, serve: Callable[[Scope, Send, Send], Awaitable[None]]) -> None:
        super().__init__(b"", media_type=EVENT_STREAM)
        self._serve = serve

    def to_asgi_response(self, app: object, request: object, **options: Any) -> Any:
        """The ASGI application that answers."""
        del app, request, options
        return self._answer

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send  # the server tells a stream itself when its client is gone
        scope[TAKES_OVER] = self._serve


def _chunks(frames: Sequence[bytes]) -> Sequence[bytes]:
    """Frames as writes of a bounded size; a frame is never cut."""
    if len(frames) <= 1:
        return frames
    chunks: list[bytes] = []
    for each in frames:
        if chunks and len(chunks[-1]) + len(each) <= MAX_WRITE_BYTES:
            chunks[-1] += each
        else:
            chunks.append(each)
    return chunks


def _retry_ms() -> int:
    return round(RETRY_MS * (1 + random.random() / 2))  # noqa: S311 - jitter
