"""Reorganizations: an orphaned payment no longer counts, and one mined again is as before and not late."""

import msgspec

from core.facts import (
    HEIGHT,
    HOLD,
    IN_TIME_UNTIL,
    MINUTE,
    SECOND,
    SIX_BLOCKS,
    START,
    orphaned,
    payment,
    state_of,
    terms,
    view,
)
from sgate.core.intent import Anomaly, LatePolicy, Status
from sgate.core.lifecycle import Accept, Cancel
from sgate.core.payment import Inclusion

OVER = IN_TIME_UNTIL + SECOND
LATE = IN_TIME_UNTIL + MINUTE


def test_orphaned_money_is_no_longer_received_and_the_intent_waits_again():
    state = state_of([orphaned(payment())])
    assert (state.status, state.amount_received_sats, state.anomalies) == (Status.REQUIRES_PAYMENT, 0, frozenset())


def test_a_lost_half_leaves_the_other_half():
    paid = [payment(1, 500, height=HEIGHT - 3), orphaned(payment(2, 500))]
    state = state_of(paid)
    assert (state.status, state.amount_received_sats) == (Status.REQUIRES_PAYMENT, 500)
    assert state.anomalies == {Anomaly.PARTIALLY_PAID}


def test_a_payment_mined_again_is_confirmed_from_its_new_block():
    again = payment(height=HEIGHT + 2, mined_at=START + 5 * MINUTE, first_mined_at=START + MINUTE)
    agreed = terms(policy=SIX_BLOCKS)
    assert state_of([again], terms=agreed, view=view(HEIGHT + 6)).status is Status.PROCESSING
    assert state_of([again], terms=agreed, view=view(HEIGHT + 7)).status is Status.CONFIRMED


def test_a_reorganization_can_reduce_the_depth_of_a_payment_without_orphaning_it():
    agreed = terms(policy=SIX_BLOCKS)
    assert state_of([payment()], terms=agreed, view=view(HEIGHT + 5)).status is Status.CONFIRMED
    assert state_of([payment()], terms=agreed, view=view(HEIGHT + 4)).status is Status.PROCESSING


def test_undoing_a_reorganization_restores_the_same_state():
    paid = [payment(1, 700, height=HEIGHT - 1), payment(2, 900)]
    before = state_of(paid)
    forked = state_of([paid[0], orphaned(paid[1])])
    back = state_of([paid[0], msgspec.structs.replace(orphaned(paid[1]), inclusion=Inclusion.INCLUDED)])
    assert forked != before
    assert back == before


def test_money_mined_again_after_the_deadline_is_still_in_time():
    again = payment(height=HEIGHT + 2, mined_at=LATE, first_mined_at=IN_TIME_UNTIL)
    state = state_of([again], view=view(HEIGHT + 2, LATE))
    assert (state.status, state.anomalies) == (Status.CONFIRMED, frozenset())


def test_an_orphaned_payment_extends_the_deadline_like_a_sighting():
    lost = [orphaned(payment(mined_at=IN_TIME_UNTIL))]
    assert state_of(lost, view=view(time=OVER)).status is Status.REQUIRES_PAYMENT
    assert state_of(lost, view=view(time=OVER)).next_check_time == IN_TIME_UNTIL + HOLD
    assert state_of(lost, view=view(time=IN_TIME_UNTIL + HOLD)).status is Status.REQUIRES_PAYMENT
    ended = state_of(lost, view=view(time=IN_TIME_UNTIL + HOLD + SECOND))
    assert ended.status in {Status.EXPIRED, Status.FAILED}
    assert ended.amount_received_sats == 0


def test_an_orphaned_late_payment_does_not_extend_the_deadline():
    assert state_of([orphaned(payment(mined_at=LATE))], view=view(time=LATE)).status is Status.EXPIRED


def test_a_payment_mined_again_after_the_deadline_counts():
    again = payment(height=HEIGHT + 9, mined_at=IN_TIME_UNTIL + 2 * HOLD, first_mined_at=START + MINUTE)
    assert state_of([again], view=view(HEIGHT + 9, IN_TIME_UNTIL + 2 * HOLD)).status is Status.CONFIRMED


def test_a_reorganization_of_an_accepted_late_payment_ends_the_intent_again():
    late, commands = payment(mined_at=LATE), [Accept(at=LATE, payment_ids=(payment().id,))]
    assert state_of([late], commands=commands, view=view(time=LATE)).status is Status.CONFIRMED
    assert state_of([orphaned(late)], commands=commands, view=view(time=LATE)).status is Status.EXPIRED


def test_a_reorganization_of_a_payment_accepted_by_the_terms_ends_the_intent_again():
    late, agreed = payment(mined_at=LATE), terms(late_payments=LatePolicy.ACCEPT)
    assert state_of([late], terms=agreed, view=view(time=LATE)).status is Status.CONFIRMED
    assert state_of([orphaned(late)], terms=agreed, view=view(time=LATE)).status is Status.EXPIRED


def test_a_reorganization_of_a_payment_accepted_after_a_cancel_cancels_the_intent_again():
    commands = [Cancel(at=START), Accept(at=LATE, payment_ids=(payment().id,))]
    assert state_of([payment()], commands=commands).status is Status.CONFIRMED
    forked = state_of([orphaned(payment())], commands=commands)
    assert (forked.status, forked.anomalies) == (Status.CANCELED, frozenset())
    assert state_of([payment()], commands=commands).status is Status.CONFIRMED


def test_an_acceptance_survives_a_change_of_block():
    commands = [Accept(at=LATE, payment_ids=(payment().id,))]
    again = payment(height=HEIGHT + 5, mined_at=LATE + 5 * MINUTE, first_mined_at=LATE)
    assert state_of([again], commands=commands, view=view(HEIGHT + 5, LATE + 5 * MINUTE)).status is Status.CONFIRMED


def test_an_excess_disappears_with_its_block():
    paid = [payment(1, height=HEIGHT - 1), payment(2)]
    assert state_of(paid).anomalies == {Anomaly.DUPLICATE_PAYMENT}
    assert state_of([paid[0], orphaned(paid[1])]).anomalies == frozenset()


def test_after_a_reorganization_the_new_chain_order_decides_what_is_excess():
    small, full = payment(1, 500, height=HEIGHT - 1), payment(2, 1_000, height=HEIGHT)
    third = payment(3, 1_000, height=HEIGHT + 1)
    assert state_of([small, full, third], view=view(HEIGHT + 1)).anomalies == {
        Anomaly.OVERPAID,
        Anomaly.DUPLICATE_PAYMENT,
    }
    small_again = msgspec.structs.replace(small, block_height=HEIGHT + 1, tx_index=7)
    assert state_of([orphaned(small), full, third], view=view(HEIGHT + 1)).anomalies == {Anomaly.DUPLICATE_PAYMENT}
    assert state_of([small_again, full], view=view(HEIGHT + 1)).anomalies == {Anomaly.OVERPAID}
