"""The monthly number of calls to each of the chain's APIs, stored so that a restart does not reset the budget."""

from datetime import date

from sgate.db.pool import Connection

_OF_MONTH = "SELECT api, calls FROM api_usage WHERE livemode = $1 AND month = $2 ORDER BY api"

_ADD = """
INSERT INTO api_usage AS stored (livemode, api, month, calls) VALUES ($1, $2, $3, $4)
ON CONFLICT (livemode, api, month) DO UPDATE SET calls = stored.calls + excluded.calls
RETURNING calls
"""


async def of_month(connection: Connection, month: date, *, livemode: bool) -> dict[str, int]:
    """Return the number of calls made to each API in a month."""
    return {row["api"]: row["calls"] for row in await connection.fetch(_OF_MONTH, livemode, month)}


async def add(connection: Connection, api: str, month: date, made: int, *, livemode: bool) -> int:
    """Add `made` calls. Returns the month's total across all processes."""
    return int(await connection.fetchval(_ADD, livemode, api, month, made) or 0)
