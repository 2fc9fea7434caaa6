"""Idempotency keys: the answer to a request, stored in the transaction of its effect."""

from datetime import datetime

import msgspec

from sgate.db.pool import Connection
from sgate.store.rows import count_of


class StoredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered before. `answer_encrypted` is the body; `request_hash` the SHA-256 of the request."""

    request_hash: bytes
    object_id: str
    answer_status: int
    answer_encrypted: bytes


_FIND = """
SELECT request_hash, object_id, answer_status, answer_encrypted FROM idempotency_keys
WHERE scope = $1 AND expires_at > now()
"""

# Taken only if nobody holds it, or who held it is past its time. Waits for a transaction that is just taking it.
_CLAIM = """
INSERT INTO idempotency_keys AS stored (scope, request_hash, object_id, answer_status, answer_encrypted, expires_at)
VALUES ($1, $2, '', 0, '', $3)
ON CONFLICT (scope) DO UPDATE
    SET request_hash = excluded.request_hash, expires_at = excluded.expires_at
    WHERE stored.expires_at <= now()
RETURNING scope
"""

# Until the transaction ends only.
_WAIT = "SELECT set_config('lock_timeout', $1, TRUE)"

_FILL = "UPDATE idempotency_keys SET object_id = $2, answer_status = $3, answer_encrypted = $4 WHERE scope = $1"

_SWEEP = """
DELETE FROM idempotency_keys
WHERE scope IN (SELECT scope FROM idempotency_keys WHERE expires_at < now() ORDER BY expires_at LIMIT $1)
    AND expires_at < now()  -- once more: a key that was just taken over is a fresh one
"""


async def find(connection: Connection, scope: bytes) -> StoredAnswer | None:
    """What was answered under this key, if it is still kept."""
    row = await connection.fetchrow(_FIND, scope)
    return None if row is None else StoredAnswer(**dict(row))


async def claim(
    connection: Connection, scope: bytes, request_hash: bytes, keep_until: datetime, *, wait_s: float
) -> bool:
    """Take the key for this transaction. False if it is taken: then look up what was answered.

    Raises:
        asyncpg.LockNotAvailableError: if another transaction holds the key for longer than `wait_s`.
    """
    await connection.execute(_WAIT, str(int(wait_s * 1000)))
    return await connection.fetchval(_CLAIM, scope, request_hash, keep_until) is not None


async def fill(connection: Connection, scope: bytes, object_id: str, answer_status: int, answer: bytes) -> None:
    """Store the answer (encrypted) under a key that this transaction took."""
    await connection.execute(_FILL, scope, object_id, answer_status, answer)


async def sweep(connection: Connection, limit: int) -> int:
    """Delete keys past their time, at most `limit`. Returns how many."""
    tag = await connection.execute(_SWEEP, limit)
    return count_of(tag)
