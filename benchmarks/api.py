"""The REST API against pgbench running the same statements: creates, retrieves and public retrieves."""

import asyncio
import json
import urllib.request

import asyncpg

import pgbench
import plain_inserts
import report
from rounds import alternate
from servers import CannotMeasure, free_port, wait_until_answering
from sgate.db.pool import open_pool
from sgate.environment import Environment
from sgate.services import merchants
from sgate.store.audit_log import Actor

MERCHANTS = 1000
INTENTS_READ = 1000
"""How many different intents retrieves cycle through."""

INTENTS_SHOWN = 100
"""How many intents public retrieves cycle through: few, so that most are served from memory, as for open pages."""

WARM_S = 0.2
SLOT_S = 1.0
FILL_S = 3.0
CREATE_LIMIT = "pgbench create as in 0.1.0, 16 clients"
CREATE_STATEMENT = "pgbench create, 16 clients"
PLAIN_LIMIT = "pgbench three plain inserts, 16 clients"
READ_LIMIT = "pgbench select by id, 16 clients"
HELLO_LIMIT = "bare ASGI hello, 64 connections"
CREATES = ("create, 16 connections", "create, 64 connections", f"create, {MERCHANTS} merchants, 64 connections")
RETRIEVE = "retrieve with key, 16 connections"
PUBLIC = "public retrieve, 64 connections"
BODY = json.dumps(
    {
        "amount_sats": 100_000,
        "description": "Order 17: two kilos of coffee, medium roast",
        "metadata": {"order": "17", "customer": "c-20417"},
        "success_url": "https://shop.example/thanks?payment={id}",
        "cancel_url": "https://shop.example/cart",
    }
)
_COUNTS = """
SELECT (SELECT count(*) FROM payment_intents), (SELECT count(*) FROM events), (SELECT count(*) FROM idempotency_keys)
"""


def run(bench, console, options):
    """Measure, and return (ratios, rates)."""
    url = bench.database("bench_api")
    port, hello_port = free_port(), free_port()
    server, hello = bench.sgate("api", url, port), bench.script("hello", hello_port)
    load = bench.script("loadgen", talks=True)
    wait_until_answering(server, f"http://127.0.0.1:{port}/health/ready")
    wait_until_answering(hello, f"http://127.0.0.1:{hello_port}/")
    with console.status(f"creating {MERCHANTS} merchants"):
        keys = make_merchants(url, MERCHANTS)
    with console.status("creating intents to read, warming up"):
        intent_ids = first_intents(port, keys[0])
        load.tell(_scenarios(port, hello_port, keys, intent_ids))
        warmed = _warm_up(url, load, server)
    creating, reading = pgbench.create_script(url, intent_ids[0]), pgbench.read_script(intent_ids[0])
    creating_as_before = pgbench.create_batch_script(url, intent_ids[0])
    plain_inserts.prepare(url)
    plain = plain_inserts.script(url, intent_ids[0])
    slots = {name: _load_slot(load, server, name) for name in (*CREATES, RETRIEVE, PUBLIC)}
    slots[HELLO_LIMIT] = _load_slot(load, hello, HELLO_LIMIT)
    slots[CREATE_LIMIT] = lambda: pgbench.run(url, creating_as_before)
    slots[CREATE_STATEMENT] = lambda: pgbench.run(url, creating)
    slots[PLAIN_LIMIT] = lambda: pgbench.run(url, plain)
    slots[READ_LIMIT] = lambda: pgbench.run(url, reading)
    results = alternate(console, "API", slots, options.rounds)
    made = sum(slot["answers"] for name in (*CREATES, CREATE_LIMIT, CREATE_STATEMENT) for slot in results[name])
    _check_counts(url, len(intent_ids) + warmed + made)
    return _ratios(results), [report.Rate.of(name, found) for name, found in results.items()]


def _ratios(results):
    at_16, at_64, at_64_many = CREATES
    tails = [slot["p99_ms"] / slot["p50_ms"] for slot in results[at_64]]
    limit_spread = report.spread_of(report.rates(results[CREATE_LIMIT]))
    return [
        report.ratio(at_16, results, CREATE_LIMIT, label=at_16, must=0.50, aim=0.75),
        report.ratio(at_64, results, CREATE_LIMIT, label=at_64, must=0.75, aim=0.90),
        report.ratio(at_64, results, CREATE_STATEMENT, label=at_64),
        report.ratio(CREATE_STATEMENT, results, PLAIN_LIMIT, label=CREATE_STATEMENT, must=0.75, aim=0.90),
        report.ratio(RETRIEVE, results, READ_LIMIT, label=RETRIEVE, must=0.50, aim=0.75),
        report.ratio(PUBLIC, results, READ_LIMIT, label=PUBLIC, must=1.00, aim=1.20),
        report.Ratio(
            name="p99 of create, 64 connections",
            against="its p50",
            rounds=tails,
            must=2.5,
            aim=2.0,
            lower_is_better=True,
            times=True,
            spread=limit_spread,
        ),
        report.ratio(at_64_many, results, at_64, label=at_64_many, must=0.90),
        report.ratio(PUBLIC, results, HELLO_LIMIT, label=PUBLIC),
    ]


def _scenarios(port, hello_port, keys, intent_ids):
    def post(key):
        return (
            f"POST /v1/payment_intents HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n"
        )

    def get(path, *headers, at=port):
        return "\r\n".join((f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{at}", *headers, "\r\n"))

    at_16, at_64, at_64_many = CREATES
    authorized = f"Authorization: Bearer {keys[0]}"
    retrieve = [get(f"/v1/payment_intents/{intent_id}", authorized) for intent_id in intent_ids]
    public = [get(f"/public/payment_intents/{intent_id}") for intent_id in intent_ids[:INTENTS_SHOWN]]
    verify = [get(f"/v1/payment_intents/{intent_ids[0]}", f"Authorization: Bearer {key}") for key in keys]

    def scenario(name, connections, status, heads, *, at=port, tail="", fresh_key=False):
        return {
            "name": name,
            "port": at,
            "connections": connections,
            "expected_status": status,
            "heads": heads,
            "tail": tail,
            "fresh_key": fresh_key,
        }

    creates = {"tail": f"\r\n{BODY}", "fresh_key": True}
    return [
        scenario(at_16, 16, 201, [post(keys[0])], **creates),
        scenario(at_64, 64, 201, [post(keys[0])], **creates),
        scenario(at_64_many, 64, 201, [post(key) for key in keys], **creates),
        scenario(RETRIEVE, 16, 200, retrieve),
        scenario(PUBLIC, 64, 200, public),
        scenario(HELLO_LIMIT, 64, 200, [get("/", at=hello_port)], at=hello_port),
        scenario("verify keys", 4, 404, verify[1:]),  # another merchant's intent: the key is valid, the object is not
    ]


def _load_slot(load, server, name):
    def slot():
        before = server.cpu_s()
        result = load.ask({"scenario": name, "warm_s": WARM_S, "seconds": SLOT_S})
        if result["errors"]:
            result["errors"].append(server.last_words())
        return {**result, "cpu_s": server.cpu_s() - before}

    return slot


def _warm_up(url, load, server):
    """Verify every key, fill the tables a little and analyze them. Returns how many intents were created."""
    made = 0
    _measured(load, server, "verify keys", MERCHANTS / 100)
    for name in CREATES:
        made += _measured(load, server, name, FILL_S)["answers"]
    for name in (RETRIEVE, PUBLIC, HELLO_LIMIT):
        _measured(load, server, name, WARM_S)
    asyncio.run(_analyze(url))
    return made


def _measured(load, server, name, seconds):
    result = load.ask({"scenario": name, "warm_s": 0, "seconds": seconds})
    if result["errors"]:
        raise CannotMeasure(f"{name}: {'; '.join(result['errors'])}\n{server.last_words()}")
    return result


def first_intents(port, key):
    """Create the intents that will be read. Returns their ids."""
    intent_ids = []
    for number in range(INTENTS_READ):
        headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"first-{number}",
        }
        url = f"http://127.0.0.1:{port}/v1/payment_intents"
        request = urllib.request.Request(url, BODY.encode(), headers, method="POST")
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - loopback
            intent_ids.append(json.load(response)["id"])
    return intent_ids


def make_merchants(url, count):
    """Create merchants. Returns their API keys."""

    async def make():
        pool = await open_pool(url, min_connections=1, max_connections=4)
        actor, environment = Actor(name="benchmark"), Environment()
        try:
            made = [
                await merchants.create(pool, environment, f"Shop {number}", livemode=False, actor=actor)
                for number in range(count)
            ]
            return [key.secret for _, key in made]
        finally:
            await pool.close()

    return asyncio.run(make())


async def _analyze(url):
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("ANALYZE")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def _check_counts(url, answered):
    """Check that every 201 and every pgbench transaction created one intent, one event and one idempotency row."""
    counts = asyncio.run(_counts(url))
    if counts != (answered,) * 3:
        raise CannotMeasure(f"{answered} creates succeeded, but the tables contain {counts} rows")


async def _counts(url):
    connection = await asyncpg.connect(url)
    try:
        return tuple(await connection.fetchrow(_COUNTS))
    finally:
        await connection.close()
