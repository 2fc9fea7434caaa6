"""The retry schedules: five attempts within hours or ten over three days, and `Retry-After`."""

from datetime import timedelta

import pytest

from core.facts import START
from sgate.core.retry import MAX_RETRY_AFTER_S, Next, Outcome, Schedule, decide

FAILED = Outcome(status=500)
HOUR = 3_600


def waits_s(schedule: Schedule, random_share: float) -> list[float]:
    """Return the waits after each failed attempt but the last."""
    decisions = [decide(schedule, attempt, FAILED, START, random_share) for attempt in range(1, schedule.attempts)]
    return [(decision.retry_at - START).total_seconds() for decision in decisions]


def test_the_default_is_five_attempts():
    assert Schedule.DEFAULT.attempts == 5
    assert waits_s(Schedule.DEFAULT, 0.0) == [5, 300, 1_800, 7_200]


def test_extended_is_ten_attempts_over_three_days():
    assert Schedule.EXTENDED.attempts == 10
    waits = waits_s(Schedule.EXTENDED, 0.0)
    assert waits[:4] == [5, 300, 1_800, 7_200]
    assert waits == sorted(waits)
    assert 2.9 * 24 * HOUR < sum(waits) <= 3 * 24 * HOUR


@pytest.mark.parametrize("schedule", Schedule)
def test_jitter_only_lengthens_a_wait_and_by_a_fifth_at_most(schedule):
    plain, most = waits_s(schedule, 0.0), waits_s(schedule, 0.999)
    assert all(least < longest < least * 1.2 for least, longest in zip(plain, most, strict=True))


@pytest.mark.parametrize("schedule", Schedule)
def test_after_the_last_attempt_there_is_none(schedule):
    assert decide(schedule, schedule.attempts, FAILED, START, 0.5) == Next(failed=True)
    assert decide(schedule, schedule.attempts + 1, FAILED, START, 0.5) == Next(failed=True)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
@pytest.mark.parametrize("attempt", [1, 5])
def test_any_2xx_is_success_on_any_attempt(status, attempt):
    assert decide(Schedule.DEFAULT, attempt, Outcome(status=status), START, 0.0) == Next(delivered=True)


@pytest.mark.parametrize("status", [100, 199, 300, 301, 302, 304, 307, 308, 400, 401, 404, 429, 500, 503, 599, None])
def test_any_other_status_is_retried_including_redirects(status):
    outcome = Outcome(status=status, error=None if status else "the connection was refused")
    decision = decide(Schedule.DEFAULT, 1, outcome, START, 0.0)
    assert decision == Next(retry_at=START + timedelta(seconds=5))


@pytest.mark.parametrize("attempt", [1, 4, 5])
def test_gone_disables_the_endpoint_at_once(attempt):
    assert decide(Schedule.DEFAULT, attempt, Outcome(status=410), START, 0.0) == Next(
        failed=True, disable="the endpoint answered 410 Gone"
    )


@pytest.mark.parametrize(
    ("attempt", "retry_after_s", "wait_s"),
    [
        (1, None, 5),
        (1, 0, 5),
        (1, 3, 5),  # never sooner than planned
        (1, 60, 60),
        (2, 60, 300),
        (2, 301, 301),
        (1, MAX_RETRY_AFTER_S, 6 * HOUR),
        (1, MAX_RETRY_AFTER_S + 1, 6 * HOUR),
        (1, 10**9, 6 * HOUR),  # a receiver cannot postpone a delivery indefinitely
        (1, -60, 5),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_lengthens_a_wait_up_to_its_limit(status, attempt, retry_after_s, wait_s):
    outcome = Outcome(status=status, retry_after_s=retry_after_s)
    assert decide(Schedule.DEFAULT, attempt, outcome, START, 0.0).retry_at == START + timedelta(seconds=wait_s)


def test_retry_after_does_not_add_an_attempt():
    assert decide(Schedule.DEFAULT, 5, Outcome(status=503, retry_after_s=60), START, 0.0) == Next(failed=True)
