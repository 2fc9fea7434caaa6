"""Lists: a page deep among a merchant's million intents against a page of a merchant with a thousand."""

import asyncio

import asyncpg

import report
from rounds import alternate
from servers import CannotMeasure, free_port, wait_until_answering
from sgate.db.pool import open_pool
from sgate.environment import Environment
from sgate.services import merchants
from sgate.store.audit_log import Actor

MANY, MANY_QUICK, FEW = 1_000_000, 100_000, 1_000
FILL_BATCH = 100_000
CURSORS = 100
"""How many different pages are requested, one after another."""

CONNECTIONS = 16
WARM_S, SLOT_S = 0.2, 1.0
DEEP, SHALLOW = "a page by cursor, deep among many", f"a page by cursor, of {FEW:,}"
BY_PAIR, BY_PAIR_FEW = "a page by metadata, among many", f"a page by metadata, of {FEW:,}"

_FILL = """
INSERT INTO payment_intents (
    id, merchant_id, livemode, amount_sats, client_secret, expires_at, grace_s, seen_hold_s, tolerance_sats,
    tolerance_bp, confirmation_policy, late_payments, pay_address, metadata, description, next_check_time, created_at
)
SELECT 'pi_' || $2 || right(lpad(to_hex(n), 22, '0'), 22), $1::text::uuid, FALSE, 100000,
    'pi_' || $2 || right(lpad(to_hex(n), 22, '0'), 22) || '_secret_' || repeat('0', 29), now() + interval '1 day', 300,
    1800, 0, 0, '[{"from_sats":0,"stacks_blocks":1}]', 'hold', 'ST000000000000000000002AMW42H',
    json_build_object('order', n::text)::jsonb, 'Order ' || n, now() + interval '1 day',
    now() - n * interval '100 milliseconds'
FROM generate_series($3::integer, $4::integer) AS n
"""


def run(bench, console, options):
    """Measure, and return (ratios, rates)."""
    url, total = bench.database("bench_lists"), MANY_QUICK if options.quick else MANY
    port = free_port()
    with console.status(f"creating {total:,} intents of one merchant and {FEW:,} of another"):
        keys = asyncio.run(_fill(url, total))
    server, load = bench.sgate("api", url, port), bench.script("loadgen", talks=True)
    wait_until_answering(server, f"http://127.0.0.1:{port}/health/ready")
    load.tell(_scenarios(port, keys, total))
    slots = {name: _slot(load, server, name) for name in (DEEP, SHALLOW, BY_PAIR, BY_PAIR_FEW)}
    for slot in slots.values():
        warmed = slot()
        if warmed["errors"]:
            raise CannotMeasure(f"{'; '.join(warmed['errors'])}\n{server.last_words()}")
    results = alternate(console, "lists", slots, options.rounds)
    ratios = [
        report.ratio(DEEP, results, SHALLOW, label=f"a page by cursor, deep in {total:,}", must=0.85, aim=0.95),
        report.ratio(BY_PAIR, results, BY_PAIR_FEW, label=f"a page by metadata, in {total:,}"),
    ]
    return ratios, [report.Rate.of(name, found) for name, found in results.items()]


def _scenarios(port, keys, total):
    def scenario(name, key, queries):
        heads = [
            f"GET /v1/payment_intents?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n\r\n"
            for query in queries
        ]
        return {
            "name": name,
            "port": port,
            "connections": CONNECTIONS,
            "expected_status": 200,
            "heads": heads,
            "tail": "",
            "fresh_key": False,
        }

    many, few = keys
    deep = [total // 2 + number * (total // 3) // CURSORS for number in range(CURSORS)]
    shallow = [1 + number * (FEW - 20) // CURSORS for number in range(CURSORS)]
    return [
        scenario(DEEP, many, [f"starting_after=pi_aa{number:022x}" for number in deep]),
        scenario(SHALLOW, few, [f"starting_after=pi_bb{number:022x}" for number in shallow]),
        scenario(BY_PAIR, many, [f"metadata[order]={number}" for number in deep]),
        scenario(BY_PAIR_FEW, few, [f"metadata[order]={number}" for number in shallow]),
    ]


def _slot(load, server, name):
    def slot():
        before = server.cpu_s()
        result = load.ask({"scenario": name, "warm_s": WARM_S, "seconds": SLOT_S})
        return {**result, "cpu_s": server.cpu_s() - before}

    return slot


async def _fill(url, total):
    """Create two merchants and their intents. Returns their API keys."""
    pool = await open_pool(url, min_connections=1, max_connections=2)
    actor, environment = Actor(name="benchmark"), Environment()
    made = [await merchants.create(pool, environment, name, livemode=False, actor=actor) for name in ("Many", "Few")]
    await pool.close()
    connection = await asyncpg.connect(url)
    try:
        for (merchant_id, _), prefix, count in zip(made, ("aa", "bb"), (total, FEW), strict=True):
            for start in range(1, count + 1, FILL_BATCH):
                await connection.execute(_FILL, merchant_id, prefix, start, min(start + FILL_BATCH - 1, count))
        await connection.execute("VACUUM ANALYZE payment_intents")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    return [key.secret for _, key in made]
