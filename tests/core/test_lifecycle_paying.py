"""Paying: partial payments add up, each counted once, and enough is confirmed when it is final by the policy."""

import pytest

from core.facts import (
    BITCOIN_HEIGHT,
    HEIGHT,
    IN_TIME_UNTIL,
    SIX_BLOCKS,
    TENURE_HEIGHT,
    orphaned,
    payment,
    sighting,
    state_of,
    terms,
    view,
)
from sgate.core.finality import DEFAULT_POLICY, Policy, Tier
from sgate.core.intent import Anomaly, Status
from sgate.core.lifecycle import State

NO_EXCEPTIONS = frozenset[Anomaly]()


def test_an_unpaid_intent_waits_until_the_deadline_and_the_grace_are_over():
    assert state_of() == State(
        status=Status.REQUIRES_PAYMENT,
        anomalies=NO_EXCEPTIONS,
        amount_received_sats=0,
        next_check_height=None,
        next_check_time=IN_TIME_UNTIL,
    )


def test_the_exact_amount_in_one_block_is_confirmed_by_a_policy_of_one_block():
    assert state_of([payment()]) == State(
        status=Status.CONFIRMED, anomalies=NO_EXCEPTIONS, amount_received_sats=1_000, amount_counted_sats=1_000
    )


@pytest.mark.parametrize(
    ("blocks_later", "status", "next_check_height"),
    [
        (0, Status.PROCESSING, HEIGHT + 5),
        (1, Status.PROCESSING, HEIGHT + 5),
        (4, Status.PROCESSING, HEIGHT + 5),
        (5, Status.CONFIRMED, None),
        (500, Status.CONFIRMED, None),
    ],
)
def test_enough_money_is_processing_until_it_is_final(blocks_later, status, next_check_height):
    state = state_of([payment()], terms=terms(policy=SIX_BLOCKS), view=view(HEIGHT + blocks_later))
    assert (state.status, state.next_check_height, state.next_check_time) == (status, next_check_height, None)


@pytest.mark.parametrize(
    ("tenures", "bitcoin", "status"),
    [(0, 9, Status.PROCESSING), (2, 1, Status.PROCESSING), (1, 2, Status.PROCESSING), (2, 2, Status.CONFIRMED)],
)
def test_all_numbers_of_the_policy_must_hold(tenures, bitcoin, status):
    strict = terms(policy=(Tier(from_sats=0, stacks_blocks=1, tenure_changes=2, bitcoin_blocks=3),))
    seen = view(HEIGHT + 9, tenure_height=TENURE_HEIGHT + tenures, bitcoin_height=BITCOIN_HEIGHT + bitcoin)
    assert state_of([payment()], terms=strict, view=seen).status is status


def test_a_payment_above_the_scanned_tip_is_not_confirmed_yet():
    state = state_of([payment(height=HEIGHT + 2)])
    assert (state.status, state.next_check_height) == (Status.PROCESSING, HEIGHT + 2)


@pytest.mark.parametrize(
    ("amounts_sats", "status", "anomalies"),
    [
        ((400,), Status.REQUIRES_PAYMENT, {Anomaly.PARTIALLY_PAID}),
        ((400, 599), Status.REQUIRES_PAYMENT, {Anomaly.PARTIALLY_PAID}),
        ((400, 600), Status.CONFIRMED, set()),
        ((500, 500), Status.CONFIRMED, set()),
        ((1,) * 1_000, Status.CONFIRMED, set()),
    ],
)
def test_parts_from_several_senders_add_up(amounts_sats, status, anomalies):
    state = state_of([payment(number, amount, tx_index=number) for number, amount in enumerate(amounts_sats)])
    assert (state.status, state.anomalies) == (status, anomalies)
    assert state.amount_received_sats == sum(amounts_sats)


def test_two_legs_of_one_transaction_add_up():
    legs = [payment(1, 500, transaction=1), payment(2, 500, transaction=1, event_index=2)]
    state = state_of(legs)
    assert (state.status, state.amount_received_sats, state.anomalies) == (Status.CONFIRMED, 1_000, NO_EXCEPTIONS)


def test_halves_are_confirmed_when_both_are_final():
    halves = [payment(1, 500, height=HEIGHT), payment(2, 500, height=HEIGHT + 3)]
    agreed = terms(policy=SIX_BLOCKS)
    assert state_of(halves, terms=agreed, view=view(HEIGHT + 7)).status is Status.PROCESSING
    assert state_of(halves, terms=agreed, view=view(HEIGHT + 8)).status is Status.CONFIRMED


def test_enough_final_money_confirms_although_more_is_still_shallow():
    paid = [payment(1, 1_000, height=HEIGHT), payment(2, 300, height=HEIGHT + 5)]
    assert state_of(paid, terms=terms(policy=SIX_BLOCKS), view=view(HEIGHT + 5)).status is Status.CONFIRMED


@pytest.mark.parametrize(
    ("received_sats", "tolerance_sats", "tolerance_bp", "status"),
    [
        (999, 0, 0, Status.REQUIRES_PAYMENT),
        (990, 10, 0, Status.CONFIRMED),
        (989, 10, 0, Status.REQUIRES_PAYMENT),
        (990, 0, 100, Status.CONFIRMED),
        (989, 0, 100, Status.REQUIRES_PAYMENT),
        (980, 10, 200, Status.CONFIRMED),  # the larger tolerance, not the sum
        (979, 10, 200, Status.REQUIRES_PAYMENT),
        (1, 5_000, 0, Status.CONFIRMED),
    ],
)
def test_a_little_too_little_settles_within_the_tolerance(received_sats, tolerance_sats, tolerance_bp, status):
    agreed = terms(tolerance_sats=tolerance_sats, tolerance_bp=tolerance_bp)
    state = state_of([payment(1, received_sats)], terms=agreed)
    assert state.status is status
    assert (Anomaly.PARTIALLY_PAID in state.anomalies) is (status is Status.REQUIRES_PAYMENT)


def test_a_sighting_in_the_mempool_is_never_money():
    state = state_of(sightings=[sighting(1, 1_000), sighting(2, 1_000)])
    assert (state.status, state.amount_received_sats, state.anomalies) == (Status.REQUIRES_PAYMENT, 0, NO_EXCEPTIONS)


def test_a_sighting_neither_helps_nor_hinders_money_on_the_chain():
    assert state_of([payment(1)], sightings=[sighting(2)]) == state_of([payment(1)])
    assert state_of([payment(1, 500)], sightings=[sighting(2, 500)]).status is Status.REQUIRES_PAYMENT


TIERED: Policy = (Tier(from_sats=0, stacks_blocks=1), Tier(from_sats=1_200, stacks_blocks=6))


@pytest.mark.parametrize(
    ("amount_sats", "received_sats", "blocks_needed"),
    [
        (1_000, 1_000, 1),
        (1_000, 1_199, 1),
        (1_000, 1_200, 6),  # more than the amount due: judged by its own amount
        (1_200, 1_200, 6),
    ],
)
def test_a_payment_is_judged_by_the_larger_of_the_due_amount_and_its_own_worth(
    amount_sats, received_sats, blocks_needed
):
    agreed = terms(amount_sats, policy=TIERED)
    paid = [payment(1, received_sats)]
    for blocks in range(1, 8):
        status = Status.CONFIRMED if blocks >= blocks_needed else Status.PROCESSING
        assert state_of(paid, terms=agreed, view=view(HEIGHT + blocks - 1)).status is status


def test_a_small_part_of_a_large_amount_is_judged_by_the_large_amount():
    agreed = terms(1_200, policy=TIERED)
    parts = [payment(1, 600), payment(2, 600, tx_index=1)]
    assert state_of(parts, terms=agreed, view=view(HEIGHT + 4)).status is Status.PROCESSING
    assert state_of(parts, terms=agreed, view=view(HEIGHT + 5)).status is Status.CONFIRMED


def test_legs_that_settle_only_together_are_judged_each_by_the_due_amount_or_its_own_worth():
    """They are not judged by their sum: otherwise a further leg could undo a confirmation."""
    legs = [payment(1, 600, transaction=1), payment(2, 600, transaction=1, event_index=2)]
    assert state_of(legs, terms=terms(policy=TIERED)).status is Status.CONFIRMED
    assert state_of(legs, terms=terms(1_200, policy=TIERED)).status is Status.PROCESSING
    assert state_of(legs, terms=terms(1_200, policy=TIERED), view=view(HEIGHT + 5)).status is Status.CONFIRMED


def test_a_large_leg_waits_for_its_own_depth_while_small_legs_settle_the_amount():
    large, small = payment(1, 1_500, transaction=1), payment(2, 1_000, transaction=1, event_index=2)
    state = state_of([large], terms=terms(policy=TIERED))
    assert (state.status, state.next_check_height) == (Status.PROCESSING, HEIGHT + 5)
    assert state_of([large, small], terms=terms(policy=TIERED)).status is Status.CONFIRMED


def test_the_next_check_is_at_the_first_height_that_can_make_a_payment_final():
    large, small = payment(1, 1_500), payment(2, 500, height=HEIGHT + 2)
    state = state_of([large, small], terms=terms(policy=TIERED))
    assert (state.status, state.next_check_height) == (Status.PROCESSING, HEIGHT + 2)


def test_a_later_large_payment_does_not_take_the_confirmation_of_an_earlier_one_back():
    first, second = payment(1, 1_000), payment(2, 5_000, tx_index=1)
    assert state_of([first], terms=terms(policy=TIERED)).status is Status.CONFIRMED
    assert state_of([first, second], terms=terms(policy=TIERED)).status is Status.CONFIRMED


def test_a_leg_that_is_assigned_later_does_not_take_the_confirmation_of_the_first_leg_back():
    first, second = payment(1, 1_000, transaction=1), payment(2, 500, transaction=1, event_index=1)
    assert state_of([first], terms=terms(policy=TIERED)).status is Status.CONFIRMED
    assert state_of([first, second], terms=terms(policy=TIERED)).status is Status.CONFIRMED


@pytest.mark.parametrize(
    ("amount_sats", "blocks", "tenures", "status"),
    [
        (999_999, 1, 0, Status.CONFIRMED),
        (1_000_000, 1, 0, Status.PROCESSING),
        (1_000_000, 6, 0, Status.CONFIRMED),
        (99_999_999, 6, 0, Status.CONFIRMED),
        (100_000_000, 500, 1, Status.PROCESSING),
        (100_000_000, 500, 2, Status.CONFIRMED),
    ],
)
def test_the_default_policy_requires_more_for_larger_amounts(amount_sats, blocks, tenures, status):
    agreed = terms(amount_sats, policy=DEFAULT_POLICY)
    seen = view(HEIGHT + blocks - 1, tenure_height=TENURE_HEIGHT + tenures)
    assert state_of([payment(1, amount_sats)], terms=agreed, view=seen).status is status


def test_amounts_beyond_64_bits_are_added_exactly():
    huge = 2**64
    state = state_of([payment(1, huge), payment(2, huge + 1, tx_index=1)])
    assert state.amount_received_sats == 2**65 + 1


def test_orphaned_money_is_not_received():
    state = state_of([payment(1, 600), orphaned(payment(2, 400, tx_index=1))])
    assert (state.status, state.amount_received_sats) == (Status.REQUIRES_PAYMENT, 600)
