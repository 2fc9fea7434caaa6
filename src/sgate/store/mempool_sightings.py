"""Sightings: transactions in the mempool that say they will pay an intent. Shown to the payer; they confirm nothing."""

from datetime import datetime

from sgate.db.pool import Connection

# The first sighting counts: it is when the payer had paid.
_SIGHT = """
INSERT INTO mempool_sightings (tx_id, payment_intent_id, amount_sats, first_seen_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (payment_intent_id, tx_id) DO NOTHING
"""

_LOSE = "DELETE FROM mempool_sightings WHERE payment_intent_id = $1 AND tx_id = $2"


async def sight(connection: Connection, intent_id: str, tx_id: str, amount_sats: int, first_seen_at: datetime) -> bool:
    """Record a sighting. False if it is known."""
    return await connection.execute(_SIGHT, tx_id, intent_id, amount_sats, first_seen_at) != "INSERT 0 0"


async def lose(connection: Connection, intent_id: str, tx_id: str) -> bool:
    """The transaction left the mempool without being mined. False if it was not sighted."""
    return await connection.execute(_LOSE, intent_id, tx_id) != "DELETE 0"
