"""Checks of the database against the chain itself, and against what the customers meant by their transactions."""

import json
from collections import Counter

from sgate.ledger import replay
from simulation.invariants import require

_RECORDED = """
SELECT tx_id, recipient, amount_sats, index_block_hash,
    CASE WHEN assigned_at IS NULL THEN payment_intent_id END AS intent_id,
    merchant_id::text AS owner, assigned_at IS NOT NULL AS assigned
FROM payments WHERE status = 'included'
"""

_OWNED = "SELECT address, merchant_id::text AS owner FROM pay_addresses"

_EVENTS = """
SELECT e.url, v.id FROM events AS v JOIN webhook_endpoints AS e ON e.merchant_id = v.merchant_id
WHERE e.event_types = '{}' OR v.type = ANY (e.event_types)
"""

_UNDELIVERED = "SELECT id, status, attempts FROM webhook_deliveries WHERE status <> 'delivered'"


def legs_on_chain(world, owned):
    """Return the transfers to owned addresses on the canonical chain: in transactions that name an order, and all.

    A leg is (transaction, recipient, amount, block, order or None).
    """
    named, every = Counter(), Counter()
    for block in world.chain.history.canonical:
        for tx_id in block.tx_ids:
            meant = world.payers.meant.get(tx_id, ())
            legs = [
                (tx_id, recipient, amount, block.index_block_hash, order)
                for recipient, amount, order in meant
                if recipient in owned
            ]
            every.update(legs)
            if any(order is not None for *_, order in legs):
                named.update(legs)
    return named, every


async def check_named(world):
    """After a calm phase: every payment that names an order is recorded, and nothing that is not on the chain."""
    recorded, owned = await _recorded(world)
    named, every = legs_on_chain(world, owned)
    require(not named - recorded, f"payments that name an order are not recorded: {named - recorded}")
    require(not recorded - every, f"recorded, but not on the chain: {recorded - every}")


async def check_all(world):
    """Once every address was read too: each transfer to an owned address is recorded, and no other."""
    recorded, owned = await _recorded(world)
    _, every = legs_on_chain(world, owned)
    require(recorded == every, f"not recorded: {every - recorded}; not on the chain: {recorded - every}")


async def check_received(world):
    """Once all receivers responded: each saw every event that it subscribes to, and no other."""
    control = world.database.control
    undelivered = [dict(row) for row in await control.fetch(_UNDELIVERED)]
    require(not undelivered, f"not delivered: {undelivered}")
    expected = {}
    for row in await control.fetch(_EVENTS):
        expected.setdefault(row["url"], set()).add(row["id"])
    seen = {url: set(events) for url, events in world.receivers.seen.items()}
    require(seen == expected, "the events that receivers saw differ from those that exist")
    for events in world.receivers.seen.values():
        for event_id, body in events.items():
            require(json.loads(body)["id"] == event_id, "a body contains another event")


async def check_replay(world):
    """The product's own replay finds no difference and nothing that waits for a decision."""
    async for checked in replay.check(world.pool):
        require(not checked.differences and not checked.waiting, f"the replay of {checked.intent_id} found {checked}")


async def _recorded(world):
    control = world.database.control
    owned = {row["address"]: row["owner"] for row in await control.fetch(_OWNED)}
    recorded = Counter()
    for row in await control.fetch(_RECORDED):
        owner = owned.get(row["recipient"])
        of_order = world.owners.get(row["intent_id"])
        expected = of_order.merchant.id if of_order is not None else owner
        require(row["owner"] == expected or row["assigned"], f"{dict(row)} belongs to {expected}")
        recorded[row["tx_id"], row["recipient"], row["amount_sats"], row["index_block_hash"], row["intent_id"]] += 1
    return recorded, owned
