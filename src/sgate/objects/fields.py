"""Fields that several objects share, with their types, descriptions, formats and examples for the OpenAPI document.

These annotations are not checked when an object is encoded, and they do not slow down the encoding.
"""

from typing import Annotated, Literal

from msgspec import Meta

from sgate.core.address import Network
from sgate.core.event import EventType
from sgate.core.finality import Finality
from sgate.core.intent import Anomaly, Status
from sgate.core.scope import Scope


def doc(description: str, *examples: object, **schema: object) -> Meta:
    """Describe a field with a description in Markdown, example values, and further keywords of its JSON schema."""
    return Meta(description=description, examples=list(examples) or None, extra_json_schema=schema or None)


OBJECT = doc("Type of the object.")
LIST = doc("Type of the object: a list.")

Livemode = Annotated[bool, doc("`true` for real money, `false` in test mode.", False)]
Timestamp = Annotated[str, doc("A time, ISO 8601 in UTC.", "2026-11-23T12:00:00.000Z", format="date-time")]
CreatedAt = Annotated[Timestamp, doc("Time at which the object was created, ISO 8601 in UTC.")]
ServerTime = Annotated[Timestamp, doc("Current time of the server, ISO 8601 in UTC.")]
Date = Annotated[str, doc("A day in UTC.", "2026-11-23", format="date")]
Url = Annotated[str, doc("A URL.", "https://shop.example/help", format="uri")]

Sats = Annotated[int, doc("An amount, in sats.", 100_000)]
AmountDue = Annotated[Sats, doc("Amount that the merchant asked for, in sats.")]
AmountReceived = Annotated[int, doc("Sum of all payments that are on the chain now, in sats.", 0)]
AmountRemaining = Annotated[
    Sats, doc("Amount that the customer still has to pay, in sats; 0 once enough has been paid.")
]
Currency = Annotated[Literal["sbtc"], doc("Currency of the amounts: sBTC, counted in sats.")]
NetworkName = Annotated[Network, doc("Network that payments are made on.", "testnet")]
Asset = Annotated[
    str,
    doc(
        "Asset identifier of the token to pay with.",
        "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token::sbtc-token",
    ),
]

IntentId = Annotated[str, doc("Id of the payment intent.", "pi_6b042ac0a1b2c3d4e5f60718")]
PaymentId = Annotated[str, doc("Id of the payment.", "pay_6b042afc18293a4b5c6d7e8f")]
EventId = Annotated[
    str, doc("Id of the event. It is also sent as the header `webhook-id`.", "evt_6b042afd2f3b8c1d4e5f6071")
]
EndpointId = Annotated[str, doc("Id of the webhook endpoint.", "we_6b042a809f86d081884c7d65")]
DeliveryId = Annotated[str, doc("Id of the webhook delivery.", "whd_01a2084753f07fdf14d5380b")]
RecoveryId = Annotated[str, doc("Id of the recovery.", "whr_6b042b8018a7b6c5d4e3f201")]
ApiKeyId = Annotated[str, doc("Id of the API key.", "ak_6b042a0877de68daecd823ba")]
RequestId = Annotated[str, doc("Id of the request, as in its header `X-Request-Id`.", "req_6b042ac00123456789abcdef")]

IntentStatus = Annotated[
    Status,
    doc(
        "Status of the payment intent. `requires_payment`: awaiting payment. `processing`: the amount is on the chain, "
        "but not final yet. `confirmed`: the amount is final by the confirmation policy. `expired`: the deadline "
        "passed without a payment. `failed`: the deadline passed and too little was paid. `canceled`: the merchant "
        "canceled it.",
        "requires_payment",
    ),
]
Exceptions = Annotated[
    tuple[Anomaly, ...],
    doc(
        "Irregularities in addition to the status, sorted; usually none. `partially_paid`: part of the amount arrived "
        "in time. `overpaid`: more than the amount arrived. `duplicate_payment`: it was paid in full a second time. "
        "`paid_late`: a payment arrived after the deadline. `paid_after_cancel`: a payment arrived after it was "
        "canceled. `canceled_with_payment`: it was canceled after a payment had arrived. `reorged`: a chain "
        "reorganization once undid a payment or its finality.",
        [],
        ["overpaid"],
    ),
]
CurrentFinality = Annotated[
    Finality | None,
    doc(
        "How settled the payment is, or the least settled of several. `seen`: in the mempool. `included`: in a Stacks "
        "block. `anchored`: one tenure change has followed. `bitcoin_final`: two have, so it is as final as Bitcoin. "
        "Null without a payment.",
        "included",
    ),
]
Confirmations = Annotated[
    int, doc("Number of Stacks blocks from the one with the payment to the tip of the chain; 0 without a payment.", 6)
]
LeastConfirmations = Annotated[
    Confirmations,
    doc("Confirmations of the least settled payment: Stacks blocks from its own to the tip; 0 without a payment."),
]
EventCount = Annotated[
    int, doc("Number of events about the object so far. It only increases, so the higher of two is the newer.", 1)
]
Description = Annotated[str | None, doc("Description of what is paid for, shown to the customer.", "Order 17")]
Metadata = Annotated[
    dict[str, str], doc("Key-value pairs that the merchant attached. Customers never see them.", {"order_id": "17"})
]
SuccessUrl = Annotated[
    Url | None, doc("URL that the customer can go to after paying.", "https://shop.example/thanks/17", format="uri")
]
CancelUrl = Annotated[
    Url | None, doc("URL that the customer can go to instead of paying.", "https://shop.example/cart", format="uri")
]
ClientSecret = Annotated[
    str,
    doc(
        "Secret that gives the checkout page access to the description and the return URLs.",
        "pi_6b042ac0a1b2c3d4e5f60718_secret_0123456789abcdef0123456789abc",
    ),
]
ExpiresAt = Annotated[Timestamp, doc("Deadline for the payment, ISO 8601 in UTC.", "2026-11-23T12:15:00.000Z")]
ConfirmedAt = Annotated[
    Timestamp | None, doc("Time at which the payment intent was first confirmed, ISO 8601 in UTC; null until then.")
]
PayAddress = Annotated[
    str,
    doc("Stacks address or contract that must receive the payment.", "ST2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKQYAC0RQ"),
]
Memo = Annotated[
    str, doc("Memo that the payment must carry: the id of the payment intent.", "pi_6b042ac0a1b2c3d4e5f60718")
]
MemoHex = Annotated[
    str,
    doc(
        "The memo as hexadecimal bytes.",
        "70695f366230343261633061316232633364346535663630373138",
    ),
]

TransactionId = Annotated[
    str,
    doc(
        "Id of the Stacks transaction: `0x` and 64 hexadecimal digits.",
        "0x5c1f2b7e9d3a4c60810f9e2d7b6a5c4f3e2d1c0b9a8f7e6d5c4b3a291807f6e5",
    ),
]
Sender = Annotated[str, doc("Stacks address or contract that paid.", "ST1SJ3DTE5DN7X54YDH5D64R3BCB6A2AG2ZQ8YPD5")]
BlockHeight = Annotated[int, doc("Height of the Stacks block that includes the payment.", 1204)]
BlockHash = Annotated[
    str,
    doc(
        "Hash of the Stacks block that includes the payment.",
        "0x0a91cd23ef4567890a91cd23ef4567890a91cd23ef4567890a91cd23ef456789",
    ),
]
BlockTime = Annotated[Timestamp, doc("Time of that block, ISO 8601 in UTC.")]

EventTypeName = Annotated[str, doc("Type of the event.", "payment_intent.succeeded", enum=[*EventType])]
EventTypes = Annotated[
    tuple[Annotated[str, doc("Type of an event.", enum=[*EventType])], ...],
    doc("Types of the events that are sent to the endpoint; empty for all.", ["payment_intent.succeeded"]),
]
Scopes = Annotated[
    tuple[Annotated[str, doc("A scope.", enum=[*Scope])], ...],
    doc("What the key may do: `read`, `write`, and `admin` for API keys and settings.", ["read", "write"]),
]
DeliveryStatus = Literal["pending", "held", "delivered", "failed"]

HasMore = Annotated[bool, doc("`true` if more objects follow in the direction of paging.", False)]
Limit = Annotated[int, doc("Maximum number of objects in this page.", 10)]
