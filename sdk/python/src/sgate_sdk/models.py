"""The objects of the API. Each kind of object has a class, whose fields have the same names as in the API.

Fields that a newer server adds are ignored. Enumerated fields, such as `status` and `type`, are plain text, so that an
unknown value from a newer server causes no error. Type checkers know the current values. `sgate_sdk.words` contains
them as enumerations; each member compares equal to its text.
"""

import datetime as dt
from typing import Any

import msgspec

from sgate_sdk._literals import (
    AnomalyText,
    FailureReasonText,
    FinalityText,
    HealthText,
    HeldReasonText,
    InclusionText,
    LatePolicyText,
    NetworkText,
    ScopeText,
    StatusText,
    WarningCodeText,
)


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """An immutable object of the API."""

    def to_dict(self) -> dict[str, Any]:
        """Return the object as JSON-compatible data."""
        return msgspec.json.decode(msgspec.json.encode(self))


class Tier(Model, frozen=True, kw_only=True):
    """The conditions under which a payment of `from_sats` or more is final. All conditions that are set must be met.

    Attributes:
        from_sats: the smallest amount to which this tier applies.
        stacks_blocks: the required number of Stacks blocks. The block that includes the payment counts as the first.
        tenure_changes: the required number of tenures that began after the payment's tenure.
        bitcoin_blocks: the required number of Bitcoin blocks. The block to which the payment's tenure is anchored is
            counted as the first.
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
    """A payment of a payment intent. `confirmations` counts Stacks blocks; it is 0 while the payment is orphaned."""

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


class CreationWarning(Model, frozen=True, kw_only=True):
    """Something to attend to, although the payment intent was created."""

    code: WarningCodeText
    message: str


class PaymentIntent(Model, frozen=True, kw_only=True):
    """A request to a customer to pay an amount, and its progress.

    `status` is one of `Status`, and `exceptions` lists irregularities (see `Anomaly`). `amount_received_sats` is the
    sum of all payments on the chain, and `amount_due_sats` is the remainder. `payments` are in chain order; events omit
    them. Only the answer to a creation has `warnings`.
    """

    id: str
    object: str = "payment_intent"
    livemode: bool
    status: StatusText
    exceptions: tuple[AnomalyText, ...]
    failure_reason: FailureReasonText | None = None
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
    warnings: tuple[CreationWarning, ...] = ()


class BlockReference(Model, frozen=True, kw_only=True):
    """A Stacks block. Its index block hash identifies it across forks."""

    height: int
    index_block_hash: str


class MovedPayment(Model, frozen=True, kw_only=True):
    """A payment that a chain reorganization moved to another block, or removed: then `new_block` is None."""

    payment: str
    old_block: BlockReference
    new_block: BlockReference | None


class ReorgedPaymentIntent(PaymentIntent, frozen=True, kw_only=True):
    """A payment intent after a chain reorganization. Events `payment_intent.reorged` are about such an object."""

    moved_payments: tuple[MovedPayment, ...] = ()


class Payment(IntentPayment, frozen=True, kw_only=True):
    """A payment with its payment intent and its history. Events `payment.*` are about such an object.

    `payment_intent` is None for an unmatched deposit. If the memo names a payment intent that this server does
    not know, `recovered_intent_id` is the id of that intent. `assigned_at` is set if the deposit was assigned by hand.
    `refunded_at` and `refund_tx_id` are set if the payment was marked as refunded.
    """

    livemode: bool
    payment_intent: str | None
    recovered_intent_id: str | None
    assigned_at: dt.datetime | None
    refunded_at: dt.datetime | None
    refund_tx_id: str | None
    created_at: dt.datetime


class HeldPayment(Payment, frozen=True, kw_only=True):
    """A payment that waits for your decision. Events `payment.held` are about such an object."""

    held_reason: HeldReasonText


class Merchant(Model, frozen=True, kw_only=True):
    """The merchant that a key belongs to, with the settings of the key's mode.

    `effective_pay_address` is the address that receives payments: the merchant's own address, or else the deployment's
    address. In the same way, `effective_confirmation_policy` is the merchant's own policy, or else the deployment's
    policy. Both modes share the name, links, logo, color and frame origins.
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
    """Statistics of the payment intents created in a period: their number in total, their number by status, and sums.

    `amount_sats` is the sum of the requested amounts, and `received_sats` the sum of the amounts received.
    `confirmed_sats` is the sum of the amounts received by confirmed intents.
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
    """Statistics of one day in UTC."""

    date: dt.date


class MerchantStats(Model, frozen=True, kw_only=True):
    """A merchant's statistics for a period and for each day of the period.

    A payment intent counts on the day on which it was created, with its current status.
    """

    object: str = "merchant_stats"
    livemode: bool
    from_date: dt.date
    to_date: dt.date
    total: Numbers
    days: tuple[DayNumbers, ...]


class ApiKey(Model, frozen=True, kw_only=True):
    """An API key. `secret` is the key itself; it is set only in the response that creates the key.

    `hint` consists of the beginning and the end of the key. `last_used_at` is accurate to about a minute. `expires_at`
    is set if the key was rolled.
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
    """An entry of the audit log. `actor` is `key ak_...` or `operator`. The content of `detail` depends on the action.

    `address` is the IP address of the client. `request_id` is the id of the request in its response and in the log.
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
    """The merchant as customers see it."""

    name: str
    support_url: str | None


class PublicPaymentIntent(Model, frozen=True, kw_only=True):
    """The customer's view of a payment intent.

    `required` is the tier of the confirmation policy that applies. The customer should pay while `accepts_payment` is
    true, and must not pay while it is false. Without the client secret, `description`, `success_url` and `cancel_url`
    are None.
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
    """An accepted hint. When the server finds the transaction, `finality` of the payment intent becomes `seen`."""

    object: str = "hint"
    payment_intent: str
    tx_id: str


class Simulator(Model, frozen=True, kw_only=True):
    """The state of the simulated chain.

    `mempool` is the number of pending transactions. `steerable` is true if you may mine blocks and
    reorganize the chain.
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
    """A receipt for the customer. `final` is true if the payment is final under the merchant's confirmation policy.

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
    """The health of the server, as reported by one process. `uptime` is in seconds, and `memory` is in bytes."""

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
