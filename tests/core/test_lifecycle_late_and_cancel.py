"""Late payments and payments after a cancel: always recorded, and held until the merchant decides."""

from datetime import datetime

import pytest

from core.facts import (
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
from sgate.core.lifecycle import Accept, Cancel, Refund, Verdict, judge

AFTER = IN_TIME_UNTIL + HOLD
LATE = IN_TIME_UNTIL + MINUTE
CANCEL = Cancel(at=START + MINUTE)


def accept(*numbers: int) -> Accept:
    return Accept(at=AFTER, payment_ids=tuple(payment(number).id for number in numbers))


def refund(number: int, at: datetime = AFTER) -> Refund:
    return Refund(at=at, payment_id=payment(number).id, tx_id="0x" + "77" * 32)


@pytest.mark.parametrize(
    ("late_payments", "status"), [(LatePolicy.HOLD, Status.EXPIRED), (LatePolicy.ACCEPT, Status.CONFIRMED)]
)
def test_a_late_payment_is_held_or_accepted_by_the_terms_and_recorded_either_way(late_payments, status):
    state = state_of([payment(mined_at=LATE)], terms=terms(late_payments=late_payments), view=view(time=AFTER))
    assert (state.status, state.anomalies, state.amount_received_sats) == (status, {Anomaly.PAID_LATE}, 1_000)


def test_late_money_is_recorded_at_any_later_time():
    years_later = IN_TIME_UNTIL + 3 * 365 * 24 * 60 * MINUTE
    state = state_of([payment(mined_at=years_later)], view=view(HEIGHT + 10**7, years_later))
    assert (state.status, state.anomalies, state.amount_received_sats) == (Status.EXPIRED, {Anomaly.PAID_LATE}, 1_000)


def test_the_late_remainder_of_a_partial_payment_is_held():
    paid = [payment(1, 400), payment(2, 600, mined_at=LATE, tx_index=1)]
    state = state_of(paid, view=view(time=AFTER))
    assert (state.status, state.amount_received_sats) == (Status.FAILED, 1_000)
    assert state.anomalies == {Anomaly.PARTIALLY_PAID, Anomaly.PAID_LATE}


def test_the_late_remainder_is_added_if_the_terms_accept_late_payments():
    paid = [payment(1, 400), payment(2, 600, mined_at=LATE, tx_index=1)]
    state = state_of(paid, terms=terms(late_payments=LatePolicy.ACCEPT), view=view(time=AFTER))
    assert (state.status, state.anomalies) == (Status.CONFIRMED, {Anomaly.PAID_LATE})


def test_more_money_that_comes_late_leaves_a_confirmed_intent_confirmed():
    paid = [payment(1), payment(2, 1_000, mined_at=LATE, tx_index=1)]
    state = state_of(paid, view=view(time=AFTER))
    assert (state.status, state.anomalies, state.amount_received_sats) == (Status.CONFIRMED, {Anomaly.PAID_LATE}, 2_000)


def test_the_merchant_releases_late_money_by_accepting_it():
    paid = [payment(1, mined_at=LATE)]
    state = state_of(paid, commands=[accept(1)], view=view(time=AFTER))
    assert (state.status, state.anomalies) == (Status.CONFIRMED, {Anomaly.PAID_LATE})


def test_accepted_money_still_has_to_become_final():
    paid, agreed = [payment(1, mined_at=LATE)], terms(policy=SIX_BLOCKS)
    shallow = state_of(paid, terms=agreed, commands=[accept(1)], view=view(time=AFTER))
    deep = state_of(paid, terms=agreed, commands=[accept(1)], view=view(HEIGHT + 5, AFTER))
    assert (shallow.status, shallow.next_check_height) == (Status.PROCESSING, HEIGHT + 5)
    assert deep.status is Status.CONFIRMED


def test_accepting_counts_exactly_the_named_payments():
    paid = [payment(1, 500, mined_at=LATE), payment(2, 500, mined_at=LATE, tx_index=1)]
    one = state_of(paid, commands=[accept(1)], view=view(time=AFTER))
    both = state_of(paid, commands=[accept(1), accept(2)], view=view(time=AFTER))
    together = state_of(paid, commands=[accept(1, 2)], view=view(time=AFTER))
    assert one.status not in {Status.PROCESSING, Status.CONFIRMED}
    assert both == together
    assert both.status is Status.CONFIRMED


def test_money_that_comes_after_an_accept_is_held_again():
    paid = [payment(1, mined_at=LATE), payment(2, mined_at=LATE + MINUTE, tx_index=1)]
    assert judge(paid[1], terms(), [accept(1)]) is Verdict.HELD_LATE
    assert state_of(paid, commands=[accept(1)], view=view(time=AFTER)).anomalies == {Anomaly.PAID_LATE}


def test_marking_late_money_as_sent_back_changes_neither_status_nor_record():
    paid = [payment(1, mined_at=LATE)]
    before = state_of(paid, view=view(time=AFTER))
    assert state_of(paid, commands=[refund(1)], view=view(time=AFTER)) == before


def test_a_payment_sent_back_does_not_count_even_if_a_reorganization_puts_it_in_time():
    """The payment is held as late and sent back; then its block is replaced by one with an earlier time."""
    in_time_after_all = payment(1, mined_at=IN_TIME_UNTIL - SECOND)
    assert judge(payment(1, mined_at=LATE), terms(), [refund(1)]) is Verdict.SENT_BACK
    assert judge(in_time_after_all, terms(), [refund(1)]) is Verdict.SENT_BACK
    state = state_of([in_time_after_all], commands=[refund(1)], view=view(time=AFTER))
    assert (state.status, state.anomalies, state.amount_received_sats) == (Status.EXPIRED, frozenset(), 1_000)


@pytest.mark.parametrize("commands", [[], [CANCEL]])
@pytest.mark.parametrize(
    ("accepted_at", "sent_back_at", "verdict"),
    [
        (AFTER, AFTER + SECOND, Verdict.COUNTS),
        (AFTER, AFTER, Verdict.COUNTS),
        (AFTER + SECOND, AFTER, Verdict.SENT_BACK),
        (None, AFTER, Verdict.SENT_BACK),
        (AFTER, None, Verdict.COUNTS),
    ],
)
def test_the_earlier_of_accepting_and_sending_back_wins_in_whatever_order_they_are_learned(
    commands, accepted_at, sent_back_at, verdict
):
    paid = payment(1, mined_at=LATE)
    if accepted_at is not None:
        commands = [*commands, Accept(at=accepted_at, payment_ids=(paid.id,))]
    if sent_back_at is not None:
        commands = [*commands, refund(1, sent_back_at)]
    for agreed in (terms(), terms(late_payments=LatePolicy.ACCEPT)):
        assert judge(paid, agreed, commands) is verdict
        assert judge(paid, agreed, reversed(commands)) is verdict


def test_the_first_acceptance_and_the_first_sending_back_are_compared():
    paid = payment(1, mined_at=LATE)
    twice_accepted = [Accept(at=AFTER + 2 * SECOND, payment_ids=(paid.id,)), accept(1)]
    assert judge(paid, terms(), [refund(1, AFTER + SECOND), *twice_accepted]) is Verdict.COUNTS
    twice_sent_back = [refund(1, AFTER + 2 * SECOND), refund(1, AFTER - SECOND)]
    assert judge(paid, terms(), [accept(1), *twice_sent_back]) is Verdict.SENT_BACK


def test_sending_one_payment_back_does_not_affect_another():
    paid = [payment(1, mined_at=LATE), payment(2, mined_at=LATE, tx_index=1)]
    commands = [refund(1), Accept(at=AFTER + SECOND, payment_ids=(paid[0].id, paid[1].id))]
    assert [judge(each, terms(), commands) for each in paid] == [Verdict.SENT_BACK, Verdict.COUNTS]
    assert state_of(paid, commands=commands, view=view(time=AFTER)).status is Status.CONFIRMED


def test_a_canceled_intent_stays_canceled_and_needs_no_further_check():
    for scanned_to in (START + 2 * MINUTE, AFTER):
        state = state_of(commands=[CANCEL], sightings=[sighting()], view=view(time=scanned_to))
        assert state.status is Status.CANCELED
        assert state.anomalies == frozenset()
        assert (state.next_check_height, state.next_check_time) == (None, None)


@pytest.mark.parametrize("mined_at", [START, START + MINUTE, START + 2 * MINUTE, LATE])
@pytest.mark.parametrize("late_payments", LatePolicy)
def test_a_payment_learned_after_a_cancel_is_after_it_even_from_an_earlier_block(mined_at, late_payments):
    agreed = terms(late_payments=late_payments)
    state = state_of([payment(mined_at=mined_at)], terms=agreed, commands=[CANCEL], view=view(time=AFTER))
    assert (state.status, state.anomalies) == (Status.CANCELED, {Anomaly.PAID_AFTER_CANCEL})
    assert state.amount_received_sats == 1_000
    assert judge(payment(mined_at=mined_at), agreed, [CANCEL]) is Verdict.HELD_AFTER_CANCEL


def test_a_partial_payment_after_a_cancel_is_not_partially_paid():
    assert state_of([payment(1, 400)], commands=[CANCEL]).anomalies == {Anomaly.PAID_AFTER_CANCEL}


def test_the_merchant_releases_money_after_a_cancel_by_accepting_it():
    state = state_of([payment(1)], commands=[CANCEL, accept(1)])
    assert (state.status, state.anomalies) == (Status.CONFIRMED, {Anomaly.PAID_AFTER_CANCEL})


def test_accepting_too_little_after_a_cancel_leaves_it_canceled():
    state = state_of([payment(1, 400)], commands=[CANCEL, accept(1)])
    assert (state.status, state.amount_received_sats) == (Status.CANCELED, 400)
    assert state.anomalies == {Anomaly.PAID_AFTER_CANCEL, Anomaly.PARTIALLY_PAID}


def test_marking_money_after_a_cancel_as_sent_back_leaves_it_canceled():
    state = state_of([payment(1)], commands=[CANCEL, refund(1)])
    assert (state.status, state.anomalies) == (Status.CANCELED, {Anomaly.PAID_AFTER_CANCEL})


@pytest.mark.parametrize(
    ("mined_at", "late_payments", "verdict"),
    [
        (IN_TIME_UNTIL, LatePolicy.HOLD, Verdict.COUNTS),
        (IN_TIME_UNTIL, LatePolicy.ACCEPT, Verdict.COUNTS),
        (IN_TIME_UNTIL + SECOND, LatePolicy.HOLD, Verdict.HELD_LATE),
        (IN_TIME_UNTIL + SECOND, LatePolicy.ACCEPT, Verdict.COUNTS),
    ],
)
def test_the_verdict_on_a_payment_is_whether_it_counts_and_if_not_why(mined_at, late_payments, verdict):
    paid, agreed = payment(mined_at=mined_at), terms(late_payments=late_payments)
    assert judge(paid, agreed, []) is verdict
    assert judge(paid, agreed, [CANCEL]) is Verdict.HELD_AFTER_CANCEL
    assert judge(paid, agreed, [accept(1)]) is Verdict.COUNTS
    assert judge(paid, agreed, [CANCEL, accept(1)]) is Verdict.COUNTS
    assert judge(paid, agreed, [accept(2)]) is verdict
