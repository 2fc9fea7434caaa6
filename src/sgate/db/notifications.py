"""NOTIFY and LISTEN: wake-ups for all processes. Each process passes a notification on to its listeners.

A notification is only a wake-up. It can be lost when the connection breaks, so every listener also polls. Payloads are
small and contain no secrets, only ids and the mode.
"""

import asyncio
import contextlib
from collections.abc import Callable
from enum import StrEnum

import asyncpg
import structlog

from sgate.db.pool import Connection, DatabaseErrors, connect

HEARTBEAT_S = 2.0
"""How often the listening connection is checked."""

HEARTBEAT_TIMEOUT_S = 2.0
"""If a connection takes longer than this to respond, it is closed, because it may be losing notifications."""

RECONNECT_S = 1.0


class Channel(StrEnum):
    """The notification channels."""

    INTENT = "sgate_intent"  # an intent changed; payload: its id
    EVENT = "sgate_event"  # an event was stored; payload: the merchant's id and the mode (`topic_of`)
    DELIVERY = "sgate_delivery"  # a delivery may be due; no payload
    API_KEY = "sgate_api_key"  # a key was revoked; payload: its id
    MERCHANT = "sgate_merchant"  # a merchant's settings changed; payload: the merchant's id
    CHAIN = "sgate_chain"  # the watcher has a reason to poll: a hint or a new intent; no payload


_NOTIFY = "SELECT pg_notify($1, $2)"


def topic_of(merchant_id: str, *, livemode: bool) -> str:
    """Return the payload for `Channel.EVENT`."""
    return f"{merchant_id} {'live' if livemode else 'test'}"


async def notify(connection: Connection, channel: Channel, payload: str = "") -> None:
    """Notify all processes when this transaction commits."""
    await connection.execute(_NOTIFY, channel, payload)


class Listener:
    """The listening connection of a process. It calls the listeners for each notification."""

    def __init__(self, direct_url: str) -> None:
        """Create a listener.

        Args:
            direct_url: the URL of the database. The connection must not go through a pooler.
        """
        self._direct_url = direct_url
        self._listeners: dict[Channel, set[Callable[[str], None]]] = {channel: set() for channel in Channel}
        self._waiting: dict[tuple[Channel, str], set[Callable[[], None]]] = {}
        self._watchers: list[Callable[[bool], None]] = []
        self.connected = False

    def on_connection(self, callback: Callable[[bool], None]) -> None:
        """Call `callback` with True when the connection starts to listen, and with False when it is lost."""
        self._watchers.append(callback)

    def listen(self, channel: Channel, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call `callback` with the payload of each notification. Returns a function that unsubscribes."""
        self._listeners[channel].add(callback)
        return lambda: self._listeners[channel].discard(callback)

    def wait_for(self, channel: Channel, payload: str, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` on each notification with this exact payload. Returns a function that unsubscribes.

        The cost of a notification does not depend on how many waiters there are for other payloads.
        """
        waiting = self._waiting.setdefault((channel, payload), set())
        waiting.add(wake)

        def end() -> None:
            waiting.discard(wake)
            if not waiting and self._waiting.get((channel, payload)) is waiting:
                del self._waiting[channel, payload]

        return end

    async def run(self) -> None:
        """Listen until cancelled, reconnecting when the connection breaks."""
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
            self._wake_all()  # notifications may have been missed while disconnected
            while not lost.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(lost.wait(), HEARTBEAT_S)
                # Raises if the connection is gone, even if the termination listener was not called.
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
    """Sends wake-ups on its own connection, at most one per channel and `interval_s`. A wake-up may be lost.

    NOTIFY takes a lock that serializes commits. Therefore the transactions that create intents do not use NOTIFY. After
    each commit, `wake` is called instead.
    """

    def __init__(self, direct_url: str, interval_s: float = 0.1) -> None:
        self._direct_url = direct_url
        self._interval_s = interval_s
        self._wanted = asyncio.Event()

    def wake(self) -> None:
        """Request a wake-up soon."""
        self._wanted.set()

    async def run(self) -> None:
        """Send wake-ups until cancelled."""
        while True:
            await self._wanted.wait()
            with contextlib.suppress(*DatabaseErrors):  # the listeners also poll, so they are late by a second at most
                connection = await connect(self._direct_url, application_name="sgate wakeups")
                try:
                    await self._send_wakeups(connection)
                finally:
                    connection.terminate()
            await asyncio.sleep(self._interval_s)

    async def _send_wakeups(self, connection: asyncpg.Connection) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await notify(connection, Channel.DELIVERY)
            await notify(connection, Channel.CHAIN)
            await asyncio.sleep(self._interval_s)
