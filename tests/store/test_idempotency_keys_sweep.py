"""The sweep of idempotency keys against a request that claims an expired key at the same moment."""

import asyncio
from datetime import UTC, datetime, timedelta

from sgate.store import idempotency_keys
from store.waiting import until_a_session_waits

SCOPE, HASH = b"s" * 32, b"h" * 32
LIMIT = 1_000


async def expired_key(connection):
    await idempotency_keys.claim(connection, SCOPE, HASH, datetime.now(UTC) - timedelta(seconds=1), wait_s=1)
    await idempotency_keys.fill(connection, SCOPE, "pi_old", 201, b"old answer")


async def test_a_key_that_was_claimed_meanwhile_is_not_swept(pool):
    async with pool.acquire() as taking, pool.acquire() as sweeping, pool.acquire() as watching:
        await expired_key(taking)
        transaction = taking.transaction()
        await transaction.start()
        assert await idempotency_keys.claim(taking, SCOPE, HASH, datetime.now(UTC) + timedelta(hours=24), wait_s=1)
        await idempotency_keys.fill(taking, SCOPE, "pi_new", 201, b"new answer")
        sweep = asyncio.create_task(idempotency_keys.sweep(sweeping, LIMIT))
        await until_a_session_waits(watching, unless=sweep)
        await transaction.commit()
        assert await sweep == 0
        found = await idempotency_keys.find(watching, SCOPE)
    assert (found.object_id, found.answer_encrypted) == ("pi_new", b"new answer")


async def test_a_key_whose_claim_was_rolled_back_goes_with_the_next_sweep(pool):
    async with pool.acquire() as taking, pool.acquire() as sweeping, pool.acquire() as watching:
        await expired_key(taking)
        transaction = taking.transaction()
        await transaction.start()
        await idempotency_keys.claim(taking, SCOPE, HASH, datetime.now(UTC) + timedelta(hours=24), wait_s=1)
        sweep = asyncio.create_task(idempotency_keys.sweep(sweeping, LIMIT))
        await until_a_session_waits(watching, unless=sweep)
        await transaction.rollback()
        assert await sweep + await idempotency_keys.sweep(sweeping, LIMIT) == 1
