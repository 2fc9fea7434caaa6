"""Reads of lists on a real streaming replica, as long as it shows every change that the reader may know of."""

import asyncio
import contextlib
import math
import tempfile
from pathlib import Path

import asyncpg
import pytest

from servers.postgres_15 import replicated
from sgate.core.errors import InvalidCursor
from sgate.db.notifications import topic_of
from sgate.db.pool import open_pool
from sgate.db.replica import Freshness
from sgate.services.replica_reads import ReplicaReads

SHOP, OTHER = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
WAIT_S = 30


@pytest.fixture(scope="module")
def pair():
    with tempfile.TemporaryDirectory(prefix="sgate-pair-") as place, replicated(Path(place)) as servers:
        yield servers


class Two:
    """Reads on both servers, with a clock that the test controls."""

    def __init__(self, primary, replica):
        self.primary, self.replica, self.now_s = primary, replica, 100.0
        self.reads = ReplicaReads(primary, replica, max_lag_s=5, monotonic_s=lambda: self.now_s)
        self.reads.notified(True)

    async def measure(self, *, later_s=1.0):
        self.now_s += later_s
        await self.reads.measure()

    async def caught_up(self):
        """Measure until the replica shows everything written before this call."""
        started_s = self.now_s
        async with asyncio.timeout(WAIT_S):
            while self.reads._freshness.shows_until_s <= started_s:
                await self.measure(later_s=0.001)
                await asyncio.sleep(0.01)

    async def answering_server(self, merchant_id=SHOP):
        async def read(connection):
            return await connection.fetchval("SELECT CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE 'primary' END")

        return await self.reads.run(merchant_id, read, livemode=False)

    async def pause(self):
        await self.replica.execute("SELECT pg_wal_replay_pause()")

    async def resume(self):
        await self.replica.execute("SELECT pg_wal_replay_resume()")

    async def write(self):
        await self.primary.execute("SELECT txid_current()")
        await self.primary.execute("CREATE TABLE IF NOT EXISTS things (n INTEGER); INSERT INTO things VALUES (1)")


@pytest.fixture
async def two(pair):
    primary, replica = [await open_pool(server.url, min_connections=0, max_connections=4) for server in pair]
    opened = Two(primary, replica)
    try:
        yield opened
    finally:
        with contextlib.suppress(asyncpg.PostgresError):
            await opened.resume()
        primary.terminate()
        replica.terminate()


async def test_without_a_replica_the_primary_answers(pool):
    reads = ReplicaReads(pool)
    reads.notified(True)
    await reads.measure()
    assert not reads.has_replica
    assert await reads.run(SHOP, lambda connection: connection.fetchval("SELECT 1"), livemode=False) == 1


async def test_a_replica_that_has_caught_up_answers(two):
    assert await two.answering_server() == "primary", "its lag is not known yet"
    await two.caught_up()
    assert await two.answering_server() == "replica"
    assert two.reads.served_by_replica == 1


async def test_the_operator_reads_on_the_primary(two):
    await two.caught_up()
    assert await two.answering_server(None) == "primary"


async def test_a_merchant_whose_changes_the_replica_does_not_show_yet_reads_on_the_primary(two):
    await two.caught_up()
    await two.pause()
    await two.write()
    two.now_s += 1
    two.reads.changed(topic_of(SHOP, livemode=False))
    await two.measure()
    assert await two.answering_server(SHOP) == "primary"
    assert await two.answering_server(OTHER) == "replica", "other merchants may read slightly older data"
    await two.resume()
    await two.caught_up()
    assert await two.answering_server(SHOP) == "replica"
    assert two.reads._changes == {}, "changes that the replica shows are forgotten"


async def test_a_replica_with_too_much_lag_is_not_used_and_its_lag_is_reported(two):
    await two.caught_up()
    await two.pause()
    for _ in range(4):
        await two.write()
        await two.measure()
    assert 3 <= two.reads.lag_s < 5
    assert await two.answering_server() == "replica"
    for _ in range(2):
        await two.write()
        await two.measure()
    assert two.reads.lag_s > 5
    assert await two.answering_server() == "primary"


async def test_a_replica_that_was_not_measured_recently_is_not_used(two):
    await two.caught_up()
    two.now_s += 6
    assert await two.answering_server() == "primary"


async def test_without_notifications_the_primary_serves_all_until_the_replica_shows_the_missed_changes(two):
    await two.caught_up()
    two.reads.notified(False)
    assert await two.answering_server() == "primary"
    two.now_s += 1
    two.reads.notified(True)
    assert await two.answering_server() == "primary"
    await two.caught_up()
    assert await two.answering_server() == "replica"


async def test_an_error_of_the_replica_is_retried_on_the_primary(two):
    """A cursor may name an object that the replica does not show yet."""
    await two.caught_up()

    async def read(connection):
        if await connection.fetchval("SELECT pg_is_in_recovery()"):
            raise InvalidCursor
        return "found"

    assert await two.reads.run(SHOP, read, livemode=False) == "found"


@pytest.mark.parametrize(
    "failure",
    [
        asyncpg.SerializationError("conflict with recovery"),
        asyncpg.InvalidSQLStatementNameError("a pooler has mixed up sessions"),
        asyncpg.InsufficientPrivilegeError("permission denied for table payment_intents"),
    ],
)
async def test_a_failing_replica_is_not_used_until_it_is_measured_again(two, failure):
    await two.caught_up()

    async def read(connection):
        if await connection.fetchval("SELECT pg_is_in_recovery()"):
            raise failure
        return "answered"

    assert await two.reads.run(SHOP, read, livemode=False) == "answered"
    assert two.reads.lag_s == math.inf
    assert await two.answering_server() == "primary"
    await two.caught_up()
    assert await two.answering_server() == "replica"


async def test_an_unreachable_replica_only_costs_a_log_line(pool):
    unreachable = await open_pool("postgresql://nobody@127.0.0.1:1/nothing", min_connections=0, acquire_timeout_s=1)
    reads = ReplicaReads(pool, unreachable)
    reads.notified(True)
    await reads.measure()
    assert reads.lag_s == math.inf
    assert await reads.run(SHOP, lambda connection: connection.fetchval("SELECT 1"), livemode=False) == 1
    reads.close()


async def test_a_replica_that_hangs_is_not_waited_for(two, monkeypatch):
    """As behind a pooler, which holds the statement until an unreachable replica is back."""
    monkeypatch.setattr("sgate.services.replica_reads.ANSWER_TIMEOUT_S", 0.3)

    async def hangs_on_the_replica(connection):
        if await connection.fetchval("SELECT pg_is_in_recovery()"):
            await connection.execute("SELECT pg_sleep(60)")
        return "answered"

    await two.caught_up()
    async with asyncio.timeout(10):
        assert await two.reads.run(SHOP, hangs_on_the_replica, livemode=False) == "answered"
    assert two.reads.lag_s == math.inf, "no other read waits for it"
    await two.caught_up()
    assert await two.answering_server() == "replica"


async def test_after_too_many_changes_the_primary_serves_all_until_the_replica_has_caught_up(two, monkeypatch):
    monkeypatch.setattr("sgate.services.replica_reads.MAX_CHANGES", 3)
    await two.caught_up()
    two.now_s += 1
    for number in range(5):
        two.reads.changed(f"{number} test")
    assert await two.answering_server(OTHER) == "primary"
    await two.caught_up()
    assert await two.answering_server(OTHER) == "replica"


def test_freshness_is_the_latest_moment_shown_and_never_decreases():
    freshness = Freshness()
    freshness.note(1.0, 100, 90)
    assert freshness.shows_until_s == -math.inf
    freshness.note(2.0, 200, 150)
    assert freshness.shows_until_s == 1.0
    freshness.note(3.0, 200, 200)
    assert freshness.shows_until_s == 3.0
    freshness.note(4.0, None, 200)
    freshness.note(5.0, 300, None)
    assert freshness.shows_until_s == 3.0, "an unknown position is not freshness"
    freshness.forget()
    assert freshness.shows_until_s == -math.inf
