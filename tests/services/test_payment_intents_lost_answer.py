"""A create is committed but its answer is lost, and the merchant changes settings before the retry."""

import contextlib
import secrets

import asyncpg
import msgspec
import pytest

from services.shop import open_shop
from sgate.db.notifications import Wakeups
from sgate.services.idempotency import Key
from sgate.services.payment_intents import IntentRequest, PaymentIntents, SettingsOutdated

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


class LosingPool:
    """A pool whose connection breaks at the first statement with an answer, before or after it is executed.

    `meanwhile` is called between that and the retry.
    """

    def __init__(self, pool, meanwhile, *, executed):
        self._pool, self._meanwhile, self._executed = pool, meanwhile, executed
        self.lost = 0

    @contextlib.asynccontextmanager
    async def acquire(self):
        async with self._pool.acquire() as connection:
            yield connection if self.lost else _LosingConnection(connection, self)

    async def lose(self, connection, statement, arguments):
        self.lost += 1
        if self._executed:
            await connection.fetch(statement, *arguments)
        connection.terminate()
        await self._meanwhile()
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")


class _LosingConnection:
    def __init__(self, connection, pool):
        self._connection, self._pool = connection, pool

    async def fetch(self, statement, *arguments):
        await self._pool.lose(self._connection, statement, arguments)


def key_of():
    return Key(scope=secrets.token_bytes(32), request_hash=b"h" * 32)


async def losing_shop(pool, *, executed):
    """Open a shop, and use cases on a pool that loses the answer of the first create."""
    shop = await open_shop(pool)
    losing = LosingPool(pool, lambda: shop.change(tolerance_sats=1), executed=executed)
    modes = {shop.mode.livemode: shop.mode}
    return shop, losing, PaymentIntents(losing, modes, shop.cipher, Wakeups("unused"), shop.environment)


@pytest.mark.parametrize("keyed", [False, True], ids=["without a key", "with a key"])
async def test_a_create_recognizes_its_own_intent_although_the_settings_changed(pool, keyed):
    shop, losing, intents = await losing_shop(pool, executed=True)
    answer = await intents.create(shop.merchant, REQUEST, key_of() if keyed else None)
    assert losing.lost == 1
    assert answer.status == 201
    assert [row["id"] for row in await pool.fetch("SELECT id FROM payment_intents")] == [
        msgspec.json.decode(answer.body)["id"]
    ]
    assert await pool.fetchval("SELECT count(*) FROM events") == 1
    assert await pool.fetchval("SELECT count(*) FROM webhook_deliveries") == 1


@pytest.mark.parametrize("keyed", [False, True], ids=["without a key", "with a key"])
async def test_a_create_that_was_not_executed_requires_the_new_settings(pool, keyed):
    shop, _, intents = await losing_shop(pool, executed=False)
    key, outdated = key_of() if keyed else None, shop.merchant
    with pytest.raises(SettingsOutdated):
        await intents.create(outdated, REQUEST, key)
    assert await pool.fetchval("SELECT count(*) FROM payment_intents") == 0
    await intents.create(shop.merchant, REQUEST, key)
    assert await pool.fetchval("SELECT count(*) FROM payment_intents") == 1
