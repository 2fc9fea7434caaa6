"""Webhooks: claiming, signing, sending and recording, against bare aiohttp posting the same bytes to the same sink."""

import asyncio
import time
import urllib.request
from datetime import UTC, datetime

import asyncpg

import report
from rounds import alternate
from servers import CannotMeasure, free_port, wait_until_answering
from sgate.core.event import body_of, envelope
from sgate.core.signature import headers_of, new_secret
from sgate.db.encryption import Cipher
from sgate.settings.settings import DEVELOPMENT_SECRET_KEY
from sgate.workers.webhooks.client import USER_AGENT

ENDPOINTS = 50
CONCURRENT = 64
BACKLOG, BACKLOG_QUICK = 3000, 1000
"""Deliveries per slot."""

SLOT_S = 1.0
WARM_S = 0.2
DRAIN_TIMEOUT_S = 60
POLL_S = 0.1  # how often to check whether all are delivered; it does not affect the measured time
DELIVER = f"deliver, {ENDPOINTS} endpoints"
LIMIT = f"bare aiohttp, {CONCURRENT} concurrent"
SECRET = new_secret(bytes(range(24)))

_MERCHANT = """
WITH merchant AS (INSERT INTO merchants (name) VALUES ('Shop') RETURNING id)
INSERT INTO merchant_modes (merchant_id, livemode) SELECT id, FALSE FROM merchant RETURNING merchant_id
"""
_ENDPOINTS = """
INSERT INTO webhook_endpoints (id, merchant_id, livemode, url, secret_encrypted)
SELECT 'we_' || left(md5(n::text), 24), $1, FALSE, $2::text || n, $3 FROM generate_series(0, $4::integer - 1) AS n
"""
_INTENTS = """
INSERT INTO payment_intents (
    id, merchant_id, livemode, amount_sats, client_secret, expires_at, grace_s, seen_hold_s, tolerance_sats,
    tolerance_bp, confirmation_policy, late_payments, pay_address, next_check_time, created_at
)
SELECT 'pi_' || left(md5(n::text), 24), $1, FALSE, 100000, 'pi_' || left(md5(n::text), 24) || '_secret_' ||
    repeat('0', 29), now() + interval '1 hour', 300, 1800, 0, 0, '[]', 'hold', 'ST000000000000000000002AMW42H',
    now() + interval '1 hour', now()
FROM generate_series(0, $2::integer - 1) AS n
"""
_EVENTS = """
INSERT INTO events (id, merchant_id, livemode, type, payment_intent_id, sequence, payload, created_at)
SELECT 'evt_' || left(md5(n::text), 24), $1, FALSE, 'payment_intent.created', 'pi_' || left(md5(n::text), 24), 1,
    $3::text::json, now()
FROM generate_series(0, $2::integer - 1) AS n
"""
_DELIVERIES = """
INSERT INTO webhook_deliveries (
    id, merchant_id, livemode, endpoint_id, event_id, payment_intent_id, sequence, created_at
)
SELECT delivery_id(event_id, endpoint_id, now()), $1, FALSE, endpoint_id, event_id, 'pi_' || left(md5(n::text), 24), 1,
    now()
FROM generate_series($2::integer, $2::integer + $3::integer - 1) AS n
CROSS JOIN LATERAL (
    SELECT 'evt_' || left(md5(n::text), 24) AS event_id, 'we_' || left(md5((n % $4)::text), 24) AS endpoint_id
) AS named
"""
_PENDING = "SELECT EXISTS (SELECT 1 FROM webhook_deliveries WHERE status = 'pending')"
_LAST = "SELECT max(delivered_at) FROM webhook_deliveries"
_OUTCOME = """
SELECT count(*) FILTER (WHERE status = 'delivered') AS delivered, sum(attempts) AS attempts,
    (SELECT count(*) FROM webhook_attempts WHERE response_status = 200) AS recorded
FROM webhook_deliveries
"""


def run(bench, console, options):
    """Measure, and return (ratios, rates)."""
    url, port = bench.database("bench_webhooks"), free_port()
    sink, poster = bench.script("sink", port), bench.script("poster", talks=True)
    wait_until_answering(sink, f"http://127.0.0.1:{port}/count")
    backlog = Backlog(url, BACKLOG_QUICK if options.quick else BACKLOG)
    with console.status("preparing events"):
        payload = asyncio.run(backlog.prepare(f"http://127.0.0.1:{port}/hooks/", options.rounds + 1))
    poster.tell(_same_bytes(f"http://127.0.0.1:{port}/hooks/0", payload))
    deliverer = bench.sgate("deliverer", url, 0)
    with console.status("warming up"):
        asyncio.run(backlog.drain(deliverer))
        posted = poster.ask({"warm_s": 0, "seconds": SLOT_S})["answers"]

    def deliver():
        before = deliverer.cpu_s()
        result = asyncio.run(backlog.drain(deliverer))
        return {**result, "cpu_s": deliverer.cpu_s() - before}

    slots = {DELIVER: deliver, LIMIT: lambda: poster.ask({"warm_s": WARM_S, "seconds": SLOT_S})}
    results = alternate(console, "webhooks", slots, options.rounds)
    posted += sum(slot["answers"] for slot in results[LIMIT])
    asyncio.run(backlog.check(_received(port) - posted))
    ratios = [report.ratio(DELIVER, results, LIMIT, label=DELIVER, must=0.30, aim=0.40)]
    return ratios, [report.Rate.of(name, found) for name, found in results.items()]


class Backlog:
    """Deliveries that become due all at once, one slot after another."""

    def __init__(self, url, size):
        self._url = url
        self._size = size
        self._next = 0

    async def prepare(self, endpoint_url, slots):
        """Create the endpoints, and the events of `slots` slots. Returns the payload of an event."""
        payload = b'{"id":"pi_0123456789abcdef01234567","filler":"%s"}' % (b"x" * 1100)  # as long as an intent
        connection = await asyncpg.connect(self._url)
        try:
            self._merchant_id = await connection.fetchval(_MERCHANT)
            encrypted = Cipher([DEVELOPMENT_SECRET_KEY]).encrypt(SECRET.encode())
            await connection.execute(_ENDPOINTS, self._merchant_id, endpoint_url, encrypted, ENDPOINTS)
            await connection.execute(_INTENTS, self._merchant_id, slots * self._size)
            await connection.execute(_EVENTS, self._merchant_id, slots * self._size, payload.decode())
            await connection.execute("ANALYZE")
        finally:
            await connection.close()
        return payload

    async def drain(self, deliverer):
        """Make one slot's deliveries due, and wait until the last is recorded as delivered.

        Timed by the database's clock, from the commit to the start of the transaction that records the last delivery.
        """
        connection = await asyncpg.connect(self._url)
        try:
            async with connection.transaction():
                await connection.execute(_DELIVERIES, self._merchant_id, self._next, self._size, ENDPOINTS)
                await connection.execute("NOTIFY sgate_delivery")
            began = await connection.fetchval("SELECT clock_timestamp()")
            self._next += self._size
            deadline = time.monotonic() + DRAIN_TIMEOUT_S
            while await connection.fetchval(_PENDING):
                if time.monotonic() > deadline or not deliverer.running():
                    raise CannotMeasure(f"deliveries were not delivered:\n{deliverer.last_words()}")
                await asyncio.sleep(POLL_S)
            seconds = (await connection.fetchval(_LAST) - began).total_seconds()
        finally:
            await connection.close()
        return {"answers": self._size, "counted": self._size, "seconds": seconds, "errors": []}

    async def check(self, received):
        """Check that each delivery was received, attempted and recorded exactly once."""
        connection = await asyncpg.connect(self._url)
        try:
            counts = tuple(await connection.fetchrow(_OUTCOME))
        finally:
            await connection.close()
        if (received, *counts) != (self._next,) * 4:
            raise CannotMeasure(
                f"of {self._next} deliveries {received} were received; delivered, attempts, recorded: {counts}"
            )


def _same_bytes(url, payload):
    now = datetime.now(UTC)
    event_id = "evt_0123456789abcdef01234567"
    body = body_of(
        envelope(
            event_id=event_id,
            event_type="payment_intent.created",
            created_at=now,
            livemode=False,
            sequence=1,
            payload=payload,
        )
    )
    headers = headers_of([SECRET], event_id, int(now.timestamp()), body)
    headers |= {"Content-Type": "application/json", "User-Agent": USER_AGENT}
    return {"url": url, "headers": headers, "body": body.decode(), "concurrent": CONCURRENT}


def _received(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/count", timeout=10) as response:
        return int(response.read())
