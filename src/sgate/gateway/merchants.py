"""Merchants, their settings and their API keys."""

import msgspec

from sgate.core import address
from sgate.core.credential import (
    KEY_RANDOM_BYTES,
    SALT_BYTES,
    hash_api_key,
    lookup_digest,
    new_api_key,
)
from sgate.core.finality import InvalidPolicy, Policy, check_policy
from sgate.core.intent import LatePolicy
from sgate.gateway import errors
from sgate.gateway.deployment import Mode
from sgate.gateway.environment import Environment
from sgate.store import api_keys, audit, feed, merchants
from sgate.store.api_keys import ApiKey
from sgate.store.audit import Actor
from sgate.store.merchants import Merchant
from sgate.store.pool import Connection, Pool

ALL_SCOPES = ("read", "write", "admin")
KEY_HINT_CHARACTERS = 4


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key just made. `secret` is the key itself: shown once, stored nowhere."""

    key: ApiKey
    secret: str


class SettingsChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change; UNSET leaves a setting as it is, None clears it."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    support_url: str | msgspec.UnsetType | None = msgspec.UNSET
    pay_address: str | msgspec.UnsetType | None = msgspec.UNSET
    confirmation_policy: Policy | msgspec.UnsetType | None = msgspec.UNSET
    tolerance_sats: int | msgspec.UnsetType = msgspec.UNSET
    tolerance_bp: int | msgspec.UnsetType = msgspec.UNSET
    late_payments: LatePolicy | msgspec.UnsetType = msgspec.UNSET


async def create(
    pool: Pool, environment: Environment, name: str, *, livemode: bool, actor: Actor
) -> tuple[str, NewKey]:
    """Make a merchant and its first key, with all scopes. Returns the merchant's id and the key."""
    async with pool.acquire() as connection, connection.transaction():
        merchant_id = await merchants.insert(connection, name)
        made = _new_key(environment, merchant_id, "first key", livemode=livemode, scopes=ALL_SCOPES)
        await api_keys.insert(connection, made.key)
        await audit.record(
            connection, actor, "merchant.created", merchant_id=merchant_id, livemode=livemode, detail={"name": name}
        )
        await _record_key(connection, actor, made.key)
    return merchant_id, made


async def create_key(
    pool: Pool,
    environment: Environment,
    merchant_id: str,
    name: str,
    *,
    livemode: bool,
    scopes: tuple[str, ...],
    actor: Actor,
) -> NewKey | None:
    """Make a further key; None if there is no such merchant."""
    async with pool.acquire() as connection, connection.transaction():
        if await merchants.get(connection, merchant_id, livemode=livemode) is None:
            return None
        made = _new_key(environment, merchant_id, name, livemode=livemode, scopes=scopes)
        await api_keys.insert(connection, made.key)
        await _record_key(connection, actor, made.key)
    return made


async def update_settings(pool: Pool, merchant: Merchant, change: SettingsChange, mode: Mode, actor: Actor) -> Merchant:
    """Change a merchant's profile and the settings of one mode. Intents already made keep their terms.

    Raises:
        InvalidPayAddress, InvalidConfirmationPolicy, PayAddressTaken: see there.
    """
    pay_address = _checked_address(change.pay_address, mode)
    policy = _checked_policy(change.confirmation_policy)
    async with pool.acquire() as connection, connection.transaction():
        await merchants.lock(connection, merchant.id, livemode=merchant.livemode)
        before = await _present(connection, merchant)
        if isinstance(pay_address, str):
            owner = await merchants.claim_address(connection, merchant.id, pay_address, livemode=merchant.livemode)
            if owner != merchant.id:
                raise errors.PayAddressTaken(param="pay_address")
        after = msgspec.structs.replace(
            before,
            **_given(
                name=change.name,
                support_url=change.support_url,
                pay_address=pay_address,
                policy=policy,
                tolerance_sats=change.tolerance_sats,
                tolerance_bp=change.tolerance_bp,
                late_payments=change.late_payments,
            ),
        )
        await merchants.update(connection, after)
        await audit.record(
            connection,
            actor,
            "merchant.updated",
            merchant_id=merchant.id,
            livemode=merchant.livemode,
            detail={"before": _audited(before), "after": _audited(after)},
        )
        await feed.notify(connection, feed.Channel.MERCHANT, merchant.id)
        return await _present(connection, merchant)


async def _present(connection: Connection, merchant: Merchant) -> Merchant:
    """The merchant as stored now. Merchants are never deleted."""
    found = await merchants.get(connection, merchant.id, livemode=merchant.livemode)
    if found is None:
        raise LookupError(f"merchant {merchant.id} is gone")
    return found


async def revoke_key(pool: Pool, key_id: str, actor: Actor) -> bool:
    """Make a key useless, on all processes within a second. False if there is no such key that is not revoked yet."""
    async with pool.acquire() as connection, connection.transaction():
        if not await api_keys.revoke(connection, key_id):
            return False
        await audit.record(connection, actor, "api_key.revoked", object_id=key_id)
        await feed.notify(connection, feed.Channel.API_KEY, key_id)
    return True


def _new_key(
    environment: Environment, merchant_id: str, name: str, *, livemode: bool, scopes: tuple[str, ...]
) -> NewKey:
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
    )
    return NewKey(key=key, secret=secret)


async def _record_key(connection: Connection, actor: Actor, key: ApiKey) -> None:
    await audit.record(
        connection,
        actor,
        "api_key.created",
        merchant_id=key.merchant_id,
        livemode=key.livemode,
        object_id=key.id,
        detail={"name": key.name, "scopes": list(key.scopes)},
    )


def _checked_address(given: str | msgspec.UnsetType | None, mode: Mode) -> str | msgspec.UnsetType | None:
    if not isinstance(given, str):
        return given
    try:
        checked = address.check_pay_address(given, mode.network)
    except address.InvalidAddress as error:
        raise errors.InvalidPayAddress(f"pay_address: {error}.", param="pay_address") from None
    if checked == mode.gateway_address:
        # Deposits there without a known memo are for the operator to assign: whoever owned it would see everyone's.
        raise errors.PayAddressTaken(
            "This is the gateway address of this server. It is used when pay_address is null.", param="pay_address"
        )
    return checked


def _checked_policy(given: Policy | msgspec.UnsetType | None) -> Policy | msgspec.UnsetType | None:
    if given is None or isinstance(given, msgspec.UnsetType):
        return given
    try:
        return check_policy(given)
    except InvalidPolicy as error:
        raise errors.InvalidConfirmationPolicy(f"confirmation_policy: {error}.", param="confirmation_policy") from None


def _given(**changes: object) -> dict[str, object]:
    return {name: value for name, value in changes.items() if value is not msgspec.UNSET}


def _audited(merchant: Merchant) -> dict[str, object]:
    audited = ("name", "support_url", "pay_address", "policy", "tolerance_sats", "tolerance_bp", "late_payments")
    return {name: msgspec.to_builtins(getattr(merchant, name)) for name in audited}
