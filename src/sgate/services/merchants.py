"""Merchants and their settings."""

import msgspec

from sgate.core import address, errors
from sgate.core.finality import InvalidPolicy, Policy, check_policy
from sgate.core.intent import LatePolicy
from sgate.core.mode import Mode
from sgate.db import notifications
from sgate.db.pool import Connection, Pool
from sgate.environment import Environment
from sgate.services.api_keys import ALL_SCOPES, NewKey, new_key, record_created
from sgate.store import api_keys, audit_log, merchants
from sgate.store.audit_log import Actor
from sgate.store.merchants import Merchant


class SettingsChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change; UNSET leaves a setting as it is, None clears it."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    support_url: str | msgspec.UnsetType | None = msgspec.UNSET
    accent_color: str | msgspec.UnsetType | None = msgspec.UNSET
    frame_origins: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
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
        made = new_key(environment, merchant_id, "first key", livemode=livemode, scopes=ALL_SCOPES)
        await api_keys.insert(connection, made.key)
        await audit_log.record(
            connection, actor, "merchant.created", merchant_id=merchant_id, livemode=livemode, detail={"name": name}
        )
        await record_created(connection, actor, made.key)
    return merchant_id, made


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
                accent_color=change.accent_color,
                frame_origins=change.frame_origins,
                pay_address=pay_address,
                policy=policy,
                tolerance_sats=change.tolerance_sats,
                tolerance_bp=change.tolerance_bp,
                late_payments=change.late_payments,
            ),
        )
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


async def _present(connection: Connection, merchant: Merchant) -> Merchant:
    """The merchant as stored now. Merchants are never deleted."""
    found = await merchants.get(connection, merchant.id, livemode=merchant.livemode)
    if found is None:
        raise LookupError(f"merchant {merchant.id} is gone")
    return found


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
    audited = (
        "name", "support_url", "accent_color", "frame_origins", "pay_address", "policy", "tolerance_sats",
        "tolerance_bp", "late_payments",
    )  # fmt: skip
    return {name: msgspec.to_builtins(getattr(merchant, name)) for name in audited}


async def suspend(pool: Pool, merchant_id: str, actor: Actor, *, suspended: bool) -> bool:
    """Suspend a merchant, or resume it. Returns whether that changed anything: it may be so already, or not exist.

    While suspended its keys are refused. Payments of its intents are recorded and announced all the same: the money is
    on the chain whatever we think of the merchant.
    """
    async with pool.acquire() as connection, connection.transaction():
        changed = await merchants.suspend(connection, merchant_id, suspended=suspended)
        if changed:
            action = "merchant.suspended" if suspended else "merchant.resumed"
            await audit_log.record(connection, actor, action, merchant_id=merchant_id)
            await notifications.notify(connection, notifications.Channel.MERCHANT, merchant_id)
    return changed
