"""Hints: the checkout page says which transaction the wallet sent. The watcher looks it up; nobody believes it."""

from sgate.core import errors
from sgate.db import notifications
from sgate.db.pool import Pool
from sgate.environment import Environment
from sgate.objects.payment_hint import HintObject
from sgate.objects.public_intent import opens
from sgate.services.payment_intents import PaymentIntents
from sgate.store import payment_hints

MAX_HINTS_PER_INTENT = 5
"""A wallet sends one transaction, perhaps a second with a higher fee. More is somebody playing with our budget."""


async def give(
    pool: Pool, intents: PaymentIntents, environment: Environment, intent_id: str, client_secret: str, tx_id: str
) -> HintObject:
    """Remember that `tx_id` (`0x` + 64 lower-case hex) may pay an intent, and wake the watcher.

    Raises:
        PaymentIntentNotFound: if there is no such intent, or the client secret is not its.
        TooManyHints: see there.
    """
    found = await intents.find(intent_id)
    if found is None or not opens(found, client_secret):
        raise errors.PaymentIntentNotFound
    async with pool.acquire() as connection, connection.transaction():
        taken = await payment_hints.add(
            connection,
            intent_id,
            tx_id,
            MAX_HINTS_PER_INTENT,
            environment.now(),
            livemode=found.intent.livemode,
        )
        if not taken:
            raise errors.TooManyHints
        await notifications.notify(connection, notifications.Channel.CHAIN)
    return HintObject(payment_intent=intent_id, tx_id=tx_id)
