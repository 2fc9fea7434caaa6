"""Payment intents: requests for payment from a merchant to a customer, under terms that are fixed at creation."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

import msgspec

from sgate.core.finality import Policy, View
from sgate.core.money import Quote

MIN_EXPIRES_IN_S = 60
MAX_EXPIRES_IN_S = 86_400
DEFAULT_EXPIRES_IN_S = 900
MAX_DESCRIPTION_CHARACTERS = 500
MAX_METADATA_KEYS = 20
MAX_METADATA_KEY_CHARACTERS = 40
MAX_METADATA_VALUE_BYTES = 500
MAX_METADATA_JSON_BYTES = 12_000
"""The maximum size of the metadata as JSON. It keeps the body of a webhook below 20 kB. Twenty pairs of plain text fit,
each with a key and a value of maximum length. An escaped character counts with the length of its escape sequence.
"""

MAX_URL_CHARACTERS = 512
BASIS_POINTS = 10_000
MAX_TOLERANCE_BP = 1_000
"""The largest tolerance, a tenth of the amount. A larger shortfall is a different price, not a tolerance."""


class Status(StrEnum):
    """The status of a payment intent."""

    REQUIRES_PAYMENT = "requires_payment"  # awaiting payment; may be partially paid
    PROCESSING = "processing"  # the amount due is on the chain, but not yet final by policy
    CONFIRMED = "confirmed"  # the amount due is on the chain and final by policy
    EXPIRED = "expired"  # the chain was scanned past the deadline, and no payment was in time
    FAILED = "failed"  # the chain was scanned past the deadline, and too little was paid in time
    CANCELED = "canceled"  # the merchant canceled it; payments are held


class Anomaly(StrEnum):
    """An irregularity of a payment intent, in addition to its status."""  # called `exceptions` in the API

    PARTIALLY_PAID = "partially_paid"  # part of the amount arrived in time
    OVERPAID = "overpaid"  # more than the amount due arrived
    DUPLICATE_PAYMENT = "duplicate_payment"  # the intent was paid in full a second time
    PAID_LATE = "paid_late"  # a payment arrived after the deadline
    PAID_AFTER_CANCEL = "paid_after_cancel"  # a payment arrived for a canceled intent
    CANCELED_WITH_PAYMENT = "canceled_with_payment"  # the merchant canceled it although a payment had arrived
    REORGED = "reorged"  # at some time, a reorganization undid a payment or its finality


class FailureReason(StrEnum):
    """Why a payment intent has failed."""

    UNDERPAID = "underpaid"  # part of the amount arrived in time
    PAYMENT_UNDONE = "payment_undone"  # a reorganization undid its payment, which did not return


class LatePolicy(StrEnum):
    """How to treat a payment that arrives after the deadline."""

    HOLD = "hold"  # record it and leave the decision to the merchant
    ACCEPT = "accept"  # count it as if it had arrived in time


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The terms of one intent, fixed at creation. If a merchant changes its settings, existing intents keep their
    terms.

    Attributes:
        amount_sats: the amount due.
        expires_at: the deadline shown to the customer, UTC.
        grace_s: the grace period for slow blocks. A payment that arrives up to this many seconds after the deadline is
            in time.
        seen_hold_s: for how many seconds after the grace period a mempool sighting may keep the intent open.
        tolerance_sats, tolerance_bp: by how much the payments may fall short of the amount due, in sats and in
            hundredths of a percent; the larger of the two applies.
        policy: the confirmation policy.
        late_payments: how to treat late payments.
        pay_address: the address that must receive the payment.
    """

    amount_sats: int
    expires_at: datetime
    grace_s: int
    seen_hold_s: int
    tolerance_sats: int
    tolerance_bp: int
    policy: Policy
    late_payments: LatePolicy
    pay_address: str

    @property
    def minimum_sats(self) -> int:
        """The smallest sum that settles the intent: the amount minus the tolerance, but at least one sat."""
        tolerance = max(self.tolerance_sats, self.amount_sats * self.tolerance_bp // BASIS_POINTS)
        return max(1, self.amount_sats - tolerance)

    @property
    def in_time_until(self) -> datetime:
        """The latest time at which a payment is in time: the deadline plus the grace period."""
        return self.expires_at + timedelta(seconds=self.grace_s)

    @property
    def seen_hold(self) -> timedelta:
        """How long after the grace period a mempool sighting may keep the intent open."""
        return timedelta(seconds=self.seen_hold_s)


def capped_tolerance_sats(amount_sats: int, tolerance_sats: int) -> int:
    """Return a tolerance in sats, capped at `MAX_TOLERANCE_BP` of the amount.

    The cap is applied when the terms of an intent are set. Existing intents keep their tolerance.
    """
    return min(tolerance_sats, amount_sats * MAX_TOLERANCE_BP // BASIS_POINTS)


class PaymentIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A payment intent, as stored.

    Attributes:
        id: `pi_` + 24 hex; also the memo of the payment.
        merchant_id: UUID as text.
        livemode: True on the live chain.
        client_secret: the secret that gives the checkout page access to private fields.
        terms: the terms fixed at creation.
        status, anomalies, amount_received_sats, amount_counted_sats: the result of the last decision.
        sequence: the number of events so far; 1 after creation.
        confirmed_at: when the intent was first confirmed; never reset.
        canceled_at: when the merchant canceled the intent.
        view: the view of the chain at the last decision; None before the first scan.
    """

    id: str
    merchant_id: str
    livemode: bool
    client_secret: str
    terms: Terms
    created_at: datetime
    status: Status = Status.REQUIRES_PAYMENT
    anomalies: frozenset[Anomaly] = frozenset()
    amount_received_sats: int = 0
    amount_counted_sats: int = 0
    sequence: int = 1
    next_check_height: int | None = None
    next_check_time: datetime | None = None
    confirmed_at: datetime | None = None
    canceled_at: datetime | None = None
    description: str | None = None
    metadata: dict[str, str] = {}
    success_url: str | None = None
    cancel_url: str | None = None
    quote: Quote | None = None
    view: View | None = None

    @property
    def amount_due_sats(self) -> int:
        """The amount that the customer still has to pay; 0 once enough has been paid. Held payments do not count."""
        counted_sats = self.amount_counted_sats
        return 0 if counted_sats >= self.terms.minimum_sats else self.terms.amount_sats - counted_sats


def accepts_payment(status: Status) -> bool:
    """Return whether a customer should still be asked to pay."""
    match status:
        case Status.REQUIRES_PAYMENT:
            return True
        case Status.PROCESSING | Status.CONFIRMED | Status.EXPIRED | Status.FAILED | Status.CANCELED:
            return False
        case _:
            assert_never(status)
