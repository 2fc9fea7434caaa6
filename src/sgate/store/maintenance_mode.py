"""Whether the deployment is in maintenance mode: at most one row."""

from sgate.db.pool import Connection

_GET = "SELECT retry_after_s FROM maintenance_mode"

_BEGIN = """
INSERT INTO maintenance_mode (retry_after_s) VALUES ($1)
ON CONFLICT (only_row) DO UPDATE SET retry_after_s = excluded.retry_after_s
"""

_END = "DELETE FROM maintenance_mode RETURNING only_row"


async def get(connection: Connection) -> int | None:
    """How long callers are to wait, in seconds; None if the deployment is not in maintenance mode."""
    return await connection.fetchval(_GET)


async def begin(connection: Connection, retry_after_s: int) -> None:
    """Begin, or say another time."""
    await connection.execute(_BEGIN, retry_after_s)


async def end(connection: Connection) -> bool:
    """End. Returns whether there was anything to end."""
    return await connection.fetchval(_END) is not None
