"""Webhook endpoints: URLs to which a merchant's events are sent. Their secrets are stored encrypted."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from sgate.db.pool import Connection, Record

MARKED_FOR = timedelta(minutes=2)
"""How long an endpoint stays marked after it is enabled or disabled. A transaction that began before the change may
still add deliveries with the status that was right before the change. No such transaction lasts as long as the mark."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A stored endpoint.

    Attributes:
        event_types: the event types that the endpoint subscribes to. If empty, it subscribes to all of them.
        previous_secret_encrypted: webhooks are signed with this secret as well until `previous_secret_until`. None
            before the first rotation.
        failing_since: time since which no attempt has succeeded, or None while the endpoint works.
        disabled_at: when the endpoint was disabled, or None. Its deliveries are held since then.
    """

    id: str
    merchant_id: str
    livemode: bool
    url: str
    description: str | None
    event_types: tuple[str, ...]
    secret_encrypted: bytes
    created_at: datetime
    previous_secret_encrypted: bytes | None = None
    previous_secret_until: datetime | None = None
    failing_since: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: str | None = None


_INSERT = """
INSERT INTO webhook_endpoints (id, merchant_id, livemode, url, description, event_types, secret_encrypted, created_at)
VALUES ($1, $2::text::uuid, $3, $4, $5, $6, $7, $8)
"""

_COUNT = """
SELECT count(*) FROM webhook_endpoints WHERE merchant_id = $1::text::uuid AND livemode = $2 AND deleted_at IS NULL
"""

_COLUMNS = """
id, merchant_id::text, livemode, url, description, event_types, secret_encrypted, created_at, previous_secret_encrypted,
previous_secret_until, failing_since, disabled_at, disabled_reason
"""

_LIST = f"""
SELECT {_COLUMNS} FROM webhook_endpoints
WHERE merchant_id = $1::text::uuid AND livemode = $2 AND deleted_at IS NULL
ORDER BY created_at DESC, id DESC
"""

# For the operator's check: the enabled endpoints of all merchants, newest first.
_ENABLED_URLS = """
SELECT id, url FROM webhook_endpoints
WHERE deleted_at IS NULL AND disabled_at IS NULL
ORDER BY created_at DESC, id DESC LIMIT $1
"""

_OWN = "id = $1 AND merchant_id = $2::text::uuid AND livemode = $3 AND deleted_at IS NULL"

_GET = f"SELECT {_COLUMNS} FROM webhook_endpoints WHERE {_OWN}"

_LOCK = f"{_GET} FOR NO KEY UPDATE"

_LOCK_ANY = f"SELECT {_COLUMNS} FROM webhook_endpoints WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE"

_UPDATE = "UPDATE webhook_endpoints SET url = $2, description = $3, event_types = $4, updated_at = now() WHERE id = $1"

_ROTATE = """
UPDATE webhook_endpoints
SET previous_secret_encrypted = secret_encrypted, previous_secret_until = $3, secret_encrypted = $2, updated_at = now()
WHERE id = $1
"""

_DELETE = f"UPDATE webhook_endpoints SET deleted_at = now() WHERE {_OWN}"

_FAIL_WAITING = """
UPDATE webhook_deliveries
SET status = 'failed', failed_at = now(), next_attempt_at = NULL, last_error = 'the endpoint was deleted',
    lease_token = NULL, leased_until = NULL
WHERE endpoint_id = $1 AND status IN ('pending', 'held')
"""

_DISABLE = """
UPDATE webhook_endpoints SET disabled_at = $3, disabled_reason = $2, tended_until = now() + $4, updated_at = now()
WHERE id = $1 AND disabled_at IS NULL
"""

_ENABLE = """
UPDATE webhook_endpoints
SET disabled_at = NULL, disabled_reason = NULL, failing_since = NULL, tended_until = now() + $2, updated_at = now()
WHERE id = $1 AND disabled_at IS NOT NULL
"""

# Updates only rows that change, so that the rows of busy endpoints are not written for every webhook.
_FAILING = "UPDATE webhook_endpoints SET failing_since = $2 WHERE id = ANY ($1::text[]) AND failing_since IS NULL"

_RECOVERED = (
    "UPDATE webhook_endpoints SET failing_since = NULL WHERE id = ANY ($1::text[]) AND failing_since IS NOT NULL"
)

# Secrets that are not encrypted with the first key. A secret starts with its key's id.
_OLD_SECRETS = """
SELECT id, secret_encrypted, previous_secret_encrypted FROM webhook_endpoints
WHERE id > $1 AND deleted_at IS NULL AND (
    substring(secret_encrypted FOR 4) <> $2 OR substring(previous_secret_encrypted FOR 4) <> $2
)
ORDER BY id
LIMIT $3
"""

# Changes nothing if the secret has been rotated in the meantime.
_REENCRYPT = """
UPDATE webhook_endpoints SET secret_encrypted = $3, previous_secret_encrypted = $5
WHERE id = $1 AND secret_encrypted = $2 AND previous_secret_encrypted IS NOT DISTINCT FROM $4
"""

_COUNT_UNDECRYPTABLE_SECRETS = """
SELECT count(*) FROM webhook_endpoints
WHERE deleted_at IS NULL AND NOT (substring(secret_encrypted FOR 4) = ANY ($1::bytea[]))
"""


async def insert(connection: Connection, endpoint: Endpoint) -> None:
    """Store a new endpoint."""
    await connection.execute(
        _INSERT,
        endpoint.id,
        endpoint.merchant_id,
        endpoint.livemode,
        endpoint.url,
        endpoint.description,
        list(endpoint.event_types),
        endpoint.secret_encrypted,
        endpoint.created_at,
    )


async def count(connection: Connection, merchant_id: str, *, livemode: bool) -> int:
    """Return the number of a merchant's endpoints."""
    return int(await connection.fetchval(_COUNT, merchant_id, livemode) or 0)


async def list_of(connection: Connection, merchant_id: str, *, livemode: bool) -> list[Endpoint]:
    """Return a merchant's endpoints, newest first."""
    return [_endpoint(row) for row in await connection.fetch(_LIST, merchant_id, livemode)]


async def enabled_urls(connection: Connection, limit: int) -> list[tuple[str, str]]:
    """Return the ids and URLs of the newest enabled endpoints of all merchants."""
    return [(row["id"], row["url"]) for row in await connection.fetch(_ENABLED_URLS, limit)]


async def get(connection: Connection, endpoint_id: str, merchant_id: str, *, livemode: bool) -> Endpoint | None:
    """Return a merchant's endpoint, or None if the merchant has no such endpoint."""
    row = await connection.fetchrow(_GET, endpoint_id, merchant_id, livemode)
    return None if row is None else _endpoint(row)


async def lock(connection: Connection, endpoint_id: str, merchant_id: str, *, livemode: bool) -> Endpoint | None:
    """Lock a merchant's endpoint until the transaction ends and return it, or None if there is no such endpoint."""
    row = await connection.fetchrow(_LOCK, endpoint_id, merchant_id, livemode)
    return None if row is None else _endpoint(row)


async def lock_any(connection: Connection, endpoint_id: str) -> Endpoint | None:
    """Lock an endpoint of any merchant until the transaction ends and return it, or None if it does not exist."""
    row = await connection.fetchrow(_LOCK_ANY, endpoint_id)
    return None if row is None else _endpoint(row)


async def update(connection: Connection, endpoint: Endpoint) -> None:
    """Store the URL, description and event types of a locked endpoint."""
    await connection.execute(_UPDATE, endpoint.id, endpoint.url, endpoint.description, list(endpoint.event_types))


async def rotate(connection: Connection, endpoint_id: str, secret_encrypted: bytes, previous_until: datetime) -> None:
    """Give a locked endpoint a new secret. Until `previous_until`, webhooks are signed with the old secret as well."""
    await connection.execute(_ROTATE, endpoint_id, secret_encrypted, previous_until)


async def delete(connection: Connection, endpoint_id: str, merchant_id: str, *, livemode: bool) -> bool:
    """Delete an endpoint and fail its remaining deliveries. Returns False if there is no such endpoint."""
    if await connection.execute(_DELETE, endpoint_id, merchant_id, livemode) != "UPDATE 1":
        return False
    await connection.execute(_FAIL_WAITING, endpoint_id)
    return True


async def disable(connection: Connection, endpoint_id: str, reason: str, at: datetime) -> bool:
    """Disable an endpoint. Returns False if it is already disabled."""
    return await connection.execute(_DISABLE, endpoint_id, reason, at, MARKED_FOR) == "UPDATE 1"


async def enable(connection: Connection, endpoint_id: str) -> bool:
    """Enable an endpoint, so that its held deliveries are sent too. Returns False if it is already enabled."""
    return await connection.execute(_ENABLE, endpoint_id, MARKED_FOR) == "UPDATE 1"


async def mark_failing(connection: Connection, endpoint_ids: Sequence[str], since: datetime) -> None:
    """Mark endpoints as failing since `since`, unless they are already marked."""
    await connection.execute(_FAILING, endpoint_ids, since)


async def mark_recovered(connection: Connection, endpoint_ids: Sequence[str]) -> None:
    """Mark endpoints as working, because an attempt succeeded."""
    await connection.execute(_RECOVERED, endpoint_ids)


async def old_secrets(
    connection: Connection, key_id: bytes, after: str, limit: int
) -> list[tuple[str, bytes, bytes | None]]:
    """Return the endpoints after the id `after` that have a secret encrypted with another key than this one.

    They are ordered by id. Each is returned as its id, its encrypted secret and its encrypted previous secret.
    """
    rows = await connection.fetch(_OLD_SECRETS, after, key_id, limit)
    return [(row["id"], row["secret_encrypted"], row["previous_secret_encrypted"]) for row in rows]


async def reencrypt(
    connection: Connection,
    endpoint_id: str,
    before: tuple[bytes, bytes | None],
    after: tuple[bytes, bytes | None],
) -> bool:
    """Replace encrypted secrets by the same secrets encrypted with another key.

    `before` and `after` are the secret and the previous secret, encrypted with the old and the new key. Returns False
    if the secrets have been rotated in the meantime.
    """
    tag = await connection.execute(_REENCRYPT, endpoint_id, before[0], after[0], before[1], after[1])
    return tag == "UPDATE 1"


async def count_undecryptable_secrets(connection: Connection, key_ids: Sequence[bytes]) -> int:
    """Return the number of endpoints whose secret none of these keys can decrypt. Their webhooks cannot be signed."""
    return int(await connection.fetchval(_COUNT_UNDECRYPTABLE_SECRETS, list(key_ids)) or 0)


def _endpoint(row: Record) -> Endpoint:
    return Endpoint(
        id=row["id"],
        merchant_id=row["merchant_id"],
        livemode=row["livemode"],
        url=row["url"],
        description=row["description"],
        event_types=tuple(row["event_types"]),
        secret_encrypted=row["secret_encrypted"],
        created_at=row["created_at"],
        previous_secret_encrypted=row["previous_secret_encrypted"],
        previous_secret_until=row["previous_secret_until"],
        failing_since=row["failing_since"],
        disabled_at=row["disabled_at"],
        disabled_reason=row["disabled_reason"],
    )
