"""Rooms: all open pages of one payment intent look at one thing, which is read and rendered once for all of them.

A room is there as long as somebody is in it. It looks when a notification tells that its intent changed, and by itself
in case one was missed, and for confirmations, which are no event. What is due at the same time is read together.
"""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

import structlog

from sgate.core import errors
from sgate.core.mode import Mode
from sgate.db.notifications import Channel, Listener
from sgate.db.pool import DatabaseErrors
from sgate.environment import Environment
from sgate.http.asgi import chunk_of
from sgate.http.sse import NOTHING_NEW, Leave, Line, News, frame
from sgate.objects.public_intent import PublicBody, public_body
from sgate.store.payment_intents import IntentView

PAID_POLL_S = 2.0
"""How often a room looks while confirmations are counted."""

POLL_S = 5.0
"""How often it looks otherwise: only what a notification missed could have changed."""

TICK_S = 0.25
LOOKS_AT_ONCE = 256
"""Intents that are read together. All at once would keep everybody else from the database."""

MARK_BYTES = 12
EVENT = "payment_intent"


class _Shown:
    """What a room shows for a moment: to who is there when it is new, and to newcomers. Then it is forgotten, as most
    of the time of most rooms nobody asks.
    """

    __slots__ = ("_bodies", "_chunks", "_environment", "_frames", "is_paid", "mark")

    def __init__(self, found: IntentView, mode: Mode, environment: Environment) -> None:
        whole = public_body(found, mode, found.scanned, private=True)
        self._bodies = (public_body(found, mode, found.scanned, private=False), whole)
        self._environment = environment
        self._frames: list[bytes | None] = [None, None]
        self._chunks: list[bytes | None] = [None, None]
        self.mark = _mark(whole)
        self.is_paid = bool(found.payments)

    def frame(self, *, private: bool) -> bytes:
        """As an event. `private` says that the client secret was shown."""
        made = self._frames[private]
        if made is None:
            data = self._bodies[private].at(self._environment.now())
            made = self._frames[private] = frame(data, event=EVENT, identity=self.mark)
        return made

    def chunk(self, *, private: bool) -> bytes:
        """The frame, ready to be written to many."""
        made = self._chunks[private]
        if made is None:
            made = self._chunks[private] = chunk_of(self.frame(private=private))
        return made


class Room:
    """What the pages of one intent look at.

    Attributes:
        members: everybody in it.
        newcomers: those who have not been shown anything yet.
        mark: of the state that was found last.
        looked: the number of the look that found it.
        shown: what it shows, for a moment.
        look_at: when to look next (monotonic).
        over: whether it was closed.
    """

    __slots__ = ("look_at", "looked", "mark", "members", "newcomers", "over", "shown")

    def __init__(self) -> None:
        self.members: set[Visit] = set()
        self.newcomers: list[Visit] = []
        self.mark = ""
        self.looked = 0
        self.shown: _Shown | None = None
        self.look_at = 0.0
        self.over = False


class Rooms:
    """The rooms of this process."""

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
        self._rooms: dict[str, Room] = {}
        self._due: set[str] = set()
        self._wanted = asyncio.Event()
        self._looks = 0
        self._tick_at = 0.0
        self._looking: asyncio.Task[None] | None = None
        listener.listen(Channel.INTENT, self._told)

    def visit(self, intent_id: str, seen: str | None, *, private: bool) -> "Visit":
        """A page comes. `seen`: the mark of the state that it knows; `private`: whether it showed the client secret."""
        return Visit(self, intent_id, seen, private=private)

    def enter(self, intent_id: str, visit: "Visit") -> Room:
        """Be told when there is news."""
        room = self._rooms.setdefault(intent_id, Room())
        room.members.add(visit)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._keep_looking())
            self._looking.add_done_callback(self._ended)
        return room

    def ask(self, intent_id: str, room: Room, visit: "Visit") -> int:
        """Be told when a look has been made that begins after this. Returns the number of the last one before it."""
        room.newcomers.append(visit)
        self._told(intent_id)
        return self._looks

    def leave(self, intent_id: str, room: Room, visit: "Visit") -> None:
        """Be told no more."""
        room.members.discard(visit)
        if not room.members:
            room.newcomers.clear()
        if not room.members and self._rooms.get(intent_id) is room:
            del self._rooms[intent_id]

    def _told(self, intent_id: str) -> None:
        if intent_id in self._rooms:
            self._due.add(intent_id)
            self._wanted.set()

    async def _keep_looking(self) -> None:
        """As long as there are rooms."""
        while self._rooms:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), TICK_S)
            self._wanted.clear()
            now_s = time.monotonic()
            if now_s >= self._tick_at:
                self._tick(now_s)
            due, self._due = sorted(self._due & self._rooms.keys()), set()
            for first in range(0, len(due), LOOKS_AT_ONCE):
                await self._look_at(due[first : first + LOOKS_AT_ONCE])
            await asyncio.sleep(0)  # who was woken looks before what is shown is forgotten

    def _tick(self, now_s: float) -> None:
        self._tick_at = now_s + TICK_S
        for intent_id, room in self._rooms.items():
            room.shown = None
            if room.look_at <= now_s:
                self._due.add(intent_id)

    async def _look_at(self, intent_ids: Iterable[str]) -> None:
        """Read these together, and show what is found."""
        self._looks += 1
        rooms = {intent_id: self._rooms[intent_id] for intent_id in intent_ids if intent_id in self._rooms}
        newcomers = {intent_id: room.newcomers for intent_id, room in rooms.items()}
        for room in rooms.values():
            room.newcomers = []  # who comes from now on is shown what the next look brings
        answers = await asyncio.gather(*map(self._read, rooms), return_exceptions=True)
        troubles: dict[str, BaseException] = {}
        for (intent_id, room), answer in zip(rooms.items(), answers, strict=True):
            if isinstance(answer, BaseException):
                troubles[intent_id] = answer
            else:
                self._show(room, answer, newcomers[intent_id])
        if troubles:
            self._close(troubles, next(iter(troubles.values())))

    async def _read(self, intent_id: str) -> _Shown:
        found = await self._find(intent_id)
        if found is None:
            raise errors.PaymentIntentNotFound
        return _Shown(found, self._modes[found.intent.livemode], self._environment)

    def _show(self, room: Room, shown: _Shown, newcomers: "list[Visit]") -> None:
        told = room.members if shown.mark != room.mark else newcomers
        room.mark, room.looked = shown.mark, self._looks
        room.look_at = time.monotonic() + (PAID_POLL_S if shown.is_paid else POLL_S)
        if told:
            room.shown = shown
            for visit in told:
                visit.tell(shown)

    def _ended(self, looking: asyncio.Task[None]) -> None:
        if not looking.cancelled() and (defect := looking.exception()) is not None:
            self._close(tuple(self._rooms), defect)

    def _close(self, intent_ids: Iterable[str], reason: BaseException) -> None:
        """End the streams of these: their pages come back, and learn from an answer what is wrong."""
        log, closed = structlog.get_logger("sgate.api"), [self._rooms.pop(each, None) for each in intent_ids]
        if isinstance(reason, (*DatabaseErrors, errors.GatewayError)):
            log.warning("streams_ended", intents=len(closed), reason=f"{type(reason).__name__}: {reason}")
        else:
            log.error("streams_failed", intents=len(closed), exc_info=reason)
        for room in closed:
            if room is not None:
                room.over = True
                for visit in room.members:
                    visit.line.wake()


class Visit:
    """One page in a room: how it joins, and looks (see `Streams.answer`)."""

    __slots__ = ("_asked", "_intent_id", "_private", "_room", "_rooms", "_seen", "line")

    def __init__(self, rooms: Rooms, intent_id: str, seen: str | None, *, private: bool) -> None:
        self._rooms = rooms
        self._intent_id = intent_id
        self._seen = seen
        self._private = private
        self._room = Room()
        self._asked = 0

    def join(self, line: Line) -> Leave:
        """Be told when there is news. Returns what ends it."""
        self.line = line
        self._room = self._rooms.enter(self._intent_id, self)
        self._ask()
        return self._leave

    def tell(self, shown: _Shown) -> None:
        """This is what there is now: say it at once if that can be, else let the stream look."""
        if shown.mark == self._seen or self._room.looked <= self._asked:
            return
        if self.line.push(shown.chunk(private=self._private)):
            self._seen = shown.mark
        else:
            self.line.wake()

    async def look(self) -> News:
        """What the page does not know yet. A look that began before it came may be older than what it was made from."""
        room = self._room
        if room.over:
            return News(final=True)
        if room.looked <= self._asked or room.mark == self._seen:
            return NOTHING_NEW
        if room.shown is None:
            self._ask()  # its client took long for what was before
            return NOTHING_NEW
        self._seen = room.mark
        return News(frames=(room.shown.frame(private=self._private),))

    def _ask(self) -> None:
        self._asked = self._rooms.ask(self._intent_id, self._room, self)

    def _leave(self) -> None:
        self._rooms.leave(self._intent_id, self._room, self)


def _mark(body: PublicBody) -> str:
    """Changes when anything that a payer sees changes, except the time of day."""
    return hashlib.blake2b(body.before + body.after, digest_size=MARK_BYTES).hexdigest()
