"""Retries of webhook deliveries: the schedules, and the decision after each attempt."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

import msgspec

MIN_RETENTION = timedelta(days=31)
"""The minimum time for which deliveries are kept. A setting can only extend it."""

JITTER = 0.2
"""Each wait is lengthened by up to this fraction, so that a recovering receiver does not get all retries at once."""

MAX_RETRY_AFTER_S = 6 * 3600
"""The longest wait that a receiver can request with `Retry-After`. A longer wait is cut to this limit."""

FAILING_FOR = timedelta(days=5)
"""An endpoint that has been failing for this long is disabled at its next failure."""

_MINUTE, _HOUR = 60, 3600
DEFAULT_WAITS_S: tuple[int, ...] = (5, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR)
EXTENDED_WAITS_S: tuple[int, ...] = (
    5, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 20 * _HOUR,
)  # fmt: skip
"""The waits between attempts, in seconds. The default schedule makes five attempts in about three hours, the extended
schedule ten attempts in about three days.
"""


class Schedule(StrEnum):
    """The retry schedule of a deployment."""

    DEFAULT = "default"
    EXTENDED = "extended"

    @property
    def waits_s(self) -> Sequence[int]:
        """The seconds to wait after each attempt but the last, in order."""
        return DEFAULT_WAITS_S if self is Schedule.DEFAULT else EXTENDED_WAITS_S

    @property
    def attempts(self) -> int:
        """The total number of attempts."""
        return len(self.waits_s) + 1


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one attempt.

    Attributes:
        status: the HTTP status, or None if there was no response.
        error: why there was no response, in one sentence; None if there was a response.
        retry_after_s: the receiver's `Retry-After` in seconds, or None.
    """

    status: int | None
    error: str | None = None
    retry_after_s: int | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the status is 2xx. Redirects are not followed and count as failures."""
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """The decision after an attempt: the delivery is `delivered`, has `failed` for good, or is retried at `retry_at`.

    Attributes:
        disable: the reason to disable the endpoint, or None to leave it enabled.
    """

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
    """Decide what follows attempt number `attempt` (1 for the first).

    Args:
        random_share: a random number, uniform in [0, 1), for the jitter.
        failing_since: the time since which every attempt at the endpoint has failed; None if it was not failing.
    """
    if outcome.succeeded:
        return Next(delivered=True)
    if outcome.status == HTTPStatus.GONE:  # the receiver has unsubscribed
        return Next(failed=True, disable="the endpoint answered 410 Gone")
    disable = None
    if failing_since is not None and now - failing_since >= FAILING_FOR:
        disable = f"nothing has succeeded for {FAILING_FOR.days} days"
    if attempt >= schedule.attempts:
        return Next(failed=True, disable=disable)
    wait_s = schedule.waits_s[attempt - 1] * (1 + JITTER * random_share)
    retry_after_s = min(outcome.retry_after_s or 0, MAX_RETRY_AFTER_S)
    return Next(retry_at=now + timedelta(seconds=max(wait_s, retry_after_s)), disable=disable)
