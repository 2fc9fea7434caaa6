"""Webhook latency from the commit of the event to its arrival: on an idle system, and beside a hanging endpoint."""

import asyncio
import contextlib
import random
import statistics
import time

import asyncpg

import report
from rounds import alternate
from servers import CannotMeasure
from sgate.core.signature import new_secret
from sgate.db.encryption import Cipher
from sgate.settings.settings import DEVELOPMENT_SECRET_KEY

ENDPOINTS = 1000
SAMPLES, SAMPLES_QUICK = 100, 30
PAUSE_S = 0.02
"""The pause between two events on the idle system. By then the previous one has arrived."""

RATE_PER_S = 100
SLOT_S, SLOT_S_QUICK = 4.0, 2.0
DEAD_SHARE = 0.1
"""The share of events for the hanging endpoint: a hundred times its fair share, so that its attempts are used up."""

ARRIVAL_TIMEOUT_S = 20
MUST_MS = 100.0
SECRET = new_secret(bytes(range(24)))
IDLE = "commit to first attempt, idle, p95"
ALL_WELL, ONE_DEAD = f"{ENDPOINTS} endpoints, none dead", f"{ENDPOINTS} endpoints, one hangs"

MERCHANT = """
WITH merchant AS (INSERT INTO merchants (name) VALUES ('Shop') RETURNING id)
INSERT INTO merchant_modes (merchant_id, livemode) SELECT id, FALSE FROM merchant RETURNING merchant_id
"""
ENDPOINTS_SQL = """
INSERT INTO webhook_endpoints (id, merchant_id, livemode, url, secret_encrypted)
SELECT 'we_' || lpad(n::text, 24, '0'), $1, FALSE, $2::text || n, $3 FROM generate_series(0, $4::integer - 1) AS n
"""
DELIVERY = """
WITH event AS (
    INSERT INTO events (id, merchant_id, livemode, type, sequence, payload, created_at)
    VALUES ($1, $2, FALSE, 'payment_intent.processing', 1, $3::text::json, now())
), delivery AS (
    INSERT INTO webhook_deliveries (id, merchant_id, livemode, endpoint_id, event_id, sequence, created_at)
    SELECT delivery_id($1, id, now()), $2, FALSE, id, $1, 1, now()
    FROM (SELECT 'we_' || lpad($4::integer::text, 24, '0') AS id) AS endpoint
)
SELECT pg_notify('sgate_delivery', '')
"""
_ENABLE = "UPDATE webhook_endpoints SET disabled_at = NULL, disabled_reason = NULL, failing_since = NULL"
_DROP = "UPDATE webhook_deliveries SET status = 'failed', failed_at = now(), next_attempt_at = NULL, lease_token = NULL, leased_until = NULL WHERE status IN ('pending', 'held')"  # noqa: E501 - one statement


class Arrivals(asyncio.Protocol):
    """A receiver that records when each event arrives, and does not respond on the dead path."""

    seen: dict[str, float]
    dead: bytes | None

    def connection_made(self, transport):
        self.transport, self.received = transport, b""

    def data_received(self, data):
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head = self.received[:end].lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(self.received) < end + 4 + length:
                return
            self.received = self.received[end + 4 + length :]
            if self.dead is not None and head.startswith(self.dead):
                return
            event_id = head.partition(b"webhook-id:")[2].partition(b"\r\n")[0].strip().decode()
            self.seen.setdefault(event_id, time.perf_counter())
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")


class Events:
    """Creates events and waits for their webhooks."""

    def __init__(self, url):
        self._url = url
        self._made = 0
        self._payload = '{"id":"pi_0123456789abcdef01234567","filler":"%s"}' % ("x" * 1100)

    async def prepare(self, endpoint_url):
        async with self._connected() as connection:
            self._merchant_id = await connection.fetchval(MERCHANT)
            encrypted = Cipher([DEVELOPMENT_SECRET_KEY]).encrypt(SECRET.encode())
            await connection.execute(ENDPOINTS_SQL, self._merchant_id, endpoint_url, encrypted, ENDPOINTS)
            await connection.execute("ANALYZE")

    @contextlib.asynccontextmanager
    async def _connected(self):
        connection = await asyncpg.connect(self._url)
        try:
            yield connection
        finally:
            await connection.close()

    async def happen(self, connection, endpoint):
        """Create an event for one endpoint. Returns its id and when it was committed."""
        self._made += 1
        event_id = f"evt_{self._made:024x}"
        await connection.fetchval(DELIVERY, event_id, self._merchant_id, self._payload, endpoint)
        return event_id, time.perf_counter()

    async def clear(self, connection):
        """Drop all deliveries that are still to be sent, and enable all endpoints."""
        await connection.execute(_DROP)
        await connection.execute(_ENABLE)

    async def one_by_one(self, samples):
        """Return the delays in seconds of single events on an idle system."""
        committed = []
        async with self._connected() as connection:
            await self.clear(connection)
            for _ in range(samples):
                committed.append(await self.happen(connection, random.randrange(ENDPOINTS)))
                await asyncio.sleep(PAUSE_S)
        return await delays(committed)

    async def steadily(self, seconds, *, dead):
        """Return the delays of events at a steady rate. With `dead`, some go to endpoint 0 and are not counted."""
        committed, due = [], time.perf_counter()
        async with self._connected() as connection:
            await self.clear(connection)
            for _ in range(int(seconds * RATE_PER_S)):
                if dead and random.random() < DEAD_SHARE:
                    await self.happen(connection, 0)
                committed.append(await self.happen(connection, random.randrange(1, ENDPOINTS)))
                due += 1 / RATE_PER_S
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
            return await delays(committed)


async def delays(committed):
    async with asyncio.timeout(ARRIVAL_TIMEOUT_S):
        while any(event_id not in Arrivals.seen for event_id, _ in committed):
            await asyncio.sleep(0.02)
    return [max(0.0, Arrivals.seen[event_id] - at) for event_id, at in committed]


def run(bench, console, options):
    """Measure, and return (ratios, rates)."""
    url = bench.database("bench_delays")
    events, loop = Events(url), asyncio.new_event_loop()
    Arrivals.seen, Arrivals.dead = {}, None
    try:
        server = loop.run_until_complete(loop.create_server(Arrivals, "127.0.0.1", 0, backlog=1024))
        port = server.sockets[0].getsockname()[1]
        loop.run_until_complete(events.prepare(f"http://127.0.0.1:{port}/hooks/"))
        deliverer = bench.sgate("deliverer", url, 0)

        def slot(measure, dead=None):
            Arrivals.dead = dead
            try:
                found = loop.run_until_complete(measure())
            except TimeoutError:
                raise CannotMeasure(f"webhooks did not arrive:\n{deliverer.last_words()}") from None
            return shown(found)

        samples = SAMPLES_QUICK if options.quick else SAMPLES
        seconds = SLOT_S_QUICK if options.quick else SLOT_S
        with console.status("warming up"):
            slot(lambda: events.steadily(seconds, dead=False))
        slots = {
            IDLE: lambda: slot(lambda: events.one_by_one(samples)),
            ALL_WELL: lambda: slot(lambda: events.steadily(seconds, dead=False)),
            ONE_DEAD: lambda: slot(lambda: events.steadily(seconds, dead=True), dead=b"post /hooks/0 "),
        }
        results = alternate(console, "delays", slots, options.rounds)
    finally:
        loop.close()
    return ratios_of(results), [report.Rate.of(name, found) for name, found in results.items()]


def ratios_of(results):
    p95 = {name: [slot["p95_ms"] for slot in found] for name, found in results.items()}
    idle = [found / MUST_MS for found in p95[IDLE]]
    beside = [ill / well for ill, well in zip(p95[ONE_DEAD], p95[ALL_WELL], strict=True)]
    return [
        report.Ratio(name=IDLE, against=f"{MUST_MS:.0f} ms", rounds=idle, must=1.0, aim=0.3, lower_is_better=True),
        report.Ratio(
            name=f"others' p95, {ONE_DEAD}",
            against="none dead",
            rounds=beside,
            must=1.15,
            aim=1.03,
            lower_is_better=True,
            spread=report.spread_of(p95[ALL_WELL]),
        ),
    ]


def shown(found):
    cuts = statistics.quantiles([delay * 1000 for delay in found], n=100)
    count = len(found)
    return {
        "answers": count, "counted": count, "seconds": sum(found) or 1e-9, "errors": [],
        "p50_ms": cuts[49], "p95_ms": cuts[94], "p99_ms": cuts[98],
    }  # fmt: skip
