"""A payment intent: what a merchant asks for, under terms that are fixed when it is made."""

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
"""Of the whole as JSON: twenty full pairs of plain text fit; what JSON must escape counts as what it becomes. So a
webhook's body stays below 20 kB.
"""

MAX_URL_CHARACTERS = 512
BASIS_POINTS = 10_000


class Status(StrEnum):
    """Where an intent stands."""

    REQUIRES_PAYMENT = "requires_payment"  # waiting; may already hold a part
    PROCESSING = "processing"  # enough is on the chain, not yet final by policy
    CONFIRMED = "confirmed"  # enough, and final by policy
    EXPIRED = "expired"  # scanned past the deadline, and nothing had come
    FAILED = "failed"  # scanned past the deadline, and too little had come
    CANCELED = "canceled"  # the merchant canceled it while nothing was known on the chain


class Anomaly(StrEnum):
    """What is unusual about an intent, beside its status. The API calls the set `exceptions`."""

    PARTIALLY_PAID = "partially_paid"  # something came in time, but not enough
    OVERPAID = "overpaid"  # more came than was due
    DUPLICATE_PAYMENT = "duplicate_payment"  # it was paid a second time, in full
    PAID_LATE = "paid_late"  # money came after the deadline
    PAID_AFTER_CANCEL = "paid_after_cancel"  # money came although the intent was canceled
    REORGED = "reorged"  # a reorganisation once took back what had been reached


class LatePolicy(StrEnum):
    """What to do with money that comes after the deadline."""

    HOLD = "hold"  # record it and leave the decision to the merchant
    ACCEPT = "accept"  # count it as if it had been in time


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The conditions of one intent. Fixed at creation: later settings of the merchant touch only later intents.

    Attributes:
        amount_sats: what is due.
        expires_at: the deadline the payer sees, UTC.
        grace_s: seconds after it that still count as in time, for blocks that come slowly.
        seen_hold_s: seconds that a mempool sighting may keep the intent open.
        tolerance_sats, tolerance_bp: how much may be missing, absolute and in 1/100 percent; the larger applies.
        policy: the confirmation policy.
        late_payments: what to do with late money.
        pay_address: where the money must go.
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
        """The least that settles the intent: the amount less the tolerance, never below one sat."""
        tolerance = max(self.tolerance_sats, self.amount_sats * self.tolerance_bp // BASIS_POINTS)
        return max(1, self.amount_sats - tolerance)

    @property
    def in_time_until(self) -> datetime:
        """Money that arrived at or before this moment is in time."""
        return self.expires_at + timedelta(seconds=self.grace_s)

    @property
    def seen_hold(self) -> timedelta:
        """How long a mempool sighting keeps its claim."""
        return timedelta(seconds=self.seen_hold_s)


class PaymentIntent(msgspec.Struct, frozen=True, kw_only=True):
    """One payment intent as stored.

    Attributes:
        id: `pi_` + 24 hex; also the memo.
        merchant_id: UUID as text.
        livemode: True on the live chain.
        client_secret: what the checkout page must know to show private fields.
        terms: the fixed conditions.
        status, anomalies, amount_received_sats, amount_counted_sats: the last decision.
        sequence: number of events so far; 1 after creation.
        confirmed_at: when it was first confirmed; never taken back. canceled_at: when the merchant canceled it.
        view: the chain as it was at the last decision; None before the first scan.
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
        """What a payer still has to send; 0 once enough has come. Money that is held does not count."""
        counted_sats = self.amount_counted_sats
        return 0 if counted_sats >= self.terms.minimum_sats else self.terms.amount_sats - counted_sats


def accepts_payment(status: Status) -> bool:
    """Whether a customer should still be asked to pay."""
    match status:
        case Status.REQUIRES_PAYMENT:
            return True
        case Status.PROCESSING | Status.CONFIRMED | Status.EXPIRED | Status.FAILED | Status.CANCELED:
            return False
        case _:
            assert_never(status)
