"""Connections to PostgreSQL: the pool, its limits, and single connections that must not be pooled."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import asyncpg

from sgate.db.statement_names import Observe

MIN_CONNECTIONS = 5
MAX_CONNECTIONS = 20
ACQUIRE_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_S = 15.0
IDLE_TIMEOUT_S = 30.0
STATEMENT_CACHE = 100
"""Prepared statements cached per connection (asyncpg's default)."""

MAX_QUERIES = 1_000_000
"""A pooled connection is replaced after this many queries, so that a leak in its server process cannot grow forever."""

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
"""A connection to run statements on. It may be inside a transaction."""

Pool = asyncpg.Pool
Record = asyncpg.Record
DatabaseErrors = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that broke between two steps of one call; rare, but observed
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, starting up, statement timeout
    asyncpg.InsufficientResourcesError,  # disk full, too many connections
    asyncpg.TransactionRollbackError,  # deadlock
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # connected to a standby in the middle of a failover
    asyncpg.PostgresSystemError,
)
"""Errors raised when the database is unavailable or busy. They can be retried; any other error is a bug in sGate."""

AnyDatabaseError = (*DatabaseErrors, asyncpg.PostgresError)
"""Any database error. It is for optional servers that someone else sets up, such as a replica. There, a pooler may mix
up sessions, the schema may not have been replicated yet, or a permission may be missing.
"""

_KINDS: tuple[tuple[str, type[BaseException] | tuple[type[BaseException], ...]], ...] = (
    ("disk_full", asyncpg.DiskFullError),
    ("timeout", (TimeoutError, asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError)),
    ("conflict", asyncpg.TransactionRollbackError),
    ("read_only", asyncpg.ReadOnlySQLTransactionError),
    ("away", (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError)),
    ("resources", (asyncpg.InsufficientResourcesError, asyncpg.PostgresSystemError)),
    ("constraint", asyncpg.IntegrityConstraintViolationError),
)


ERROR_KINDS = (*(kind for kind, _ in _KINDS), "other")


def error_kind(error: BaseException) -> str:
    """Return the kind of a statement's error, one of ERROR_KINDS. `other` may be a bug in sGate."""
    return next((kind for kind, types in _KINDS if isinstance(error, types)), "other")


class PlainConnection(asyncpg.Connection):
    """A connection without a reset query.

    asyncpg resets a connection each time it is returned to the pool, which costs a round trip per request. sGate never
    uses SET, LISTEN or a session lock on a pooled connection, so there is nothing to reset.
    """

    def get_reset_query(self) -> str:
        """Return an empty query."""
        return ""


def _timed(observe: Observe) -> type[PlainConnection]:
    """Return a connection class that reports each statement's duration to `observe`.

    asyncpg's own query log schedules a callback on the event loop for each statement. This class costs a tenth of it.
    """

    def timed(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(self: asyncpg.Connection, statement: str, *args: Any, **options: Any) -> Any:
            started, failure = time.perf_counter(), None
            try:
                return await method(self, statement, *args, **options)
            except BaseException as error:
                failure = error
                raise
            finally:
                observe(statement, time.perf_counter() - started, failure)

        return call

    calls = ("execute", "executemany", "fetch", "fetchrow", "fetchval")
    return type("TimedConnection", (PlainConnection,), {name: timed(getattr(PlainConnection, name)) for name in calls})


class _BoundedWaitPool(asyncpg.Pool):
    """A pool whose `acquire` has a default timeout."""

    acquire_timeout_s = ACQUIRE_TIMEOUT_S

    def acquire(self, *, timeout: float | None = None) -> Any:
        """Acquire a connection. Raises TimeoutError if no connection becomes free in time."""
        return super().acquire(timeout=self.acquire_timeout_s if timeout is None else timeout)


async def open_pool(
    database_url: str,
    *,
    min_connections: int = MIN_CONNECTIONS,
    max_connections: int = MAX_CONNECTIONS,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
    statement_timeout_s: float = STATEMENT_TIMEOUT_S,
    acquire_timeout_s: float = ACQUIRE_TIMEOUT_S,
    statement_cache: bool = True,
    application_name: str = "sgate",
    session_settings: Mapping[str, str] | None = None,
    observe: Observe | None = None,
) -> Pool:
    """Open a connection pool.

    Args:
        session_settings: PostgreSQL settings for these connections. They do not work through a pooler, because it mixes
            sessions.
        statement_timeout_s: PostgreSQL cancels a statement that takes longer.
        acquire_timeout_s: how long a caller waits for a free connection.
        observe: called after each statement with its text, its duration and its error.
        statement_cache: must be False behind a pooler that does not keep prepared statements.

    Raises:
        OSError, asyncpg.PostgresError: if the database cannot be reached.
    """
    pool = _BoundedWaitPool(
        database_url,
        min_size=min(min_connections, max_connections),
        max_size=max_connections,
        max_queries=MAX_QUERIES,
        loop=None,
        record_class=asyncpg.Record,
        max_inactive_connection_lifetime=IDLE_TIMEOUT_S,
        timeout=connect_timeout_s,
        command_timeout=statement_timeout_s + 1,
        connection_class=PlainConnection if observe is None else _timed(observe),
        server_settings=_server_settings(application_name, statement_timeout_s) | dict(session_settings or {}),
        **({} if statement_cache else {"statement_cache_size": 0}),
    )
    pool.acquire_timeout_s = acquire_timeout_s
    return await pool


async def connect(
    database_url: str,
    *,
    application_name: str,
    statement_timeout_s: float = STATEMENT_TIMEOUT_S,
    statement_cache: bool = True,
) -> asyncpg.Connection:
    """Open a single connection, for LISTEN, for migrations, or for locks that last as long as the connection.

    Args:
        statement_cache: must be False behind a pooler that does not keep prepared statements.
    """
    try:
        return await asyncpg.connect(
            database_url,
            timeout=int(CONNECT_TIMEOUT_S),
            command_timeout=statement_timeout_s,
            server_settings=_server_settings(application_name, statement_timeout_s),
            statement_cache_size=STATEMENT_CACHE if statement_cache else 0,
        )
    except (asyncpg.InterfaceError, OSError):  # SSLCertVerificationError is both an OSError and a ValueError
        raise
    except ValueError:  # its message may quote a piece of the password
        raise asyncpg.InterfaceError("the URL cannot be parsed; is something in it not percent-encoded?") from None


def _server_settings(application_name: str, statement_timeout_s: float) -> dict[str, Any]:
    return {
        "application_name": application_name,
        "timezone": "UTC",
        "statement_timeout": str(int(statement_timeout_s * 1000)),
        "idle_in_transaction_session_timeout": "60000",
        "jit": "off",
    }
