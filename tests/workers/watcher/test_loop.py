"""The watcher's loop: one process leads, the others stand by, and a stop does not wait for a chain that hangs."""

import asyncio
import contextlib
from datetime import UTC, datetime

import asyncpg
import pytest
from structlog.testing import capture_logs

from sgate.core.finality import View
from sgate.db.notifications import Channel, Listener, notify
from sgate.db.pool import DatabaseErrors, connect
from sgate.workers import leadership, loops
from sgate.workers.loops import Pulse, Stop
from sgate.workers.watcher.loop import watch
from sgate.workers.watcher.watcher import Fenced, PollReport

WAIT_S = 20.0
NOWHERE = View(height=0, index_block_hash="", time=datetime(2026, 11, 1, tzinfo=UTC), tenure_height=0, bitcoin_height=0)
REPORT = PollReport(view=NOWHERE)


class Rounds:
    """A stub of the watcher that counts its polls and runs the given actions in them."""

    def __init__(self, behaviour=None):
        self.count = 0
        self.cancelled = False
        self._behaviour = behaviour
        self._changed = asyncio.Condition()

    async def run_once(self):
        self.count += 1
        async with self._changed:
            self._changed.notify_all()
        try:
            if self._behaviour:
                await self._behaviour(self.count)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return REPORT

    async def until(self, count):
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(lambda: self.count >= count), WAIT_S)


@contextlib.asynccontextmanager
async def watching(rounds, url, *, livemode=False, listener=None, interval_s=lambda busy: 0.01):
    async def seen(report):
        pass

    stop, pulse = Stop(), Pulse()
    running = asyncio.create_task(
        watch(
            rounds,
            listener or Listener(url),
            livemode=livemode,
            direct_url=url,
            interval_s=interval_s,
            stop=stop,
            pulse=pulse,
            observe=seen,
        )
    )
    try:
        yield stop, pulse, running
    finally:
        stop.request()
        await asyncio.gather(running, return_exceptions=True)


async def end_leader(pool):
    async with pool.acquire() as connection:
        return await connection.fetch(
            "SELECT pg_terminate_backend(l.pid) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database "
            "WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database()"
        )


async def test_of_two_watchers_one_leads_and_the_other_takes_over_when_it_ends(database_url):
    first, second = Rounds(), Rounds()
    async with watching(first, database_url) as (stop, pulse, running):
        await first.until(3)
        async with watching(second, database_url) as (_, standby, _):
            await first.until(first.count + 5)
            assert second.count == 0
            assert (pulse.leading, standby.leading) == (True, False)
            stop.request()
            await asyncio.wait_for(running, WAIT_S)
            done = first.count
            await second.until(3)
            assert standby.leading
            assert first.count == done


async def test_each_mode_has_its_own_leader(database_url):
    test, live = Rounds(), Rounds()
    async with watching(test, database_url, livemode=False), watching(live, database_url, livemode=True):
        await test.until(3)
        await live.until(3)


async def test_a_leader_that_lost_its_lock_stops_and_competes_again(database_url, pool):
    rounds = Rounds()
    async with watching(rounds, database_url) as (_, pulse, running):
        await rounds.until(2)
        assert await end_leader(pool)
        await rounds.until(rounds.count + 5)
        assert not running.done()
        assert pulse.leading


async def test_a_silent_leader_loses_the_lock(database_url, pool, monkeypatch):
    """Like a leader whose machine is paused or disconnected: its connection stays, and no other process could lead."""
    monkeypatch.setattr(leadership, "LEADER_SILENCE_S", 0.3)
    async with leadership.acquire(database_url, livemode=False) as (leading, still_leading):
        assert leading
        await still_leading()

        async def lost():
            async with leadership.acquire(database_url, livemode=False) as (another_leads, _):
                return another_leads

        async with asyncio.timeout(WAIT_S):
            while not await lost():
                await asyncio.sleep(0.05)
        with pytest.raises(DatabaseErrors):
            await still_leading()


async def test_a_waiting_leader_keeps_the_lock(database_url, monkeypatch):
    monkeypatch.setattr(leadership, "LEADER_SILENCE_S", 0.6)
    monkeypatch.setattr(leadership, "LEADER_HEARTBEAT_S", 0.1)
    async with leadership.acquire(database_url, livemode=False) as (leading, still_leading):
        assert leading

        async def old(connection):
            """Its session has lived for several times the silence that would end it."""
            return await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sgate watcher' "
                "AND now() - backend_start > interval '2 s' AND datname = current_database()"
            )

        connection = await connect(database_url, application_name="test")
        try:
            async with asyncio.timeout(WAIT_S):
                while not await old(connection):
                    await asyncio.sleep(0.05)
        finally:
            await connection.close()
        await still_leading()


async def test_a_fenced_poll_gives_up_the_lead_and_the_loop_continues(database_url):
    async def fenced_once(count):
        if count == 1:
            raise Fenced("another watcher moved the cursor")

    rounds = Rounds(fenced_once)
    with capture_logs() as logs:
        async with watching(rounds, database_url):
            await rounds.until(3)
    assert [entry["event"] for entry in logs].count("leadership_lost") == 1


async def test_the_loop_waits_until_the_database_is_back(database_url):
    async def away_twice(count):
        if count <= 2:
            raise asyncpg.CannotConnectNowError("the database system is starting up")

    rounds = Rounds(away_twice)
    with capture_logs() as logs:
        async with watching(rounds, database_url) as (_, pulse, _):
            await rounds.until(4)
            assert pulse.last_error is None
    waits = [entry["retry_in_s"] for entry in logs if entry["event"] == "database_away"]
    assert waits == [0.5, 1.0]


async def test_after_a_defect_the_watcher_leads_again_with_longer_and_longer_waits(database_url, monkeypatch):
    monkeypatch.setattr(loops, "DEFECT_BACK_OFF_S", 0.01)
    monkeypatch.setattr(loops, "MAX_DEFECT_BACK_OFF_S", 0.04)

    async def broken(number):
        if number <= 4:
            raise LookupError("a defect of ours")

    rounds = Rounds(broken)
    with capture_logs() as logs:
        async with watching(rounds, database_url) as (_, pulse, running):
            await rounds.until(6)
            assert not running.done()
            assert pulse.last_error is None
    failed = [entry for entry in logs if entry["event"] == "worker_failed"]
    assert [entry["retry_in_s"] for entry in failed] == [0.01, 0.02, 0.04, 0.04]
    assert all(entry["worker"] == "watcher" for entry in failed)


async def test_a_stop_lets_a_poll_end(database_url):
    release = asyncio.Event()

    async def slow(_):
        await release.wait()

    rounds = Rounds(slow)
    async with watching(rounds, database_url) as (stop, _, running):
        await rounds.until(1)
        stop.request()
        assert not (await asyncio.wait([running], timeout=0.05))[0]
        release.set()
        await asyncio.wait_for(running, WAIT_S)
    assert not rounds.cancelled
    assert rounds.count == 1


async def test_a_stop_cancels_a_poll_that_hangs(database_url, monkeypatch):
    monkeypatch.setattr(loops, "STOP_GRACE_S", 0.05)

    async def hang(_):
        await asyncio.Event().wait()

    rounds = Rounds(hang)
    async with watching(rounds, database_url) as (stop, _, running):
        await rounds.until(1)
        stop.request()
        await asyncio.wait_for(running, WAIT_S)
    assert rounds.cancelled


async def test_an_idle_watcher_waits_until_it_is_woken(database_url):
    """A hint or a new intent ends the long wait, which would last an hour here without the wake-up."""
    rounds, listener = Rounds(), Listener(database_url)
    listening = asyncio.create_task(listener.run())
    async with watching(rounds, database_url, listener=listener, interval_s=lambda busy: 0.01 if busy else 3600.0):
        await rounds.until(1)
        connection = await connect(database_url, application_name="test")
        for count in range(2, 6):
            await notify(connection, Channel.CHAIN)
            await rounds.until(count)
        await connection.close()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_it_waits_as_long_as_the_api_asks(database_url):
    rounds = Rounds()
    refused = PollReport(view=NOWHERE, error="429", retry_after_s=3600.0)
    rounds.run_once = answering(rounds.run_once, [REPORT, refused])
    async with watching(rounds, database_url) as (_, pulse, _):
        await rounds.until(2)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(rounds.until(3), 0.2)
        assert pulse.last_error == "429"


def answering(run_once, reports):
    async def answer():
        await run_once()
        return reports.pop(0)

    return answer
