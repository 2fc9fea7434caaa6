"""Idempotency keys: the response to a request is stored in the same transaction as the changes of the request."""

from datetime import datetime

import msgspec

from sgate.db.pool import Connection
from sgate.store.rows import count_of


class StoredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A stored response.

    Attributes:
        request_hash: SHA-256 of the request.
        answer_encrypted: the response's body, encrypted.
    """

    request_hash: bytes
    object_id: str
    answer_status: int
    answer_encrypted: bytes


_FIND = """
SELECT request_hash, object_id, answer_status, answer_encrypted FROM idempotency_keys
WHERE scope = $1 AND expires_at > now()
"""

# Inserts a row only if the key is unused or expired. Waits for a concurrent transaction that is inserting the same key.
_CLAIM = """
INSERT INTO idempotency_keys AS stored (scope, request_hash, object_id, answer_status, answer_encrypted, expires_at)
VALUES ($1, $2, '', 0, '', $3)
ON CONFLICT (scope) DO UPDATE
    SET request_hash = excluded.request_hash, expires_at = excluded.expires_at
    WHERE stored.expires_at <= now()
RETURNING scope
"""

# TRUE limits the setting to the current transaction.
_WAIT = "SELECT set_config('lock_timeout', $1, TRUE)"

_FILL = "UPDATE idempotency_keys SET object_id = $2, answer_status = $3, answer_encrypted = $4 WHERE scope = $1"

_SWEEP = """
DELETE FROM idempotency_keys
WHERE scope IN (SELECT scope FROM idempotency_keys WHERE expires_at < now() ORDER BY expires_at LIMIT $1)
    AND expires_at < now()  -- checked again, because the key may have been claimed again since
"""


async def find(connection: Connection, scope: bytes) -> StoredAnswer | None:
    """Return the response stored under a key, or None if there is no response or it has expired."""
    row = await connection.fetchrow(_FIND, scope)
    return None if row is None else StoredAnswer(**dict(row))


async def claim(
    connection: Connection, scope: bytes, request_hash: bytes, keep_until: datetime, *, wait_s: float
) -> bool:
    """Reserve a key for this transaction. Returns False if the key is in use. Then `find` returns the stored response.

    Raises:
        asyncpg.LockNotAvailableError: if another transaction holds the key for longer than `wait_s`.
    """
    await connection.execute(_WAIT, str(int(wait_s * 1000)))
    return await connection.fetchval(_CLAIM, scope, request_hash, keep_until) is not None


async def fill(connection: Connection, scope: bytes, object_id: str, answer_status: int, answer: bytes) -> None:
    """Store the encrypted response under a key that this transaction has reserved with `claim`."""
    await connection.execute(_FILL, scope, object_id, answer_status, answer)


async def sweep(connection: Connection, limit: int) -> int:
    """Delete at most `limit` expired keys. Returns the number of deleted keys."""
    tag = await connection.execute(_SWEEP, limit)
    return count_of(tag)
