"""Growth: the same requests on a database of three million intents and on a nearly empty one."""

import asyncio
import hashlib
import json
import random

import asyncpg

import memos
import report
from rounds import alternate
from servers import CannotMeasure, free_port, wait_until_answering
from sgate.db.pool import open_pool
from sgate.environment import Environment
from sgate.services import merchants
from sgate.store import payment_intents
from sgate.store.audit_log import Actor
from sgate.workers.maintenance import Maintenance

INTENTS, INTENTS_QUICK = 3_000_000, 150_000
INTENTS_EMPTY = 30_000
"""Intents in the nearly empty database: one per merchant and day, so that responses are equally long."""

MERCHANTS = 100
DAYS = 300
FILL_BATCH = 50_000
CONNECTIONS = 16
WARM_S, SLOT_S = 0.2, 1.0
BODY = json.dumps({"amount_sats": 100_000, "description": "Order 17", "metadata": {"order": "17"}})
CALLS = ("create", "list", "stats")
MATCH, MATCH_ANY = "match", "match of any age"
NEWEST = 2_000
"""Open intents are among the newest, and so are those that a block's memos name."""

# Ids begin with the time and end at random, like real ones, so that the newest are adjacent in the index. Each intent
# was paid: it has an event, a payment and a delivery, spread over the last DAYS days.
_FILL = """
WITH numbered AS (
    SELECT n, lpad(to_hex(n), 8, '0') || left(md5(n::text), 16) AS hex,
        ($1::uuid[])[1 + n % cardinality($1::uuid[])] AS merchant_id,
        ($2::text[])[1 + n % cardinality($2::text[])] AS endpoint_id,
        now() - interval '1 hour' - $5 * interval '1 day' * ($6 - n) / $6 AS at
    FROM generate_series($3::integer, $4::integer) AS n
), made AS (
    INSERT INTO payment_intents (
        id, merchant_id, livemode, amount_sats, client_secret, expires_at, grace_s, seen_hold_s, tolerance_sats,
        tolerance_bp, confirmation_policy, late_payments, pay_address, metadata, description, status, confirmed_at,
        amount_received_sats, amount_counted_sats, created_at
    )
    SELECT 'pi_' || hex, merchant_id, FALSE, 100000, 'pi_' || hex || '_secret_' || repeat('0', 29),
        at + interval '15 minutes', 300, 1800, 0, 0, '[{"from_sats":0,"stacks_blocks":1}]', 'hold',
        'ST000000000000000000002AMW42H', json_build_object('order', n::text)::jsonb, 'Order ' || n, 'confirmed', at,
        100000, 100000, at
    FROM numbered
), notified AS (
    INSERT INTO events (id, merchant_id, livemode, type, payment_intent_id, sequence, payload, created_at)
    SELECT 'evt_' || hex, merchant_id, FALSE, 'payment_intent.created', 'pi_' || hex, 1, '{"object":"payment_intent"}',
        at
    FROM numbered
), sent AS (
    INSERT INTO webhook_deliveries (
        id, merchant_id, livemode, endpoint_id, event_id, payment_intent_id, sequence, status, attempts,
        next_attempt_at, last_attempt, delivered_at, created_at
    )
    SELECT delivery_id('evt_' || hex, endpoint_id, at), merchant_id, FALSE, endpoint_id, 'evt_' || hex, 'pi_' || hex, 1,
        'delivered', 1, NULL, at, at, at
    FROM numbered WHERE at > now() - interval '90 days'
)
INSERT INTO payments (
    id, livemode, merchant_id, payment_intent_id, tx_id, event_index, amount_sats, sender, recipient, status,
    block_height, block_hash, index_block_hash, block_time, tx_index, tenure_height, bitcoin_height, first_mined_at
)
SELECT 'pay_' || hex, FALSE, merchant_id, 'pi_' || hex, '0x' || repeat('0', 40) || hex, 0, 100000, 'ST1', 'ST2',
    'included', n, '0x', '0x', at, 0, 1, 1, at
FROM numbered
"""
_ENDPOINT = """
INSERT INTO webhook_endpoints (id, merchant_id, livemode, url, secret_encrypted, created_at)
SELECT 'we_' || lpad($2::integer::text, 24, '0'), $1::text::uuid, FALSE, 'https://shop.example/', '', now() RETURNING id
"""
_BACKDATE = "UPDATE merchant_modes SET rolled_up_to = date_trunc('day', now(), 'UTC') - $1 * interval '1 day'"
_SIZE = "SELECT pg_database_size(current_database())"


def run(bench, console, options):
    """Measure, and return (ratios, rates)."""
    total = INTENTS_QUICK if options.quick else INTENTS
    sides = {"grown": total, "empty": INTENTS_EMPTY}
    with asyncio.Runner() as runner:
        slots, pools = {}, []
        for side, count in sides.items():
            url, port = bench.database(f"bench_growth_{side}"), free_port()
            with console.status(f"creating {count:,} paid intents of {MERCHANTS} merchants"):
                keys, size = runner.run(_fill(url, count))
            console.print(
                f"{side}: {count:,} intents, {size / count / 1024:.1f} KiB each with events, payments and deliveries"
            )
            server, load = bench.sgate("api", url, port, side), bench.script("loadgen", talks=True)
            wait_until_answering(server, f"http://127.0.0.1:{port}/health/ready")
            load.tell([_scenario(call, port, keys) for call in CALLS])
            for call in CALLS:
                slots[f"{call}, {side}"] = _slot(load, server, call)
            pools.append(runner.run(open_pool(url, min_connections=1, max_connections=1)))
            slots[f"{MATCH}, {side}"] = _matching(runner, pools[-1], count, among=NEWEST)
            slots[f"{MATCH_ANY}, {side}"] = _matching(runner, pools[-1], count, among=count)
        try:
            for slot in slots.values():
                if slot()["errors"]:
                    raise CannotMeasure("a request failed while warming up")
            creating = {name: slot for name, slot in slots.items() if name.startswith("create")}
            reading = {name: slot for name, slot in slots.items() if name not in creating}
            results = alternate(console, "growth, reading", reading, options.rounds)  # before new intents are created
            results |= alternate(console, "growth, creating", creating, options.rounds)
        finally:
            for pool in pools:
                runner.run(pool.close())
    ratios = [
        report.ratio(f"{call}, grown", results, f"{call}, empty", label=f"{call}, among {total:,}", must=0.85, aim=0.95)
        for call in (*CALLS, MATCH)
    ]
    ratios.append(report.ratio(f"{MATCH_ANY}, grown", results, f"{MATCH_ANY}, empty", label=f"{MATCH_ANY}, {total:,}"))
    return ratios, [report.Rate.of(name, found) for name, found in results.items()]


def _scenario(call, port, keys):
    path = {
        "create": "POST /v1/payment_intents",
        "list": "GET /v1/payment_intents?limit=20&status=confirmed",
        "stats": "GET /v1/merchants/me/stats",
    }[call]
    creating = call == "create"
    more = f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n" if creating else ""
    heads = [f"{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n{more}" for key in keys]
    return {
        "name": call,
        "port": port,
        "connections": CONNECTIONS,
        "expected_status": 201 if creating else 200,
        "heads": heads if creating else [f"{head}\r\n" for head in heads],
        "tail": f"\r\n{BODY}" if creating else "",
        "fresh_key": creating,
    }


def _slot(load, server, name):
    def slot():
        before = server.cpu_s()
        result = load.ask({"scenario": name, "warm_s": WARM_S, "seconds": SLOT_S})
        return {**result, "cpu_s": server.cpu_s() - before}

    return slot


def _matching(runner, pool, total, *, among):
    """Return a slot that matches the memos of a block to intents, chosen among the `among` newest."""

    async def some(_pool, count):
        numbers = random.sample(range(count - among + 1, count + 1), memos.MEMOS)
        return [f"pi_{number:08x}{_random_part(number)}" for number in numbers]

    return lambda: runner.run(memos.repeat(pool, total, payment_intents.known, some))


def _random_part(number):
    return hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()[:16]


async def _fill(url, total):
    """Create merchants with a history. Returns their API keys, and the size of the database in bytes."""
    pool = await open_pool(url, min_connections=1, max_connections=2)
    actor, environment = Actor(name="benchmark"), Environment()
    made = [
        await merchants.create(pool, environment, f"Shop {n}", livemode=False, actor=actor) for n in range(MERCHANTS)
    ]
    merchant_ids = [merchant_id for merchant_id, _ in made]
    connection = await asyncpg.connect(url)
    try:
        endpoints = [await connection.fetchval(_ENDPOINT, each, number) for number, each in enumerate(merchant_ids)]
        for start in range(1, total + 1, FILL_BATCH):
            last = min(start + FILL_BATCH - 1, total)
            await connection.execute(_FILL, merchant_ids, endpoints, start, last, DAYS, total)
        await connection.execute(_BACKDATE, DAYS + 1)
        await connection.execute("VACUUM ANALYZE")
        maintenance = Maintenance(pool)
        while (await maintenance.run_once()).more:
            pass
        await connection.execute("CHECKPOINT")
        return [key.secret for _, key in made], await connection.fetchval(_SIZE)
    finally:
        await connection.close()
        await pool.close()
