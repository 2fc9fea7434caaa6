"""The response to a payment hint."""

from typing import Annotated, Literal

import msgspec

from sgate.objects.fields import OBJECT, IntentId, TransactionId, doc


class HintObject(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted hint. Once its transaction is found, the payment intent's `finality` is `seen`."""

    object: Annotated[Literal["hint"], OBJECT] = "hint"
    payment_intent: IntentId
    tx_id: Annotated[TransactionId, doc("Id of the transaction that the wallet sent.")]
