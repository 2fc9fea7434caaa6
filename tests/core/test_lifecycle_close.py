"""Closing: a closed intent never awaits payment again, but a payment that was in time still moves it on."""

import msgspec
import pytest

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
    sighting,
    state_of,
    terms,
    view,
)
from core.strategies import World, decided
from sgate.core.event import EventType
from sgate.core.intent import Anomaly, Status
from sgate.core.lifecycle import Accept, Cancel, Close, Command, History, State, announce, is_legal
from sgate.core.payment import Inclusion

OVER = IN_TIME_UNTIL + SECOND
CLOSE = Close(at=OVER)
NEW = History(sequence=2, ever_confirmed=False, ever_reorged=False)


def closed_state(*payments, sightings=(), commands=(), **more) -> State:
    """Return the state after the intent was closed, by default in a view just past the deadline."""
    return state_of(payments, sightings=sightings, commands=[CLOSE, *commands], **({"view": view(time=OVER)} | more))


def back(payment_, *, height=HEIGHT + 2, mined_at=IN_TIME_UNTIL + MINUTE):
    """Return the payment in another block."""
    return msgspec.structs.replace(payment_, block_height=height, block_time=mined_at, inclusion=Inclusion.INCLUDED)


def test_a_failed_intent_whose_partial_payment_is_orphaned_stays_failed():
    """An orphaned payment extends the deadline, but not one that has already been judged."""
    part = payment(1, 400)
    before, after = closed_state(part), closed_state(orphaned(part))
    assert state_of([orphaned(part)], view=view(time=OVER)).status is Status.REQUIRES_PAYMENT
    assert (before.status, before.amount_received_sats) == (Status.FAILED, 400)
    assert (after.status, after.amount_received_sats, after.anomalies) == (Status.FAILED, 0, frozenset())
    assert after.next_check_time is None
    assert announce(before, after, NEW) == ()


def test_a_sighting_learned_late_does_not_open_an_expired_intent_again():
    assert state_of(sightings=[sighting()], view=view(time=OVER)).status is Status.REQUIRES_PAYMENT
    assert closed_state(sightings=[sighting()]) == closed_state()
    assert closed_state().status is Status.EXPIRED


def test_a_sighting_learned_late_does_not_open_a_failed_intent_again():
    assert closed_state(payment(1, 400), sightings=[sighting(2, 600)]) == closed_state(payment(1, 400))
    assert closed_state(payment(1, 400)).status is Status.FAILED


@pytest.mark.parametrize(("agreed", "first_seen"), [(terms(), None), (terms(policy=SIX_BLOCKS), START)])
def test_a_payment_in_time_mined_again_after_the_close_moves_the_intent_to_confirmed(agreed, first_seen):
    lost = orphaned(payment(mined_at=IN_TIME_UNTIL, seen_at=first_seen))
    closed = closed_state(lost, terms=agreed)
    assert closed.status is Status.FAILED
    blocks = agreed.policy[0].stacks_blocks
    events, before = [], closed
    for height in range(HEIGHT + 2, HEIGHT + 9):
        after = closed_state(back(lost), terms=agreed, view=view(height, IN_TIME_UNTIL + HOLD))
        assert after.status is (Status.CONFIRMED if height >= HEIGHT + 1 + blocks else Status.PROCESSING)
        assert after.anomalies == frozenset()
        events.extend(announce(before, after, NEW))
        before = after
    assert events == ([] if blocks == 1 else [EventType.PROCESSING]) + [EventType.SUCCEEDED]


def test_a_remainder_seen_in_time_confirms_a_failed_intent():
    part, remainder = (
        payment(1, 400),
        payment(2, 600, tx_index=1, mined_at=IN_TIME_UNTIL + MINUTE, seen_at=IN_TIME_UNTIL),
    )
    assert closed_state(part).status is Status.FAILED
    assert closed_state(part, remainder).status is Status.CONFIRMED


def test_a_part_in_time_that_becomes_known_after_the_close_turns_expired_into_failed():
    before, after = closed_state(), closed_state(payment(1, 400))
    assert (before.status, after.status) == (Status.EXPIRED, Status.FAILED)
    assert is_legal(before.status, after.status)
    assert announce(before, after, NEW) == (EventType.FAILED, EventType.PARTIALLY_PAID)


@pytest.mark.parametrize("seen", [view(time=START), view(time=IN_TIME_UNTIL), view(time=OVER)])
def test_a_close_is_not_judged_a_second_time_in_whatever_view(seen):
    assert closed_state(view=seen).status is Status.EXPIRED
    assert closed_state(payment(1, 400), view=seen).status is Status.FAILED
    assert closed_state(view=seen).next_check_time is None


def test_a_confirmation_that_goes_after_a_close_ends_the_intent_and_does_not_open_it():
    paid, confirmed_before = payment(), History(sequence=4, ever_confirmed=True, ever_reorged=False)
    confirmed, forked = closed_state(paid), closed_state(orphaned(paid))
    assert (confirmed.status, forked.status) == (Status.CONFIRMED, Status.FAILED)
    assert announce(confirmed, forked, confirmed_before) == (EventType.REORGED, EventType.FAILED)
    assert announce(forked, closed_state(paid), confirmed_before) == (EventType.RECONFIRMED,)


def test_a_confirmation_that_goes_without_a_close_waits_to_be_mined_again():
    assert state_of([orphaned(payment())], view=view(time=OVER)).status is Status.REQUIRES_PAYMENT


def test_late_money_that_was_accepted_after_a_close_counts():
    late = payment(mined_at=IN_TIME_UNTIL + MINUTE)
    accept = Accept(at=IN_TIME_UNTIL + HOLD, payment_ids=(late.id,))
    assert closed_state(late).status is Status.EXPIRED
    assert closed_state(late, commands=[accept]).status is Status.CONFIRMED
    assert closed_state(orphaned(late), commands=[accept]).status is Status.EXPIRED


def test_a_cancel_is_the_last_word_beside_a_close():
    assert closed_state(commands=[Cancel(at=START)]).status is Status.CANCELED
    state = closed_state(payment(), commands=[Cancel(at=START)])
    assert (state.status, state.anomalies) == (Status.CANCELED, {Anomaly.PAID_AFTER_CANCEL})


@pytest.mark.parametrize("more", [[Close(at=OVER)], [Close(at=START)], [Close(at=OVER + HOLD), Close(at=OVER)]])
def test_neither_the_time_nor_the_number_of_closes_matters(more):
    for payments in ([], [payment(1, 400)], [orphaned(payment())], [payment()]):
        assert closed_state(*payments, commands=more) == closed_state(*payments)


def test_undoing_a_reorganization_does_not_undo_a_close_in_between():
    """The sighting that held it open was gone for a moment; then both it and the lost part are back."""
    waiting = decided(World(terms(), view(time=OVER), (payment(1, 400),), (sighting(2, 600),)))
    assert (waiting.status, waiting.closes) == (Status.REQUIRES_PAYMENT, [])
    part_lost = decided(waiting._replace(payments=(orphaned(payment(1, 400)),)))
    assert part_lost.status is Status.REQUIRES_PAYMENT
    all_lost = decided(part_lost._replace(sightings=(), view=view(time=IN_TIME_UNTIL + HOLD + SECOND)))
    assert all_lost.status is Status.FAILED
    assert all_lost.closes == [Close(at=IN_TIME_UNTIL + HOLD + SECOND)]
    again = decided(waiting._replace(status=all_lost.status, commands=all_lost.commands))
    assert again.status is Status.FAILED
    assert again.closes == all_lost.closes
    assert (again.state.anomalies, again.state.amount_received_sats) == ({Anomaly.PARTIALLY_PAID}, 400)


def test_a_close_is_stored_as_a_command_among_the_others():
    text = msgspec.json.encode(CLOSE)
    assert msgspec.json.decode(text) == {"type": "close", "at": "2026-11-01T12:20:01Z"}
    assert msgspec.json.decode(text, type=Command) == CLOSE
