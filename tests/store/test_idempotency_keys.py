"""The rows behind idempotency keys: claims that succeed, wait or are refused, and the sweep."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from sgate.store import idempotency_keys

SCOPE, OTHER_SCOPE = b"s" * 32, b"o" * 32
HASH, OTHER_HASH = b"h" * 32, b"i" * 32
LATER = timedelta(hours=1)


def in_an_hour():
    return datetime.now(UTC) + LATER


async def store(connection, scope=SCOPE, request_hash=HASH, keep_until=None, wait_s=1.0):
    async with connection.transaction():
        claimed = await idempotency_keys.claim(
            connection, scope, request_hash, keep_until or in_an_hour(), wait_s=wait_s
        )
        if claimed:
            await idempotency_keys.fill(connection, scope, "pi_1", 201, b"answer")
    return claimed


async def test_a_free_key_is_claimed_once_and_returns_what_was_stored(pool):
    async with pool.acquire() as connection:
        assert await store(connection) is True
        assert await store(connection) is False
        assert await store(connection, OTHER_SCOPE) is True
        found = await idempotency_keys.find(connection, SCOPE)
    assert (found.request_hash, found.object_id, found.answer_status, found.answer_encrypted) == (
        HASH,
        "pi_1",
        201,
        b"answer",
    )


async def test_a_key_past_its_time_is_not_found_and_is_claimed_by_the_next(pool):
    async with pool.acquire() as connection:
        await store(connection, keep_until=datetime.now(UTC) - LATER)
        assert await idempotency_keys.find(connection, SCOPE) is None
        assert await store(connection, request_hash=OTHER_HASH) is True
        assert (await idempotency_keys.find(connection, SCOPE)).request_hash == OTHER_HASH


async def test_a_claim_that_is_rolled_back_leaves_the_key_free(pool):
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        assert await idempotency_keys.claim(connection, SCOPE, HASH, in_an_hour(), wait_s=1)
        await transaction.rollback()
        assert await store(connection) is True


async def test_a_second_claim_waits_for_the_first_and_then_sees_its_response(pool):
    async with pool.acquire() as first, pool.acquire() as second, pool.acquire() as watching:
        transaction = first.transaction()
        await transaction.start()
        assert await idempotency_keys.claim(first, SCOPE, HASH, in_an_hour(), wait_s=1)
        claiming = asyncio.create_task(store(second, wait_s=30))
        async with asyncio.timeout(10):
            while not await watching.fetchval(
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
            ):
                await asyncio.sleep(0.005)
        await idempotency_keys.fill(first, SCOPE, "pi_1", 201, b"first")
        await transaction.commit()
        assert await claiming is False
        assert (await idempotency_keys.find(second, SCOPE)).answer_encrypted == b"first"


async def test_a_second_claim_waits_with_a_timeout_that_ends_with_its_transaction(pool):
    async with pool.acquire() as first, pool.acquire() as second:
        transaction = first.transaction()
        await transaction.start()
        assert await idempotency_keys.claim(first, SCOPE, HASH, in_an_hour(), wait_s=1)
        with pytest.raises(asyncpg.LockNotAvailableError):
            await store(second, wait_s=0.05)
        await transaction.rollback()
        assert await second.fetchval("SHOW lock_timeout") == "0"


async def test_of_many_claims_at_once_one_wins(pool):
    async def claim():
        async with pool.acquire() as connection:
            return await store(connection)

    won = await asyncio.gather(*(claim() for _ in range(8)))
    assert sorted(won) == [False] * 7 + [True]


async def test_a_sweep_deletes_expired_keys_up_to_its_limit(pool):
    async with pool.acquire() as connection:
        for number in range(5):
            await store(connection, bytes([number]) * 32, keep_until=datetime.now(UTC) - LATER)
        await store(connection)
        assert await idempotency_keys.sweep(connection, 3) == 3
        assert await idempotency_keys.sweep(connection, 3) == 2
        assert await idempotency_keys.sweep(connection, 3) == 0
        assert await idempotency_keys.find(connection, SCOPE) is not None


@pytest.mark.parametrize(("scope", "request_hash"), [(b"short", HASH), (SCOPE, b"short")])
async def test_a_scope_or_hash_of_another_length_is_refused_by_the_table(pool, scope, request_hash):
    async with pool.acquire() as connection:
        with pytest.raises(asyncpg.CheckViolationError):
            await store(connection, scope, request_hash)
