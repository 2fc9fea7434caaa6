"""Connections to PostgreSQL: the pool, its limits, and the single connections that must not be pooled."""

from typing import Any

import asyncpg

MIN_CONNECTIONS = 5
MAX_CONNECTIONS = 20
ACQUIRE_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_S = 15.0
IDLE_TIMEOUT_S = 30.0

Connection = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
"""What a statement runs on; it may be inside a transaction."""

Pool = asyncpg.Pool[asyncpg.Record]
Record = asyncpg.Record
DatabaseErrors = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
"""What talking to the database can raise when it is away or refuses."""


class PlainConnection(asyncpg.Connection[asyncpg.Record]):
    """A connection without a reset query.

    asyncpg resets a connection each time it goes back to the pool, which costs a round trip per request. Nothing here
    ever uses SET, LISTEN or a session lock on a pooled connection, so there is nothing to reset.
    """

    def get_reset_query(self) -> str:
        """Nothing."""
        return ""


async def open_pool(
    database_url: str,
    *,
    min_connections: int = MIN_CONNECTIONS,
    max_connections: int = MAX_CONNECTIONS,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
    statement_timeout_s: float = STATEMENT_TIMEOUT_S,
    statement_cache: bool = True,
    application_name: str = "sgate",
) -> Pool:
    """A pool of connections.

    Args:
        statement_timeout_s: PostgreSQL ends a statement that takes longer.
        statement_cache: off behind a pooler that does not keep prepared statements.

    Raises:
        OSError, asyncpg.PostgresError: if the database cannot be reached.
    """
    return await asyncpg.create_pool(
        database_url,
        min_size=min(min_connections, max_connections),
        max_size=max_connections,
        max_inactive_connection_lifetime=IDLE_TIMEOUT_S,
        timeout=connect_timeout_s,
        command_timeout=statement_timeout_s + 1,
        connection_class=PlainConnection,
        server_settings=_server_settings(application_name, statement_timeout_s),
        **({} if statement_cache else {"statement_cache_size": 0}),
    )


async def connect(database_url: str, *, application_name: str) -> asyncpg.Connection[asyncpg.Record]:
    """One connection of its own, for LISTEN and for locks that live as long as the connection."""
    return await asyncpg.connect(
        database_url,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=STATEMENT_TIMEOUT_S,
        server_settings=_server_settings(application_name, STATEMENT_TIMEOUT_S),
    )


def _server_settings(application_name: str, statement_timeout_s: float) -> dict[str, Any]:
    return {
        "application_name": application_name,
        "timezone": "UTC",
        "statement_timeout": str(int(statement_timeout_s * 1000)),
        "idle_in_transaction_session_timeout": "60000",
        "jit": "off",
    }
