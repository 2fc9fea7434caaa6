"""Notifications: what PostgreSQL tells all processes at once, fanned out to whoever listens in this one.

NOTIFY is a wake-up and never the truth: it can be lost when the connection breaks, so everyone who listens also polls.
Payloads are small: an id, nothing secret.
"""

import asyncio
import contextlib
from collections.abc import Callable
from enum import StrEnum

import asyncpg
import structlog

from sgate.db.pool import Connection, DatabaseErrors, connect

HEARTBEAT_S = 2.0
"""How often the listening connection is asked whether it still lives."""

HEARTBEAT_TIMEOUT_S = 2.0
"""A connection that takes longer to answer is given up: it may be losing what we are told."""

RECONNECT_S = 1.0


class Channel(StrEnum):
    """What can be told."""

    INTENT = "sgate_intent"  # an intent changed; payload: its id
    EVENT = "sgate_event"  # something was announced; payload: the merchant's id and the mode (`notifications.topic_of`)
    DELIVERY = "sgate_delivery"  # a delivery may be due; no payload
    API_KEY = "sgate_api_key"  # a key was revoked; payload: its id
    MERCHANT = "sgate_merchant"  # settings changed; payload: the merchant's id
    CHAIN = "sgate_chain"  # the watcher has a reason to look: a hint, a new intent; no payload


_NOTIFY = "SELECT pg_notify($1, $2)"


def topic_of(merchant_id: str, *, livemode: bool) -> str:
    """The payload of `Channel.EVENT`."""
    return f"{merchant_id} {'live' if livemode else 'test'}"


async def notify(connection: Connection, channel: Channel, payload: str = "") -> None:
    """Tell all processes when this transaction commits."""
    await connection.execute(_NOTIFY, channel, payload)


class Listener:
    """One listening connection per process. Listeners get callbacks, and only ever see wake-ups."""

    def __init__(self, direct_url: str) -> None:
        """`direct_url` must not go through a pooler."""
        self._direct_url = direct_url
        self._listeners: dict[Channel, set[Callable[[str], None]]] = {channel: set() for channel in Channel}
        self._waiting: dict[tuple[Channel, str], set[Callable[[], None]]] = {}
        self._watchers: list[Callable[[bool], None]] = []
        self.connected = False

    def on_connection(self, callback: Callable[[bool], None]) -> None:
        """Call back when messages begin to arrive (True) and when some may be lost (False)."""
        self._watchers.append(callback)

    def listen(self, channel: Channel, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call back with each payload. Returns the function that ends it."""
        self._listeners[channel].add(callback)
        return lambda: self._listeners[channel].discard(callback)

    def wait_for(self, channel: Channel, payload: str, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` whenever just this is told, however many wait for something else. Returns what ends it."""
        waiting = self._waiting.setdefault((channel, payload), set())
        waiting.add(wake)

        def end() -> None:
            waiting.discard(wake)
            if not waiting and self._waiting.get((channel, payload)) is waiting:
                del self._waiting[channel, payload]

        return end

    async def run(self) -> None:
        """Keep listening until cancelled; reconnect when the connection breaks."""
        log = structlog.get_logger("sgate.notifications")
        while True:
            try:
                await self._listen_until_lost()
            except DatabaseErrors as error:
                log.warning("feed_lost", reason=str(error))
            await asyncio.sleep(RECONNECT_S)

    async def _listen_until_lost(self) -> None:
        connection = await connect(self._direct_url, application_name="sgate listener")
        lost = asyncio.Event()

        def end(_: object) -> None:
            lost.set()

        connection.add_termination_listener(end)
        try:
            for channel in Channel:
                await connection.add_listener(channel, self._received)
            self._set_connected(True)
            self._wake_all()  # whatever was told while nobody listened
            while not lost.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(lost.wait(), HEARTBEAT_S)
                # Raises if the connection is gone, also if nobody told us.
                await connection.fetchval("SELECT 1", timeout=HEARTBEAT_TIMEOUT_S)
        finally:
            self._set_connected(False)
            connection.terminate()

    def _set_connected(self, connected: bool) -> None:
        if connected is not self.connected:
            self.connected = connected
            for callback in self._watchers:
                callback(connected)

    def _received(self, _connection: object, _pid: int, channel: str, payload: object) -> None:
        for callback in tuple(self._listeners[Channel(channel)]):
            callback(str(payload))
        for wake in tuple(self._waiting.get((Channel(channel), str(payload)), ())):
            wake()

    def _wake_all(self) -> None:
        for channel in (Channel.DELIVERY, Channel.CHAIN):
            for callback in tuple(self._listeners[channel]):
                callback("")


class Wakeups:
    """Lossy wake-ups from a connection of its own: at most one per `interval_s`, never inside a hot transaction.

    NOTIFY takes a lock that serialises commits, so creates do not use it; they call `wake` after their commit.
    """

    def __init__(self, direct_url: str, interval_s: float = 0.1) -> None:
        self._direct_url = direct_url
        self._interval_s = interval_s
        self._wanted = asyncio.Event()

    def wake(self) -> None:
        """Ask for a wake-up soon."""
        self._wanted.set()

    async def run(self) -> None:
        """Send wake-ups until cancelled."""
        while True:
            await self._wanted.wait()
            with contextlib.suppress(*DatabaseErrors):  # polling finds it within a second
                connection = await connect(self._direct_url, application_name="sgate wakeups")
                try:
                    await self._pass_on(connection)
                finally:
                    connection.terminate()
            await asyncio.sleep(self._interval_s)

    async def _pass_on(self, connection: asyncpg.Connection) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await notify(connection, Channel.DELIVERY)
            await notify(connection, Channel.CHAIN)
            await asyncio.sleep(self._interval_s)
