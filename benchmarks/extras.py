"""The cost of a create's extras: rate limits in Redis and deliveries to two webhook endpoints, against neither.

Two servers on one database alternate. No deliverer runs, so that only creates are measured, not webhooks.
"""

import asyncio
import urllib.request

import report
from api import BODY, WARM_S
from rounds import alternate
from servers import CannotMeasure, free_port, wait_until_answering
from sgate.db.pool import open_pool
from sgate.environment import Environment
from sgate.services import merchants
from sgate.store.audit_log import Actor

CONNECTIONS = 64
SLOT_S = 1.0
FILL_S = 2.0
ENDPOINTS = 2
WITH = f"create with limits in Redis and {ENDPOINTS} endpoints, {CONNECTIONS} connections"
WITHOUT = f"create without them, {CONNECTIONS} connections"
_ADD_ENDPOINTS = """
INSERT INTO webhook_endpoints (id, merchant_id, livemode, url, secret_encrypted)
SELECT 'we_' || lpad(to_hex(number), 24, '0'), $1::text::uuid, false, 'https://shop.example/hook', 'never used'
FROM generate_series(1, $2::integer) AS number
"""
NO_LIMITS = {f"rate_limit_{name}": 0 for name in ("create", "retrieve", "public", "other")}


def run(bench, console, options):
    """Measure, and return (ratios, rates)."""
    url, redis_url = bench.database("bench_extras"), bench.redis()
    ports = {WITH: free_port(), WITHOUT: free_port()}
    servers = {
        WITH: bench.sgate("api", url, ports[WITH], "with", redis_url=redis_url),
        WITHOUT: bench.sgate("api", url, ports[WITHOUT], "without", **NO_LIMITS),
    }
    for name, port in ports.items():
        wait_until_answering(servers[name], f"http://127.0.0.1:{port}/health/ready")
    keys = asyncio.run(_make_merchants(url))
    load = bench.script("loadgen", talks=True)
    load.tell([_scenario(name, ports[name], keys[name]) for name in ports])
    with console.status("warming up"):
        for name in ports:
            _slot(load, servers[name], name, FILL_S)
    slots = {name: lambda name=name: _slot(load, servers[name], name, SLOT_S) for name in ports}
    results = alternate(console, "extras", slots, options.rounds)
    _check_redis_was_used(servers[WITH], ports[WITH])
    ratio = report.ratio(WITH, results, WITHOUT, label=WITH, must=0.60, aim=0.80)
    return [ratio], [report.Rate.of(name, found) for name, found in results.items()]


def _scenario(name, port, key):
    head = (
        f"POST /v1/payment_intents HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n"
    )
    return {
        "name": name,
        "port": port,
        "connections": CONNECTIONS,
        "expected_status": 201,
        "heads": [head],
        "tail": f"\r\n{BODY}",
        "fresh_key": True,
    }


def _slot(load, server, name, seconds):
    before = server.cpu_s()
    result = load.ask({"scenario": name, "warm_s": WARM_S, "seconds": seconds})
    if result["errors"]:
        raise CannotMeasure(f"{name}: {'; '.join(result['errors'])}\n{server.last_words()}")
    return {**result, "cpu_s": server.cpu_s() - before}


def _check_redis_was_used(server, port):
    """Check that the limits were kept in Redis: falling back to memory would make the result too good."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
        lines = response.read().decode().splitlines()
    counted = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    if float(counted["sgate_redis_up"]) != 1:
        raise CannotMeasure(f"Redis became unavailable:\n{server.last_words()}")


async def _make_merchants(url):
    pool = await open_pool(url, min_connections=1, max_connections=2)
    actor, environment = Actor(name="benchmark"), Environment()
    keys = {}
    try:
        for name in (WITH, WITHOUT):
            merchant_id, key = await merchants.create(pool, environment, name[:40], livemode=False, actor=actor)
            keys[name] = key.secret
            if name == WITH:
                await pool.execute(_ADD_ENDPOINTS, merchant_id, ENDPOINTS)
        return keys
    finally:
        await pool.close()
