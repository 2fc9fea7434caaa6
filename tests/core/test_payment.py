"""When a payment arrived: at the first sighting if it was mined soon enough, else at its first block."""

from datetime import timedelta

import pytest

from core.facts import HOLD, MINUTE, SECOND, START, payment


@pytest.mark.parametrize(
    ("seen_after", "mined_after", "arrived_after"),
    [
        (None, MINUTE, MINUTE),
        (MINUTE, 2 * MINUTE, MINUTE),
        (MINUTE, MINUTE + HOLD, MINUTE),  # at the very end of the hold
        (MINUTE, MINUTE + HOLD + SECOND, MINUTE + HOLD + SECOND),  # the sighting has lost its claim
        (5 * MINUTE, MINUTE, MINUTE),  # mined before we saw it
        (MINUTE, MINUTE, MINUTE),
    ],
)
def test_a_payment_arrives_at_its_first_sighting_if_it_is_mined_within_the_hold(seen_after, mined_after, arrived_after):
    seen_at = None if seen_after is None else START + seen_after
    paid = payment(mined_at=START + mined_after, seen_at=seen_at)
    assert paid.arrived_at(HOLD) == START + arrived_after


def test_without_a_hold_only_the_block_counts():
    paid = payment(mined_at=START + MINUTE, seen_at=START)
    assert paid.arrived_at(timedelta()) == START + MINUTE


def test_a_reorganization_does_not_make_a_payment_late():
    again = payment(mined_at=START + 90 * MINUTE, first_mined_at=START + MINUTE)
    assert again.arrived_at(HOLD) == START + MINUTE


def test_a_reorganization_does_not_invalidate_a_sighting():
    again = payment(mined_at=START + 90 * MINUTE, first_mined_at=START + 2 * MINUTE, seen_at=START + MINUTE)
    assert again.arrived_at(HOLD) == START + MINUTE


def test_chain_order_is_height_then_place_in_the_block_then_place_in_the_transaction():
    in_order = [
        payment(height=7, tx_index=9, event_index=9),
        payment(height=8, tx_index=0, event_index=3),
        payment(height=8, tx_index=1, event_index=0),
        payment(height=8, tx_index=1, event_index=2),
        payment(height=10, tx_index=0, event_index=0),
    ]
    assert sorted([in_order[place] for place in (3, 0, 4, 2, 1)], key=lambda paid: paid.chain_order) == in_order
