"""Which rows maintenance deletes, and which it keeps."""

import asyncio

from sgate.store import idempotency_keys
from sgate.workers import maintenance
from sgate.workers.loops import Pulse, Stop
from sgate.workers.maintenance import Maintenance, maintain

_KEYS = """
INSERT INTO idempotency_keys (scope, request_hash, object_id, answer_status, answer_encrypted, expires_at)
SELECT sha256(($1::text || n)::bytea), sha256('request'), 'pi', 201, '', now() + $2::text::interval
FROM generate_series(1, $3) AS n
"""

_BLOCKS = """
INSERT INTO blocks (
    livemode, height, block_hash, index_block_hash, parent_index_block_hash, block_time, tenure_height, bitcoin_height
)
SELECT FALSE, n, '0x' || n, '0x' || n, '0x' || (n - 1), now(), n, n FROM generate_series(1, $1) AS n
"""


async def add_keys(pool, name, expires, count):
    async with pool.acquire() as connection:
        await connection.execute(_KEYS, name, expires, count)


async def count(pool, table):
    async with pool.acquire() as connection:
        return await connection.fetchval(f"SELECT count(*) FROM {table}")


async def test_only_idempotency_keys_past_their_time_are_swept(pool):
    await add_keys(pool, "old", "-1 second", 3)
    await add_keys(pool, "kept", "1 hour", 5)
    swept = await Maintenance(pool).run_once()
    assert (swept.idempotency_keys, swept.more) == (3, False)
    assert await count(pool, "idempotency_keys") == 5


async def test_one_iteration_deletes_a_limited_number_and_reports_that_there_is_more(pool, monkeypatch):
    monkeypatch.setattr(maintenance, "SWEEP_ROWS", 10)
    await add_keys(pool, "old", "-1 second", 25)
    reports = [await Maintenance(pool).run_once() for _ in range(3)]
    assert [(swept.idempotency_keys, swept.more) for swept in reports] == [(10, True), (10, True), (5, False)]


async def test_the_loop_sweeps_until_nothing_is_left(pool, monkeypatch):
    monkeypatch.setattr(maintenance, "SWEEP_ROWS", 10)
    await add_keys(pool, "old", "-1 second", 45)
    stop, done = Stop(), asyncio.Event()

    class CountedPulse(Pulse):
        def beat(self, error=None):
            super().beat(error)
            if self.iterations == 5:
                done.set()

    keeping = asyncio.create_task(maintain(Maintenance(pool), stop=stop, pulse=CountedPulse()))
    await asyncio.wait_for(done.wait(), 20)
    assert await count(pool, "idempotency_keys") == 0
    stop.request()
    await asyncio.wait_for(keeping, 20)


async def test_old_headers_are_pruned_and_the_newest_stay(pool, monkeypatch):
    monkeypatch.setattr(maintenance, "KEEP_BLOCKS", 20)
    async with pool.acquire() as connection:
        await connection.execute(_BLOCKS, 100)
        await connection.execute(
            "INSERT INTO chain_cursors (livemode, network, scanned_height) VALUES (FALSE, 'simulated', 100)"
        )
    swept = await Maintenance(pool).run_once()
    assert swept.blocks == 79
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT min(height) FROM blocks") == 80


async def test_an_expired_key_can_be_claimed_again_before_it_is_deleted(pool):
    await add_keys(pool, "old", "-1 second", 1)
    async with pool.acquire() as connection, connection.transaction():
        scope = await connection.fetchval("SELECT scope FROM idempotency_keys")
        assert await idempotency_keys.find(connection, scope) is None
        keep_until = await connection.fetchval("SELECT now() + interval '1 hour'")
        assert await idempotency_keys.claim(connection, scope, b"\x01" * 32, keep_until, wait_s=1)
        assert not await idempotency_keys.claim(connection, scope, b"\x02" * 32, keep_until, wait_s=1)
    assert (await Maintenance(pool).run_once()).idempotency_keys == 0
