"""Invariants of every intent, event and delivery, whatever happened before."""

import itertools
import json

from services.shop import facts_of
from sgate.chain.simulator import SimulatorSource
from sgate.chain.source import TxStatus
from sgate.core.intent import Anomaly, Status
from sgate.core.lifecycle import is_legal, reduce
from sgate.core.memo import intent_id_of
from sgate.store import payment_intents


async def check_books(pool, chain=None):
    """Check all invariants that hold when nothing is pending; with `chain`, also compare with the simulated chain."""
    assert await pool.fetchval("SELECT count(*) FROM ledger_queue") == 0
    await check_headers(pool)
    for row in await pool.fetch("SELECT id, livemode FROM payment_intents"):
        await check_intent(pool, row["id"], livemode=row["livemode"])
    await check_deliveries(pool)
    if chain is not None:
        await check_truth(pool, chain)


async def check_intent(pool, intent_id, *, livemode):
    """Check that the stored state follows from the facts, and that the events describe a legal path to it."""
    async with pool.acquire() as connection:
        intent = (await payment_intents.read(connection, [intent_id]))[intent_id].intent
    facts = await facts_of(pool, intent_id, livemode=livemode)
    state = reduce(intent.terms, facts.payments, facts.sightings, facts.commands, facts.view)
    assert (intent.status, intent.amount_received_sats) == (state.status, state.amount_received_sats)
    assert intent.anomalies - {Anomaly.REORGED} == state.anomalies
    assert (intent.next_check_height, intent.next_check_time) == (state.next_check_height, state.next_check_time)
    rows = await pool.fetch(
        "SELECT type, sequence, payload::text FROM events WHERE payment_intent_id = $1 ORDER BY sequence", intent_id
    )
    assert [row["sequence"] for row in rows] == list(range(1, intent.sequence + 1))
    assert sum(row["type"] == "payment_intent.succeeded" for row in rows) <= 1
    announced = [Status(json.loads(row["payload"])["status"]) for row in rows]
    assert all(itertools.starmap(is_legal, itertools.pairwise(announced))), announced
    assert announced[-1] is intent.status


async def check_deliveries(pool):
    """Check that every event has one delivery for each endpoint of its merchant."""
    missing = await pool.fetch("""
        SELECT v.id FROM events v JOIN webhook_endpoints e ON e.merchant_id = v.merchant_id AND e.livemode = v.livemode
        WHERE e.event_types = '{}' AND NOT EXISTS (
            SELECT FROM webhook_deliveries d WHERE d.event_id = v.id AND d.endpoint_id = e.id
        )
    """)
    assert missing == []


async def check_headers(pool):
    """Check that the block headers are linked without a gap up to the scanned tip."""
    for cursor in await pool.fetch("SELECT * FROM chain_cursors WHERE scanned_height > 0"):
        rows = await pool.fetch("SELECT * FROM blocks WHERE livemode = $1 ORDER BY height", cursor["livemode"])
        for lower, upper in itertools.pairwise(rows):
            assert upper["height"] == lower["height"] + 1
            assert upper["parent_index_block_hash"] == lower["index_block_hash"]
        assert (rows[-1]["height"], rows[-1]["index_block_hash"]) == (cursor["scanned_height"], cursor["scanned_hash"])


async def check_truth(pool, chain):
    """Check that the included payments are those of the simulated chain up to the scanned height.

    Every transfer in a transaction that names an intent must be recorded; of the others, those whose addresses were read.
    """
    assert await pool.fetchval("SELECT scanned_hash FROM chain_cursors") == chain.tip.index_block_hash
    lowest = await pool.fetchval("SELECT min(height) FROM blocks")
    recorded = await pool.fetch(
        "SELECT tx_id, event_index, amount_sats, block_height, index_block_hash FROM payments "
        "WHERE status = 'included' ORDER BY tx_id, event_index"
    )
    named, others = await true_payments(pool, chain, lowest)
    assert {tuple(row) for row in recorded} - others == named
    assert len(recorded) == len({(row["tx_id"], row["event_index"]) for row in recorded})


async def true_payments(pool, chain, lowest):
    """Return the transfers to our addresses: those in transactions that name an intent, and the others."""
    owned = {row["address"] for row in await pool.fetch("SELECT address FROM pay_addresses")}
    pay_addresses = {row["id"]: row["pay_address"] for row in await pool.fetch("SELECT * FROM payment_intents")}
    blocks = [block for block in chain.history.canonical if block.height >= lowest]
    places = {tx_id: block for block in blocks for tx_id in block.tx_ids}
    transactions = await SimulatorSource(chain).transactions(list(places))
    found = {True: set(), False: set()}
    for tx_id, transaction in transactions.items():
        named = [intent_id_of(transfer.memo) for transfer in transaction.transfers]
        if transaction.status is not TxStatus.SUCCESS:
            continue
        for leg, name in zip(transaction.transfers, named, strict=True):
            if leg.recipient in owned or pay_addresses.get(name or "") == leg.recipient:
                place = places[tx_id].height, places[tx_id].index_block_hash
                found[any(named)].add((tx_id, leg.event_index, leg.amount_sats, *place))
    return found[True], found[False]
