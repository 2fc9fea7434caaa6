"""A merchant's numbers, in all and day by day."""

import msgspec


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
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

    date: str


class StatsObject(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant's numbers: of a period in all, and of each of its days.

    An intent counts on the day it was made, in the status it has now.
    """

    object: str = "merchant_stats"
    livemode: bool
    from_date: str
    to_date: str
    total: Numbers
    days: tuple[DayNumbers, ...]
