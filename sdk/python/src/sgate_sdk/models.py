"""What the API answers: one class for each kind of object, with the API's field names.

Fields that a newer server adds are passed over. Words of a choice (`status`, `type`, ...) stay plain text, so that a
newer server's words break nothing; those that are known are named by the enumerations of `sgate_sdk.words`, whose
members are equal to the text.
"""

import datetime as dt
from typing import Any

import msgspec


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """An object that the API answered with. It cannot be changed."""

    def to_dict(self) -> dict[str, Any]:
        """The object as JSON has it: dictionaries, lists, texts, numbers."""
        return msgspec.json.decode(msgspec.json.encode(self))


class Tier(Model, frozen=True, kw_only=True):
    """What must hold before a payment of `from_sats` or more is final. All numbers that are given must hold.

    Attributes:
        from_sats: the smallest amount of this tier.
        stacks_blocks: Stacks blocks including the payment's own (1 = included).
        tenure_changes: tenures begun since the payment's.
        bitcoin_blocks: Bitcoin blocks since, including the one the payment's tenure is anchored to (1 = at once).
    """

    from_sats: int
    stacks_blocks: int | None = None
    tenure_changes: int | None = None
    bitcoin_blocks: int | None = None


class Quote(Model, frozen=True, kw_only=True):
    """What the amount was worth in US dollars when the intent was made, and who said so."""

    amount_usd: str
    rate_usd_per_btc: str
    source: str
    quoted_at: dt.datetime


class IntentPayment(Model, frozen=True, kw_only=True):
    """One sBTC transfer. `confirmations` counts Stacks blocks; it is 0 while the payment is orphaned."""

    id: str
    object: str = "payment"
    tx_id: str
    event_index: int
    amount_sats: int
    sender: str
    recipient: str
    memo_hex: str | None
    status: str
    confirmations: int
    tenure_changes: int
    bitcoin_blocks: int
    finality: str | None
    block_height: int
    block_hash: str
    block_time: dt.datetime


class PaymentIntent(Model, frozen=True, kw_only=True):
    """What a customer is asked to pay, and what has come of it.

    `status` is one of `Status`, `exceptions` says what is unusual. `amount_received_sats` is the sum of all payments on
    the chain, `amount_due_sats` what is still missing. `payments` are in chain order; events come without them.
    """

    id: str
    object: str = "payment_intent"
    livemode: bool
    status: str
    exceptions: tuple[str, ...]
    amount_sats: int
    amount_received_sats: int
    amount_due_sats: int
    currency: str = "sbtc"
    pay_address: str
    memo: str
    memo_hex: str
    confirmations: int
    finality: str | None
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
    """A payment on its own, with what became of it; the object of `payment.*` events.

    `payment_intent` is null for an unmatched deposit; `recovered_intent_id` is then the intent that its memo names and
    that this server does not know. `assigned_at` says that it was assigned by hand; `refunded_at` and `refund_tx_id`
    that it was marked as sent back.
    """

    livemode: bool
    payment_intent: str | None
    recovered_intent_id: str | None
    assigned_at: dt.datetime | None
    refunded_at: dt.datetime | None
    refund_tx_id: str | None
    created_at: dt.datetime


class Merchant(Model, frozen=True, kw_only=True):
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
    confirmation_policy: tuple[Tier, ...] | None
    effective_confirmation_policy: tuple[Tier, ...]
    tolerance_sats: int
    tolerance_bp: int
    late_payments: str
    created_at: dt.datetime


class Numbers(Model, frozen=True, kw_only=True):
    """The intents made in a period, as they stand now: how many in all and in each status, and their sats.

    `amount_sats` is what they ask for, `received_sats` what they received, `confirmed_sats` what those received that
    are confirmed.
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
    """The numbers of one day, UTC."""

    date: dt.date


class MerchantStats(Model, frozen=True, kw_only=True):
    """A merchant's numbers: of a period in all, and of each of its days.

    An intent counts on the day it was made, in the status it has now.
    """

    object: str = "merchant_stats"
    livemode: bool
    from_date: dt.date
    to_date: dt.date
    total: Numbers
    days: tuple[DayNumbers, ...]


class ApiKey(Model, frozen=True, kw_only=True):
    """An API key. `secret` is the key itself, given only when it is made.

    `hint` is its beginning and its end. `last_used_at` is exact to about a minute. `expires_at` is when it ends by
    itself, because it was rolled.
    """

    id: str
    object: str = "api_key"
    livemode: bool
    name: str
    scopes: tuple[str, ...]
    hint: str
    created_at: dt.datetime
    last_used_at: dt.datetime | None
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    secret: str | None = None


class AuditLogEntry(Model, frozen=True, kw_only=True):
    """One thing that was done. `actor` is `key ak_...` or `operator`; `detail` depends on the action.

    `address` is where the request came from, `request_id` is that of its answer and of its log lines.
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
    """Says what was deleted."""

    id: str
    object: str
    deleted: bool


class MerchantCard(Model, frozen=True, kw_only=True):
    """Who is paid."""

    name: str
    support_url: str | None


class PublicPaymentIntent(Model, frozen=True, kw_only=True):
    """A payment intent as a payer sees it.

    `required` is what the payment needs to be final, from the confirmation policy. `accepts_payment` says whether to
    pay at all. `description`, `success_url` and `cancel_url` are null without the client secret.
    """

    id: str
    object: str = "payment_intent"
    livemode: bool
    network: str
    asset: str
    status: str
    exceptions: tuple[str, ...]
    accepts_payment: bool
    amount_sats: int
    amount_received_sats: int
    amount_due_sats: int
    currency: str = "sbtc"
    pay_address: str
    memo: str
    memo_hex: str
    confirmations: int
    finality: str | None
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
    """A hint that was taken. What becomes of it shows in the payment intent: `finality` is `seen` once it is found."""

    object: str = "hint"
    payment_intent: str
    tx_id: str


class Simulator(Model, frozen=True, kw_only=True):
    """Where the simulated chain stands. `mempool`: what waits for a block. `steerable`: if you may mine and fork."""

    object: str = "simulator"
    height: int
    block_time: dt.datetime
    server_time: dt.datetime
    tenure_height: int
    bitcoin_height: int
    mempool: int
    steerable: bool


class SimulatedPayment(Model, frozen=True, kw_only=True):
    """A payment that waits for a block of the simulated chain."""

    object: str = "simulated_payment"
    tx_id: str


class ReceiptPayment(Model, frozen=True, kw_only=True):
    """One transfer that is on the chain now."""

    tx_id: str
    amount_sats: int
    sender: str
    block_height: int
    block_hash: str
    block_time: dt.datetime
    confirmations: int
    finality: str | None


class Receipt(Model, frozen=True, kw_only=True):
    """What a customer may keep. `final` says whether the payment is final by the merchant's policy.

    `description` is null without the client secret. `quote` is what the amount was worth when it was asked for.
    """

    id: str
    object: str = "receipt"
    livemode: bool
    network: str
    status: str
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
    finality: str | None
    created_at: dt.datetime
    confirmed_at: dt.datetime | None
    payments: tuple[ReceiptPayment, ...]


class ChainHealth(Model, frozen=True, kw_only=True):
    """How one mode follows its chain."""

    status: str
    network: str
    scanned_height: int
    checked_at: dt.datetime | None
    trouble: str | None


class HealthReport(Model, frozen=True, kw_only=True):
    """The state of the system as this process sees it. `uptime` in seconds, `memory` in bytes."""

    status: str
    timestamp: dt.datetime
    services: dict[str, str]
    chains: dict[str, ChainHealth]
    uptime: float
    memory: dict[str, int]
    version: str = ""


class Alive(Model, frozen=True, kw_only=True):
    """Whether to send requests here."""

    status: str
