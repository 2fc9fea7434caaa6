"""API keys: creation, listing, rolling and revocation. The secret of a key is shown once and never stored."""

from datetime import timedelta

import msgspec

from sgate.core import errors
from sgate.core.credential import KEY_RANDOM_BYTES, SALT_BYTES, hash_api_key, lookup_digest, new_api_key
from sgate.db import notifications
from sgate.db.encryption import Cipher
from sgate.db.pool import Connection, Pool
from sgate.environment import Environment
from sgate.objects.api_key import ApiKeyObject, api_key_object
from sgate.objects.encoding import encode
from sgate.services import idempotency, validation
from sgate.services.idempotency import Answer, Key
from sgate.store import api_keys, audit_log, merchants
from sgate.store.api_keys import ApiKey
from sgate.store.audit_log import Actor
from sgate.store.merchants import Merchant

ALL_SCOPES = ("read", "write", "admin")
KEY_HINT_CHARACTERS = 4
MAX_KEYS = 100
"""Maximum number of usable keys that a merchant may have in one mode."""

MAX_OVERLAP = timedelta(days=7)
DEFAULT_OVERLAP = timedelta(hours=24)
"""How long a rolled key continues to work alongside its successor, unless the request specifies another time."""


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was just created. `secret` is the API key that callers send. It is shown once and never stored."""

    key: ApiKey
    secret: str


class KeyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The validated values of a key to create."""

    name: str
    scopes: tuple[str, ...]


async def create(
    pool: Pool,
    environment: Environment,
    cipher: Cipher,
    merchant: Merchant,
    request: KeyRequest,
    key: Key | None,
    actor: Actor,
) -> Answer:
    """Create a key in the merchant's mode. Only this response contains the secret of the key.

    Raises:
        TooManyApiKeys: if the merchant has MAX_KEYS usable keys in this mode.
    """
    created = new_key(environment, merchant.id, request.name, livemode=merchant.livemode, scopes=request.scopes)
    async with pool.acquire() as connection, connection.transaction():
        replayed = await idempotency.replay_or_claim(connection, key, cipher, environment.now())
        if replayed is not None:
            return replayed
        await _refuse_too_many(connection, merchant)
        await api_keys.insert(connection, created.key)
        await record_created(connection, actor, created.key)
        answer = Answer(status=201, body=encode(_shown_once(created)))
        await idempotency.remember(connection, key, created.key.id, answer, cipher)
    return answer


async def list_of(pool: Pool, merchant: Merchant) -> list[ApiKeyObject]:
    """Return the usable keys of the merchant's mode, newest first."""
    async with pool.acquire() as connection:
        found = await api_keys.list_of(connection, merchant.id, livemode=merchant.livemode)
    return [api_key_object(key) for key in found]


async def get(pool: Pool, merchant: Merchant, key_id: str) -> ApiKeyObject:
    """Return a key, even if it is revoked or has expired.

    Raises:
        ApiKeyNotFound: if the merchant has no such key in this mode.
    """
    async with pool.acquire() as connection:
        return api_key_object(await _own(connection, merchant, key_id))


async def roll(
    pool: Pool,
    environment: Environment,
    cipher: Cipher,
    merchant: Merchant,
    key_id: str,
    overlap: timedelta,
    key: Key | None,
    actor: Actor,
) -> Answer:
    """Create the successor of a key, with the same name and scopes. The old key continues to work for `overlap`.

    Raises:
        ApiKeyNotFound: if the merchant has no such key in this mode.
        ApiKeyEnded: if the old key is revoked or has expired.
        TooManyApiKeys: if the merchant has MAX_KEYS usable keys in this mode.
    """
    async with pool.acquire() as connection, connection.transaction():
        replayed = await idempotency.replay_or_claim(connection, key, cipher, environment.now())
        if replayed is not None:
            return replayed
        old = await _own(connection, merchant, key_id)
        await _refuse_too_many(connection, merchant)
        ending = await api_keys.expire(connection, key_id, overlap)
        if ending is None:
            raise errors.ApiKeyEnded
        created = new_key(environment, merchant.id, old.name, livemode=merchant.livemode, scopes=old.scopes)
        await api_keys.insert(connection, created.key)
        detail: dict[str, object] = {"successor": created.key.id, "overlap_s": int(overlap.total_seconds())}
        await _record(connection, actor, "api_key.rolled", old, detail)
        await record_created(connection, actor, created.key)
        await notifications.notify(connection, notifications.Channel.API_KEY, key_id)
        answer = Answer(status=201, body=encode(_shown_once(created)))
        await idempotency.remember(connection, key, created.key.id, answer, cipher)
    return answer


async def revoke(pool: Pool, merchant: Merchant, key_id: str, actor: Actor) -> ApiKeyObject:
    """Revoke a merchant's key. All processes refuse the key within a second. A key may revoke itself.

    Raises:
        ApiKeyNotFound: if the merchant has no such key in this mode.
        ApiKeyEnded: if the key is already revoked.
    """
    async with pool.acquire() as connection, connection.transaction():
        await _own(connection, merchant, key_id)
        revoked = await _revoked(connection, key_id, actor)
        if revoked is None:
            raise errors.ApiKeyEnded
    return api_key_object(revoked)


# --- for the operator, across merchants


async def create_for(
    pool: Pool,
    environment: Environment,
    merchant_id: str,
    name: str,
    *,
    livemode: bool,
    scopes: tuple[str, ...],
    actor: Actor,
) -> NewKey | None:
    """Create an additional key, or return None if there is no such merchant.

    Raises:
        ValidationFailed: if the name is not valid.
    """
    validation.name(name)
    async with pool.acquire() as connection, connection.transaction():
        if await merchants.get(connection, merchant_id, livemode=livemode) is None:
            return None
        created = new_key(environment, merchant_id, name, livemode=livemode, scopes=scopes)
        await api_keys.insert(connection, created.key)
        await record_created(connection, actor, created.key)
    return created


async def list_for(pool: Pool, merchant_id: str) -> list[ApiKeyObject] | None:
    """Return a merchant's usable keys in both modes, test keys first. Return None if there is no such merchant."""
    async with pool.acquire() as connection:
        if await merchants.get(connection, merchant_id, livemode=False) is None:
            return None
        found = [
            key
            for livemode in (False, True)
            for key in await api_keys.list_of(connection, merchant_id, livemode=livemode)
        ]
    return [api_key_object(key) for key in found]


async def revoke_any(pool: Pool, key_id: str, actor: Actor) -> bool:
    """Revoke a key of any merchant. Return False if there is no such key, or if it is already revoked."""
    async with pool.acquire() as connection, connection.transaction():
        return await _revoked(connection, key_id, actor) is not None


def new_key(
    environment: Environment, merchant_id: str, name: str, *, livemode: bool, scopes: tuple[str, ...]
) -> NewKey:
    """Return a new key without storing it."""
    secret = new_api_key(livemode, environment.random_bytes(KEY_RANDOM_BYTES))
    salt = environment.random_bytes(SALT_BYTES)
    key = ApiKey(
        id=environment.new_id("ak"),
        merchant_id=merchant_id,
        livemode=livemode,
        name=name,
        scopes=scopes,
        digest=lookup_digest(secret),
        salt=salt,
        hash=hash_api_key(secret, salt),
        hint=f"{secret[: len('sk_test_')]}…{secret[-KEY_HINT_CHARACTERS:]}",
        created_at=environment.now_ms(),
    )
    return NewKey(key=key, secret=secret)


async def record_created(connection: Connection, actor: Actor, key: ApiKey) -> None:
    """Record the creation of a key in the audit log."""
    await _record(connection, actor, "api_key.created", key, {"name": key.name, "scopes": list(key.scopes)})


async def _own(connection: Connection, merchant: Merchant, key_id: str) -> ApiKey:
    found = await api_keys.get(connection, key_id, merchant.id, livemode=merchant.livemode)
    if found is None:
        raise errors.ApiKeyNotFound
    return found


async def _refuse_too_many(connection: Connection, merchant: Merchant) -> None:
    # The merchant is locked so that concurrent calls cannot exceed the limit.
    await merchants.lock(connection, merchant.id, livemode=merchant.livemode)
    if await api_keys.count(connection, merchant.id, livemode=merchant.livemode) >= MAX_KEYS:
        raise errors.TooManyApiKeys


async def _revoked(connection: Connection, key_id: str, actor: Actor) -> ApiKey | None:
    revoked = await api_keys.revoke(connection, key_id)
    if revoked is not None:
        await _record(connection, actor, "api_key.revoked", revoked, {})
        await notifications.notify(connection, notifications.Channel.API_KEY, key_id)
    return revoked


async def _record(connection: Connection, actor: Actor, action: str, key: ApiKey, detail: dict[str, object]) -> None:
    await audit_log.record(
        connection,
        actor,
        action,
        merchant_id=key.merchant_id,
        livemode=key.livemode,
        object_id=key.id,
        detail=detail,
    )


def _shown_once(created: NewKey) -> ApiKeyObject:
    return msgspec.structs.replace(api_key_object(created.key), secret=created.secret)
