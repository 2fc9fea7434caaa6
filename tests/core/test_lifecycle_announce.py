"""Announcements: the events of a change and their order, and the legal moves."""

from itertools import product

import pytest

from sgate.core.event import EventType
from sgate.core.intent import Anomaly, Status
from sgate.core.lifecycle import LEGAL_MOVES, History, State, announce, is_legal

NEW = History(sequence=1, ever_confirmed=False, ever_reorged=False)
CONFIRMED_BEFORE = History(sequence=3, ever_confirmed=True, ever_reorged=False)
REORGED_BEFORE = History(sequence=4, ever_confirmed=True, ever_reorged=True)

S, E, A = Status, EventType, Anomaly
MOVES = list(product(Status, Status))


def state(status: Status, *anomalies: Anomaly, received_sats: int = 0) -> State:
    return State(status=status, anomalies=frozenset(anomalies), amount_received_sats=received_sats)


@pytest.mark.parametrize(
    ("before", "after", "history", "events"),
    [
        (S.REQUIRES_PAYMENT, S.PROCESSING, NEW, (E.PROCESSING,)),
        (S.REQUIRES_PAYMENT, S.CONFIRMED, NEW, (E.SUCCEEDED,)),
        (S.REQUIRES_PAYMENT, S.EXPIRED, NEW, (E.EXPIRED,)),
        (S.REQUIRES_PAYMENT, S.FAILED, NEW, (E.FAILED,)),
        (S.REQUIRES_PAYMENT, S.CANCELED, NEW, (E.CANCELED,)),
        (S.PROCESSING, S.CONFIRMED, NEW, (E.SUCCEEDED,)),
        (S.EXPIRED, S.PROCESSING, NEW, (E.PROCESSING,)),
        (S.EXPIRED, S.CONFIRMED, NEW, (E.SUCCEEDED,)),
        (S.EXPIRED, S.FAILED, NEW, (E.FAILED,)),
        (S.FAILED, S.PROCESSING, NEW, (E.PROCESSING,)),
        (S.FAILED, S.CONFIRMED, NEW, (E.SUCCEEDED,)),
        (S.CANCELED, S.PROCESSING, NEW, (E.PROCESSING,)),
        (S.CANCELED, S.CONFIRMED, NEW, (E.SUCCEEDED,)),
    ],
)
def test_each_move_forward_has_its_event(before, after, history, events):
    assert announce(state(before), state(after), history) == events


@pytest.mark.parametrize(
    ("before", "after", "events"),
    [
        (S.CONFIRMED, S.PROCESSING, (E.REORGED,)),
        (S.CONFIRMED, S.REQUIRES_PAYMENT, (E.REORGED,)),
        (S.CONFIRMED, S.EXPIRED, (E.REORGED, E.EXPIRED)),
        (S.CONFIRMED, S.FAILED, (E.REORGED, E.FAILED)),
        (S.CONFIRMED, S.CANCELED, (E.REORGED, E.CANCELED)),
        (S.PROCESSING, S.REQUIRES_PAYMENT, (E.REORGED,)),
        (S.PROCESSING, S.EXPIRED, (E.REORGED, E.EXPIRED)),
        (S.PROCESSING, S.FAILED, (E.REORGED, E.FAILED)),
        (S.PROCESSING, S.CANCELED, (E.REORGED, E.CANCELED)),
    ],
)
def test_a_move_backward_is_announced_as_a_reorganization_first(before, after, events):
    assert announce(state(before), state(after), CONFIRMED_BEFORE) == events


@pytest.mark.parametrize("before", [S.REQUIRES_PAYMENT, S.PROCESSING, S.EXPIRED, S.FAILED, S.CANCELED])
@pytest.mark.parametrize("history", [CONFIRMED_BEFORE, REORGED_BEFORE])
def test_success_is_announced_once_and_afterwards_only_as_reconfirmed(before, history):
    assert announce(state(before), state(S.CONFIRMED), history) == (E.RECONFIRMED,)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("history", [NEW, CONFIRMED_BEFORE, REORGED_BEFORE])
def test_no_change_is_not_announced(status, history):
    same = state(status, A.PARTIALLY_PAID, A.PAID_LATE)
    assert announce(same, same, history) == ()


@pytest.mark.parametrize("anomaly", [anomaly for anomaly in Anomaly if anomaly is not Anomaly.REORGED])
@pytest.mark.parametrize("status", Status)
def test_each_exception_is_announced_when_it_appears_and_not_when_it_goes(anomaly, status):
    plain, unusual = state(status), state(status, anomaly)
    assert announce(plain, unusual, NEW) == (EventType(f"payment_intent.{anomaly}"),)
    assert announce(unusual, unusual, NEW) == ()
    assert announce(unusual, plain, NEW) == ()


def test_the_status_is_announced_before_what_is_unusual_about_it():
    before = state(S.REQUIRES_PAYMENT, A.PARTIALLY_PAID)
    after = state(S.CONFIRMED, A.PAID_LATE, A.DUPLICATE_PAYMENT, A.OVERPAID)
    assert announce(before, after, NEW) == (E.SUCCEEDED, E.OVERPAID, E.DUPLICATE_PAYMENT, E.PAID_LATE)


def test_money_alone_is_not_announced_when_nothing_else_changes():
    less, more = (
        state(S.CONFIRMED, A.OVERPAID, received_sats=1_100),
        state(S.CONFIRMED, A.OVERPAID, received_sats=1_200),
    )
    assert announce(less, more, CONFIRMED_BEFORE) == ()


LEGAL = {
    S.REQUIRES_PAYMENT: {S.PROCESSING, S.CONFIRMED, S.EXPIRED, S.FAILED, S.CANCELED},
    S.PROCESSING: {S.CONFIRMED, S.REQUIRES_PAYMENT, S.EXPIRED, S.FAILED, S.CANCELED},
    S.CONFIRMED: {S.PROCESSING, S.REQUIRES_PAYMENT, S.EXPIRED, S.FAILED, S.CANCELED},
    S.EXPIRED: {S.PROCESSING, S.CONFIRMED, S.FAILED},
    S.FAILED: {S.PROCESSING, S.CONFIRMED},
    S.CANCELED: {S.PROCESSING, S.CONFIRMED},
}


@pytest.mark.parametrize(("before", "after"), MOVES)
def test_an_intent_moves_only_where_it_may(before, after):
    assert is_legal(before, after) is (before is after or after in LEGAL[before])


def test_an_intent_that_is_over_never_waits_again_without_having_been_paid():
    for over in (S.EXPIRED, S.FAILED, S.CANCELED):
        assert not is_legal(over, S.REQUIRES_PAYMENT)


@pytest.mark.parametrize(("before", "after"), [(old, new) for old, new in MOVES if new in LEGAL_MOVES[old]])
@pytest.mark.parametrize("history", [NEW, CONFIRMED_BEFORE, REORGED_BEFORE])
def test_every_legal_move_is_announced(before, after, history):
    events = announce(state(before), state(after), history)
    assert events
    assert len(set(events)) == len(events)
    assert E.CREATED not in events


@pytest.mark.parametrize(("before", "after"), MOVES)
@pytest.mark.parametrize("history", [NEW, CONFIRMED_BEFORE, REORGED_BEFORE])
def test_success_is_announced_on_entering_confirmed_only(before, after, history):
    events = announce(state(before), state(after), history)
    entered = before is not S.CONFIRMED and after is S.CONFIRMED
    assert (E.SUCCEEDED in events) is (entered and not history.ever_confirmed)
    assert (E.RECONFIRMED in events) is (entered and history.ever_confirmed)
