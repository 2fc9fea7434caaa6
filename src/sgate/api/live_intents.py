"""Live updates of open checkout pages: each payment intent is read and rendered once for all of its streams.

An intent is read when a notification reports a change, and when a page is opened. It is also polled, because a
notification may be missed and because new confirmations cause no notification. Intents that are due at the same time
are read together.
"""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence

import structlog

from sgate.core import errors
from sgate.core.mode import Mode
from sgate.db.notifications import Channel, Listener
from sgate.db.pool import DatabaseErrors
from sgate.environment import Environment
from sgate.http.sse import Read, Subscription, frame
from sgate.objects.public_intent import PublicBody, public_body
from sgate.store.payment_intents import IntentView

PAID_POLL_S = 2.0
"""How often an intent with payments is polled, to update its confirmations."""

POLL_S = 5.0
"""How often any other intent is polled, in case a notification was missed."""

TICK_S = 0.25
BATCH_SIZE = 256
"""Maximum number of intents that are read together, so that other requests do not wait long for the database."""

MARK_BYTES = 12
EVENT = "payment_intent"


class LiveIntents:
    """The payment intents that are followed by pages connected to this process."""

    def __init__(
        self,
        listener: Listener,
        find: Callable[[str], Awaitable[IntentView | None]],
        modes: Mapping[bool, Mode],
        environment: Environment,
    ) -> None:
        self._find = find
        self._modes = modes
        self._environment = environment
        self._open: dict[str, _OpenIntent] = {}
        self._due: set[str] = set()
        self._wanted = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        listener.listen(Channel.INTENT, self._changed)

    @contextlib.contextmanager
    def follow(self, subscription: Subscription, intent_id: str, seen: str | None, *, private: bool) -> Generator[Read]:
        """Subscribe a page to an intent, and yield the function that reads the page's frames.

        Args:
            seen: mark of the last state that the page has received, which it sent as `Last-Event-ID`.
            private: whether the page sent the client secret.
        """
        page = _Page(subscription, seen, private=private)
        intent = self._open.setdefault(intent_id, _OpenIntent())
        intent.pages.add(page)
        self._changed(intent_id)
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_while_open())
        try:
            yield page.read
        finally:
            intent.pages.discard(page)
            if not intent.pages and self._open.get(intent_id) is intent:
                del self._open[intent_id]

    def _changed(self, intent_id: str) -> None:
        if intent_id in self._open:
            self._due.add(intent_id)
            self._wanted.set()

    async def _read_while_open(self) -> None:
        try:
            while self._open:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TICK_S):
                        await self._wanted.wait()
                self._wanted.clear()
                now_s = time.monotonic()
                self._due.update(intent_id for intent_id, intent in self._open.items() if intent.read_at_s <= now_s)
                due, self._due = sorted(self._due & self._open.keys()), set()
                for first in range(0, len(due), BATCH_SIZE):
                    await self._read_together(due[first : first + BATCH_SIZE])
        except Exception as defect:  # noqa: BLE001 - nothing awaits this task; its streams must end, not go silent
            self._close(tuple(self._open), defect)

    async def _read_together(self, intent_ids: Iterable[str]) -> None:
        """Read these intents, and send the changed intents to their pages.

        A page that is opened during a read gets the result of the next read, because the current read may return an
        older state than the page already shows.
        """
        pages = {intent_id: tuple(self._open[intent_id].pages) for intent_id in intent_ids if intent_id in self._open}
        answers = await asyncio.gather(*map(self._find, pages), return_exceptions=True)
        failed: dict[str, BaseException] = {}
        for (intent_id, waiting), answer in zip(pages.items(), answers, strict=True):
            if isinstance(answer, IntentView):
                self._send(intent_id, answer, waiting)
            else:
                failed[intent_id] = answer or errors.PaymentIntentNotFound()
        if failed:
            self._close(failed, next(iter(failed.values())))

    def _send(self, intent_id: str, found: IntentView, pages: "Sequence[_Page]") -> None:
        if (intent := self._open.get(intent_id)) is not None:
            intent.read_at_s = time.monotonic() + (PAID_POLL_S if found.payments else POLL_S)
        mode, now = self._modes[found.intent.livemode], self._environment.now()
        whole = public_body(found, mode, found.scanned, private=True)
        mark, frames = _mark(whole), dict[bool, bytes]()
        for page in pages:
            if page.seen == mark:
                continue
            if page.private not in frames:
                body = whole if page.private else public_body(found, mode, found.scanned, private=False)
                frames[page.private] = frame(body.at(now), event=EVENT, identity=mark)
            page.send(mark, frames[page.private])

    def _close(self, intent_ids: Iterable[str], reason: BaseException) -> None:
        """End the streams of these intents. When their pages reconnect, the response says what is wrong."""
        log, closed = structlog.get_logger("sgate.api"), [self._open.pop(each, None) for each in intent_ids]
        if isinstance(reason, (*DatabaseErrors, errors.GatewayError)):
            log.warning("streams_ended", intents=len(closed), reason=f"{type(reason).__name__}: {reason}")
        else:
            log.error("streams_failed", intents=len(closed), exc_info=reason)
        for intent in closed:
            for page in () if intent is None else intent.pages:
                page.subscription.end()


class _OpenIntent:
    """An intent with open pages, and the monotonic time of its next poll."""

    __slots__ = ("pages", "read_at_s")

    def __init__(self) -> None:
        self.pages: set[_Page] = set()
        self.read_at_s = 0.0


class _Page:
    """An open page: the mark of the last state sent to the page, and its pending frame.

    A newer frame replaces the pending frame.
    """

    __slots__ = ("_waiting", "private", "seen", "subscription")

    def __init__(self, subscription: Subscription, seen: str | None, *, private: bool) -> None:
        self.subscription = subscription
        self.seen = seen
        self.private = private
        self._waiting: bytes | None = None

    def send(self, mark: str, encoded: bytes) -> None:
        self.seen, self._waiting = mark, encoded
        self.subscription.wake()

    async def read(self) -> Sequence[bytes]:
        waiting, self._waiting = self._waiting, None
        return () if waiting is None else (waiting,)


def _mark(body: PublicBody) -> str:
    """Return the mark of a state. It changes whenever anything that the customer sees changes, except the time."""
    return hashlib.blake2b(body.before + body.after, digest_size=MARK_BYTES).hexdigest()
