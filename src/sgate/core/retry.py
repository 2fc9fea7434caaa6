"""When to try a webhook again: the schedule as data, and one decision."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

import msgspec

MIN_RETENTION = timedelta(days=31)
"""Deliveries of this time can be looked up for sure; a setting may only lengthen it."""

JITTER = 0.2
"""Each wait is lengthened by up to this share, so that a recovering receiver is not hit by all at once."""

MAX_RETRY_AFTER_S = 6 * 3600
"""A receiver's Retry-After is obeyed up to this."""

FAILING_FOR = timedelta(days=5)
"""An endpoint at which nothing has succeeded for so long is disabled when something fails there again."""

_MINUTE, _HOUR = 60, 3600
DEFAULT_WAITS_S: tuple[int, ...] = (5, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR)
EXTENDED_WAITS_S: tuple[int, ...] = (
    5, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 20 * _HOUR,
)  # fmt: skip
"""Waits between attempts, in seconds: five attempts in about three hours, or ten over three days."""


class Schedule(StrEnum):
    """The retry schedule of a deployment."""

    DEFAULT = "default"
    EXTENDED = "extended"

    @property
    def waits_s(self) -> Sequence[int]:
        """Seconds to wait after attempt 1, 2, ...; after the last there is no further attempt."""
        return DEFAULT_WAITS_S if self is Schedule.DEFAULT else EXTENDED_WAITS_S

    @property
    def attempts(self) -> int:
        """How many attempts there are in all."""
        return len(self.waits_s) + 1


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How one attempt ended.

    Attributes:
        status: the HTTP status, or None when there was no answer.
        error: why there was no answer, in one sentence; None when there was one.
        retry_after_s: the receiver's wish, in seconds.
    """

    status: int | None
    error: str | None = None
    retry_after_s: int | None = None

    @property
    def succeeded(self) -> bool:
        """Any 2xx. Redirects are not followed and count as failures."""
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """What follows an attempt: delivered, failed for good, or `retry_at`. `disable`: why to take the endpoint out."""

    delivered: bool = False
    failed: bool = False
    retry_at: datetime | None = None
    disable: str | None = None


def decide(
    schedule: Schedule,
    attempt: int,
    outcome: Outcome,
    now: datetime,
    random_share: float,
    failing_since: datetime | None = None,
) -> Next:
    """What to do after attempt number `attempt` (1 for the first).

    Args:
        random_share: uniform in [0, 1); the caller's dice, for the jitter.
        failing_since: since when nothing has succeeded at the endpoint; None if all was well before.
    """
    if outcome.succeeded:
        return Next(delivered=True)
    if outcome.status == HTTPStatus.GONE:  # the receiver says it wants no more
        return Next(failed=True, disable="the endpoint answered 410 Gone")
    disable = None
    if failing_since is not None and now - failing_since >= FAILING_FOR:
        disable = f"nothing has succeeded for {FAILING_FOR.days} days"
    if attempt >= schedule.attempts:
        return Next(failed=True, disable=disable)
    wait_s = schedule.waits_s[attempt - 1] * (1 + JITTER * random_share)
    wish_s = min(outcome.retry_after_s or 0, MAX_RETRY_AFTER_S)
    return Next(retry_at=now + timedelta(seconds=max(wait_s, wish_s)), disable=disable)
