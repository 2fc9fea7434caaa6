"""API keys: looked up by digest, verified by salted hash, never shown again after creation."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from sgate.db.pool import Connection, Record


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A stored API key.

    Attributes:
        digest: the database looks a key up by this value.
        salt: the salt of `hash`.
        hash: the PBKDF2 of the whole key with `salt`.
        hint: the beginning and the end of the key, for display.
        last_used_at: accurate to about a minute.
        expires_at: when the key expires, or None. A key expires only if it was rolled.
    """

    id: str
    merchant_id: str
    livemode: bool
    name: str
    scopes: tuple[str, ...]
    digest: bytes
    salt: bytes
    hash: bytes
    hint: str
    created_at: datetime
    last_used_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


_INSERT = """
INSERT INTO api_keys (id, merchant_id, livemode, name, scopes, digest, salt, hash, hint, created_at)
VALUES ($1, $2::text::uuid, $3, $4, $5, $6, $7, $8, $9, $10)
"""

_COLUMNS = """
id, merchant_id::text, livemode, name, scopes, digest, salt, hash, hint, created_at, last_used_at, expires_at,
revoked_at
"""

_USABLE = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"

_FIND = f"""
SELECT {_COLUMNS}, expires_at - now() AS ends_in FROM api_keys WHERE digest = $1 AND {_USABLE}
"""

_GET = f"""
SELECT {_COLUMNS} FROM api_keys WHERE id = $1 AND merchant_id = $2::text::uuid AND livemode = $3
"""

_LIST = f"""
SELECT {_COLUMNS} FROM api_keys
WHERE merchant_id = $1::text::uuid AND livemode = $2 AND {_USABLE}
ORDER BY created_at DESC, id DESC
"""

_COUNT = f"SELECT count(*) FROM api_keys WHERE merchant_id = $1::text::uuid AND livemode = $2 AND {_USABLE}"

_REVOKE = f"""
UPDATE api_keys SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL
RETURNING {_COLUMNS}
"""

# A key that is rolled twice expires at the earlier of the two times.
_EXPIRE = f"""
UPDATE api_keys SET expires_at = least(expires_at, now() + $2::interval) WHERE id = $1 AND {_USABLE}
RETURNING {_COLUMNS}
"""

_ENDED_SINCE = """
SELECT id FROM api_keys WHERE revoked_at > now() - $1::interval
UNION
SELECT id FROM api_keys WHERE expires_at BETWEEN now() - $1::interval AND now()
"""

# Rows are locked in the order of their ids, so that two processes writing at once do not deadlock.
_NOTE_USE = """
UPDATE api_keys SET last_used_at = used.at
FROM (
    SELECT k.id, given.at
    FROM unnest($1::text[], $2::timestamptz[]) AS given (id, at)
    JOIN api_keys AS k ON k.id = given.id
    WHERE k.last_used_at IS NULL OR k.last_used_at < given.at
    ORDER BY k.id
    FOR NO KEY UPDATE OF k
) AS used
WHERE api_keys.id = used.id
"""


async def insert(connection: Connection, key: ApiKey) -> None:
    """Store a new key."""
    await connection.execute(
        _INSERT,
        key.id,
        key.merchant_id,
        key.livemode,
        key.name,
        list(key.scopes),
        key.digest,
        key.salt,
        key.hash,
        key.hint,
        key.created_at,
    )


async def find(connection: Connection, digest: bytes) -> tuple[ApiKey, timedelta | None] | None:
    """Return the usable key with this digest and the time until it expires (None if it does not expire)."""
    row = await connection.fetchrow(_FIND, digest)
    return None if row is None else (_api_key(row), row["ends_in"])


async def get(connection: Connection, key_id: str, merchant_id: str, *, livemode: bool) -> ApiKey | None:
    """Return a merchant's key, even if it has expired or been revoked."""
    row = await connection.fetchrow(_GET, key_id, merchant_id, livemode)
    return None if row is None else _api_key(row)


async def list_of(connection: Connection, merchant_id: str, *, livemode: bool) -> list[ApiKey]:
    """Return a merchant's usable keys, newest first."""
    return [_api_key(row) for row in await connection.fetch(_LIST, merchant_id, livemode)]


async def count(connection: Connection, merchant_id: str, *, livemode: bool) -> int:
    """Return the number of a merchant's usable keys."""
    return int(await connection.fetchval(_COUNT, merchant_id, livemode) or 0)


async def revoke(connection: Connection, key_id: str) -> ApiKey | None:
    """Revoke a key. Returns None if there is no such key or it is already revoked."""
    row = await connection.fetchrow(_REVOKE, key_id)
    return None if row is None else _api_key(row)


async def expire(connection: Connection, key_id: str, ends_in: timedelta) -> ApiKey | None:
    """Make a usable key expire after `ends_in`, unless it expires earlier. Returns None if there is no such key."""
    row = await connection.fetchrow(_EXPIRE, key_id, ends_in)
    return None if row is None else _api_key(row)


async def ended_since(connection: Connection, age: timedelta) -> list[str]:
    """Return the ids of the keys that were revoked or expired within the last `age`."""
    return [row["id"] for row in await connection.fetch(_ENDED_SINCE, age)]


async def note_use(connection: Connection, used: Mapping[str, datetime]) -> None:
    """Store when keys were last used. `used` maps the id of a key to the time."""
    await connection.execute(_NOTE_USE, list(used), list(used.values()))


def _api_key(row: Record) -> ApiKey:
    return ApiKey(
        id=row["id"],
        merchant_id=row["merchant_id"],
        livemode=row["livemode"],
        name=row["name"],
        scopes=tuple(row["scopes"]),
        digest=row["digest"],
        salt=row["salt"],
        hash=row["hash"],
        hint=row["hint"],
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )
