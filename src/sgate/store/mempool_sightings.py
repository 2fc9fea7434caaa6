"""Sightings: mempool transactions that would pay an intent. The customer sees them, but they confirm no payment."""

from datetime import datetime

from sgate.db.pool import Connection

# Only the first sighting of a transaction is kept, because its time is when the customer paid.
_ADD = """
INSERT INTO mempool_sightings (tx_id, payment_intent_id, amount_sats, first_seen_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (payment_intent_id, tx_id) DO NOTHING
"""

_REMOVE = "DELETE FROM mempool_sightings WHERE payment_intent_id = $1 AND tx_id = $2"


async def add(connection: Connection, intent_id: str, tx_id: str, amount_sats: int, first_seen_at: datetime) -> bool:
    """Record a sighting. Returns False if the sighting is already stored."""
    return await connection.execute(_ADD, tx_id, intent_id, amount_sats, first_seen_at) != "INSERT 0 0"


async def remove(connection: Connection, intent_id: str, tx_id: str) -> bool:
    """Delete a sighting, because its transaction left the mempool without being mined.

    Returns False if there is no such sighting.
    """
    return await connection.execute(_REMOVE, intent_id, tx_id) != "DELETE 0"
