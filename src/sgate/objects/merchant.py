"""The merchant that a key belongs to, with the settings of the key's mode."""

from typing import Annotated, Literal

import msgspec

from sgate.core.finality import Policy
from sgate.core.intent import LatePolicy
from sgate.core.mode import Mode
from sgate.objects.encoding import iso_ms
from sgate.objects.fields import OBJECT, CreatedAt, Livemode, NetworkName, Url, doc
from sgate.store.merchants import Merchant


class MerchantObject(msgspec.Struct, frozen=True, kw_only=True):
    """The merchant that a key belongs to, with the settings of the key's mode.

    Name, links, logo, color and frame origins are shared by both modes.
    """

    id: Annotated[str, doc("Id of the merchant: a UUID.", "c4ca4238-a0b9-4382-8dcc-509a6f75849b", format="uuid")]
    object: Annotated[Literal["merchant"], OBJECT] = "merchant"
    livemode: Livemode
    name: Annotated[str, doc("Name shown to customers.", "Corner Coffee")]
    support_url: Annotated[Url | None, doc("URL of the page where customers get help.")]
    logo_url: Annotated[
        str | None,
        doc(
            "URL of the logo shown to customers.",
            "https://pay.example.com/logos/8f434346648f6b96df89dda901c5176b",
            format="uri",
        ),
    ]
    accent_color: Annotated[
        str | None, doc("Color of buttons and links on the merchant's pages; null for the default.", "#0c5a54")
    ]
    frame_origins: Annotated[
        tuple[str, ...], doc("Origins that may embed the checkout page in a frame.", ["https://shop.example"])
    ]
    network: NetworkName
    pay_address: Annotated[
        str | None,
        doc(
            "The merchant's own Stacks address or contract for payments; null to use the deployment's.",
            "ST2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKQYAC0RQ",
        ),
    ]
    effective_pay_address: Annotated[
        str | None,
        doc(
            "Address that receives payments: the merchant's own, or else the deployment's. Null if there is neither.",
            "ST2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKQYAC0RQ",
        ),
    ]
    confirmation_policy: Annotated[
        Policy | None, doc("The merchant's own confirmation policy; null to use the deployment's.")
    ]
    effective_confirmation_policy: Annotated[
        Policy, doc("Confirmation policy that applies: the merchant's own, or else the deployment's.")
    ]
    tolerance_sats: Annotated[int, doc("How much a payment may fall short and still count as paid, in sats.", 100)]
    tolerance_bp: Annotated[
        int,
        doc("The tolerance in basis points (1/100 percent) of the amount. The larger of both tolerances applies.", 50),
    ]
    late_payments: Annotated[
        LatePolicy,
        doc(
            "What happens to a payment that arrives after the deadline. `hold`: it waits for the merchant's decision. "
            "`accept`: it counts as if it had arrived in time.",
            "hold",
        ),
    ]
    created_at: CreatedAt


def merchant_object(merchant: Merchant, mode: Mode) -> MerchantObject:
    """Return a merchant with its settings in `mode`."""
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
