"""A merchant's statistics, in total and for each day."""

from typing import Annotated, Literal

import msgspec

from sgate.objects.fields import OBJECT, Date, Livemode, doc


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """Statistics of the payment intents that were created in a period, by their current status."""

    created: Annotated[int, doc("Number of payment intents that were created.", 12)]
    requires_payment: Annotated[int, doc("Number of payment intents that await payment.", 1)]
    processing: Annotated[int, doc("Number of payment intents that are paid, but not final yet.", 1)]
    confirmed: Annotated[int, doc("Number of payment intents that are confirmed.", 8)]
    expired: Annotated[int, doc("Number of payment intents that expired without a payment.", 1)]
    failed: Annotated[int, doc("Number of payment intents that were underpaid at the deadline.", 0)]
    canceled: Annotated[int, doc("Number of payment intents that were canceled.", 1)]
    amount_sats: Annotated[int, doc("Sum of the amounts due, in sats.", 1_200_000)]
    received_sats: Annotated[int, doc("Sum of the payments received, in sats.", 900_000)]
    confirmed_sats: Annotated[int, doc("Sum of the payments received by confirmed payment intents, in sats.", 800_000)]


class DayNumbers(Numbers, frozen=True, kw_only=True):
    """Statistics of one day, UTC."""

    date: Annotated[Date, doc("The day, in UTC.")]


class StatsObject(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant's statistics, of a period and of each of its days.

    A payment intent counts on the day it was created, with its current status.
    """

    object: Annotated[Literal["merchant_stats"], OBJECT] = "merchant_stats"
    livemode: Livemode
    from_date: Annotated[Date, doc("First day of the period, in UTC.")]
    to_date: Annotated[Date, doc("Last day of the period, in UTC.")]
    total: Annotated[Numbers, doc("Statistics of the whole period.")]
    days: Annotated[tuple[DayNumbers, ...], doc("Statistics of each day, oldest first.")]
