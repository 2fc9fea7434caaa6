"""Merchants' logos, stored by digest."""

import msgspec

from sgate.db.pool import Connection


class Logo(msgspec.Struct, frozen=True, kw_only=True):
    """A small image. Its `digest` is the first 32 hex digits of the content's SHA-256."""

    digest: str
    media_type: str
    content: bytes


_PUT = "INSERT INTO logos (digest, media_type, content) VALUES ($1, $2, $3) ON CONFLICT (digest) DO NOTHING"

_SET = "UPDATE merchants SET logo_digest = $2 WHERE id = $1::text::uuid"

_GET = "SELECT digest, media_type, content FROM logos WHERE digest = $1"

# If a merchant sets this logo at the same moment, the foreign key makes that update fail.
_DROP_UNUSED = """
DELETE FROM logos WHERE digest = $1 AND NOT EXISTS (SELECT 1 FROM merchants WHERE logo_digest = $1)
"""

_SHOWN = "SELECT logo_digest FROM merchants WHERE id = $1::text::uuid FOR NO KEY UPDATE"


async def put(connection: Connection, logo: Logo) -> None:
    """Store a logo, unless it is already stored."""
    await connection.execute(_PUT, logo.digest, logo.media_type, logo.content)


async def show(connection: Connection, merchant_id: str, digest: str | None) -> None:
    """Set a merchant's logo to the stored logo with this digest. If `digest` is None, remove the merchant's logo."""
    await connection.execute(_SET, merchant_id, digest)


async def shown(connection: Connection, merchant_id: str) -> str | None:
    """Return the digest of a merchant's logo, or None. Locks the merchant's row until the transaction ends."""
    return await connection.fetchval(_SHOWN, merchant_id)


async def get(connection: Connection, digest: str) -> Logo | None:
    """Return the logo with this digest, or None."""
    row = await connection.fetchrow(_GET, digest)
    return None if row is None else Logo(digest=row["digest"], media_type=row["media_type"], content=row["content"])


async def drop_unused(connection: Connection, digest: str) -> None:
    """Delete a logo if no merchant uses it."""
    await connection.execute(_DROP_UNUSED, digest)
