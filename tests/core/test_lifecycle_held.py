"""Which payments wait for the merchant's decision and why, and canceling an intent in spite of a payment."""

import pytest

from core.facts import HOLD, IN_TIME_UNTIL, MINUTE, SIX_BLOCKS, START, payment, state_of, terms, view
from sgate.core.event import EventType, event_id
from sgate.core.intent import Anomaly, LatePolicy, Status
from sgate.core.lifecycle import Accept, Cancel, HeldReason, History, Refund, announce, held_reasons
from sgate.core.payment import Inclusion, payment_id

AFTER = IN_TIME_UNTIL + HOLD
LATE = IN_TIME_UNTIL + MINUTE
HISTORY = History(sequence=2, ever_confirmed=False, ever_reorged=False)


def in_spite_of(*numbers):
    return Cancel(at=AFTER, payment_ids=tuple(payment(number).id for number in numbers))


def reasons(payments, commands=(), **given):
    """Return the reasons by the number of the payment."""
    found = held_reasons(terms(**given), payments, commands)
    return {number: found[payment(number).id] for number in range(1, 10) if payment(number).id in found}


@pytest.mark.parametrize(
    ("payments", "commands", "expected"),
    [
        ([payment(1)], [], {}),
        ([payment(1, mined_at=LATE)], [], {1: HeldReason.LATE}),
        ([payment(1)], [Cancel(at=START)], {1: HeldReason.AFTER_CANCEL}),
        ([payment(1, 400)], [in_spite_of(1)], {1: HeldReason.CANCELED}),
        (
            [payment(1, 400), payment(2, 600, tx_index=1)],
            [in_spite_of(1)],
            {1: HeldReason.CANCELED, 2: HeldReason.AFTER_CANCEL},
        ),
        ([payment(1), payment(2, tx_index=1)], [], {2: HeldReason.DUPLICATE}),
        ([payment(1), payment(2, tx_index=1), payment(3, tx_index=2)], [], {2: HeldReason.DUPLICATE, 3: HeldReason.DUPLICATE}),
        ([payment(1, 1_500)], [], {1: HeldReason.OVERPAID}),
        ([payment(1), payment(2, 10, tx_index=1)], [], {2: HeldReason.OVERPAID}),
        ([payment(1, mined_at=LATE)], [Accept(at=AFTER, payment_ids=(payment(1).id,))], {}),
        ([payment(1, mined_at=LATE)], [Refund(at=AFTER, payment_id=payment(1).id, tx_id="0x" + "77" * 32)], {}),
        ([payment(1, mined_at=LATE, inclusion=Inclusion.ORPHANED)], [], {}),
    ],
)  # fmt: skip
def test_each_payment_that_waits_for_a_decision_has_its_reason(payments, commands, expected):
    assert reasons(payments, commands) == expected


def test_late_money_that_the_terms_accept_waits_for_nothing():
    assert reasons([payment(1, mined_at=LATE)], late_payments=LatePolicy.ACCEPT) == {}


def test_a_paid_intent_is_canceled_and_its_money_held():
    before = state_of([payment(1, 400)])
    after = state_of([payment(1, 400)], commands=[in_spite_of(1)])
    assert (after.status, after.anomalies) == (Status.CANCELED, {Anomaly.CANCELED_WITH_PAYMENT})
    assert (after.amount_received_sats, after.amount_counted_sats) == (400, 0)
    assert announce(before, after, HISTORY) == (EventType.CANCELED, EventType.CANCELED_WITH_PAYMENT)


def test_canceling_while_the_payment_becomes_final_is_no_reorganization():
    before = state_of([payment(1)], terms=terms(policy=SIX_BLOCKS))
    after = state_of([payment(1)], terms=terms(policy=SIX_BLOCKS), commands=[in_spite_of(1)], view=view(200))
    assert (before.status, after.status) == (Status.PROCESSING, Status.CANCELED)
    assert announce(before, after, HISTORY) == (EventType.CANCELED, EventType.CANCELED_WITH_PAYMENT)


def test_a_payment_after_such_a_cancel_is_told_apart():
    state = state_of([payment(1, 400), payment(2, 600, tx_index=1)], commands=[in_spite_of(1)])
    assert state.anomalies == {Anomaly.CANCELED_WITH_PAYMENT, Anomaly.PAID_AFTER_CANCEL}
    assert state.status is Status.CANCELED


def test_the_ids_of_events_and_payments_are_functions_of_what_they_are_about():
    one = event_id("pi_1", EventType.REORGED, 1)
    assert one == event_id("pi_1", EventType.REORGED, 1)
    others = [("pi_2", EventType.REORGED, 1), ("pi_1", EventType.FAILED, 1), ("pi_1", EventType.REORGED, 2)]
    assert len({one, *(event_id(*other) for other in others)}) == 4
    tx_id = "0x" + "ab" * 32
    transfers = [
        (tx_id, 0, "ST1", 5, b"m"),
        (tx_id, 1, "ST1", 5, b"m"),
        (tx_id, 0, "ST2", 5, b"m"),
        (tx_id, 0, "ST1", 6, b"m"),
    ]
    ids = {
        payment_id(*transfer, livemode=livemode)
        for transfer in [*transfers, (tx_id, 0, "ST1", 5, None)]
        for livemode in (True, False)
    }
    assert len(ids) == 10
    assert all(len(one) == len("pay_") + 24 for one in ids)
