"""The outbox: an event and its deliveries are written in the same transaction as the change that they report."""

from collections.abc import Sequence

import msgspec

from sgate.core.event import EventType
from sgate.core.finality import View
from sgate.core.intent import PaymentIntent
from sgate.core.payment import Payment
from sgate.db import notifications
from sgate.db.pool import Connection
from sgate.environment import Environment
from sgate.objects import payment_intent
from sgate.objects.encoding import encode
from sgate.objects.payment import deposit_object
from sgate.store import events
from sgate.store.payments import Deposit


async def announce(
    connection: Connection,
    environment: Environment,
    intent: PaymentIntent,
    types: Sequence[EventType],
    *,
    payments: Sequence[Payment],
    view: View,
    public_url: str,
) -> None:
    """Append events about an intent that already has its new state. `intent.sequence` is the last event's number."""
    first = intent.sequence - len(types) + 1
    for sequence, event_type in enumerate(types, start=first):
        seen = payment_intent.intent_object(
            msgspec.structs.replace(intent, sequence=sequence), payments, view, public_url
        )
        event = events.Event(
            id=environment.new_id("evt"),
            merchant_id=intent.merchant_id,
            livemode=intent.livemode,
            type=event_type,
            payment_intent_id=intent.id,
            sequence=sequence,
            payload=encode(seen),
            created_at=environment.now_ms(),
        )
        await events.append(connection, event, view)
    # Notify even without events: the decision was made because facts changed, and the checkout page may show them.
    await notifications.notify(connection, notifications.Channel.INTENT, intent.id)
    if types:
        await notify_merchant(connection, intent.merchant_id, livemode=intent.livemode)


async def announce_unmatched(connection: Connection, environment: Environment, deposit: Deposit) -> None:
    """Append the event about a deposit that names no intent of its merchant. Without a merchant, append nothing."""
    if deposit.merchant_id is None:
        return
    event = events.Event(
        id=environment.new_id("evt"),
        merchant_id=deposit.merchant_id,
        livemode=deposit.livemode,
        type=EventType.UNMATCHED,
        payment_intent_id=None,
        sequence=1,
        payload=encode(deposit_object(deposit)),
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
