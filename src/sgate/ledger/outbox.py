"""The outbox: an event and its deliveries are written in the same transaction as the change that they report."""

from collections.abc import Mapping, Sequence

import msgspec

from sgate.core.event import EventType, event_id
from sgate.core.finality import View
from sgate.core.intent import PaymentIntent
from sgate.core.lifecycle import HeldReason
from sgate.core.payment import Payment
from sgate.db import notifications
from sgate.db.pool import Connection
from sgate.environment import Environment
from sgate.objects import payment_intent
from sgate.objects.encoding import encode
from sgate.objects.payment import DepositObject, deposit_object, held_payment_object
from sgate.objects.payment_intent import IntentObject
from sgate.store import events, payments, payments_scan
from sgate.store.payments import Deposit


async def announce(
    connection: Connection,
    environment: Environment,
    intent: PaymentIntent,
    types: Sequence[EventType],
    *,
    facts: Sequence[Payment],
    view: View,
    public_url: str,
) -> None:
    """Append events about an intent that already has its new state. `intent.sequence` is the last event's number."""
    first = intent.sequence - len(types) + 1
    numbers = await events.numbers(connection, intent.id) if types else {}
    for sequence, event_type in enumerate(types, start=first):
        seen = payment_intent.intent_object(msgspec.structs.replace(intent, sequence=sequence), facts, view, public_url)
        number = numbers[event_type] = numbers.get(event_type, 0) + 1
        event = events.Event(
            id=event_id(intent.id, event_type, number),
            merchant_id=intent.merchant_id,
            livemode=intent.livemode,
            type=event_type,
            payment_intent_id=intent.id,
            sequence=sequence,
            payload=encode(await _with_moves(connection, seen, event_type)),
            created_at=environment.now_ms(),
        )
        await events.append(connection, event, view)
    # Notify even without events: the decision was made because facts changed, and the checkout page may show them.
    await notifications.notify(connection, notifications.Channel.INTENT, intent.id)
    if types:
        await notify_merchant(connection, intent.merchant_id, livemode=intent.livemode)


async def _with_moves(connection: Connection, seen: IntentObject, event_type: EventType) -> IntentObject:
    """Add the payments that a reorganization moved, if that is what the event is about."""
    if event_type is not EventType.REORGED:
        return seen
    return payment_intent.reorged_intent_object(seen, await payments_scan.moved(connection, seen.id))


async def announce_held(
    connection: Connection, environment: Environment, held: Mapping[str, HeldReason], *, livemode: bool
) -> None:
    """Append an event about each payment that waits for the merchant's decision and was not announced before."""
    announced = await events.about(connection, list(held), EventType.HELD) if held else set[str]()
    for payment_id, reason in held.items():
        deposit = None if payment_id in announced else await payments.get(connection, payment_id, livemode=livemode)
        if deposit is not None:
            await _append(connection, environment, deposit, EventType.HELD, held_payment_object(deposit, reason))


async def announce_unmatched(connection: Connection, environment: Environment, deposit: Deposit) -> None:
    """Append the event about a deposit that names no intent of its merchant. Without a merchant, append nothing."""
    await _append(connection, environment, deposit, EventType.UNMATCHED, deposit_object(deposit))


async def _append(
    connection: Connection, environment: Environment, deposit: Deposit, event_type: EventType, seen: DepositObject
) -> None:
    """Append an event about a payment, of a type that is sent once per payment."""
    if deposit.merchant_id is None:
        return
    event = events.Event(
        id=event_id(deposit.payment.id, event_type, 1),
        merchant_id=deposit.merchant_id,
        livemode=deposit.livemode,
        type=event_type,
        payment_intent_id=None,
        sequence=1,
        payload=encode(seen),
        created_at=environment.now_ms(),
        object_id=deposit.payment.id,
    )
    await events.append(connection, event, deposit.scanned)
    await notify_merchant(connection, deposit.merchant_id, livemode=deposit.livemode)


async def notify_merchant(connection: Connection, merchant_id: str, *, livemode: bool) -> None:
    """Wake the merchant's event streams and the webhook deliverers when this transaction commits."""
    await notifications.notify(
        connection, notifications.Channel.EVENT, notifications.topic_of(merchant_id, livemode=livemode)
    )
    await notifications.notify(connection, notifications.Channel.DELIVERY)
