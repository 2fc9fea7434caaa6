"""What a merchant decides about itself: the one list of its settings."""

import msgspec

from sgate.core.finality import Policy
from sgate.core.intent import LatePolicy


class MerchantSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant's profile, the same in both modes, and its settings in one mode.

    Attributes:
        accent_color: `#rrggbb`, or None for ours. frame_origins: who may embed the pages.
        pay_address: where payments go, or None for the deployment's gateway address.
        confirmation_policy: the merchant's own, or None for the deployment's.
        tolerance_sats, tolerance_bp: how much may be missing from an amount that still counts as paid, in sats and in
            hundredths of a percent; the larger of the two applies.
    """

    name: str
    support_url: str | None
    accent_color: str | None
    frame_origins: tuple[str, ...]
    pay_address: str | None
    confirmation_policy: Policy | None
    tolerance_sats: int
    tolerance_bp: int
    late_payments: LatePolicy
