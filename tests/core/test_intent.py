"""The terms of an intent: what settles it, until when, and the amount that is still due."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.facts import DEADLINE, HOLD, IN_TIME_UNTIL, START, terms
from core.strategies import FAST
from sgate.core.intent import PaymentIntent, Status, accepts_payment, capped_tolerance_sats


def intent(agreed, counted_sats=0):
    return PaymentIntent(
        id="pi_0123456789abcdef01234567",
        merchant_id="1f0c6a4e-6f51-4f3e-9f43-111111111111",
        livemode=False,
        client_secret="pi_0123456789abcdef01234567_secret_0123456789abcdef0123456789abc",
        terms=agreed,
        created_at=START,
        amount_received_sats=counted_sats,
        amount_counted_sats=counted_sats,
    )


@pytest.mark.parametrize(
    ("amount_sats", "tolerance_sats", "tolerance_bp", "minimum_sats"),
    [
        (1_000, 0, 0, 1_000),
        (1_000, 10, 0, 990),
        (1_000, 0, 100, 990),
        (1_000, 10, 50, 990),  # the larger of the two, never their sum
        (1_000, 5, 100, 990),
        (999, 0, 100, 990),  # 9.99 sats are 9 sats: rounding is for the merchant
        (99, 0, 100, 99),
        (10, 10, 0, 1),  # never free
        (10, 1_000, 0, 1),
        (1, 0, 10_000, 1),
        (2_100_000_000_000_000, 0, 1, 2_099_790_000_000_000),
    ],
)
def test_the_larger_tolerance_applies_and_never_makes_it_free(amount_sats, tolerance_sats, tolerance_bp, minimum_sats):
    agreed = terms(amount_sats, tolerance_sats=tolerance_sats, tolerance_bp=tolerance_bp)
    assert agreed.minimum_sats == minimum_sats


@pytest.mark.parametrize(
    ("amount_sats", "tolerance_sats", "applies_sats"),
    [(1_000, 0, 0), (1_000, 99, 99), (1_000, 100, 100), (1_000, 101, 100), (3, 5, 0), (1_000_000, 2 * 10**15, 100_000)],
)
def test_at_most_a_tenth_of_the_amount_is_a_tolerance(amount_sats, tolerance_sats, applies_sats):
    assert capped_tolerance_sats(amount_sats, tolerance_sats) == applies_sats


def test_the_grace_period_starts_at_the_deadline_shown_to_the_customer():
    assert terms().in_time_until == IN_TIME_UNTIL > DEADLINE
    assert terms(grace_s=0).in_time_until == DEADLINE
    assert terms().seen_hold == HOLD


@pytest.mark.parametrize(
    ("tolerance_sats", "received_sats", "due_sats"),
    [
        (0, 0, 1_000),
        (0, 400, 600),
        (0, 999, 1),
        (0, 1_000, 0),
        (0, 5_000, 0),
        (100, 899, 101),  # asked for in full as long as it is not settled
        (100, 900, 0),
    ],
)
def test_the_amount_due_is_the_missing_amount_and_never_negative(tolerance_sats, received_sats, due_sats):
    assert intent(terms(tolerance_sats=tolerance_sats), received_sats).amount_due_sats == due_sats


def test_a_held_payment_does_not_reduce_the_amount_due():
    held = msgspec.structs.replace(intent(terms()), amount_received_sats=1_000)
    assert (held.amount_received_sats, held.amount_due_sats) == (1_000, 1_000)


@FAST
@given(
    st.integers(min_value=1, max_value=10**15),
    st.integers(min_value=0, max_value=10**6),
    st.integers(min_value=0, max_value=10_000),
    st.integers(min_value=0, max_value=10**15),
)
def test_sending_exactly_the_due_amount_settles_the_intent(amount_sats, tolerance_sats, tolerance_bp, received_sats):
    agreed = terms(amount_sats, tolerance_sats=tolerance_sats, tolerance_bp=tolerance_bp)
    due_sats = intent(agreed, received_sats).amount_due_sats
    assert due_sats >= 0
    assert received_sats + due_sats >= agreed.minimum_sats
    assert 1 <= agreed.minimum_sats <= amount_sats


def test_a_new_intent_awaits_payment_and_has_one_event():
    made = intent(terms())
    assert (made.status, made.sequence, made.anomalies) == (Status.REQUIRES_PAYMENT, 1, frozenset())
    assert (made.amount_received_sats, made.amount_due_sats) == (0, 1_000)


def test_only_an_intent_that_awaits_payment_accepts_one():
    assert [status for status in Status if accepts_payment(status)] == [Status.REQUIRES_PAYMENT]


def test_the_names_of_the_statuses_are_those_of_the_api():
    assert {str(status) for status in Status} == {
        "requires_payment",
        "processing",
        "confirmed",
        "expired",
        "failed",
        "canceled",
    }
