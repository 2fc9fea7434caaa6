"""Merchants and their settings."""

from collections.abc import Mapping
from typing import Any

import msgspec

from sgate.core import address, errors
from sgate.core.merchant import MerchantSettings
from sgate.core.mode import Mode
from sgate.db import notifications
from sgate.db.pool import Connection, Pool
from sgate.environment import Environment
from sgate.services import validation
from sgate.services.api_keys import ALL_SCOPES, NewKey, new_key, record_created
from sgate.store import api_keys, audit_log, merchants
from sgate.store.audit_log import Actor
from sgate.store.merchants import Merchant


async def create(
    pool: Pool, environment: Environment, name: str, *, livemode: bool, actor: Actor
) -> tuple[str, NewKey]:
    """Create a merchant and its first key, which has all scopes. Return the merchant's id and the key.

    Raises:
        ValidationFailed: if the name is not valid.
    """
    validation.name(name)
    async with pool.acquire() as connection, connection.transaction():
        merchant_id = await merchants.insert(connection, name)
        created = new_key(environment, merchant_id, "first key", livemode=livemode, scopes=ALL_SCOPES)
        await api_keys.insert(connection, created.key)
        await audit_log.record(
            connection, actor, "merchant.created", merchant_id=merchant_id, livemode=livemode, detail={"name": name}
        )
        await record_created(connection, actor, created.key)
    return merchant_id, created


async def update_settings(
    pool: Pool, merchant: Merchant, change: Mapping[str, object], mode: Mode, actor: Actor
) -> Merchant:
    """Change a merchant's profile and the settings of one mode. Existing intents keep their terms.

    Args:
        change: new values of fields of `MerchantSettings`. Missing fields keep their values.

    Raises:
        ValidationFailed: or a subclass, if a value is invalid.
        PayAddressTaken: if the pay address belongs to another merchant or to the gateway.
    """
    given = checked(change, mode)
    async with pool.acquire() as connection, connection.transaction():
        await merchants.lock(connection, merchant.id, livemode=merchant.livemode)
        before = await _present(connection, merchant)
        pay_address = given.get("pay_address")
        if isinstance(pay_address, str):
            owner = await merchants.claim_address(connection, merchant.id, pay_address, livemode=merchant.livemode)
            if owner != merchant.id:
                raise errors.PayAddressTaken(param="pay_address")
        after = msgspec.structs.replace(before, **given)
        await merchants.update(connection, after)
        await audit_log.record(
            connection,
            actor,
            "merchant.updated",
            merchant_id=merchant.id,
            livemode=merchant.livemode,
            detail={"before": _audited(before), "after": _audited(after)},
        )
        await notifications.notify(connection, notifications.Channel.MERCHANT, merchant.id)
        return await _present(connection, merchant)


def checked(change: Mapping[str, object], mode: Mode) -> dict[str, object]:
    """Return the values of a change, validated and in the form in which they are stored.

    Raises:
        ValidationFailed: or a subclass, if a value is invalid.
        PayAddressTaken: if the pay address is the gateway address.
    """
    return {name: _checked(name, value, mode) for name, value in change.items()}


async def _present(connection: Connection, merchant: Merchant) -> Merchant:
    """Return the stored merchant. Merchants are never deleted."""
    found = await merchants.get(connection, merchant.id, livemode=merchant.livemode)
    if found is None:
        raise LookupError(f"merchant {merchant.id} does not exist")
    return found


def _checked(name: str, value: Any, mode: Mode) -> object:
    """Return a setting in the form in which it is stored. None clears the setting and is always valid."""
    match name:
        case _ if value is None:
            return None
        case "name":
            validation.name(value)
            return value
        case "support_url":
            return validation.return_url(value, "support_url")
        case "accent_color":
            return validation.accent_color(value)
        case "frame_origins":
            return validation.frame_origins(value)
        case "pay_address":
            return _checked_address(value, mode)
        case "confirmation_policy":
            return validation.confirmation_policy(value)
        case _:
            return value


def _checked_address(given: str, mode: Mode) -> str:
    try:
        checked = address.check_pay_address(given, mode.network, mode.asset)
    except address.InvalidAddress as error:
        raise errors.InvalidPayAddress(f"pay_address: {error}.", param="pay_address") from None
    if checked == mode.gateway_address:
        # Deposits for all merchants arrive at this address. Only the operator may see and assign these deposits.
        raise errors.PayAddressTaken(
            "This is the gateway address of this server, which is used when pay_address is null.", param="pay_address"
        )
    return checked


def _audited(merchant: Merchant) -> dict[str, object]:
    return {name: msgspec.to_builtins(getattr(merchant, name)) for name in MerchantSettings.__struct_fields__}


async def suspend(pool: Pool, merchant_id: str, actor: Actor, *, suspended: bool) -> bool:
    """Suspend or resume a merchant. Return False if the merchant does not exist or is already in that state.

    The keys of a suspended merchant are refused. Payments for the merchant's intents are still recorded and announced,
    because suspending a merchant does not stop transfers on the chain.
    """
    async with pool.acquire() as connection, connection.transaction():
        changed = await merchants.suspend(connection, merchant_id, suspended=suspended)
        if changed:
            action = "merchant.suspended" if suspended else "merchant.resumed"
            await audit_log.record(connection, actor, action, merchant_id=merchant_id)
            await notifications.notify(connection, notifications.Channel.MERCHANT, merchant_id)
    return changed
