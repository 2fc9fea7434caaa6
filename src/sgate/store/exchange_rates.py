"""Exchange rates: what a look at the sources came to, shared by all processes, and whose turn it is to look."""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from sgate.core.rate import Rate
from sgate.db.pool import Connection

# Whoever moves the time of the next look has the turn. If it dies over it, the next look is only one turn later.
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


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What the newest look came to: a rate, or None if the sources did not agree; `reason` says who, or why not."""

    rate: Rate | None
    reason: str


async def take_turn(connection: Connection, interval: timedelta) -> bool:
    """Whether it is the caller's turn to look; then nobody else has one for `interval`."""
    return bool(await connection.fetchval(_TAKE_TURN, interval))


async def insert(
    connection: Connection, *, usd_per_btc: Decimal | None, source: str, samples: bytes, taken_at: datetime
) -> None:
    """Write down a look. `usd_per_btc` is None if the sources did not agree; `samples`: JSON, what each said."""
    await connection.execute(_INSERT, usd_per_btc, source, samples.decode(), taken_at)


async def newest(connection: Connection) -> Look | None:
    """The newest look, or None before the first."""
    row = await connection.fetchrow(_NEWEST)
    if row is None:
        return None
    rate = None
    if row["usd_per_btc"] is not None:
        rate = Rate(usd_per_btc=row["usd_per_btc"], source=row["source"], taken_at=row["taken_at"])
    return Look(rate=rate, reason=row["source"])


async def prune(connection: Connection, keep: timedelta, limit: int) -> int:
    """Forget looks older than `keep`, at most `limit`. The rates of intents stay with the intents."""
    return int((await connection.execute(_PRUNE, keep, limit)).rpartition(" ")[2])
