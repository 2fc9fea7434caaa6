"""The hot statements use their indexes: with several thousand rows, none of them reads a whole table."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from chain.simulated import Clock
from services.shop import open_shop
from sgate.core.finality import View
from sgate.store import (
    ledger_queue,
    payment_intents,
    payment_intents_facts,
    payment_intents_lists,
    payments_scan,
    webhook_deliveries_queue,
)
from sgate.store.payment_intents_lists import IntentFilter
from store.plans import plan_of, used

NOW = datetime.now(UTC)
FILL = """
WITH made AS (
    INSERT INTO payment_intents (
        id, merchant_id, livemode, amount_sats, client_secret, expires_at, grace_s, seen_hold_s, tolerance_sats,
        tolerance_bp, confirmation_policy, late_payments, pay_address, status, next_check_time, next_check_height,
        confirmed_at, amount_received_sats, amount_counted_sats, created_at
    )
    SELECT 'pi_' || lpad(to_hex(n), 24, '0'), $1::text::uuid, FALSE, 1000, 'pi_' || lpad(to_hex(n), 24, '0') || '_secret',
        now() + interval '1 hour' + n * interval '1 second', 300, 1800, 0, 0, '[]', 'hold', 'ST1',
        CASE WHEN n % 10 = 0 THEN 'requires_payment' WHEN n % 10 = 1 THEN 'processing' ELSE 'confirmed' END,
        CASE WHEN n % 10 = 0 THEN now() + n * interval '1 second' END, CASE WHEN n % 10 = 1 THEN n END,
        CASE WHEN n % 10 > 1 THEN now() END, 1000, 1000, now() - n * interval '1 second'
    FROM generate_series(1, 8000) AS n
    RETURNING id
), announced AS (
    INSERT INTO events (id, merchant_id, livemode, type, payment_intent_id, sequence, payload, created_at)
    SELECT 'evt_' || id, $1::text::uuid, FALSE, 'payment_intent.created', id, 1, '{}', now() FROM made
    RETURNING id, payment_intent_id
), sent AS (
    INSERT INTO webhook_deliveries (
        id, merchant_id, livemode, endpoint_id, event_id, payment_intent_id, sequence, status, next_attempt_at,
        delivered_at, last_attempt, created_at
    )
    SELECT delivery_id(id, $2, now()), $1::text::uuid, FALSE, $2, id, payment_intent_id, 1,
        CASE WHEN right(payment_intent_id, 1) = '0' THEN 'pending' ELSE 'delivered' END,
        CASE WHEN right(payment_intent_id, 1) = '0' THEN now() END,
        CASE WHEN right(payment_intent_id, 1) <> '0' THEN now() END, now(), now()
    FROM announced
)
INSERT INTO payments (
    id, livemode, merchant_id, payment_intent_id, tx_id, event_index, amount_sats, sender, recipient, status,
    block_height, block_hash, index_block_hash, block_time, tx_index, tenure_height, bitcoin_height, first_mined_at
)
SELECT 'pay_' || right(id, 24), FALSE, $1::text::uuid, id, '0x' || repeat('0', 40) || right(id, 24), 0, 1000, 'ST1', 'ST2',
    'included', ('x' || right(id, 8))::bit(32)::int, '0x', '0x', now(), 0, 1, 1, now()
FROM made
"""
INTENT_IDS = [f"pi_{number:024x}" for number in (5, 77, 4_000)]
TX_IDS = ["0x" + "0" * 40 + f"{number:024x}" for number in (5, 77, 4_000)]


@pytest.fixture
async def full(pool):
    shop = await open_shop(pool, Clock())
    endpoint_id = await pool.fetchval("SELECT id FROM webhook_endpoints")
    await pool.execute(FILL, shop.merchant.id, endpoint_id)
    await pool.execute("INSERT INTO chain_cursors (livemode, network) VALUES (FALSE, 'simulated')")
    await pool.execute("ANALYZE")
    return pool, shop.merchant.id


LARGE = {"payment_intents", "payments", "events", "webhook_deliveries"}


def whole(name):
    """A table's name without the month of its partition."""
    return re.sub(r"_(\d{4}_\d{2}|default)(?=_|$)", "", name)


def scanned_whole(plan):
    return {whole(node["Relation Name"]) for node in plan if node["Node Type"] == "Seq Scan"} & LARGE


def narrowed(merchant_id, **more):
    since, until = NOW - timedelta(days=400), NOW + timedelta(days=400)
    return IntentFilter(merchant_id=merchant_id, livemode=False, since=since, until=until, **more)


VIEW = View(height=100, index_block_hash="", time=NOW, tenure_height=1, bitcoin_height=1)


def cases(merchant_id):
    return {
        "intents by id": (lambda c: payment_intents.read(c, INTENT_IDS), {"payment_intents_pkey", "payments_intent"}),
        "lock an intent": (lambda c: payment_intents.lock(c, INTENT_IDS[0]), {"payment_intents_pkey"}),
        "whose memos are these": (
            lambda c: payment_intents.known(c, INTENT_IDS),
            {"payment_intents_pkey"},
        ),
        "a merchant's list": (
            lambda c: payment_intents_lists.after(c, narrowed(merchant_id), (NOW - timedelta(hours=1), ""), 10),
            {"payment_intents_list"},
        ),
        "thresholds passed": (
            lambda c: ledger_queue.queue_due(c, VIEW, 500, livemode=False),
            {"payment_intents_threshold", "payment_intents_deadline"},
        ),
        "facts of an intent": (
            lambda c: payment_intents_facts.get(c, INTENT_IDS[0], livemode=False),
            {"payments_intent"},
        ),
        "payments held": (
            lambda c: payments_scan.held_in_blocks(c, TX_IDS, 0, livemode=False),
            {"payments_included_once"},
        ),
        "orphan from a height": (
            lambda c: payments_scan.orphan_from(c, 7_990, ["0x"], VIEW, livemode=False),
            {"payments_height"},
        ),
        "orphan other legs": (
            lambda c: payments_scan.orphan_other_legs(c, TX_IDS[0], [], VIEW, livemode=False),
            {"payments_included_once"},
        ),
        "claim deliveries": (
            lambda c: webhook_deliveries_queue.claim(
                c, uuid.uuid4(), in_flight={}, per_endpoint=8, limit=20, lease=timedelta(seconds=30)
            ),
            {"webhook_deliveries_pkey"},
        ),
    }


@pytest.mark.parametrize("name", list(cases("")))
async def test_a_hot_statement_uses_its_index_and_reads_no_table_as_a_whole(full, name):
    pool, merchant_id = full
    call, indexes = cases(merchant_id)[name]
    plan = await plan_of(pool, call, settings=webhook_deliveries_queue.QUEUE_SETTINGS if "deliveries" in name else None)
    assert scanned_whole(plan) == set()
    assert indexes <= {whole(index) for index in used(plan)}


async def test_a_plan_that_reads_a_whole_table_would_be_noticed(full):
    pool, _ = full
    plan = await plan_of(pool, lambda c: c.fetch("SELECT * FROM payments WHERE amount_sats = 5"))
    assert scanned_whole(plan) == {"payments"}
