"""Hostile receivers and clients: the memory they cost the deliverer, and the time they cost honest callers."""

import asyncio
import itertools
import time
import urllib.request

import asyncpg

import api
import report
from delays import DELIVERY, ENDPOINTS_SQL, MERCHANT, SECRET
from rounds import alternate
from servers import CannotMeasure, free_port, wait_until_answering
from sgate.db.encryption import Cipher
from sgate.settings.settings import DEVELOPMENT_SECRET_KEY

RECEIVERS = 50
MEGABYTE = 1 << 20
MUST_MB = 64
FINISH_TIMEOUT_S = 30
SAMPLE_S = 0.02
"""Between two readings of the deliverer's memory."""

SETTLED = 20
"""Readings without growth, a tenth of a second apart, after which a process counts as started."""

GROWTH = f"memory growth with {RECEIVERS} hostile receivers at once"
QUIET, ATTACKED = "retrieve, 4 connections, quiet", "retrieve, 4 connections, beside a hostile client"
CONNECTIONS = 4
SLOT_S = 3.0
WARM_S = 0.5
_RESET = """
DELETE FROM webhook_attempts;
DELETE FROM webhook_deliveries;
UPDATE webhook_endpoints SET disabled_at = NULL, disabled_reason = NULL, failing_since = NULL;
"""
_TRIED = "SELECT count(*) FROM webhook_attempts WHERE error IS NOT NULL"


def run(bench, console, options):
    """Measure, and return (ratios, rates)."""
    growths, measured = _memory(bench, console, options)
    tails, latencies = _honest_callers(bench, console, options)
    rows = [
        report.Ratio(name=GROWTH, against=f"{MUST_MB} MB", rounds=growths, must=1.0, aim=0.5, lower_is_better=True),
        report.Ratio(
            name=f"p95, {ATTACKED}",
            against="quiet",
            rounds=tails,
            must=1.5,
            aim=1.2,
            lower_is_better=True,
            times=True,
            spread=report.spread_of([slot["p95_ms"] for slot in latencies[QUIET]]),
        ),
    ]
    return rows, [measured, *(report.Rate.of(name, found) for name, found in latencies.items())]


# --- receivers


def _memory(bench, console, options):
    url, port = bench.database("bench_hostile_receivers"), free_port()
    receivers = bench.script("hostile_receivers", port)
    wait_until_answering(receivers, f"http://127.0.0.1:{port}/count")
    numbers = itertools.count(step=RECEIVERS)  # of the events
    merchant_id = asyncio.run(_prepare(url, f"http://127.0.0.1:{port}/hooks/"))
    deliverer = bench.sgate("deliverer", url, 0)
    with console.status("starting"):
        before = _settled_memory(deliverer)
    results = alternate(
        console,
        "hostile receivers",
        {GROWTH: lambda: asyncio.run(_deliver(url, merchant_id, deliverer, next(numbers)))},
        options.rounds,
    )[GROWTH]
    if _received(port) < options.rounds * RECEIVERS:
        raise CannotMeasure(f"the receivers were called only {_received(port)} times")
    return [(slot["highest_bytes"] - before) / MEGABYTE / MUST_MB for slot in results], report.Rate.of(GROWTH, results)


def _settled_memory(process):
    """What a process that has started holds, once that no longer grows."""
    samples = [0]
    while process.running() and (len(samples) <= SETTLED or samples[-1] > samples[-SETTLED] or not samples[-1]):
        time.sleep(0.1)
        samples.append(process.memory_bytes())
    return samples[-1]


async def _prepare(url, endpoint_url):
    connection = await asyncpg.connect(url)
    try:
        merchant_id = await connection.fetchval(MERCHANT)
        encrypted = Cipher([DEVELOPMENT_SECRET_KEY]).encrypt(SECRET.encode())
        await connection.execute(ENDPOINTS_SQL, merchant_id, endpoint_url, encrypted, RECEIVERS)
        return merchant_id
    finally:
        await connection.close()


async def _deliver(url, merchant_id, deliverer, first):
    """Send one webhook to each receiver, all due at once, and watch the deliverer's memory until all have failed."""
    connection = await asyncpg.connect(url)
    payload = '{"id":"pi_0123456789abcdef01234567"}'
    try:
        await connection.execute(_RESET)
        highest = deliverer.memory_bytes()
        began = time.monotonic()
        async with connection.transaction():
            for number in range(RECEIVERS):
                await connection.fetchval(DELIVERY, f"evt_{first + number:024x}", merchant_id, payload, number)
        while await connection.fetchval(_TRIED) < RECEIVERS:
            if time.monotonic() > began + FINISH_TIMEOUT_S or not deliverer.running():
                raise CannotMeasure(f"the hostile receivers were not given up:\n{deliverer.last_words()}")
            highest = max(highest, deliverer.memory_bytes())
            await asyncio.sleep(SAMPLE_S)
    finally:
        await connection.close()
    seconds = time.monotonic() - began
    return {
        "answers": RECEIVERS, "counted": RECEIVERS, "seconds": seconds, "errors": [], "highest_bytes": highest
    }  # fmt: skip


def _received(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/count", timeout=10) as answer:
        return int(answer.read())


# --- clients


def _honest_callers(bench, console, options):
    url, port = bench.database("bench_hostile_clients"), free_port()
    server = bench.sgate("api", url, port)
    load, attacker = bench.script("loadgen", talks=True), bench.script("hostile_client", port, talks=True)
    wait_until_answering(server, f"http://127.0.0.1:{port}/health/ready")
    key = api.make_merchants(url, 1)[0]
    intent_ids = api.first_intents(port, key)
    heads = [
        f"GET /v1/payment_intents/{each} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n\r\n"
        for each in intent_ids
    ]
    load.tell([
        {"name": QUIET, "port": port, "connections": CONNECTIONS, "expected_status": 200, "heads": heads, "tail": "",
         "fresh_key": False}
    ])  # fmt: skip
    order = {"scenario": QUIET, "warm_s": WARM_S, "seconds": SLOT_S}

    def attacked():
        attacker.tell({"seconds": WARM_S + SLOT_S})
        result = load.ask(order)
        sent = attacker.answer()
        if sent["opened"] < 200 or sent["heads"] == 0:
            result["errors"].append(f"the attack did not take place: {sent}")
        return result

    slots = {QUIET: lambda: load.ask(order), ATTACKED: attacked}
    slots[QUIET]()  # warms up
    results = alternate(console, "hostile clients", slots, options.rounds)
    pairs = zip(results[ATTACKED], results[QUIET], strict=True)
    return [ill["p95_ms"] / well["p95_ms"] for ill, well in pairs], results
