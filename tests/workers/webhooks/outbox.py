"""The database content for a deliverer: a merchant, its endpoints, and events with their deliveries."""

import contextlib
import secrets
from datetime import UTC, datetime, timedelta

from sgate.core.egress import Egress
from sgate.core.retry import Schedule
from sgate.core.signature import SECRET_BYTES, new_secret
from sgate.db.encryption import Cipher
from sgate.environment import Environment
from sgate.services import merchants
from sgate.store import events, webhook_endpoints
from sgate.store.audit_log import OPERATOR
from sgate.store.events import Event
from sgate.store.webhook_endpoints import Endpoint
from sgate.workers.webhooks.backlog import Backlog
from sgate.workers.webhooks.client import WebhookClient
from sgate.workers.webhooks.deliverer import Deliverer

CIPHER = Cipher(["a secret key of the tests"])

_INTENT = """
INSERT INTO payment_intents (
    id, merchant_id, livemode, amount_sats, client_secret, expires_at, grace_s, seen_hold_s, tolerance_sats,
    tolerance_bp, confirmation_policy, late_payments, pay_address, next_check_time, created_at
)
VALUES ($1::text, $2::text::uuid, FALSE, 1000, $1::text || '_secret_x', now() + interval '1 hour', 0, 0, 0, 0, '[]', 'hold',
    'ST000000000000000000002AMW42H', now() + interval '1 hour', now())
"""

_DELIVERIES = """
SELECT d.id, d.status, d.attempts, d.endpoint_id, d.event_id, d.next_attempt_at, d.lease_token, d.leased_until,
    d.last_error, d.response_status, extract(epoch FROM d.next_attempt_at - now())::float8 AS due_in_s
FROM webhook_deliveries AS d
ORDER BY d.created_at, d.sequence, d.endpoint_id
"""


class Outbox:
    """One merchant in the test mode."""

    def __init__(self, pool, merchant_id):
        self.pool = pool
        self.merchant_id = merchant_id
        self.secrets = {}

    @classmethod
    async def open(cls, pool):
        merchant_id, _ = await merchants.create(pool, Environment(), "Shop", livemode=False, actor=OPERATOR)
        return cls(pool, merchant_id)

    async def endpoint(self, url, cipher=CIPHER):
        secret = new_secret(secrets.token_bytes(SECRET_BYTES))
        endpoint = Endpoint(
            id=f"we_{secrets.token_hex(12)}",
            merchant_id=self.merchant_id,
            livemode=False,
            url=url,
            description=None,
            event_types=(),
            secret_encrypted=cipher.encrypt(secret.encode()),
            created_at=datetime.now(UTC),
        )
        async with self.pool.acquire() as connection:
            await webhook_endpoints.insert(connection, endpoint)
        self.secrets[endpoint.id] = secret
        return endpoint.id

    async def intent(self):
        intent_id = f"pi_{secrets.token_hex(12)}"
        async with self.pool.acquire() as connection:
            await connection.execute(_INTENT, intent_id, self.merchant_id)
        return intent_id

    async def event(self, intent_id=None, sequence=1, event_type="payment_intent.created"):
        """An event, and a delivery for each endpoint there is."""
        event = Event(
            id=f"evt_{secrets.token_hex(12)}",
            merchant_id=self.merchant_id,
            livemode=False,
            type=event_type,
            payment_intent_id=intent_id,
            sequence=sequence,
            payload=b'{"id":"%s", "amount_sats": 1000}' % (intent_id or "none").encode(),
            created_at=datetime.now(UTC),
        )
        async with self.pool.acquire() as connection:
            await events.append(connection, event, None)
        return event.id

    async def deliveries(self, **where):
        async with self.pool.acquire() as connection:
            rows = [dict(row) for row in await connection.fetch(_DELIVERIES)]
        return [row for row in rows if all(row[name] == value for name, value in where.items())]

    async def attempts(self):
        async with self.pool.acquire() as connection:
            return [dict(row) for row in await connection.fetch("SELECT * FROM webhook_attempts ORDER BY attempt")]

    async def all_due(self):
        """Make all deliveries that wait for a retry due."""
        async with self.pool.acquire() as connection:
            await connection.execute("UPDATE webhook_deliveries SET next_attempt_at = now() WHERE status = 'pending'")

    async def leases_run_out(self):
        async with self.pool.acquire() as connection:
            await connection.execute(
                "UPDATE webhook_deliveries SET leased_until = now() - interval '1 s' WHERE leased_until IS NOT NULL"
            )

    async def disabled(self, endpoint_id):
        async with self.pool.acquire() as connection:
            return await connection.fetchval(
                "SELECT disabled_reason FROM webhook_endpoints WHERE id = $1 AND disabled_at IS NOT NULL", endpoint_id
            )

    async def failing(self, endpoint_id):
        async with self.pool.acquire() as connection:
            return await connection.fetchval("SELECT failing_since FROM webhook_endpoints WHERE id = $1", endpoint_id)

    async def now(self):
        async with self.pool.acquire() as connection:
            return await connection.fetchval("SELECT now()")

    async def enable(self, endpoint_id):
        """Enable the endpoint, and let the backlog requeue its held deliveries."""
        async with self.pool.acquire() as connection:
            assert await webhook_endpoints.enable(connection, endpoint_id)
        while (await Backlog(self.pool).run_once()).released:
            pass

    async def move(self, endpoint_id, url):
        async with self.pool.acquire() as connection:
            await connection.execute("UPDATE webhook_endpoints SET url = $2 WHERE id = $1", endpoint_id, url)


@contextlib.asynccontextmanager
async def deliverer_on(
    pool,
    *,
    timeout_s=10.0,
    schedule=Schedule.DEFAULT,
    clock_ahead=timedelta(0),
    cipher=CIPHER,
    per_endpoint=10,
    observe=None,
    traces=None,
):
    """A deliverer that may use the loopback interface. `clock_ahead`: how wrong the clock of its machine is."""
    client = WebhookClient(egress=Egress(allow_private=True), timeout_s=timeout_s)
    environment = Environment(now=lambda: datetime.now(UTC) + clock_ahead)
    try:
        yield Deliverer(
            pool=pool,
            cipher=cipher,
            client=client,
            schedule=schedule,
            environment=environment,
            per_endpoint=per_endpoint,
            observe=observe,
            traces=traces,
        )
    finally:
        await client.close()
