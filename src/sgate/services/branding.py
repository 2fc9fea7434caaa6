"""The branding of a merchant's pages, which is the logo."""

import asyncio
import hashlib
import re
from concurrent.futures import ThreadPoolExecutor

from sgate.core import errors
from sgate.db import notifications
from sgate.db.pool import Pool
from sgate.services import logo_images
from sgate.store import audit_log, logos
from sgate.store.audit_log import Actor
from sgate.store.logos import Logo
from sgate.store.merchants import Merchant

DIGEST_CHARACTERS = 32
_DIGEST = re.compile(r"[0-9a-f]{32}")
_decoder = ThreadPoolExecutor(max_workers=1, thread_name_prefix="logo")
"""Decodes one logo at a time, which limits the memory that decoding takes."""


async def set_logo(pool: Pool, merchant: Merchant, content: bytes, actor: Actor) -> str:
    """Set the merchant's logo in both modes. Return the digest that is part of the logo's URL.

    The image is decoded and drawn again (see `logo_images`), so the stored bytes differ from those that were sent.

    Raises:
        InvalidLogo: if the image is too large, animated, damaged, or not PNG, JPEG or WebP.
    """
    media_type, content = await asyncio.get_running_loop().run_in_executor(_decoder, logo_images.redrawn, content)
    digest = hashlib.sha256(content).hexdigest()[:DIGEST_CHARACTERS]
    await _change_logo(pool, merchant, Logo(digest=digest, media_type=media_type, content=content), actor)
    return digest


async def remove_logo(pool: Pool, merchant: Merchant, actor: Actor) -> None:
    """Remove the merchant's logo in both modes."""
    await _change_logo(pool, merchant, None, actor)


async def logo(pool: Pool, digest: str) -> Logo:
    """Return a stored logo.

    Raises:
        LogoNotFound: if there is no logo with this digest.
    """
    if _DIGEST.fullmatch(digest) is None:
        raise errors.LogoNotFound
    async with pool.acquire() as connection:
        found = await logos.get(connection, digest)
    if found is None:
        raise errors.LogoNotFound
    return found


async def _change_logo(pool: Pool, merchant: Merchant, new: Logo | None, actor: Actor) -> None:
    async with pool.acquire() as connection, connection.transaction():
        before = await logos.shown(connection, merchant.id)
        if new is not None:
            await logos.put(connection, new)
        after = None if new is None else new.digest
        await logos.show(connection, merchant.id, after)
        if before is not None and before != after:
            await logos.drop_unused(connection, before)
        await audit_log.record(
            connection,
            actor,
            "merchant.logo_changed",
            merchant_id=merchant.id,
            livemode=merchant.livemode,
            detail={"before": before, "after": after},
        )
        await notifications.notify(connection, notifications.Channel.MERCHANT, merchant.id)
