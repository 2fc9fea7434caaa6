"""A batch of creates claims its idempotency keys in order, whatever join PostgreSQL chooses, so batches never deadlock."""

import secrets
from datetime import timedelta

import pytest

from chain.simulated import OTHER_SHOP, SHOP
from services.shop import open_shop
from sgate.services.payment_intents import IntentRequest
from sgate.store import payment_intents_create
from sgate.store.payment_intents_create import NewIntent

REQUEST = IntentRequest(
    amount_sats=1_000,
    amount_usd=None,
    expires_in_s=900,
    description=None,
    metadata={},
    success_url=None,
    cancel_url=None,
    policy=None,
)

_MANY_MERCHANTS = """
WITH many AS (INSERT INTO merchants (name) SELECT 'Shop ' || n FROM generate_series(1, 3000) AS n RETURNING id)
INSERT INTO merchant_modes (merchant_id, livemode) SELECT many.id, mode FROM many, (VALUES (TRUE), (FALSE)) AS v (mode)
"""

_AS_TAKEN = "SELECT scope FROM idempotency_keys ORDER BY ctid"


def keyed(shop):
    intent = shop.intents._draft(shop.merchant, REQUEST)
    return NewIntent(
        intent=intent,
        settings_version=shop.merchant.version,
        event_id=shop.environment.new_id("evt"),
        payload=b"{}",
        scope=secrets.token_bytes(32),
        request_hash=b"h" * 32,
        answer_encrypted=b"x",
        keep_until=intent.created_at + timedelta(days=1),
    )


@pytest.mark.parametrize("size", [2, 8, 64])
async def test_keys_are_taken_in_the_order_of_their_scopes_among_many_merchants(pool, size):
    shops = [await open_shop(pool, pay_address=address, with_endpoint=False) for address in (SHOP, OTHER_SHOP)]
    await pool.execute(_MANY_MERCHANTS)
    await pool.execute("ANALYZE")
    batch = sorted((keyed(shops[number % 2]) for number in range(size)), key=lambda new: new.scope)
    async with pool.acquire() as connection:
        assert len(await payment_intents_create.create(connection, batch, wait_s=2)) == size
    assert [row["scope"] for row in await pool.fetch(_AS_TAKEN)] == [new.scope for new in batch]
