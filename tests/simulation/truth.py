"""Is what the books say true? Compared with the chain itself, and with what the customers meant by their transactions."""

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
    """What the canonical chain holds for addresses of ours: in transactions that name an order, and in all.

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
    """After a quiet moment: all money that names an order is recorded, and nothing that is not on the chain is."""
    recorded, owned = await _recorded(world)
    named, every = legs_on_chain(world, owned)
    require(not named - recorded, f"money that names an order is not recorded: {named - recorded}")
    require(not recorded - every, f"recorded, but not on the chain: {recorded - every}")


async def check_all(world):
    """When every address was read too: the books hold each transfer to an address of ours, and no other."""
    recorded, owned = await _recorded(world)
    _, every = legs_on_chain(world, owned)
    require(recorded == every, f"not recorded: {every - recorded}; not on the chain: {recorded - every}")


async def check_received(world):
    """When everybody could be reached: each receiver saw each event it wants, and nothing else."""
    control = world.database.control
    undelivered = [dict(row) for row in await control.fetch(_UNDELIVERED)]
    require(not undelivered, f"not delivered: {undelivered}")
    expected = {}
    for row in await control.fetch(_EVENTS):
        expected.setdefault(row["url"], set()).add(row["id"])
    seen = {url: set(events) for url, events in world.receivers.seen.items()}
    require(seen == expected, "receivers saw other events than there are")
    for events in world.receivers.seen.values():
        for event_id, body in events.items():
            require(json.loads(body)["id"] == event_id, "a body tells of another event")


async def check_replay(world):
    """The product's own audit of the books finds nothing to say either, and nothing that waits."""
    async for checked in replay.check(world.pool):
        require(not checked.differences and not checked.waiting, f"the audit of {checked.intent_id} says {checked}")


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
