"""Retries of webhook deliveries: the schedules, and what follows each attempt."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

import msgspec

MIN_RETENTION = timedelta(days=31)
"""How long deliveries are kept at least; a setting can only extend it."""

JITTER = 0.2
"""Each wait is lengthened by up to this share, so that a recovering receiver does not get all retries at once."""

MAX_RETRY_AFTER_S = 6 * 3600
"""The longest `Retry-After` of a receiver that is obeyed."""

FAILING_FOR = timedelta(days=5)
"""An endpoint without a successful delivery for this long is disabled at the next failure."""

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
        """Seconds to wait after attempt 1, 2, ...; the attempt after the last wait is the final one."""
        return DEFAULT_WAITS_S if self is Schedule.DEFAULT else EXTENDED_WAITS_S

    @property
    def attempts(self) -> int:
        """The total number of attempts."""
        return len(self.waits_s) + 1


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one attempt.

    Attributes:
        status: the HTTP status, or None if there was no response.
        error: why there was no response, in one sentence; None if there was one.
        retry_after_s: the receiver's `Retry-After`, in seconds.
    """

    status: int | None
    error: str | None = None
    retry_after_s: int | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the status is 2xx. Redirects are not followed and count as failures."""
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """What follows an attempt: `delivered`, `failed` for good, or another attempt at `retry_at`.

    Attributes:
        disable: why to disable the endpoint, or None to leave it enabled.
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
        failing_since: time since which the endpoint has failed without a success; None if it was not failing.
    """
    if outcome.succeeded:
        return Next(delivered=True)
    if outcome.status == HTTPStatus.GONE:  # the receiver unsubscribes
        return Next(failed=True, disable="the endpoint answered 410 Gone")
    disable = None
    if failing_since is not None and now - failing_since >= FAILING_FOR:
        disable = f"nothing has succeeded for {FAILING_FOR.days} days"
    if attempt >= schedule.attempts:
        return Next(failed=True, disable=disable)
    wait_s = schedule.waits_s[attempt - 1] * (1 + JITTER * random_share)
    retry_after_s = min(outcome.retry_after_s or 0, MAX_RETRY_AFTER_S)
    return Next(retry_at=now + timedelta(seconds=max(wait_s, retry_after_s)), disable=disable)
