"""Daily statistics of a merchant's intents. They are always exact (see `store.merchant_days`)."""

from collections.abc import Sequence
from datetime import date, timedelta

from sgate.db.pool import Connection
from sgate.objects.stats import DayNumbers, Numbers, StatsObject
from sgate.services.replica_reads import ReplicaReads
from sgate.store import merchant_days
from sgate.store.merchant_days import Day
from sgate.store.merchants import Merchant

MAX_DAYS = 366
DEFAULT_DAYS = 30


async def stats_of(reads: ReplicaReads, merchant: Merchant, first: date, last: date) -> StatsObject:
    """Return the statistics of the days from `first` to `last`, inclusive. The caller passes at most MAX_DAYS days."""

    async def read(connection: Connection) -> list[Day]:
        return await merchant_days.read(connection, merchant.id, first, last, livemode=merchant.livemode)

    counted = await reads.run(merchant.id, read, livemode=merchant.livemode)
    by_day = {day.day: day for day in counted}
    days = [by_day.get(day) or _empty(day) for day in _days(first, last)]
    return StatsObject(
        livemode=merchant.livemode,
        from_date=first.isoformat(),
        to_date=last.isoformat(),
        total=Numbers(**{name: sum(getattr(day, name) for day in days) for name in Numbers.__struct_fields__}),
        days=tuple(DayNumbers(date=day.day.isoformat(), **_numbers(day)) for day in days),
    )


def _days(first: date, last: date) -> Sequence[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _empty(day: date) -> Day:
    return Day(day=day, **dict.fromkeys(Numbers.__struct_fields__, 0))


def _numbers(day: Day) -> dict[str, int]:
    return {name: getattr(day, name) for name in Numbers.__struct_fields__}
