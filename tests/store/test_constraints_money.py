"""The tables refuse what must never happen: one test per rule that protects money."""

import asyncpg
import pytest

from chain.simulated import OTHER_SHOP, Clock
from services.shop import open_shop

TX = "0x" + "ab" * 32
HASH = "0x" + "cd" * 32


@pytest.fixture
async def shop(pool):
    return await open_shop(pool, Clock())


@pytest.fixture
async def intent_id(shop):
    return await shop.intent(1_000)


async def refused(pool, error, statement, *arguments):
    with pytest.raises(error) as caught:
        await pool.execute(statement, *arguments)
    return caught.value.constraint_name


async def put_payment(pool, intent_id=None, **changes):
    merchant_id = await pool.fetchval("SELECT merchant_id::text FROM payment_intents WHERE id = $1", intent_id)
    row = {
        "merchant_id": merchant_id,
        "id": "pay_1", "livemode": False, "payment_intent_id": intent_id, "tx_id": TX, "event_index": 0,
        "amount_sats": 1_000, "sender": "ST1", "recipient": "ST2", "status": "included", "block_height": 7,
        "block_hash": HASH, "index_block_hash": HASH, "tx_index": 0, "tenure_height": 1, "bitcoin_height": 1,
    } | changes  # fmt: skip
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    return await pool.execute(
        f"INSERT INTO payments ({', '.join(row)}, block_time, first_mined_at) VALUES ({places}, now(), now())",
        *row.values(),
    )


async def put_event(pool, shop, intent_id, kind, sequence, event_id="evt_1"):
    await pool.execute(
        "INSERT INTO events (id, merchant_id, livemode, type, payment_intent_id, sequence, payload, created_at) "
        "VALUES ($1, $2::text::uuid, FALSE, $3, $4, $5, '{}', now())",
        event_id, shop.merchant.id, kind, intent_id, sequence,
    )  # fmt: skip


async def put_delivery(pool, shop, **changes):
    event_id = await pool.fetchval("SELECT id FROM events LIMIT 1")
    endpoint_id = await pool.fetchval("SELECT id FROM webhook_endpoints LIMIT 1")
    await pool.execute("DELETE FROM webhook_deliveries")
    row = {"id": "whd_1", "livemode": False, "endpoint_id": endpoint_id, "event_id": event_id, "sequence": 1} | changes
    places = ", ".join(f"${number}" for number in range(2, len(row) + 2))
    columns = f"merchant_id, {', '.join(row)}, created_at"
    statement = f"INSERT INTO webhook_deliveries ({columns}) VALUES ($1::text::uuid, {places}, now())"
    await pool.execute(statement, shop.merchant.id, *row.values())


async def test_a_valid_payment_event_and_delivery_are_accepted(pool, shop, intent_id):
    """Without this, the refusals below would prove nothing."""
    await put_payment(pool, intent_id)
    await put_event(pool, shop, intent_id, "payment_intent.succeeded", 2)
    await put_delivery(pool, shop)


# --- intents


@pytest.mark.parametrize(
    "change",
    [
        "amount_sats = 0",
        "amount_sats = -1",
        "amount_sats = 2100000000000001",
        "amount_received_sats = -1",
        "currency = 'btc'",
        "status = 'paid'",
        "exceptions = ARRAY['something']",
        "late_payments = 'refund'",
        "sequence = 0",
        "grace_s = -1",
        "seen_hold_s = -1",
        "tolerance_sats = -1",
        "tolerance_bp = 1001",
        "expires_at = created_at",
        "client_secret = 'somebody_elses_secret'",
        "id = 'pi_XYZ'",
        "amount_usd = '1.00'",
        "status = 'confirmed', next_check_time = NULL",
        "status = 'canceled', next_check_time = NULL",
        "status = 'processing', next_check_time = NULL",
        "status = 'expired'",
        "next_check_time = NULL",
        "next_check_height = 7",
        "status = 'failed', next_check_time = NULL, next_check_height = 7",
    ],
)
async def test_an_intent_that_cannot_be(pool, intent_id, change):
    await refused(pool, asyncpg.CheckViolationError, f"UPDATE payment_intents SET {change}")


async def test_an_intent_of_a_merchant_that_is_not_there(pool, intent_id):
    error = asyncpg.ForeignKeyViolationError
    await refused(pool, error, "UPDATE payment_intents SET merchant_id = gen_random_uuid()")


async def test_an_intent_with_money_cannot_be_deleted(pool, intent_id):
    await put_payment(pool, intent_id)
    await refused(pool, asyncpg.ForeignKeyViolationError, "DELETE FROM payment_intents")


# --- payments


async def test_the_same_transfer_event_twice(pool, intent_id):
    await put_payment(pool, intent_id)
    with pytest.raises(asyncpg.UniqueViolationError) as caught:
        await put_payment(pool, None, id="pay_2")
    assert caught.value.constraint_name == "payments_content"
    with pytest.raises(asyncpg.UniqueViolationError) as caught:
        await put_payment(pool, None, id="pay_2", amount_sats=1)
    assert caught.value.constraint_name == "payments_included_once"
    await put_payment(pool, None, id="pay_3", event_index=1)
    await put_payment(pool, None, id="pay_4", livemode=True)


@pytest.mark.parametrize(
    "change",
    [
        {"amount_sats": 0},
        {"amount_sats": -5},
        {"event_index": -1},
        {"tx_id": "ab" * 32},
        {"tx_id": TX.upper()},
        {"status": "confirmed"},
    ],
)
async def test_a_payment_that_cannot_be(pool, intent_id, change):
    with pytest.raises(asyncpg.CheckViolationError):
        await put_payment(pool, intent_id, **change)


async def test_a_payment_first_mined_after_its_own_block(pool, intent_id):
    await put_payment(pool, intent_id)
    change = "UPDATE payments SET first_mined_at = block_time + interval '1 second'"
    await refused(pool, asyncpg.CheckViolationError, change)


async def test_a_payment_for_an_intent_that_is_not_there(pool, shop):
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await put_payment(pool, "pi_" + "0" * 24, merchant_id=shop.merchant.id)


async def test_a_sighting_of_nothing(pool, intent_id):
    statement = "INSERT INTO mempool_sightings VALUES ($1, $2, 0, now())"
    await refused(pool, asyncpg.CheckViolationError, statement, TX, intent_id)


# --- events and deliveries


async def test_a_second_success(pool, shop, intent_id):
    await put_event(pool, shop, intent_id, "payment_intent.succeeded", 2)
    with pytest.raises(asyncpg.UniqueViolationError) as caught:
        await put_event(pool, shop, intent_id, "payment_intent.succeeded", 3, "evt_2")
    assert caught.value.constraint_name == "events_succeeded_once"
    await put_event(pool, shop, intent_id, "payment_intent.reconfirmed", 3, "evt_2")


async def test_two_events_of_one_number(pool, shop, intent_id):
    with pytest.raises(asyncpg.UniqueViolationError) as caught:
        await put_event(pool, shop, intent_id, "payment_intent.processing", 1)
    assert caught.value.constraint_name == "events_payment_intent_id_sequence_key"


async def test_an_event_without_a_number(pool, shop, intent_id):
    with pytest.raises(asyncpg.CheckViolationError):
        await put_event(pool, shop, intent_id, "payment_intent.processing", 0)


async def test_an_event_delivered_twice_to_one_endpoint(pool, shop, intent_id):
    statement = (
        "INSERT INTO webhook_deliveries (id, merchant_id, livemode, endpoint_id, event_id, sequence, created_at) "
        "SELECT $id, merchant_id, livemode, endpoint_id, event_id, sequence, created_at FROM webhook_deliveries"
    )
    same_id = await refused(pool, asyncpg.UniqueViolationError, statement.replace("$id", "id"))
    assert same_id.endswith("_pkey")
    odd_id = await refused(pool, asyncpg.UniqueViolationError, statement.replace("$id", "left(id, 31) || 'x'"))
    assert odd_id.endswith("_event_id_endpoint_id_key")


@pytest.mark.parametrize(
    "change",
    [
        "status = 'lost'",
        "attempts = -1",
        "next_attempt_at = NULL",
        "status = 'delivered'",
        "status = 'delivered', next_attempt_at = NULL",
        "status = 'failed', next_attempt_at = NULL",
        "delivered_at = now()",
        "failed_at = now()",
        "lease_token = gen_random_uuid()",
        "leased_until = now()",
    ],
)
async def test_a_delivery_that_cannot_be(pool, intent_id, change):
    assert await pool.fetchval("SELECT count(*) FROM webhook_deliveries") == 1
    await refused(pool, asyncpg.CheckViolationError, f"UPDATE webhook_deliveries SET {change}")


async def test_an_event_with_deliveries_cannot_be_deleted(pool, intent_id):
    await refused(pool, asyncpg.ForeignKeyViolationError, "DELETE FROM events")


# --- addresses and the chain


async def test_one_address_for_two_merchants(pool, shop):
    other = await open_shop(pool, Clock(), pay_address=OTHER_SHOP, name="Other")
    change = "UPDATE merchant_modes SET pay_address = $1 WHERE merchant_id = $2::text::uuid AND NOT livemode"
    address = shop.merchant.pay_address
    assert await refused(pool, asyncpg.UniqueViolationError, change, address, other.merchant.id) == (
        "merchant_modes_pay_address"
    )
    claim = "INSERT INTO pay_addresses (livemode, address, merchant_id) VALUES (FALSE, $1, $2::text::uuid)"
    await refused(pool, asyncpg.UniqueViolationError, claim, address, other.merchant.id)


async def test_an_address_that_is_not_watched(pool, shop):
    change = "UPDATE merchant_modes SET pay_address = 'ST2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKQYAC0RQ'"
    await refused(pool, asyncpg.ForeignKeyViolationError, change)


async def test_two_blocks_of_one_height_or_one_hash(pool):
    insert = "INSERT INTO blocks VALUES (FALSE, $1, $2, $2, $2, now(), 1, 1)"
    await pool.execute(insert, 7, HASH)
    await refused(pool, asyncpg.UniqueViolationError, insert, 7, TX)
    await refused(pool, asyncpg.UniqueViolationError, insert, 8, HASH)


async def test_two_cursors_of_one_mode(pool):
    insert = "INSERT INTO chain_cursors (livemode, network) VALUES (TRUE, 'mainnet')"
    await pool.execute(insert)
    await refused(pool, asyncpg.UniqueViolationError, insert)


async def test_an_intent_waits_for_a_decision_once(pool, intent_id):
    insert = "INSERT INTO ledger_queue (payment_intent_id, livemode) VALUES ($1, FALSE)"
    await pool.execute(insert, intent_id)
    await refused(pool, asyncpg.UniqueViolationError, insert, intent_id)


# --- rows about an intent, an endpoint or an event have its merchant and its mode


async def test_a_payment_of_another_merchant_or_mode_than_its_intent_is_refused(pool, shop, intent_id):
    other = await open_shop(pool, Clock(), pay_address=OTHER_SHOP, name="Other")
    for owner in ({"livemode": True}, {"merchant_id": other.merchant.id}):
        with pytest.raises(asyncpg.ForeignKeyViolationError) as caught:
            await put_payment(pool, intent_id, **({"merchant_id": shop.merchant.id} | owner))
        assert caught.value.constraint_name == "payments_intent_fkey"


async def test_a_payment_of_an_intent_and_no_merchant_is_refused(pool, intent_id):
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await put_payment(pool, intent_id, merchant_id=None)
    assert caught.value.constraint_name == "payments_intent_has_merchant"


async def test_an_intent_an_event_and_a_delivery_cannot_be_moved_to_another_merchant_or_mode(pool, shop, intent_id):
    other = await open_shop(pool, Clock(), pay_address=OTHER_SHOP, name="Other")
    await put_event(pool, shop, intent_id, "payment_intent.succeeded", 2)
    await put_delivery(pool, shop)
    for table in ("payment_intents", "events", "webhook_deliveries", "webhook_endpoints"):
        for change in ("livemode = NOT livemode", f"merchant_id = '{other.merchant.id}'"):
            await refused(pool, asyncpg.ForeignKeyViolationError, f"UPDATE {table} SET {change}")


async def test_more_cannot_count_than_was_received_and_nothing_is_confirmed_unpaid(pool, intent_id):
    counted = "UPDATE payment_intents SET amount_counted_sats = 5, amount_received_sats = 4"
    assert await refused(pool, asyncpg.CheckViolationError, counted) == "payment_intents_counted_was_received"
    unpaid = "UPDATE payment_intents SET status = 'confirmed', confirmed_at = now(), next_check_time = NULL"
    assert await refused(pool, asyncpg.CheckViolationError, unpaid) == "payment_intents_confirmed_was_paid"
