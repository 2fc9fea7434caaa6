"""Who asks? API keys: one look-up, one PBKDF2 off the event loop, then remembered for a while.

A key is found by its digest; an unknown one never reaches PBKDF2. A verified key is remembered in this process for ten
minutes, by its digest. A revocation is told by NOTIFY, and as a backstop read from the table each second.

When a key was last used is noted here and stored once in a while for all keys together: a read must not cost a write.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from sgate.core import errors
from sgate.core.credential import livemode_of, lookup_digest, verify_api_key
from sgate.core.scope import Scope
from sgate.db.pool import Pool
from sgate.store import api_keys, merchants
from sgate.store.merchants import Merchant

REMEMBER_S = 600.0
MAX_REMEMBERED = 50_000
REVOCATION_POLL_S = 1.0
NOTE_USE_S = 60.0
"""How often it is stored when keys were used."""

REVOCATION_WINDOW = timedelta(seconds=120)
"""How far back the poll looks: longer than any pause of the event loop that we would survive."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: a verified key and its merchant, with the settings of the key's mode."""

    key_id: str
    merchant: Merchant
    scopes: frozenset[str]


class _Remembered(msgspec.Struct, frozen=True):
    principal: Principal
    until_s: float


class Authenticator:
    """Verifies API keys and remembers the verified ones."""

    def __init__(
        self,
        pool: Pool,
        monotonic_s: Callable[[], float],
        now: Callable[[], datetime],
        on_forgotten: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`on_forgotten` gets the id of each key or merchant that may not do any more what it did."""
        self._pool = pool
        self._now = now
        self._monotonic_s = monotonic_s
        self._on_forgotten = on_forgotten
        self._remembered: dict[bytes, _Remembered] = {}
        self._used: dict[str, datetime] = {}
        self._verifying: dict[bytes, asyncio.Future[Principal]] = {}
        self.verifications = 0  # how often PBKDF2 ran

    async def identify(self, authorization: str | None) -> Principal:
        """The principal of an `Authorization` header.

        Raises:
            Unauthorized: if there is no valid key.
        """
        principal = await self._principal(authorization)
        self._used[principal.key_id] = self._now()
        return principal

    def require(self, principal: Principal, scope: Scope | None) -> None:
        """Refuse a call that the key may not make.

        Raises:
            Forbidden: if the key lacks the scope, or its merchant is suspended.
        """
        if principal.merchant.suspended_at is not None:
            raise errors.MerchantSuspended
        if scope is not None and scope not in principal.scopes:
            raise errors.Forbidden(f"This call needs a key with the scope `{scope}`.")

    def remembers(self, authorization: str | None) -> bool:
        """Whether an `Authorization` header holds a key that was verified a moment ago."""
        _, _, api_key = (authorization or "").partition(" ")
        remembered = self._remembered.get(lookup_digest(api_key.strip()))
        return remembered is not None and remembered.until_s > self._monotonic_s()

    async def refresh(self, principal: Principal) -> Principal:
        """The same key with its merchant's settings read anew."""
        async with self._pool.acquire() as connection:
            merchant = await merchants.get(connection, principal.merchant.id, livemode=principal.merchant.livemode)
        if merchant is None:
            raise errors.Unauthorized
        if merchant.suspended_at is not None:
            raise errors.MerchantSuspended
        refreshed = msgspec.structs.replace(principal, merchant=merchant)
        for digest, remembered in self._remembered.items():
            if remembered.principal.key_id == principal.key_id:
                self._remembered[digest] = msgspec.structs.replace(remembered, principal=refreshed)
                break
        return refreshed

    def forget_key(self, key_id: str) -> None:
        """A key was revoked."""
        self._forget(lambda principal: principal.key_id == key_id)
        self._on_forgotten(key_id)

    def forget_merchant(self, merchant_id: str) -> None:
        """A merchant's settings changed."""
        self._forget(lambda principal: principal.merchant.id == merchant_id)
        self._on_forgotten(merchant_id)

    async def poll_revocations(self) -> None:
        """One look at the table, in case a notification was missed."""
        async with self._pool.acquire() as connection:
            for key_id in await api_keys.ended_since(connection, REVOCATION_WINDOW):
                self.forget_key(key_id)
            for merchant_id in await merchants.suspended_since(connection, REVOCATION_WINDOW):
                self.forget_merchant(merchant_id)

    async def store_use(self) -> None:
        """Store when keys were last used. What cannot be stored now is kept for the next time."""
        used, self._used = self._used, {}
        if not used:
            return
        try:
            async with self._pool.acquire() as connection:
                await api_keys.note_use(connection, used)
        except BaseException:
            self._used = {**used, **self._used}
            raise

    async def _principal(self, authorization: str | None) -> Principal:
        api_key = _bearer(authorization)
        digest = lookup_digest(api_key)
        remembered = self._remembered.get(digest)
        if remembered is not None and remembered.until_s > self._monotonic_s():
            return remembered.principal
        under_way = self._verifying.get(digest)
        if under_way is None:
            under_way = asyncio.ensure_future(self._verify(api_key, digest))
            self._verifying[digest] = under_way
            under_way.add_done_callback(lambda _: self._verifying.pop(digest, None))
        return await asyncio.shield(under_way)

    async def _verify(self, api_key: str, digest: bytes) -> Principal:
        async with self._pool.acquire() as connection:
            found = await api_keys.find(connection, digest)
            key, ends_in = found or (None, None)
            merchant = None if key is None else await merchants.get(connection, key.merchant_id, livemode=key.livemode)
        if key is None or merchant is None or key.livemode is not livemode_of(api_key):
            raise errors.Unauthorized("There is no such API key. It may have been revoked.")
        self.verifications += 1
        if not await asyncio.to_thread(verify_api_key, api_key, key.salt, key.hash):
            raise errors.Unauthorized("There is no such API key. It may have been revoked.")
        principal = Principal(key_id=key.id, merchant=merchant, scopes=frozenset(key.scopes))
        self._remember(digest, principal, REMEMBER_S if ends_in is None else min(REMEMBER_S, ends_in.total_seconds()))
        return principal

    def _remember(self, digest: bytes, principal: Principal, seconds: float) -> None:
        if len(self._remembered) >= MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[digest] = _Remembered(principal, self._monotonic_s() + seconds)

    def _forget(self, condition: Callable[[Principal], bool]) -> None:
        gone = [digest for digest, remembered in self._remembered.items() if condition(remembered.principal)]
        for digest in gone:
            del self._remembered[digest]


def _bearer(authorization: str | None) -> str:
    if authorization is None:
        raise errors.Unauthorized
    kind, _, api_key = authorization.partition(" ")
    if kind.lower() != "bearer" or livemode_of(api_key.strip()) is None:
        raise errors.Unauthorized("The Authorization header must be `Bearer sk_test_...` or `Bearer sk_live_...`.")
    return api_key.strip()
