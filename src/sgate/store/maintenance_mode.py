"""Maintenance mode of the deployment: a table with at most one row."""

from sgate.db.pool import Connection

_GET = "SELECT retry_after_s FROM maintenance_mode"

_BEGIN = """
INSERT INTO maintenance_mode (retry_after_s) VALUES ($1)
ON CONFLICT (only_row) DO UPDATE SET retry_after_s = excluded.retry_after_s
"""

_END = "DELETE FROM maintenance_mode RETURNING only_row"


async def get(connection: Connection) -> int | None:
    """Return the `Retry-After` for clients in seconds, or None if the deployment is not in maintenance mode."""
    return await connection.fetchval(_GET)


async def begin(connection: Connection, retry_after_s: int) -> None:
    """Enter maintenance mode, or change its `Retry-After`."""
    await connection.execute(_BEGIN, retry_after_s)


async def end(connection: Connection) -> bool:
    """Leave maintenance mode. Returns False if the deployment was not in it."""
    return await connection.fetchval(_END) is not None
