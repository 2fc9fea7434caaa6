"""Enumerations of the API. A member compares equal to its text: `intent.status == Status.CONFIRMED`."""

from enum import StrEnum


class Status(StrEnum):
    """The status of a payment intent."""

    REQUIRES_PAYMENT = "requires_payment"
    PROCESSING = "processing"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELED = "canceled"


class Anomaly(StrEnum):
    """An irregularity of a payment intent. The field `exceptions` lists them."""

    PARTIALLY_PAID = "partially_paid"
    OVERPAID = "overpaid"
    DUPLICATE_PAYMENT = "duplicate_payment"
    PAID_LATE = "paid_late"
    PAID_AFTER_CANCEL = "paid_after_cancel"
    CANCELED_WITH_PAYMENT = "canceled_with_payment"
    REORGED = "reorged"


class Network(StrEnum):
    """The network of an address or a payment."""

    MAINNET = "mainnet"
    TESTNET = "testnet"
    SIMULATED = "simulated"


class Finality(StrEnum):
    """How final a payment is."""

    SEEN = "seen"
    INCLUDED = "included"
    ANCHORED = "anchored"
    BITCOIN_FINAL = "bitcoin_final"


class Inclusion(StrEnum):
    """Whether a payment is in a block of the chain."""

    INCLUDED = "included"
    ORPHANED = "orphaned"


class LatePolicy(StrEnum):
    """The policy for a payment that arrives after the deadline."""

    HOLD = "hold"
    ACCEPT = "accept"


class FailureReason(StrEnum):
    """Why a payment intent has failed (`PaymentIntent.failure_reason`)."""

    UNDERPAID = "underpaid"
    PAYMENT_UNDONE = "payment_undone"


class HeldReason(StrEnum):
    """Why a payment waits for your decision (`HeldPayment.held_reason`)."""

    LATE = "late"
    AFTER_CANCEL = "after_cancel"
    CANCELED = "canceled"
    DUPLICATE = "duplicate"
    OVERPAID = "overpaid"


class Scope(StrEnum):
    """A permission of an API key. `admin` covers keys and settings. No scope implies another."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class Health(StrEnum):
    """The health of a component of the server."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class EventType(StrEnum):
    """The types of events. Ship when `payment_intent.succeeded` arrives: sGate creates it at most once per intent."""

    CREATED = "payment_intent.created"
    PROCESSING = "payment_intent.processing"
    SUCCEEDED = "payment_intent.succeeded"
    RECONFIRMED = "payment_intent.reconfirmed"
    REORGED = "payment_intent.reorged"
    EXPIRED = "payment_intent.expired"
    FAILED = "payment_intent.failed"
    CANCELED = "payment_intent.canceled"
    PARTIALLY_PAID = "payment_intent.partially_paid"
    OVERPAID = "payment_intent.overpaid"
    DUPLICATE_PAYMENT = "payment_intent.duplicate_payment"
    PAID_LATE = "payment_intent.paid_late"
    PAID_AFTER_CANCEL = "payment_intent.paid_after_cancel"
    CANCELED_WITH_PAYMENT = "payment_intent.canceled_with_payment"
    HELD = "payment.held"
    UNMATCHED = "payment.unmatched"
    ENDPOINT_DISABLED = "webhook_endpoint.disabled"
    ENDPOINT_TEST = "webhook_endpoint.test"
