"""API keys: found by a digest, verified by a salted hash, shown never again."""

from datetime import datetime

import msgspec

from sgate.store.pool import Connection, Record


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A stored API key. `hint` is its beginning and end, for people; `hash` is PBKDF2 of the whole key under `salt`."""

    id: str
    merchant_id: str
    livemode: bool
    name: str
    scopes: tuple[str, ...]
    digest: bytes
    salt: bytes
    hash: bytes
    hint: str
    created_at: datetime | None = None
    revoked_at: datetime | None = None


_INSERT = """
INSERT INTO api_keys (id, merchant_id, livemode, name, scopes, digest, salt, hash, hint)
VALUES ($1, $2::text::uuid, $3, $4, $5, $6, $7, $8, $9)
"""

_FIND = """
SELECT id, merchant_id::text, livemode, name, scopes, digest, salt, hash, hint, created_at, revoked_at
FROM api_keys
WHERE digest = $1 AND revoked_at IS NULL
"""

_REVOKE = "UPDATE api_keys SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL"

_REVOKED_SINCE = "SELECT id FROM api_keys WHERE revoked_at > now() - $1::interval"


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
    )


async def find(connection: Connection, digest: bytes) -> ApiKey | None:
    """The key with this digest, unless it is revoked."""
    row = await connection.fetchrow(_FIND, digest)
    return None if row is None else _api_key(row)


async def revoke(connection: Connection, key_id: str) -> bool:
    """Make a key useless from now on. False if there is no such key, or it was revoked before."""
    return await connection.execute(_REVOKE, key_id) == "UPDATE 1"


async def revoked_since(connection: Connection, age: object) -> list[str]:
    """Ids of the keys revoked within the last `age` (a timedelta)."""
    return [row["id"] for row in await connection.fetch(_REVOKED_SINCE, age)]


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
        revoked_at=row["revoked_at"],
    )
