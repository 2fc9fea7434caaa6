"""Where lists are read: on a real streaming replica, as long as it shows what its reader may know."""

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
    """Reads over both, with a clock in the test's hand."""

    def __init__(self, primary, replica):
        self.primary, self.replica, self.now_s = primary, replica, 100.0
        self.reads = ReplicaReads(primary, replica, max_lag_s=5, monotonic_s=lambda: self.now_s)
        self.reads.told(True)

    async def measure(self, *, later_s=1.0):
        self.now_s += later_s
        await self.reads.measure()

    async def caught_up(self):
        """Measure until the replica shows all that there was when this began."""
        begun_s = self.now_s
        async with asyncio.timeout(WAIT_S):
            while self.reads._freshness.shows_until_s <= begun_s:
                await self.measure(later_s=0.001)
                await asyncio.sleep(0.01)

    async def who_answers(self, merchant_id=SHOP):
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
    reads.told(True)
    await reads.measure()
    assert not reads.has_replica
    assert await reads.run(SHOP, lambda connection: connection.fetchval("SELECT 1"), livemode=False) == 1


async def test_a_replica_that_has_caught_up_answers(two):
    assert await two.who_answers() == "primary", "nothing is known of it yet"
    await two.caught_up()
    assert await two.who_answers() == "replica"
    assert two.reads.served_by_replica == 1


async def test_the_operator_reads_on_the_primary(two):
    await two.caught_up()
    assert await two.who_answers(None) == "primary"


async def test_a_merchant_whose_news_the_replica_does_not_show_yet_reads_on_the_primary(two):
    await two.caught_up()
    await two.pause()
    await two.write()
    two.now_s += 1
    two.reads.changed(topic_of(SHOP, livemode=False))
    await two.measure()
    assert await two.who_answers(SHOP) == "primary"
    assert await two.who_answers(OTHER) == "replica", "others may read what is a moment old"
    await two.resume()
    await two.caught_up()
    assert await two.who_answers(SHOP) == "replica"
    assert two.reads._changes == {}, "what is shown need not be remembered"


async def test_a_replica_that_is_too_far_behind_is_not_asked_and_its_lag_is_known(two):
    await two.caught_up()
    await two.pause()
    for _ in range(4):
        await two.write()
        await two.measure()
    assert 3 <= two.reads.lag_s < 5
    assert await two.who_answers() == "replica"
    for _ in range(2):
        await two.write()
        await two.measure()
    assert two.reads.lag_s > 5
    assert await two.who_answers() == "primary"


async def test_a_replica_that_nobody_measured_lately_is_not_asked(two):
    await two.caught_up()
    two.now_s += 6
    assert await two.who_answers() == "primary"


async def test_who_is_not_told_of_changes_asks_the_primary_and_so_do_all_until_it_shows_what_was_missed(two):
    await two.caught_up()
    two.reads.told(False)
    assert await two.who_answers() == "primary"
    two.now_s += 1
    two.reads.told(True)
    assert await two.who_answers() == "primary"
    await two.caught_up()
    assert await two.who_answers() == "replica"


async def test_what_a_replica_refuses_the_primary_decides(two):
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
        asyncpg.InvalidSQLStatementNameError("a pooler has mixed sessions up"),
        asyncpg.InsufficientPrivilegeError("permission denied for table payment_intents"),
    ],
)
async def test_a_replica_that_fails_is_left_alone_until_it_is_measured_again(two, failure):
    await two.caught_up()

    async def read(connection):
        if await connection.fetchval("SELECT pg_is_in_recovery()"):
            raise failure
        return "answered"

    assert await two.reads.run(SHOP, read, livemode=False) == "answered"
    assert two.reads.lag_s == math.inf
    assert await two.who_answers() == "primary"
    await two.caught_up()
    assert await two.who_answers() == "replica"


async def test_a_replica_that_cannot_be_reached_costs_a_log_line_and_nothing_else(pool):
    away = await open_pool("postgresql://nobody@127.0.0.1:1/nothing", min_connections=0, acquire_timeout_s=1)
    reads = ReplicaReads(pool, away)
    reads.told(True)
    await reads.measure()
    assert reads.lag_s == math.inf
    assert await reads.run(SHOP, lambda connection: connection.fetchval("SELECT 1"), livemode=False) == 1
    reads.close()


async def test_a_replica_that_hangs_is_not_waited_for(two, monkeypatch):
    """As one that is away behind a pooler, which keeps the statement until the replica is back."""
    monkeypatch.setattr("sgate.services.replica_reads.ANSWER_TIMEOUT_S", 0.3)

    async def hangs_on_the_replica(connection):
        if await connection.fetchval("SELECT pg_is_in_recovery()"):
            await connection.execute("SELECT pg_sleep(60)")
        return "answered"

    await two.caught_up()
    async with asyncio.timeout(10):
        assert await two.reads.run(SHOP, hangs_on_the_replica, livemode=False) == "answered"
    assert two.reads.lag_s == math.inf, "nobody else waits for it"
    await two.caught_up()
    assert await two.who_answers() == "replica"


async def test_when_too_many_have_changed_all_read_on_the_primary_until_the_replica_has_caught_up(two, monkeypatch):
    monkeypatch.setattr("sgate.services.replica_reads.MAX_CHANGES", 3)
    await two.caught_up()
    two.now_s += 1
    for number in range(5):
        two.reads.changed(f"{number} test")
    assert await two.who_answers(OTHER) == "primary"
    await two.caught_up()
    assert await two.who_answers(OTHER) == "replica"


def test_freshness_is_the_newest_moment_that_is_shown_and_never_goes_back():
    freshness = Freshness()
    freshness.note(1.0, 100, 90)
    assert freshness.shows_until_s == -math.inf
    freshness.note(2.0, 200, 150)
    assert freshness.shows_until_s == 1.0
    freshness.note(3.0, 200, 200)
    assert freshness.shows_until_s == 3.0
    freshness.note(4.0, None, 200)
    freshness.note(5.0, 300, None)
    assert freshness.shows_until_s == 3.0, "silence is no freshness"
    freshness.forget()
    assert freshness.shows_until_s == -math.inf
