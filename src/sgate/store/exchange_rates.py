"""Exchange rates: the results of polling the price sources. All processes share them and take turns to poll."""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from sgate.core.rate import Rate
from sgate.db.pool import Connection

# The process whose statement moves the time of the next poll polls now. If it dies, this poll is lost, and another
# process polls one interval later.
_TAKE_TURN = """
UPDATE exchange_rate_turns SET next_look_at = now() + $1 WHERE next_look_at <= now() RETURNING true
"""

_INSERT = """
INSERT INTO exchange_rates (usd_per_btc, source, samples, taken_at)
VALUES ($1, $2, $3::text::json, $4)
"""

_NEWEST = "SELECT usd_per_btc, source, taken_at FROM exchange_rates ORDER BY id DESC LIMIT 1"

_PRUNE = """
DELETE FROM exchange_rates
WHERE id IN (SELECT id FROM exchange_rates WHERE looked_at < now() - $1::interval ORDER BY looked_at LIMIT $2)
"""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a poll.

    Attributes:
        rate: the rate, or None if the sources did not agree.
        reason: the source of the rate, or why there is none.
    """

    rate: Rate | None
    reason: str


async def take_turn(connection: Connection, interval: timedelta) -> bool:
    """Return whether it is the caller's turn to poll. If so, no process gets another turn for `interval`."""
    return bool(await connection.fetchval(_TAKE_TURN, interval))


async def insert(
    connection: Connection, *, usd_per_btc: Decimal | None, source: str, samples: bytes, taken_at: datetime
) -> None:
    """Store the result of a poll.

    Args:
        usd_per_btc: the rate, or None if the sources did not agree.
        source: the source of the rate, or why there is none.
        samples: the response of each source, as JSON.
    """
    await connection.execute(_INSERT, usd_per_btc, source, samples.decode(), taken_at)


async def newest(connection: Connection) -> Reading | None:
    """Return the result of the latest poll, or None before the first poll."""
    row = await connection.fetchrow(_NEWEST)
    if row is None:
        return None
    rate = None
    if row["usd_per_btc"] is not None:
        rate = Rate(usd_per_btc=row["usd_per_btc"], source=row["source"], taken_at=row["taken_at"])
    return Reading(rate=rate, reason=row["source"])


async def prune(connection: Connection, keep: timedelta, limit: int) -> int:
    """Delete at most `limit` results that are older than `keep`. Intents keep copies of their rates.

    Returns the number of deleted results.
    """
    return int((await connection.execute(_PRUNE, keep, limit)).rpartition(" ")[2])
