"""The settings of a merchant."""

import msgspec

from sgate.core.finality import Policy
from sgate.core.intent import LatePolicy


class MerchantSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant's profile, which both modes share, and its settings in one mode.

    Attributes:
        accent_color: `#rrggbb`, or None for sGate's default.
        frame_origins: origins that may embed the checkout pages in a frame.
        pay_address: the address that receives payments, or None for the deployment's gateway address.
        confirmation_policy: the merchant's own policy, or None to use the deployment's policy.
        tolerance_sats, tolerance_bp: by how much an amount may fall short and still count as paid, in sats and in
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
