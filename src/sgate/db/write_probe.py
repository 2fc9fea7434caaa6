"""A write that finds out whether the database accepts writes.

Reads succeed on a full disk and on a standby. An update of a small table can succeed on a full disk too, because it
reuses the space of deleted rows. The probe therefore creates a new file: a temporary table with one row.
"""

import asyncpg

from sgate.db.pool import Connection

WriteErrors = (
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby, or a database that was made read-only
    asyncpg.PostgresSystemError,  # such as an I/O error
)
"""Errors that mean that the server refuses all writes, and not only the statement that failed."""

_WRITE = "CREATE TEMPORARY TABLE sgate_write_probe ON COMMIT DROP AS SELECT 1 AS written"


async def write(connection: Connection) -> None:
    """Write one row to a new file, and undo it.

    It is never committed, because a commit would wait for synchronous standbys.

    Raises:
        WriteErrors: if the database refuses writes.
        asyncpg.InsufficientPrivilegeError: if the role may not create temporary tables.
    """
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(_WRITE)
    finally:
        await transaction.rollback()
