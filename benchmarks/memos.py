"""Matching a block's memos to open intents: all at once against one by one."""

import asyncio
import random
import time

import asyncpg

import report
from rounds import alternate
from servers import CannotMeasure
from sgate.db.pool import open_pool
from sgate.store import payment_intents

MEMOS = 1000
OPEN_INTENTS, OPEN_INTENTS_QUICK = 1_000_000, 100_000
FILL_BATCH = 100_000
SLOT_S = 1.0
TOGETHER = f"{MEMOS} memos at once"
SINGLY = f"{MEMOS} memos one by one"

_MERCHANT = """
WITH merchant AS (INSERT INTO merchants (name) VALUES ('Shop') RETURNING id)
INSERT INTO merchant_modes (merchant_id, livemode) SELECT id, FALSE FROM merchant RETURNING merchant_id
"""
_FILL = """
INSERT INTO payment_intents (
    id, merchant_id, livemode, amount_sats, client_secret, expires_at, grace_s, seen_hold_s, tolerance_sats,
    tolerance_bp, confirmation_policy, late_payments, pay_address, description, next_check_time, created_at
)
SELECT 'pi_' || left(md5(n::text), 24), $1, FALSE, 100000, 'pi_' || left(md5(n::text), 24) || '_secret_' ||
    repeat('0', 29), now() + interval '1 day', 300, 1800, 0, 0, '[{"from_sats":0,"stacks_blocks":1}]', 'hold',
    'ST000000000000000000002AMW42H', 'Order ' || n, now() + interval '1 day', now()
FROM generate_series($2::integer, $3::integer) AS n
"""


def run(bench, console, options):
    """Measure, and return (ratios, rates)."""
    url, total = bench.database("bench_memos"), OPEN_INTENTS_QUICK if options.quick else OPEN_INTENTS
    with asyncio.Runner() as runner:
        with console.status(f"creating {total:,} open intents"):
            runner.run(_fill(url, total))
        pool = runner.run(open_pool(url, min_connections=1, max_connections=1))
        try:
            slots = {
                TOGETHER: lambda: runner.run(_together(pool, total)),
                SINGLY: lambda: runner.run(_singly(pool, total)),
            }
            for slot in slots.values():
                slot()  # warm
            results = alternate(console, "memos", slots, options.rounds)
        finally:
            runner.run(pool.close())
    ratios = [report.ratio(TOGETHER, results, SINGLY, label=TOGETHER, must=8.0, aim=12.0, times=True)]
    return ratios, [report.Rate.of(name, found) for name, found in results.items()]


async def _fill(url, total):
    connection = await asyncpg.connect(url)
    try:
        merchant_id = await connection.fetchval(_MERCHANT)
        for first in range(0, total, FILL_BATCH):
            await connection.execute(_FILL, merchant_id, first, min(first + FILL_BATCH, total) - 1)
        await connection.execute("VACUUM ANALYZE payment_intents")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def _together(pool, total):
    return await repeat(pool, total, payment_intents.known, _some_memos)


async def _singly(pool, total):
    async def one_by_one(connection, memos):
        found = {}
        for memo in memos:
            found |= await payment_intents.known(connection, [memo])
        return found

    return await repeat(pool, total, one_by_one, _some_memos)


async def repeat(pool, total, match, choose):
    """Run one slot: match the memos of block after block, until the matching alone has taken SLOT_S."""
    seconds, blocks = 0.0, 0
    while seconds < SLOT_S:
        memos = await choose(pool, total)
        async with pool.acquire() as connection:
            began = time.perf_counter()
            found = await match(connection, memos)
            seconds += time.perf_counter() - began
        if len(found) != MEMOS:
            raise CannotMeasure(f"{len(found)} of {MEMOS} memos were found")
        blocks += 1
    return {"answers": blocks * MEMOS, "counted": blocks * MEMOS, "seconds": seconds, "errors": []}


async def _some_memos(pool, total):
    numbers = [str(number) for number in random.sample(range(total), MEMOS)]
    statement = "SELECT 'pi_' || left(md5(n), 24) AS id FROM unnest($1::text[]) AS n"
    return [row["id"] for row in await pool.fetch(statement, numbers)]
