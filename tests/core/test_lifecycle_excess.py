"""Excess: a second full payment is a duplicate, any other excess an overpayment; both in chain order."""

import pytest

from core.facts import HEIGHT, payment, state_of, terms
from sgate.core.intent import Anomaly, Status

OVERPAID, DUPLICATE = Anomaly.OVERPAID, Anomaly.DUPLICATE_PAYMENT


@pytest.mark.parametrize(
    ("amounts_sats", "anomalies"),
    [
        ((1_000,), set()),
        ((1_001,), {OVERPAID}),
        ((2_000,), {OVERPAID}),  # one transaction is never a duplicate of itself
        ((9_999,), {OVERPAID}),
        ((1_000, 1), {OVERPAID}),
        ((1_000, 999), {OVERPAID}),
        ((1_000, 1_000), {DUPLICATE}),
        ((1_000, 1_500), {DUPLICATE}),
        ((1_000, 1_000, 1_000), {DUPLICATE}),
        ((1_000, 1_000, 1), {DUPLICATE, OVERPAID}),
        ((1_000, 1, 1_000), {DUPLICATE, OVERPAID}),
        ((1_500, 1_000), {DUPLICATE, OVERPAID}),
        ((500, 500), set()),
        ((500, 501), {OVERPAID}),
        ((500, 1_000), {OVERPAID}),  # it settles the remainder and exceeds it
        ((500, 500, 1_000), {DUPLICATE}),
        ((500, 500, 500), {OVERPAID}),
        ((400, 599), {Anomaly.PARTIALLY_PAID}),
    ],
)
def test_an_excess_is_classified_transaction_by_transaction(amounts_sats, anomalies):
    paid = [payment(number, amount, tx_index=number) for number, amount in enumerate(amounts_sats)]
    state = state_of(paid)
    assert state.anomalies == anomalies
    assert state.amount_received_sats == sum(amounts_sats)
    assert (state.status is Status.CONFIRMED) is (sum(amounts_sats) >= 1_000)


def test_chain_order_decides_and_not_the_order_of_learning():
    small, full = payment(1, 500, height=HEIGHT - 1), payment(2, 1_000, height=HEIGHT)
    assert state_of([full, small]).anomalies == {OVERPAID}
    small_after, full_before = payment(1, 500, height=HEIGHT), payment(2, 1_000, height=HEIGHT - 1)
    assert state_of([small_after, full_before]).anomalies == {OVERPAID}
    late_duplicate = payment(3, 1_000, height=HEIGHT - 2)
    assert state_of([full, late_duplicate]).anomalies == {DUPLICATE}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_within_a_block_the_place_of_the_transaction_decides(order):
    part, full = payment(1, 500, tx_index=order[0]), payment(2, 1_000, tx_index=order[1])
    third = payment(3, 1_000, tx_index=2)
    assert state_of([third, full, part]).anomalies == {OVERPAID, DUPLICATE}


def test_the_legs_of_one_transaction_are_one_payment():
    once = [payment(1, 1_000, transaction=1), payment(2, 1_000, transaction=1, event_index=2)]
    assert state_of(once).anomalies == {OVERPAID}
    again = [payment(3, 500, transaction=3, tx_index=1), payment(4, 500, transaction=3, tx_index=1, event_index=2)]
    assert state_of([payment(1), *again]).anomalies == {DUPLICATE}


@pytest.mark.parametrize(
    ("amounts_sats", "anomalies"),
    [
        ((900,), set()),
        ((950, 50), set()),  # settled within tolerance, and the remainder arrived later
        ((950, 51), {OVERPAID}),
        ((950, 950), {OVERPAID}),  # less than the full amount: no duplicate
        ((950, 1_000), {DUPLICATE}),
        ((899, 1_000), {OVERPAID}),  # the first had not settled it
    ],
)
def test_tolerance_settles_but_does_not_lower_the_amount_of_a_duplicate(amounts_sats, anomalies):
    paid = [payment(number, amount, tx_index=number) for number, amount in enumerate(amounts_sats)]
    assert state_of(paid, terms=terms(tolerance_sats=100)).anomalies == anomalies
