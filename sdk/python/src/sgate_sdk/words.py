"""The words of the API's choices. Each is equal to its text: `intent.status == Status.CONFIRMED`."""

from enum import StrEnum


class Status(StrEnum):
    """Where a payment intent stands."""

    REQUIRES_PAYMENT = "requires_payment"
    PROCESSING = "processing"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELED = "canceled"


class Finality(StrEnum):
    """How settled a payment is."""

    SEEN = "seen"
    INCLUDED = "included"
    ANCHORED = "anchored"
    BITCOIN_FINAL = "bitcoin_final"


class Inclusion(StrEnum):
    """Where a payment stands on the chain."""

    INCLUDED = "included"
    ORPHANED = "orphaned"


class LatePolicy(StrEnum):
    """What to do with money that comes after the deadline."""

    HOLD = "hold"
    ACCEPT = "accept"


class Scope(StrEnum):
    """What an API key may do. `admin` covers keys and settings; none implies another."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class Health(StrEnum):
    """How well a part of the server works."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class EventType(StrEnum):
    """What can be announced. Ship on `payment_intent.succeeded`: it comes once per intent, ever."""

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
    UNMATCHED = "payment.unmatched"
    ENDPOINT_DISABLED = "webhook_endpoint.disabled"
    ENDPOINT_TEST = "webhook_endpoint.test"
