"""What PostgreSQL tells reaches everyone who listens, also after the connection broke."""

import asyncio
import contextlib

import pytest

from sgate.db import notifications as feeds
from sgate.db.notifications import Channel, Listener, Wakeups, notify

WAIT_S = 20.0


class Heard(list):
    """A listener that can be waited for."""

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


async def test_everyone_who_listens_to_a_channel_hears_it_and_nobody_else(listener, pool):
    first, second, other = Heard(), Heard(), Heard()
    listener.listen(Channel.INTENT, first)
    listener.listen(Channel.INTENT, second)
    listener.listen(Channel.MERCHANT, other)
    await tell(pool, Channel.INTENT, "pi_1")
    await tell(pool, Channel.INTENT, "pi_2")
    await tell(pool, Channel.MERCHANT, "m")
    await other.until(bool)
    assert (first, second, other) == (["pi_1", "pi_2"], ["pi_1", "pi_2"], ["m"])


async def test_nothing_is_told_before_the_commit_and_nothing_after_a_rollback(listener, pool):
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


async def test_whoever_stops_listening_hears_nothing_more(listener, pool):
    gone, here = Heard(), Heard()
    listener.listen(Channel.INTENT, gone)()
    listener.listen(Channel.INTENT, here)
    await tell(pool, Channel.INTENT, "pi_1")
    await here.until(bool)
    assert gone == []


async def test_who_waits_for_one_thing_is_not_woken_for_another(listener, pool):
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


async def test_it_listens_again_after_its_connection_was_ended_and_wakes_the_deliverer(listener, pool, monkeypatch):
    monkeypatch.setattr(feeds, "RECONNECT_S", 0.01)
    woken, heard = Heard(), Heard()
    listener.listen(Channel.DELIVERY, woken)
    listener.listen(Channel.INTENT, heard)
    async with pool.acquire() as connection:
        assert await connection.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'sgate listener'"
        )
    await woken.until(bool)  # whatever was told meanwhile may have been missed
    assert listener.connected
    await tell(pool, Channel.INTENT, "pi_1")
    await heard.until(bool)
    assert heard == ["pi_1"]


async def test_wake_ups_reach_the_deliverers_and_come_seldom(listener, database_url, pool):
    woken, wakeups = Heard(), Wakeups(database_url, interval_s=0.01)
    listener.listen(Channel.DELIVERY, woken)
    async with running(wakeups.run()):
        for _ in range(50):
            wakeups.wake()
        await woken.until(bool)
        wakeups.wake()
        await woken.until(lambda woken: len(woken) == 2)
    assert woken == ["", ""]


async def test_wake_ups_go_on_after_their_connection_was_ended(listener, database_url, pool):
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
