"""The objects of the API: one class for each kind, with the API's field names.

Fields that a newer server adds are ignored. Enumerated fields (`status`, `type`, ...) are plain text, so that values
that only a newer server knows cause no errors. Type checkers know the current values, and `sgate_sdk.words` has them as
enumerations, whose members compare equal to the text.
"""

import datetime as dt
from typing import Any

import msgspec

from sgate_sdk._literals import (
    AnomalyText,
    FinalityText,
    HealthText,
    InclusionText,
    LatePolicyText,
    NetworkText,
    ScopeText,
    StatusText,
)


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """An immutable object of the API."""

    def to_dict(self) -> dict[str, Any]:
        """Return the object as JSON-compatible data."""
        return msgspec.json.decode(msgspec.json.encode(self))


class Tier(Model, frozen=True, kw_only=True):
    """The conditions for a payment of `from_sats` or more to be final. All that are set must hold.

    Attributes:
        from_sats: the smallest amount of this tier.
        stacks_blocks: the number of Stacks blocks, including the payment's own (1 = included).
        tenure_changes: the number of tenures that began after the payment's.
        bitcoin_blocks: the number of Bitcoin blocks, including the one that the payment's tenure is anchored to
            (1 = at once).
    """

    from_sats: int
    stacks_blocks: int | None = None
    tenure_changes: int | None = None
    bitcoin_blocks: int | None = None


class Quote(Model, frozen=True, kw_only=True):
    """The value of the amount in US dollars when the payment intent was created, and the source of the rate."""

    amount_usd: str
    rate_usd_per_btc: str
    source: str
    quoted_at: dt.datetime


class IntentPayment(Model, frozen=True, kw_only=True):
    """A payment, as part of its payment intent. `confirmations` counts Stacks blocks; it is 0 while orphaned."""

    id: str
    object: str = "payment"
    tx_id: str
    event_index: int
    amount_sats: int
    sender: str
    recipient: str
    memo_hex: str | None
    status: InclusionText
    confirmations: int
    tenure_changes: int
    bitcoin_blocks: int
    finality: FinalityText | None
    block_height: int
    block_hash: str
    block_time: dt.datetime


class PaymentIntent(Model, frozen=True, kw_only=True):
    """A request to a customer to pay an amount, and its progress.

    `status` is one of `Status`; `exceptions` lists anything unusual. `amount_received_sats` is the sum of all payments
    on the chain, `amount_due_sats` the remainder. `payments` are in chain order; events omit them.
    """

    id: str
    object: str = "payment_intent"
    livemode: bool
    status: StatusText
    exceptions: tuple[AnomalyText, ...]
    amount_sats: int
    amount_received_sats: int
    amount_due_sats: int
    currency: str = "sbtc"
    pay_address: str
    memo: str
    memo_hex: str
    confirmations: int
    finality: FinalityText | None
    confirmation_policy: tuple[Tier, ...]
    quote: Quote | None
    description: str | None
    metadata: dict[str, str]
    success_url: str | None
    cancel_url: str | None
    client_secret: str
    checkout_url: str
    expires_at: dt.datetime
    created_at: dt.datetime
    confirmed_at: dt.datetime | None
    canceled_at: dt.datetime | None
    sequence: int
    payments: tuple[IntentPayment, ...] = ()


class Payment(IntentPayment, frozen=True, kw_only=True):
    """A payment with its payment intent and its history; the object of `payment.*` events.

    `payment_intent` is None for an unmatched deposit. If its memo names a payment intent that this server does not
    know, `recovered_intent_id` is that id. `assigned_at` is set if the deposit was assigned by hand, `refunded_at` and
    `refund_tx_id` if it was marked as refunded.
    """

    livemode: bool
    payment_intent: str | None
    recovered_intent_id: str | None
    assigned_at: dt.datetime | None
    refunded_at: dt.datetime | None
    refund_tx_id: str | None
    created_at: dt.datetime


class Merchant(Model, frozen=True, kw_only=True):
    """The merchant that a key belongs to, with the settings of the key's mode.

    `effective_pay_address` is the address that receives payments: the merchant's own, or else the deployment's.
    `effective_confirmation_policy` likewise. Name, links, logo, color and frame origins are shared by both modes.
    """

    id: str
    object: str = "merchant"
    livemode: bool
    name: str
    support_url: str | None
    logo_url: str | None
    accent_color: str | None
    frame_origins: tuple[str, ...]
    network: NetworkText
    pay_address: str | None
    effective_pay_address: str | None
    confirmation_policy: tuple[Tier, ...] | None
    effective_confirmation_policy: tuple[Tier, ...]
    tolerance_sats: int
    tolerance_bp: int
    late_payments: LatePolicyText
    created_at: dt.datetime


class Numbers(Model, frozen=True, kw_only=True):
    """Statistics of the payment intents created in a period: their number, in total and by current status, and sums.

    `amount_sats` is the sum requested, `received_sats` the sum received, `confirmed_sats` the sum received by those
    that are confirmed.
    """

    created: int
    requires_payment: int
    processing: int
    confirmed: int
    expired: int
    failed: int
    canceled: int
    amount_sats: int
    received_sats: int
    confirmed_sats: int


class DayNumbers(Numbers, frozen=True, kw_only=True):
    """Statistics of one day, UTC."""

    date: dt.date


class MerchantStats(Model, frozen=True, kw_only=True):
    """A merchant's statistics, of a period and of each of its days.

    A payment intent counts on the day it was created, with its current status.
    """

    object: str = "merchant_stats"
    livemode: bool
    from_date: dt.date
    to_date: dt.date
    total: Numbers
    days: tuple[DayNumbers, ...]


class ApiKey(Model, frozen=True, kw_only=True):
    """An API key. `secret` is the key itself, set only when it is created.

    `hint` is its beginning and its end. `last_used_at` is accurate to about a minute. `expires_at` is set for a key
    that was rolled.
    """

    id: str
    object: str = "api_key"
    livemode: bool
    name: str
    scopes: tuple[ScopeText, ...]
    hint: str
    created_at: dt.datetime
    last_used_at: dt.datetime | None
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    secret: str | None = None


class AuditLogEntry(Model, frozen=True, kw_only=True):
    """An entry of the audit log. `actor` is `key ak_...` or `operator`; `detail` depends on the action.

    `address` is the client's IP address; `request_id` is the one in the response and in the log.
    """

    id: str
    object: str = "audit_log_entry"
    livemode: bool
    actor: str
    action: str
    object_id: str | None
    address: str | None
    request_id: str | None
    detail: dict[str, Any]
    created_at: dt.datetime


class Deleted(Model, frozen=True, kw_only=True):
    """The id and the kind of a deleted object."""

    id: str
    object: str
    deleted: bool


class MerchantCard(Model, frozen=True, kw_only=True):
    """The merchant, as shown to customers."""

    name: str
    support_url: str | None


class PublicPaymentIntent(Model, frozen=True, kw_only=True):
    """The customer's view of a payment intent.

    `required` is the tier of the confirmation policy that applies. `accepts_payment` is true while the customer should
    still pay; otherwise they must not. Without the client secret, `description`, `success_url` and `cancel_url` are
    None.
    """

    id: str
    object: str = "payment_intent"
    livemode: bool
    network: NetworkText
    asset: str
    status: StatusText
    exceptions: tuple[AnomalyText, ...]
    accepts_payment: bool
    amount_sats: int
    amount_received_sats: int
    amount_due_sats: int
    currency: str = "sbtc"
    pay_address: str
    memo: str
    memo_hex: str
    confirmations: int
    finality: FinalityText | None
    required: Tier
    quote: Quote | None
    expires_at: dt.datetime
    server_time: dt.datetime
    merchant: MerchantCard
    tx_ids: tuple[str, ...]
    sequence: int
    description: str | None
    success_url: str | None
    cancel_url: str | None


class Hint(Model, frozen=True, kw_only=True):
    """An accepted hint. Once the transaction is found, the payment intent's `finality` is `seen`."""

    object: str = "hint"
    payment_intent: str
    tx_id: str


class Simulator(Model, frozen=True, kw_only=True):
    """The state of the simulated chain.

    `mempool` is the number of pending transactions. `steerable` is true if you may mine blocks and reorganize.
    """

    object: str = "simulator"
    height: int
    block_time: dt.datetime
    server_time: dt.datetime
    tenure_height: int
    bitcoin_height: int
    mempool: int
    steerable: bool


class SimulatedPayment(Model, frozen=True, kw_only=True):
    """A payment in the mempool of the simulated chain."""

    object: str = "simulated_payment"
    tx_id: str


class ReceiptPayment(Model, frozen=True, kw_only=True):
    """A payment on a receipt."""

    tx_id: str
    amount_sats: int
    sender: str
    block_height: int
    block_hash: str
    block_time: dt.datetime
    confirmations: int
    finality: FinalityText | None


class Receipt(Model, frozen=True, kw_only=True):
    """A receipt for the customer. `final` is true if the payment is final by the merchant's confirmation policy.

    `description` is None without the client secret.
    """

    id: str
    object: str = "receipt"
    livemode: bool
    network: NetworkText
    status: StatusText
    final: bool
    merchant: str
    description: str | None
    amount_sats: int
    amount_received_sats: int
    currency: str = "sbtc"
    quote: Quote | None
    pay_address: str
    memo: str
    confirmations: int
    finality: FinalityText | None
    created_at: dt.datetime
    confirmed_at: dt.datetime | None
    payments: tuple[ReceiptPayment, ...]


class ChainHealth(Model, frozen=True, kw_only=True):
    """The health of one mode's chain watcher."""

    status: HealthText
    network: NetworkText
    scanned_height: int
    checked_at: dt.datetime | None
    trouble: str | None


class HealthReport(Model, frozen=True, kw_only=True):
    """The health of the server, as one process sees it. `uptime` is in seconds, `memory` in bytes."""

    status: HealthText
    timestamp: dt.datetime
    services: dict[str, HealthText]
    chains: dict[str, ChainHealth]
    uptime: float
    memory: dict[str, int]
    version: str = ""


class Alive(Model, frozen=True, kw_only=True):
    """The result of a liveness or readiness check."""

    status: HealthText
