"""Notifications reach every listener, even after the connection broke."""

import asyncio
import contextlib

import pytest

from sgate.db import notifications as feeds
from sgate.db.notifications import Channel, Listener, Wakeups, notify

WAIT_S = 20.0


class Heard(list):
    """A callback that records payloads and can be awaited."""

    __hash__ = object.__hash__

    def __init__(self):
        super().__init__()
        self._changed = asyncio.Event()

    def __call__(self, payload):
        self.append(payload)
        self._changed.set()

    async def until(self, condition):
        async with asyncio.timeout(WAIT_S):
            while not condition(self):
                self._changed.clear()
                await self._changed.wait()


@contextlib.asynccontextmanager
async def running(loop):
    task = asyncio.create_task(loop)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def listener(database_url):
    listener, woken = Listener(database_url), Heard()
    listener.listen(Channel.DELIVERY, woken)
    async with running(listener.run()):
        await woken.until(bool)  # it is connected
        yield listener


async def tell(pool, channel, payload=""):
    async with pool.acquire() as connection:
        await notify(connection, channel, payload)


async def test_a_notification_reaches_the_listeners_of_its_channel_and_no_others(listener, pool):
    first, second, other = Heard(), Heard(), Heard()
    listener.listen(Channel.INTENT, first)
    listener.listen(Channel.INTENT, second)
    listener.listen(Channel.MERCHANT, other)
    await tell(pool, Channel.INTENT, "pi_1")
    await tell(pool, Channel.INTENT, "pi_2")
    await tell(pool, Channel.MERCHANT, "m")
    await other.until(bool)
    assert (first, second, other) == (["pi_1", "pi_2"], ["pi_1", "pi_2"], ["m"])


async def test_notifications_are_sent_at_the_commit_and_not_after_a_rollback(listener, pool):
    heard = Heard()
    listener.listen(Channel.INTENT, heard)
    async with pool.acquire() as connection:
        with contextlib.suppress(LookupError):
            async with connection.transaction():
                await notify(connection, Channel.INTENT, "rolled back")
                raise LookupError
        async with connection.transaction():
            await notify(connection, Channel.INTENT, "committed")
            await tell(pool, Channel.INTENT, "meanwhile")
            await heard.until(bool)
            assert heard == ["meanwhile"]
    await heard.until(lambda heard: len(heard) == 2)
    assert heard == ["meanwhile", "committed"]


async def test_an_unsubscribed_listener_receives_nothing_more(listener, pool):
    gone, here = Heard(), Heard()
    listener.listen(Channel.INTENT, gone)()
    listener.listen(Channel.INTENT, here)
    await tell(pool, Channel.INTENT, "pi_1")
    await here.until(bool)
    assert gone == []


async def test_a_waiter_for_one_payload_is_not_woken_by_another(listener, pool):
    woken, heard = [], Heard()
    end = listener.wait_for(Channel.INTENT, "pi_2", lambda: woken.append("pi_2"))
    listener.wait_for(Channel.INTENT, "pi_2", lambda: woken.append("pi_2 too"))
    listener.listen(Channel.INTENT, heard)
    for payload in ("pi_1", "pi_2", "pi_3"):
        await tell(pool, Channel.INTENT, payload)
    await heard.until(lambda heard: len(heard) == 3)
    assert sorted(woken) == ["pi_2", "pi_2 too"]
    end()
    await tell(pool, Channel.INTENT, "pi_2")
    await heard.until(lambda heard: len(heard) == 4)
    assert sorted(woken) == ["pi_2", "pi_2 too", "pi_2 too"]


async def test_it_listens_again_after_its_connection_was_terminated_and_wakes_the_deliverer(
    listener, pool, monkeypatch
):
    monkeypatch.setattr(feeds, "RECONNECT_S", 0.01)
    woken, heard = Heard(), Heard()
    listener.listen(Channel.DELIVERY, woken)
    listener.listen(Channel.INTENT, heard)
    async with pool.acquire() as connection:
        assert await connection.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'sgate listener'"
        )
    await woken.until(bool)  # notifications may have been missed meanwhile
    assert listener.connected
    await tell(pool, Channel.INTENT, "pi_1")
    await heard.until(bool)
    assert heard == ["pi_1"]


async def test_wake_ups_reach_the_deliverers_and_are_throttled(listener, database_url, pool):
    woken, wakeups = Heard(), Wakeups(database_url, interval_s=0.01)
    listener.listen(Channel.DELIVERY, woken)
    async with running(wakeups.run()):
        for _ in range(50):
            wakeups.wake()
        await woken.until(bool)
        wakeups.wake()
        await woken.until(lambda woken: len(woken) == 2)
    assert woken == ["", ""]


async def test_wake_ups_continue_after_their_connection_was_terminated(listener, database_url, pool):
    woken, wakeups = Heard(), Wakeups(database_url, interval_s=0.01)
    listener.listen(Channel.DELIVERY, woken)
    async with running(wakeups.run()):
        wakeups.wake()
        await woken.until(bool)
        async with pool.acquire() as connection:
            assert await connection.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name = 'sgate wakeups'"
            )
        async with asyncio.timeout(WAIT_S):
            while len(woken) < 2:  # the one that found the connection broken may be lost
                wakeups.wake()
                await asyncio.sleep(0.01)
