"""Random facts and random histories.

A history starts with an unpaid intent, and each action changes the world as the chain, the mempool or the merchant
would. An action that is not possible at the time (dropping a sighting that does not exist, canceling a paid intent)
changes nothing, so that any list of actions is a history and shrinks well.

After each action the ledger decides: it stores the status, and records once (`Close`) when an intent becomes expired or
failed. A world therefore contains, in addition to its facts, the status of the last decision.

Histories respect what the code around the core guarantees:

* The view's time never goes back, and a block's time is later than that of its parent.
* A transaction is first seen in the mempool no earlier than the block that was scanned when it became known.
* The legs of one transaction share its block and its sighting. They may become known one after another: the second may
  have had no memo and be assigned by the merchant.
* A merchant cancels only an intent that awaits payment and has none on the chain, accepts only held payments that were
  not sent back, and marks as sent back only held payments.

`SGATE_TEST_EXAMPLES=2000` runs that many random cases of each property instead of the usual few.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cache
from itertools import product
from typing import NamedTuple

import msgspec
from hypothesis import settings
from hypothesis import strategies as st

from core.facts import BITCOIN_HEIGHT, HEIGHT, MINUTE, START, TENURE_HEIGHT, hash_of, orphaned, payment, terms, view
from sgate.core.finality import Policy, Tier, View
from sgate.core.intent import LatePolicy, Status, Terms
from sgate.core.lifecycle import (
    Accept,
    Cancel,
    Close,
    Command,
    History,
    Refund,
    State,
    Verdict,
    announce,
    judge,
    reduce,
)
from sgate.core.payment import Inclusion, Payment, Sighting

EXAMPLES = int(os.environ.get("SGATE_TEST_EXAMPLES", "40"))
FAST = settings(max_examples=EXAMPLES, deadline=None)
WALKS = settings(max_examples=EXAMPLES, deadline=None)

CLOSED = frozenset({Status.EXPIRED, Status.FAILED})
"""The deadline passed, and too little or nothing was paid. The ledger records that an intent entered these."""

AMOUNTS_SATS = (1_000, 500, 300, 950, 1, 1_500, 2_500)
"""With 1,000 due: the exact amount, half, a part, within tolerance, dust, an overpayment, and more than twice."""

Action = tuple[str, int, int]
"""The kind of an action, and two random numbers that it may use."""


class World(NamedTuple):
    """All facts about one intent at one moment, the merchant's decisions, and the status of the ledger's last decision."""

    terms: Terms
    view: View
    payments: tuple[Payment, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    commands: tuple[Command, ...] = ()
    transactions: int = 0
    status: Status = Status.REQUIRES_PAYMENT

    @property
    def state(self) -> State:
        return reduce(self.terms, self.payments, self.sightings, self.commands, self.view)

    @property
    def included(self) -> list[Payment]:
        return [paid for paid in self.payments if paid.inclusion is Inclusion.INCLUDED]

    @property
    def closes(self) -> list[Close]:
        return [command for command in self.commands if isinstance(command, Close)]


class Step(NamedTuple):
    """One step of a history: the action, the resulting state, and the announced events."""

    action: str
    world: World
    before: State
    after: State
    events: tuple[str, ...]
    history: History


# A tuple is one choice instead of several, which makes generating cases faster.
_NUMBERS = st.sampled_from(
    [numbers for numbers in product((1, None, 2, 3, 4, 5), (None, 1, 2), (None, 1, 2, 3)) if any(numbers)]
)
_STARTS = st.sampled_from([(0,), (0, 600), (0, 1_200), (0, 2_000), (0, 600, 1_200), (0, 600, 2_000), (0, 1_200, 2_000)])
_CONDITIONS = st.sampled_from(list(product((300, 0), (1_800, 600, 0), (0, 50), (0, 800), LatePolicy)))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Draw one to three tiers whose starts separate the amounts of the actions."""
    return tuple(
        Tier(from_sats=start, stacks_blocks=stacks, tenure_changes=tenures, bitcoin_blocks=bitcoin)
        for start in draw(_STARTS)
        for stacks, tenures, bitcoin in [draw(_NUMBERS)]
    )


@st.composite
def all_terms(draw: st.DrawFn) -> Terms:
    grace_s, seen_hold_s, tolerance_sats, tolerance_bp, late_payments = draw(_CONDITIONS)
    return terms(
        grace_s=grace_s,
        seen_hold_s=seen_hold_s,
        tolerance_sats=tolerance_sats,
        tolerance_bp=tolerance_bp,
        policy=draw(policies()),
        late_payments=late_payments,
    )


@st.composite
def chain_views(draw: st.DrawFn) -> View:
    """Draw any view: before, at or after the payments of `payments_anywhere`."""
    return view(
        draw(st.integers(min_value=0, max_value=HEIGHT + 20)),
        START + draw(st.integers(min_value=0, max_value=90)) * MINUTE,
        tenure_height=draw(st.integers(min_value=0, max_value=TENURE_HEIGHT + 5)),
        bitcoin_height=draw(st.integers(min_value=0, max_value=BITCOIN_HEIGHT + 5)),
    )


@st.composite
def payments_anywhere(draw: st.DrawFn) -> Payment:
    return payment(
        height=draw(st.integers(min_value=1, max_value=HEIGHT + 20)),
        tenure_height=draw(st.integers(min_value=0, max_value=TENURE_HEIGHT + 5)),
        bitcoin_height=draw(st.integers(min_value=0, max_value=BITCOIN_HEIGHT + 5)),
        inclusion=draw(st.sampled_from(Inclusion)),
    )


ORDINARY = ("advance", "wait", "mine", "see", "mine_seen")
"""The actions of a chain without reorganizations and a mempool that drops nothing."""

ALL_ACTIONS = (*ORDINARY, "drop", "reorg", "mine_again", "assign", "assign_leg", "cancel", "accept", "refund")


_RANDOM_NUMBERS = st.integers(min_value=0, max_value=999)


@cache
def actions(kinds: tuple[str, ...] = ALL_ACTIONS, max_size: int = 20) -> st.SearchStrategy[list[Action]]:
    """Return a strategy for a few actions or many."""
    each = st.tuples(st.sampled_from(kinds), _RANDOM_NUMBERS, _RANDOM_NUMBERS)
    return st.lists(each, max_size=4) | st.lists(each, min_size=max_size // 2, max_size=max_size)


@st.composite
def worlds(draw: st.DrawFn, kinds: tuple[str, ...] = ALL_ACTIONS) -> World:
    """Draw the world at the end of a history."""
    world = beginning(draw(all_terms()))
    for action in draw(actions(kinds, max_size=12)):
        world = happen(world, action)
    return world


@st.composite
def histories(draw: st.DrawFn, kinds: tuple[str, ...] = ALL_ACTIONS) -> list[Step]:
    """Draw a whole history, step by step."""
    return list(walk(draw(all_terms()), draw(actions(kinds))))


def beginning(agreed: Terms) -> World:
    """Return the world of a new intent."""
    return World(agreed, view(HEIGHT, START))


def walk(agreed: Terms, actions_: Sequence[Action]) -> Iterator[Step]:
    """Apply the actions one after another, and announce each change as the ledger does."""
    world = beginning(agreed)
    history = History(sequence=1, ever_confirmed=False, ever_reorged=False)
    before = world.state
    for action in actions_:
        world = happen(world, action)
        after = world.state
        events = announce(before, after, history)
        history = history_after(history, events)
        yield Step(action[0], world, before, after, events, history)
        before = after


def history_after(history: History, events: Sequence[str]) -> History:
    """Return the history after these events were announced."""
    return History(
        sequence=history.sequence + len(events),
        ever_confirmed=history.ever_confirmed or "payment_intent.succeeded" in events,
        ever_reorged=history.ever_reorged or "payment_intent.reorged" in events,
    )


def happen(world: World, action: Action) -> World:
    """Return the world after an action and the ledger's decision about it."""
    return decided(changed(world, action))


def decided(world: World) -> World:
    """Decide as the ledger does: store the status, and record a close if the intent was just closed."""
    status = world.state.status
    closes = (Close(at=world.view.time),) if status in CLOSED and world.status not in CLOSED else ()
    return world._replace(status=status, commands=world.commands + closes)


def changed(world: World, action: Action) -> World:  # noqa: PLR0911  (one case per kind of action)
    """Return the world after an action, before the ledger decides about it."""
    kind, a, b = action
    match kind:
        case "advance":
            return world._replace(
                view=later(world.view, blocks=1 + a % 4, minutes=1 + b % 3, tenures=a % 2, bitcoin=b % 2)
            )
        case "wait":
            return world._replace(view=later(world.view, blocks=1, minutes=10 + b % 30, tenures=1 + a % 2, bitcoin=1))
        case "mine":
            return mined(
                world, amount_sats=AMOUNTS_SATS[a % len(AMOUNTS_SATS)], legs=1 + (b % 5 == 0), minutes=1 + b % 8
            )
        case "see":
            return seen(world, amount_sats=AMOUNTS_SATS[a % len(AMOUNTS_SATS)], after_s=b % 120)
        case "mine_seen":
            return mined_from_mempool(world, a, minutes=1 + b % 40)
        case "drop":
            return world._replace(sightings=without(world.sightings, a))
        case "reorg":
            return reorganized(world, depth=1 + a % 6, blocks=b % 4)
        case "mine_again":
            return mined_again(world, a, minutes=1 + b % 40)
        case "assign":
            return assigned(
                world, amount_sats=AMOUNTS_SATS[a % len(AMOUNTS_SATS)], blocks_ago=a % 8, minutes_ago=b % 40
            )
        case "assign_leg":
            return leg_assigned(world, a, amount_sats=AMOUNTS_SATS[b % len(AMOUNTS_SATS)])
        case "cancel":
            return canceled(world)
        case "accept":
            return accepted(world, everything=a % 2 == 0)
        case "refund":
            return refunded(world, a)
        case _:
            raise ValueError(kind)


def later(seen_: View, *, blocks: int, minutes: int, tenures: int = 0, bitcoin: int = 0) -> View:
    return view(
        seen_.height + blocks,
        seen_.time + minutes * MINUTE,
        tenure_height=seen_.tenure_height + tenures,
        bitcoin_height=seen_.bitcoin_height + bitcoin,
    )


def in_tip(world: World, number: int, amount_sats: int, **more: object) -> Payment:
    """Return a payment in the block just scanned."""
    tip = world.view
    return payment(
        number,
        amount_sats,
        height=tip.height,
        tx_index=number,
        mined_at=tip.time,
        tenure_height=tip.tenure_height,
        bitcoin_height=tip.bitcoin_height,
        **more,  # type: ignore[arg-type]
    )


def mined(world: World, *, amount_sats: int, legs: int, minutes: int) -> World:
    world = world._replace(view=later(world.view, blocks=1, minutes=minutes), transactions=world.transactions + 10)
    number = world.transactions
    paid = tuple(
        in_tip(world, number + leg, amount_sats, transaction=number, event_index=2 * leg) for leg in range(legs)
    )
    return world._replace(
        payments=world.payments + tuple(msgspec.structs.replace(leg, tx_index=number) for leg in paid)
    )


def seen(world: World, *, amount_sats: int, after_s: int) -> World:
    number = world.transactions + 10
    sighting = Sighting(
        tx_id=hash_of(number), amount_sats=amount_sats, first_seen_at=world.view.time + timedelta(seconds=after_s)
    )
    return world._replace(sightings=(*world.sightings, sighting), transactions=number)


def mined_from_mempool(world: World, index: int, *, minutes: int) -> World:
    if not world.sightings:
        return world
    sighting = world.sightings[index % len(world.sightings)]
    world = world._replace(view=later(world.view, blocks=1, minutes=minutes))
    paid = in_tip(world, int(sighting.tx_id, 16), sighting.amount_sats, seen_at=sighting.first_seen_at)
    return world._replace(payments=(*world.payments, paid), sightings=without(world.sightings, index))


def without(sightings: tuple[Sighting, ...], index: int) -> tuple[Sighting, ...]:
    if not sightings:
        return ()
    place = index % len(sightings)
    return sightings[:place] + sightings[place + 1 :]


def reorganized(world: World, *, depth: int, blocks: int) -> World:
    """Replace `depth` blocks with `blocks` others. The tip may become lower.

    The tenure and Bitcoin heights may fall as well, but never below those of a payment that is still included.
    """
    fork_height = max(1, world.view.height - depth)
    kept = [paid for paid in world.included if paid.block_height <= fork_height]
    seen_ = world.view
    return world._replace(
        view=view(
            fork_height + blocks,
            seen_.time,
            tenure_height=max([seen_.tenure_height - depth % 2, *(paid.tenure_height for paid in kept)]),
            bitcoin_height=max([seen_.bitcoin_height - depth % 2, *(paid.bitcoin_height for paid in kept)]),
        ),
        payments=tuple(orphaned(paid) if paid.block_height > fork_height else paid for paid in world.payments),
    )


def mined_again(world: World, index: int, *, minutes: int) -> World:
    """Include an orphaned transaction again, with all its legs, at a later time."""
    lost = sorted({paid.tx_id for paid in world.payments if paid.inclusion is Inclusion.ORPHANED})
    if not lost:
        return world
    tx_id = lost[index % len(lost)]
    tip = later(world.view, blocks=1, minutes=minutes)
    return world._replace(
        view=tip,
        payments=tuple(
            msgspec.structs.replace(
                paid,
                block_height=tip.height,
                block_time=tip.time,
                tenure_height=tip.tenure_height,
                bitcoin_height=tip.bitcoin_height,
                inclusion=Inclusion.INCLUDED,
            )
            if paid.tx_id == tx_id
            else paid
            for paid in world.payments
        ),
    )


def assigned(world: World, *, amount_sats: int, blocks_ago: int, minutes_ago: int) -> World:
    """Assign an older deposit without a memo to the intent."""
    number = world.transactions + 10
    mined_at = max(START, world.view.time - minutes_ago * MINUTE)
    paid = msgspec.structs.replace(
        in_tip(world, number, amount_sats),
        block_height=max(1, world.view.height - blocks_ago),
        block_time=mined_at,
        first_mined_at=mined_at,
    )
    return world._replace(payments=(*world.payments, paid), transactions=number)


def leg_assigned(world: World, index: int, *, amount_sats: int) -> World:
    """Assign another leg, which had no memo, of a transaction that already pays the intent."""
    if not world.included:
        return world
    known = world.included[index % len(world.included)]
    legs = [paid.event_index for paid in world.payments if paid.tx_id == known.tx_id]
    if len(legs) > 8:
        return world
    leg = msgspec.structs.replace(
        known, id=f"{known.id}_{max(legs) + 2}", event_index=max(legs) + 2, amount_sats=amount_sats
    )
    return world._replace(payments=(*world.payments, leg))


def canceled(world: World) -> World:
    if world.included or world.status is not Status.REQUIRES_PAYMENT:
        return world
    return world._replace(commands=(*world.commands, Cancel(at=world.view.time)))


def held(world: World) -> list[Payment]:
    """Return the payments that the merchant can still decide about: neither accepted nor sent back."""
    undecided = {Verdict.HELD_LATE, Verdict.HELD_AFTER_CANCEL}
    return [paid for paid in world.included if judge(paid, world.terms, world.commands) in undecided]


def accepted(world: World, *, everything: bool) -> World:
    waiting = held(world) if everything else held(world)[:1]
    if not waiting:
        return world
    command = Accept(at=world.view.time, payment_ids=tuple(paid.id for paid in waiting))
    return world._replace(commands=(*world.commands, command))


def refunded(world: World, index: int) -> World:
    waiting = held(world)
    if not waiting:
        return world
    paid = waiting[index % len(waiting)]
    command = Refund(at=world.view.time, payment_id=paid.id, tx_id=hash_of(7))
    return world._replace(commands=(*world.commands, command))
