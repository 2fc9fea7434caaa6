"""What holds for an intent in every history: whatever comes, in whatever order, and however often the chain changes its mind."""

from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.facts import MINUTE, SECOND, view
from core.strategies import (
    ALL_ACTIONS,
    AMOUNTS_SATS,
    ORDINARY,
    WALKS,
    Step,
    World,
    assigned,
    histories,
    leg_assigned,
    reorganised,
    worlds,
)
from sgate.core.event import EventType
from sgate.core.finality import Tier, View, confirmations, tier_for
from sgate.core.intent import Anomaly, Status
from sgate.core.lifecycle import Verdict, is_legal, judge, reduce
from sgate.core.payment import Inclusion, Payment

RANK = {Status.PROCESSING: 1, Status.CONFIRMED: 2}
"""How far a status has come; all others are 0."""


def deep_enough(paid: Payment, tier: Tier, seen: View) -> bool:
    """Finality counted by hand, from heights alone."""
    return (
        paid.inclusion is Inclusion.INCLUDED
        and seen.height - paid.block_height + 1 >= (tier.stacks_blocks or 1)
        and (tier.tenure_changes is None or seen.tenure_height - paid.tenure_height >= tier.tenure_changes)
        and (tier.bitcoin_blocks is None or seen.bitcoin_height - paid.bitcoin_height + 1 >= tier.bitcoin_blocks)
    )


def counting(world: World) -> list[Payment]:
    return [paid for paid in world.included if judge(paid, world.terms, world.commands) is Verdict.COUNTS]


@WALKS
@given(worlds())
def test_reducing_the_same_facts_again_gives_the_same_state(world):
    assert world.state == world.state


@WALKS
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_in_which_facts_were_learned_does_not_matter(world, dice):
    payments, sightings, commands = list(world.payments), list(world.sightings), list(world.commands)
    for facts in (payments, sightings, commands):
        dice.shuffle(facts)
    assert reduce(world.terms, iter(payments), iter(sightings), iter(commands), world.view) == world.state


@WALKS
@given(histories())
def test_every_move_is_legal(steps):
    for step in steps:
        assert is_legal(step.before.status, step.after.status), (step.action, step.before.status, step.after.status)


@WALKS
@given(histories())
def test_only_a_reorganisation_moves_backward(steps):
    for step in steps:
        if RANK.get(step.after.status, 0) < RANK.get(step.before.status, 0):
            assert step.action == "reorg"


@WALKS
@given(histories())
def test_every_status_change_is_announced(steps):
    for step in steps:
        if step.after.status is not step.before.status:
            assert step.events, (step.action, step.before.status, step.after.status)


@WALKS
@given(histories())
def test_nothing_is_announced_without_a_change(steps):
    for step in steps:
        if step.events:
            assert (step.before.status, step.before.anomalies) != (step.after.status, step.after.anomalies)


@WALKS
@given(histories())
def test_nothing_is_announced_twice_in_one_change(steps):
    for step in steps:
        assert len(set(step.events)) == len(step.events)


@WALKS
@given(histories())
def test_success_is_announced_at_most_once_ever_and_again_only_as_reconfirmed(steps):
    told = [event for step in steps for event in step.events]
    assert told.count(EventType.SUCCEEDED) <= 1
    if EventType.RECONFIRMED in told:
        assert EventType.SUCCEEDED in told[: told.index(EventType.RECONFIRMED)]
        assert EventType.REORGED in told[: told.index(EventType.RECONFIRMED)]


@WALKS
@given(histories())
def test_success_is_announced_only_when_enough_final_money_is_there(steps):
    for step in steps:
        if {EventType.SUCCEEDED, EventType.RECONFIRMED} & set(step.events):
            world = step.world
            final_sats = sum(
                paid.amount_sats
                for paid in counting(world)
                if deep_enough(paid, tier_for(world.terms.policy, world.terms.amount_sats), world.view)
                or deep_enough(paid, tier_for(world.terms.policy, worth_of(paid, world)), world.view)
            )
            assert step.after.status is Status.CONFIRMED
            assert final_sats >= world.terms.minimum_sats


def worth_of(paid: Payment, world: World) -> int:
    """What counts of the payment's whole transaction."""
    return sum(other.amount_sats for other in counting(world) if other.tx_id == paid.tx_id)


@WALKS
@given(histories())
def test_the_received_amount_is_the_sum_of_what_is_on_the_chain(steps):
    for step in steps:
        assert step.after.amount_received_sats == sum(paid.amount_sats for paid in step.world.included)


@WALKS
@given(histories())
def test_enough_money_that_counts_is_never_left_waiting_and_too_little_never_confirms(steps):
    for step in steps:
        enough = sum(paid.amount_sats for paid in counting(step.world)) >= step.world.terms.minimum_sats
        assert (step.after.status in RANK) is enough


@WALKS
@given(histories())
def test_each_exception_that_appears_is_announced_and_no_other(steps):
    for step in steps:
        appeared = {f"payment_intent.{anomaly}" for anomaly in step.after.anomalies - step.before.anomalies}
        announced = {event for event in step.events if event.removeprefix("payment_intent.") in set(Anomaly)}
        assert announced - {EventType.REORGED} == appeared


@WALKS
@given(histories())
def test_the_sequence_and_the_record_of_what_was_said_never_go_back(steps):
    for earlier, later in pairwise(steps):
        assert later.history.sequence == earlier.history.sequence + len(later.events)
        assert later.history.ever_confirmed >= earlier.history.ever_confirmed
        assert later.history.ever_reorged >= earlier.history.ever_reorged


@WALKS
@given(histories())
def test_confirmations_are_never_negative_and_fall_only_by_a_reorganisation(steps):
    known: dict[str, int] = {}
    for step in steps:
        now = {paid.id: confirmations(paid, step.world.view) for paid in step.world.payments}
        assert all(count >= 0 for count in now.values())
        if step.action != "reorg":
            assert all(now[payment_id] >= count for payment_id, count in known.items())
        known = now


@WALKS
@given(worlds(), st.integers(0, 5), st.integers(0, 3))
def test_a_reorganisation_and_its_undo_restore_status_sums_and_exceptions(world, depth, blocks):
    away = reorganised(world, depth=1 + depth, blocks=blocks)
    back = away._replace(view=world.view, payments=world.payments)
    assert back.state == world.state
    assert away.state.amount_received_sats <= world.state.amount_received_sats


@WALKS
@given(worlds(), st.sampled_from(AMOUNTS_SATS), st.integers(0, 7), st.integers(0, 40))
def test_a_further_payment_never_takes_a_confirmation_back(world, amount_sats, blocks_ago, minutes_ago):
    more = assigned(world, amount_sats=amount_sats, blocks_ago=blocks_ago, minutes_ago=minutes_ago)
    assert RANK.get(more.state.status, 0) >= RANK.get(world.state.status, 0)


@WALKS
@given(worlds(("mine", "advance")), st.integers(0, 20), st.sampled_from(AMOUNTS_SATS))
def test_a_further_leg_of_a_known_transaction_never_takes_a_confirmation_back(world, index, amount_sats):
    more = leg_assigned(world, index, amount_sats=amount_sats)
    assert RANK.get(more.state.status, 0) >= RANK.get(world.state.status, 0)


@WALKS
@given(worlds(), st.integers(1, 10), st.integers(0, 90), st.integers(0, 3), st.integers(0, 3))
def test_a_deeper_view_alone_never_takes_a_confirmation_back(world, blocks, minutes, tenures, bitcoin):
    deeper = world._replace(view=advanced(world.view, blocks, minutes, tenures, bitcoin))
    assert RANK.get(deeper.state.status, 0) >= RANK.get(world.state.status, 0)


@WALKS
@given(worlds(), st.integers(0, 20), st.integers(0, 120 * 60), st.integers(0, 3), st.integers(0, 3))
def test_nothing_changes_before_the_next_look_is_due(world, blocks, seconds, tenures, bitcoin):
    state = world.state
    due_height, due_time = state.next_check_height, state.next_check_time
    assert due_height is None or due_height > world.view.height
    assert due_time is None or due_time >= world.view.time
    if due_height is not None:
        blocks = min(blocks, due_height - 1 - world.view.height)
    if blocks == 0:  # tenures and Bitcoin blocks come with a Stacks block, or not at all
        seconds = tenures = bitcoin = 0
    time = world.view.time + seconds * SECOND
    if due_time is not None:
        time = min(time, due_time)
    later = msgspec.structs.replace(advanced(world.view, blocks, 0, tenures, bitcoin), time=time)
    seen_then = world._replace(view=later).state
    assert (seen_then.status, seen_then.anomalies) == (state.status, state.anomalies)


@WALKS
@given(worlds())
def test_facts_alone_never_say_that_something_was_reorganised_once(world):
    """That is history: the facts after a reorganisation and its undo are the facts before."""
    assert Anomaly.REORGED not in world.state.anomalies


@WALKS
@given(worlds())
def test_the_next_look_is_planned_exactly_while_time_or_depth_can_still_decide(world):
    state = world.state
    assert (state.next_check_height is not None) is (state.status is Status.PROCESSING)
    assert (state.next_check_time is not None) is (state.status is Status.REQUIRES_PAYMENT)


@WALKS
@given(worlds())
def test_every_waiting_intent_ends_once_the_chain_is_scanned_far_enough(world):
    end = advanced(world.view, 40, 0, 40, 40)
    end = msgspec.structs.replace(end, time=max(end.time, world.terms.in_time_until + world.terms.seen_hold + SECOND))
    assert world._replace(view=end).state.status not in {Status.REQUIRES_PAYMENT, Status.PROCESSING}


@WALKS
@given(histories(ORDINARY))
def test_without_reorganisations_the_end_of_time_is_announced_falsely_for_nobody(steps):
    """No `expired` or `failed` is followed by success for money that was in time."""
    ended: Step | None = None
    for step in steps:
        if ended is None and step.after.status in {Status.EXPIRED, Status.FAILED}:
            ended = step
        if ended is not None and EventType.SUCCEEDED in step.events:
            in_time_sats = sum(
                paid.amount_sats
                for paid in step.world.included
                if paid.arrived_at(step.world.terms.seen_hold) <= step.world.terms.in_time_until
            )
            assert in_time_sats < step.world.terms.minimum_sats


@WALKS
@given(histories([kind for kind in ALL_ACTIONS if kind != "accept"]))
def test_a_canceled_intent_is_never_confirmed_unless_the_merchant_accepts(steps):
    canceled = False
    for step in steps:
        canceled = canceled or EventType.CANCELED in step.events
        if canceled:
            assert step.after.status is Status.CANCELED


def advanced(seen: View, blocks: int, minutes: int, tenures: int, bitcoin: int) -> View:
    return view(
        seen.height + blocks,
        seen.time + minutes * MINUTE,
        tenure_height=seen.tenure_height + tenures,
        bitcoin_height=seen.bitcoin_height + bitcoin,
    )
