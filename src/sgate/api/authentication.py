"""API-key authentication: one lookup in the database and one PBKDF2 check, whose result is cached for ten minutes.

The PBKDF2 check runs outside the event loop. A key is looked up by its digest. An unknown key causes no PBKDF2
check. Each process caches the keys that it has verified by their digests. PostgreSQL notifies the processes of
revocations. They also read revocations from the table every second, in case a notification was missed.

The times at which keys were last used are collected here. They are stored once a minute for all keys together, so that
requests that only read cause no writes of their own.
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

CACHE_S = 600.0
MAX_CACHED = 50_000
REVOCATION_POLL_S = 1.0
STORE_USE_S = 60.0
"""Interval at which the times of the last use of keys are stored."""

REVOCATION_WINDOW = timedelta(seconds=120)
"""How far back each poll reads. This is longer than any pause of the event loop that a process would survive."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The authenticated caller: a verified key, and its merchant with the settings of the key's mode."""

    key_id: str
    merchant: Merchant
    scopes: frozenset[str]


class _CacheEntry(msgspec.Struct, frozen=True):
    principal: Principal
    until_s: float


class Authenticator:
    """Verifies API keys, and caches the keys that it has verified."""

    def __init__(
        self,
        pool: Pool,
        monotonic_s: Callable[[], float],
        now: Callable[[], datetime],
        on_evicted: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`on_evicted` is called with the id of each key or merchant whose permissions or settings have changed."""
        self._pool = pool
        self._now = now
        self._monotonic_s = monotonic_s
        self._on_evicted = on_evicted
        self._cache: dict[bytes, _CacheEntry] = {}
        self._used: dict[str, datetime] = {}
        self._verifying: dict[bytes, asyncio.Future[Principal]] = {}
        self.verifications = 0  # number of PBKDF2 runs

    async def identify(self, authorization: str | None) -> Principal:
        """Return the principal of an `Authorization` header.

        Raises:
            Unauthorized: if the header contains no valid key.
        """
        principal = await self._principal(authorization)
        self._used[principal.key_id] = self._now()
        return principal

    def require(self, principal: Principal, scope: Scope | None) -> None:
        """Check that the key permits a call that requires `scope`.

        Raises:
            Forbidden: if the key does not have the scope, or if its merchant is suspended.
        """
        if principal.merchant.suspended_at is not None:
            raise errors.MerchantSuspended
        if scope is not None and scope not in principal.scopes:
            raise errors.Forbidden(f"This call requires a key with the scope `{scope}`.")

    def is_cached(self, authorization: str | None) -> bool:
        """Return whether an `Authorization` header contains a key that is verified and cached."""
        _, _, api_key = (authorization or "").partition(" ")
        entry = self._cache.get(lookup_digest(api_key.strip()))
        return entry is not None and entry.until_s > self._monotonic_s()

    async def refresh(self, principal: Principal) -> Principal:
        """Read the merchant's settings again, and return the principal with the current settings.

        Raises:
            Unauthorized: if the merchant no longer exists.
            MerchantSuspended: if the merchant is suspended.
        """
        async with self._pool.acquire() as connection:
            merchant = await merchants.get(connection, principal.merchant.id, livemode=principal.merchant.livemode)
        if merchant is None:
            raise errors.Unauthorized
        if merchant.suspended_at is not None:
            raise errors.MerchantSuspended
        refreshed = msgspec.structs.replace(principal, merchant=merchant)
        for digest, entry in self._cache.items():
            if entry.principal.key_id == principal.key_id:
                self._cache[digest] = msgspec.structs.replace(entry, principal=refreshed)
                break
        return refreshed

    def evict_key(self, key_id: str) -> None:
        """Remove a revoked key from the cache."""
        self._evict(lambda principal: principal.key_id == key_id)
        self._on_evicted(key_id)

    def evict_merchant(self, merchant_id: str) -> None:
        """Remove a merchant's keys from the cache, because the merchant's settings have changed."""
        self._evict(lambda principal: principal.merchant.id == merchant_id)
        self._on_evicted(merchant_id)

    async def poll_revocations(self) -> None:
        """Evict recently revoked keys and suspended merchants, in case a notification was missed."""
        async with self._pool.acquire() as connection:
            for key_id in await api_keys.ended_since(connection, REVOCATION_WINDOW):
                self.evict_key(key_id)
            for merchant_id in await merchants.suspended_since(connection, REVOCATION_WINDOW):
                self.evict_merchant(merchant_id)

    async def store_use(self) -> None:
        """Store the times at which keys were last used. If this fails, the times are kept for the next attempt."""
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
        entry = self._cache.get(digest)
        if entry is not None and entry.until_s > self._monotonic_s():
            return entry.principal
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
            raise errors.Unauthorized("This API key does not exist or has been revoked.")
        self.verifications += 1
        if not await asyncio.to_thread(verify_api_key, api_key, key.salt, key.hash):
            raise errors.Unauthorized("This API key does not exist or has been revoked.")
        principal = Principal(key_id=key.id, merchant=merchant, scopes=frozenset(key.scopes))
        self._add(digest, principal, CACHE_S if ends_in is None else min(CACHE_S, ends_in.total_seconds()))
        return principal

    def _add(self, digest: bytes, principal: Principal, seconds: float) -> None:
        if len(self._cache) >= MAX_CACHED:
            del self._cache[next(iter(self._cache))]
        self._cache[digest] = _CacheEntry(principal, self._monotonic_s() + seconds)

    def _evict(self, condition: Callable[[Principal], bool]) -> None:
        evicted = [digest for digest, entry in self._cache.items() if condition(entry.principal)]
        for digest in evicted:
            del self._cache[digest]


def _bearer(authorization: str | None) -> str:
    if authorization is None:
        raise errors.Unauthorized
    kind, _, api_key = authorization.partition(" ")
    if kind.lower() != "bearer" or livemode_of(api_key.strip()) is None:
        raise errors.Unauthorized("The Authorization header must be `Bearer sk_test_...` or `Bearer sk_live_...`.")
    return api_key.strip()
