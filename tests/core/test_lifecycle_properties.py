"""Invariants of an intent in every history, whatever happens in whatever order and however often the chain forks."""

from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.facts import MINUTE, SECOND, view
from core.strategies import (
    ALL_ACTIONS,
    AMOUNTS_SATS,
    CLOSED,
    ORDINARY,
    WALKS,
    Step,
    World,
    actions,
    all_terms,
    assigned,
    beginning,
    changed,
    decided,
    happen,
    histories,
    history_after,
    leg_assigned,
    reorganized,
    worlds,
)
from sgate.core.event import EventType
from sgate.core.finality import Tier, View, confirmations, tier_for
from sgate.core.intent import Anomaly, Status
from sgate.core.lifecycle import Accept, Close, History, Refund, Verdict, announce, is_legal, judge, reduce
from sgate.core.payment import Inclusion, Payment

RANK = {Status.PROCESSING: 1, Status.CONFIRMED: 2}
"""How far a status has advanced; all others are 0."""


def deep_enough(paid: Payment, tier: Tier, seen: View) -> bool:
    """Return whether a payment is final, computed independently from heights alone."""
    return (
        paid.inclusion is Inclusion.INCLUDED
        and seen.height - paid.block_height + 1 >= (tier.stacks_blocks or 1)
        and (tier.tenure_changes is None or seen.tenure_height - paid.tenure_height >= tier.tenure_changes)
        and (tier.bitcoin_blocks is None or seen.bitcoin_height - paid.bitcoin_height + 1 >= tier.bitcoin_blocks)
    )


def counting(world: World) -> list[Payment]:
    return [paid for paid in world.included if judge(paid, world.terms, world.commands) is Verdict.COUNTS]


def final_sats(world: World) -> int:
    """Return the sum of the final payments that count, each by the tier of the amount due or of its own, if larger."""
    due_sats, policy = world.terms.amount_sats, world.terms.policy
    return sum(
        paid.amount_sats
        for paid in counting(world)
        if deep_enough(paid, tier_for(policy, max(due_sats, paid.amount_sats)), world.view)
    )


@WALKS
@given(worlds())
def test_reducing_the_same_facts_again_gives_the_same_state(world):
    assert world.state == world.state


@WALKS
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_in_which_facts_were_learned_does_not_matter(world, rng):
    payments, sightings, commands = list(world.payments), list(world.sightings), list(world.commands)
    for facts in (payments, sightings, commands):
        rng.shuffle(facts)
    assert reduce(world.terms, iter(payments), iter(sightings), iter(commands), world.view) == world.state


@WALKS
@given(histories())
def test_every_move_is_legal(steps):
    for step in steps:
        assert is_legal(step.before.status, step.after.status), (step.action, step.before.status, step.after.status)


@WALKS
@given(histories())
def test_only_a_reorganization_moves_backward(steps):
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
def test_success_is_announced_at_most_once_and_again_only_as_reconfirmed(steps):
    events = [event for step in steps for event in step.events]
    assert events.count(EventType.SUCCEEDED) <= 1
    if EventType.RECONFIRMED in events:
        assert EventType.SUCCEEDED in events[: events.index(EventType.RECONFIRMED)]
        assert EventType.REORGED in events[: events.index(EventType.RECONFIRMED)]


@WALKS
@given(histories())
def test_success_is_announced_only_when_enough_is_final(steps):
    for step in steps:
        if {EventType.SUCCEEDED, EventType.RECONFIRMED} & set(step.events):
            assert step.after.status is Status.CONFIRMED
            assert final_sats(step.world) >= step.world.terms.minimum_sats


@WALKS
@given(histories())
def test_an_intent_is_confirmed_exactly_while_enough_is_final(steps):
    for step in steps:
        enough = final_sats(step.world) >= step.world.terms.minimum_sats
        assert (step.after.status is Status.CONFIRMED) is enough


@WALKS
@given(histories())
def test_the_received_amount_is_the_sum_of_what_is_on_the_chain(steps):
    for step in steps:
        assert step.after.amount_received_sats == sum(paid.amount_sats for paid in step.world.included)


@WALKS
@given(histories())
def test_enough_counted_sats_never_await_payment_and_too_few_never_confirm(steps):
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
def test_the_sequence_and_the_history_never_go_back(steps):
    for earlier, later in pairwise(steps):
        assert later.history.sequence == earlier.history.sequence + len(later.events)
        assert later.history.ever_confirmed >= earlier.history.ever_confirmed
        assert later.history.ever_reorged >= earlier.history.ever_reorged


@WALKS
@given(histories())
def test_confirmations_are_never_negative_and_fall_only_in_a_reorganization(steps):
    known: dict[str, int] = {}
    for step in steps:
        now = {paid.id: confirmations(paid, step.world.view) for paid in step.world.payments}
        assert all(count >= 0 for count in now.values())
        if step.action != "reorg":
            assert all(now[payment_id] >= count for payment_id, count in known.items())
        known = now


@WALKS
@given(worlds(), st.integers(0, 5), st.integers(0, 3))
def test_a_reorganization_and_its_undo_in_the_same_view_restore_the_whole_state(world, depth, blocks):
    """This holds also if the intent was closed meanwhile: if no time passes, only a paid intent can be closed by a fork."""
    forked = decided(reorganized(world, depth=1 + depth, blocks=blocks))
    back = forked._replace(view=world.view, payments=world.payments)
    assert back.state == world.state
    assert forked.state.amount_received_sats <= world.state.amount_received_sats


@WALKS
@given(worlds(), st.integers(0, 5), st.integers(0, 3), actions(("advance", "wait", "drop"), max_size=6))
def test_a_later_undo_restores_all_but_a_deadline_that_passed_meanwhile(world, depth, blocks, meanwhile):
    forked = decided(reorganized(world, depth=1 + depth, blocks=blocks))
    for action in meanwhile:
        forked = happen(forked, action)
    back = forked._replace(view=deeper_of(world.view, forked.view), payments=world.payments, sightings=world.sightings)
    assert_only_closed(back, world._replace(view=back.view), closed=forked.commands != world.commands)


def assert_only_closed(world: World, undisturbed: World, *, closed: bool) -> None:
    """Assert that the state is as if nothing had happened, except that an intent awaiting payment may be closed."""
    if closed and undisturbed.state.status is Status.REQUIRES_PAYMENT:
        assert world.state.status in CLOSED
        assert world.state.anomalies == undisturbed.state.anomalies
        assert world.state.amount_received_sats == undisturbed.state.amount_received_sats
    else:
        assert world.state == undisturbed.state


@WALKS
@given(worlds(), st.integers(0, 60))
def test_a_close_affects_only_an_intent_that_awaits_payment(world, minutes):
    """It does not change any other intent, in particular one that is already closed."""
    open_world = world._replace(commands=tuple(c for c in world.commands if not isinstance(c, Close)))
    close = Close(at=world.view.time + minutes * MINUTE)
    assert_only_closed(open_world._replace(commands=(*open_world.commands, close)), open_world, closed=True)


@WALKS
@given(histories())
def test_a_closed_intent_never_awaits_payment_again(steps):
    for step in steps:
        if step.world.closes:
            assert step.after.status is not Status.REQUIRES_PAYMENT


@WALKS
@given(histories())
def test_each_close_is_recorded_once_and_only_payments_lie_between_two(steps):
    before = 0
    for step in steps:
        entered = step.after.status in CLOSED and step.before.status not in CLOSED
        assert len(step.world.closes) == before + entered
        if entered and before:
            assert step.before.status in RANK
        before = len(step.world.closes)


@WALKS
@given(all_terms(), actions(), st.lists(st.booleans(), min_size=20, max_size=20))
def test_the_transition_between_any_two_decisions_is_legal_and_announced(agreed, happened, decides):
    """The ledger may decide about one fact or about many at once; only its decisions are announced."""
    world = beginning(agreed)
    before, history = world.state, History(sequence=1, ever_confirmed=False, ever_reorged=False)
    for action, decide in zip(happened, decides, strict=False):
        world = changed(world, action)
        if not decide and action[0] not in {"cancel", "accept", "refund"}:  # these decide at once
            continue
        world = decided(world)
        after = world.state
        events = announce(before, after, history)
        assert is_legal(before.status, after.status), (action, before.status, after.status)
        assert bool(events) >= (before.status is not after.status)
        before, history = after, history_after(history, events)


@WALKS
@given(histories())
def test_a_payment_sent_back_never_counts_and_an_accepted_one_always_does(steps):
    for step in steps:
        world = step.world
        sent_back = {command.payment_id for command in world.commands if isinstance(command, Refund)}
        accepted = {each for command in world.commands if isinstance(command, Accept) for each in command.payment_ids}
        verdicts = {paid.id: judge(paid, world.terms, world.commands) for paid in world.payments}
        assert {each for each, verdict in verdicts.items() if verdict is Verdict.SENT_BACK} == sent_back
        assert all(verdicts[each] is Verdict.COUNTS for each in accepted)


@WALKS
@given(worlds(), st.sampled_from(AMOUNTS_SATS), st.integers(0, 7), st.integers(0, 40))
def test_a_further_payment_never_undoes_a_confirmation(world, amount_sats, blocks_ago, minutes_ago):
    more = assigned(world, amount_sats=amount_sats, blocks_ago=blocks_ago, minutes_ago=minutes_ago)
    assert RANK.get(more.state.status, 0) >= RANK.get(world.state.status, 0)


@WALKS
@given(worlds(("mine", "advance", "mine_seen", "see", "assign_leg")), st.integers(0, 20), st.sampled_from(AMOUNTS_SATS))
def test_a_further_leg_of_a_known_transaction_never_undoes_a_confirmation(world, index, amount_sats):
    more = leg_assigned(world, index, amount_sats=amount_sats)
    assert RANK.get(more.state.status, 0) >= RANK.get(world.state.status, 0)


@WALKS
@given(worlds(), st.integers(1, 10), st.integers(0, 90), st.integers(0, 3), st.integers(0, 3))
def test_a_deeper_view_alone_never_undoes_a_confirmation(world, blocks, minutes, tenures, bitcoin):
    deeper = world._replace(view=advanced(world.view, blocks, minutes, tenures, bitcoin))
    assert RANK.get(deeper.state.status, 0) >= RANK.get(world.state.status, 0)


@WALKS
@given(worlds(), st.integers(0, 20), st.integers(0, 120 * 60), st.integers(0, 3), st.integers(0, 3))
def test_nothing_changes_before_the_next_check_is_due(world, blocks, seconds, tenures, bitcoin):
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
def test_facts_alone_never_show_a_past_reorganization(world):
    """That is part of the history: after a reorganization and its undo, the facts are the same as before."""
    assert Anomaly.REORGED not in world.state.anomalies


@WALKS
@given(worlds())
def test_the_next_check_is_planned_exactly_while_time_or_depth_can_still_decide(world):
    state = world.state
    assert (state.next_check_height is not None) is (state.status is Status.PROCESSING)
    assert (state.next_check_time is not None) is (state.status is Status.REQUIRES_PAYMENT)


@WALKS
@given(worlds())
def test_every_open_intent_ends_once_the_chain_is_scanned_far_enough(world):
    end = advanced(world.view, 40, 0, 40, 40)
    end = msgspec.structs.replace(end, time=max(end.time, world.terms.in_time_until + world.terms.seen_hold + SECOND))
    assert world._replace(view=end).state.status not in {Status.REQUIRES_PAYMENT, Status.PROCESSING}


@WALKS
@given(histories(ORDINARY))
def test_without_reorganizations_no_end_is_announced_falsely(steps):
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
@given(histories(tuple(kind for kind in ALL_ACTIONS if kind != "accept")))
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


def deeper_of(one: View, other: View) -> View:
    """As far as either has read."""
    return view(
        max(one.height, other.height),
        max(one.time, other.time),
        tenure_height=max(one.tenure_height, other.tenure_height),
        bitcoin_height=max(one.bitcoin_height, other.bitcoin_height),
    )
