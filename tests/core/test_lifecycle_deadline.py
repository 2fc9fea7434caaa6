"""The deadline: judged by block times, announced once the chain is scanned past it, and extended by sightings."""

from datetime import timedelta

import pytest

from core.facts import (
    DEADLINE,
    HEIGHT,
    HOLD,
    IN_TIME_UNTIL,
    MINUTE,
    SECOND,
    SIX_BLOCKS,
    START,
    payment,
    sighting,
    state_of,
    terms,
    view,
)
from sgate.core.intent import Anomaly, LatePolicy, Status
from sgate.core.lifecycle import State

MILLISECOND = timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("scanned_to", "status"),
    [
        (START, Status.REQUIRES_PAYMENT),
        (DEADLINE, Status.REQUIRES_PAYMENT),
        (DEADLINE + SECOND, Status.REQUIRES_PAYMENT),  # the deadline passed, the grace period runs
        (IN_TIME_UNTIL, Status.REQUIRES_PAYMENT),  # a block at this very moment would be in time
        (IN_TIME_UNTIL + MILLISECOND, Status.EXPIRED),
        (IN_TIME_UNTIL + 365 * 24 * 60 * MINUTE, Status.EXPIRED),
    ],
)
def test_an_unpaid_intent_expires_when_the_chain_is_scanned_past_the_grace(scanned_to, status):
    state = state_of(view=view(time=scanned_to))
    assert state.status is status
    assert state.next_check_time == (IN_TIME_UNTIL if status is Status.REQUIRES_PAYMENT else None)


def test_an_outage_expires_no_intent_however_high_the_chain_is_by_now():
    """Only the time of the scanned blocks counts, not a clock."""
    assert state_of(view=view(HEIGHT + 10_000, DEADLINE)).status is Status.REQUIRES_PAYMENT


def test_an_intent_with_too_little_paid_in_time_fails_instead_of_expiring():
    waiting = state_of([payment(1, 400)], view=view(time=IN_TIME_UNTIL))
    over = state_of([payment(1, 400)], view=view(time=IN_TIME_UNTIL + SECOND))
    assert (waiting.status, waiting.anomalies) == (Status.REQUIRES_PAYMENT, {Anomaly.PARTIALLY_PAID})
    assert over == State(
        status=Status.FAILED,
        anomalies=frozenset({Anomaly.PARTIALLY_PAID}),
        amount_received_sats=400,
        amount_counted_sats=400,
    )


@pytest.mark.parametrize(
    ("mined_at", "status", "anomalies"),
    [
        (START, Status.CONFIRMED, set()),
        (DEADLINE, Status.CONFIRMED, set()),
        (DEADLINE + SECOND, Status.CONFIRMED, set()),
        (IN_TIME_UNTIL, Status.CONFIRMED, set()),
        (IN_TIME_UNTIL + MILLISECOND, Status.EXPIRED, {Anomaly.PAID_LATE}),
    ],
)
def test_money_is_in_time_up_to_the_last_moment_of_the_grace(mined_at, status, anomalies):
    state = state_of([payment(mined_at=mined_at)], view=view(time=IN_TIME_UNTIL + MINUTE))
    assert (state.status, state.anomalies) == (status, anomalies)


def test_without_grace_the_deadline_itself_is_the_last_moment():
    strict = terms(grace_s=0)
    seen = view(time=DEADLINE + SECOND)
    assert state_of([payment(mined_at=DEADLINE)], terms=strict, view=seen).status is Status.CONFIRMED
    assert state_of([payment(mined_at=DEADLINE + MILLISECOND)], terms=strict, view=seen).status is Status.EXPIRED
    assert state_of(terms=strict, view=view(time=DEADLINE)).status is Status.REQUIRES_PAYMENT
    assert state_of(terms=strict, view=seen).status is Status.EXPIRED


@pytest.mark.parametrize("late_payments", LatePolicy)
def test_a_payment_in_time_counts_however_late_it_is_learned(late_payments):
    long_after = view(HEIGHT + 500, IN_TIME_UNTIL + 600 * MINUTE)
    state = state_of([payment(mined_at=DEADLINE)], terms=terms(late_payments=late_payments), view=long_after)
    assert (state.status, state.anomalies) == (Status.CONFIRMED, frozenset())


def test_processing_never_expires():
    agreed = terms(policy=SIX_BLOCKS)
    state = state_of([payment()], terms=agreed, view=view(HEIGHT + 1, IN_TIME_UNTIL + 600 * MINUTE))
    assert (state.status, state.next_check_height) == (Status.PROCESSING, HEIGHT + 5)


@pytest.mark.parametrize(
    ("seen_at", "scanned_to", "status"),
    [
        (START, IN_TIME_UNTIL + SECOND, Status.REQUIRES_PAYMENT),
        (IN_TIME_UNTIL, IN_TIME_UNTIL + SECOND, Status.REQUIRES_PAYMENT),
        (IN_TIME_UNTIL, IN_TIME_UNTIL + HOLD, Status.REQUIRES_PAYMENT),
        (IN_TIME_UNTIL, IN_TIME_UNTIL + HOLD + SECOND, Status.EXPIRED),
        (IN_TIME_UNTIL + MILLISECOND, IN_TIME_UNTIL + SECOND, Status.EXPIRED),  # seen too late
    ],
)
def test_a_sighting_in_time_extends_the_deadline_but_not_indefinitely(seen_at, scanned_to, status):
    state = state_of(sightings=[sighting(seen_at=seen_at)], view=view(time=scanned_to))
    assert state.status is status


def test_while_a_sighting_is_open_the_next_check_is_after_the_hold():
    assert state_of(sightings=[sighting(seen_at=DEADLINE)]).next_check_time == IN_TIME_UNTIL + HOLD
    assert state_of(sightings=[sighting(seen_at=IN_TIME_UNTIL + SECOND)]).next_check_time == IN_TIME_UNTIL


def test_a_sighting_that_disappears_no_longer_extends_the_deadline():
    seen = view(time=IN_TIME_UNTIL + MINUTE)
    assert state_of(sightings=[sighting()], view=seen).status is Status.REQUIRES_PAYMENT
    assert state_of(view=seen).status is Status.EXPIRED


def test_a_sighting_extends_the_deadline_of_a_partially_paid_intent_too():
    seen = view(time=IN_TIME_UNTIL + MINUTE)
    assert state_of([payment(1, 400)], sightings=[sighting(2, 600)], view=seen).status is Status.REQUIRES_PAYMENT
    assert state_of([payment(1, 400)], view=seen).status is Status.FAILED


@pytest.mark.parametrize(
    ("seen_at", "mined_at", "in_time"),
    [
        (IN_TIME_UNTIL, IN_TIME_UNTIL + HOLD, True),
        (IN_TIME_UNTIL, IN_TIME_UNTIL + HOLD + MILLISECOND, False),
        (IN_TIME_UNTIL + MILLISECOND, IN_TIME_UNTIL + MINUTE, False),
        (START, IN_TIME_UNTIL + MINUTE, True),
        (START, START + HOLD + MINUTE, False),
        (None, IN_TIME_UNTIL + MILLISECOND, False),
    ],
)
def test_a_payment_seen_in_time_counts_when_it_is_mined_within_the_hold(seen_at, mined_at, in_time):
    state = state_of([payment(mined_at=mined_at, seen_at=seen_at)], view=view(time=mined_at))
    assert state.status is (Status.CONFIRMED if in_time else Status.EXPIRED)
    assert state.anomalies == (frozenset() if in_time else {Anomaly.PAID_LATE})


def test_expiry_of_an_open_sighting_is_announced_only_when_its_payment_could_no_longer_be_in_time():
    """The last block in which the sighting would still count is also the last that keeps the intent open."""
    last = IN_TIME_UNTIL + HOLD
    assert state_of(sightings=[sighting(seen_at=IN_TIME_UNTIL)], view=view(time=last)).status is Status.REQUIRES_PAYMENT
    assert state_of([payment(mined_at=last, seen_at=IN_TIME_UNTIL)], view=view(time=last)).status is Status.CONFIRMED
