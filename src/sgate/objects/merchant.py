"""The merchant of a key, with the settings of the key's mode."""

import msgspec

from sgate.core.finality import Policy
from sgate.core.mode import Mode
from sgate.objects.encoding import iso_ms
from sgate.store.merchants import Merchant


class MerchantObject(msgspec.Struct, frozen=True, kw_only=True):
    """The merchant of a key, with the settings of the key's mode.

    `effective_pay_address` is where payments go: the merchant's own address, else the deployment's gateway address.
    `effective_confirmation_policy` likewise. Name, links, logo, colour and frames are the same in both modes.
    """

    id: str
    object: str = "merchant"
    livemode: bool
    name: str
    support_url: str | None
    logo_url: str | None
    accent_color: str | None
    frame_origins: tuple[str, ...]
    network: str
    pay_address: str | None
    effective_pay_address: str | None
    confirmation_policy: Policy | None
    effective_confirmation_policy: Policy
    tolerance_sats: int
    tolerance_bp: int
    late_payments: str
    created_at: str


def merchant_object(merchant: Merchant, mode: Mode) -> MerchantObject:
    return MerchantObject(
        id=merchant.id,
        livemode=merchant.livemode,
        name=merchant.name,
        support_url=merchant.support_url,
        logo_url=None if merchant.logo is None else f"{mode.public_url}/logos/{merchant.logo}",
        accent_color=merchant.accent_color,
        frame_origins=merchant.frame_origins,
        network=mode.network,
        pay_address=merchant.pay_address,
        effective_pay_address=merchant.pay_address or mode.gateway_address,
        confirmation_policy=merchant.confirmation_policy,
        effective_confirmation_policy=merchant.confirmation_policy or mode.policy,
        tolerance_sats=merchant.tolerance_sats,
        tolerance_bp=merchant.tolerance_bp,
        late_payments=merchant.late_payments,
        created_at=iso_ms(merchant.created_at),
    )
