"""The outbox: an event and its deliveries are written in the transaction of what they tell."""

from collections.abc import Sequence

import msgspec

from sgate.core.event import EventType
from sgate.core.finality import View
from sgate.core.intent import PaymentIntent
from sgate.core.payment import Payment
from sgate.gateway import rendering
from sgate.gateway.environment import Environment
from sgate.store import events, feed
from sgate.store.pool import Connection


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
    """Append events about an intent that already has its new state; `intent.sequence` is that of the last of them."""
    first = intent.sequence - len(types) + 1
    for sequence, event_type in enumerate(types, start=first):
        seen = rendering.intent_object(msgspec.structs.replace(intent, sequence=sequence), payments, view, public_url)
        event = events.Event(
            id=environment.new_id("evt"),
            merchant_id=intent.merchant_id,
            livemode=intent.livemode,
            type=event_type,
            payment_intent_id=intent.id,
            sequence=sequence,
            payload=rendering.encode(seen),
            created_at=environment.now_ms(),
        )
        await events.append(connection, event, view)
    if types:
        await feed.notify(connection, feed.Channel.INTENT, intent.id)
        await feed.notify(connection, feed.Channel.DELIVERY)
