"""What is answered to a hint."""

import msgspec


class HintObject(msgspec.Struct, frozen=True, kw_only=True):
    """A hint that was taken. What becomes of it shows in the payment intent: `finality` is `seen` once it is found."""

    object: str = "hint"
    payment_intent: str
    tx_id: str
