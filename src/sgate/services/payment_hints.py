"""Payment hints: the checkout page reports the wallet's transaction, and the watcher verifies it on the chain."""

from datetime import timedelta

from sgate.core import errors
from sgate.db import notifications
from sgate.db.pool import Pool
from sgate.environment import Environment
from sgate.objects.payment_hint import HintObject
from sgate.objects.public_intent import opens
from sgate.services.payment_intents import PaymentIntents
from sgate.store import payment_hints

MAX_HINTS_PER_INTENT = 5
"""A wallet sends one transaction, and perhaps a second one with a higher fee. More hints would waste API calls."""

REPEATED_FIRST_WAIT = timedelta(seconds=2)
REPEATED_LONGEST_WAIT = timedelta(minutes=2)
"""How long a repeated hint waits for its next lookup. The wait doubles after each lookup, so that repeats do not waste
calls."""


async def give(
    pool: Pool, intents: PaymentIntents, environment: Environment, intent_id: str, client_secret: str, tx_id: str
) -> HintObject:
    """Store a hint that the transaction `tx_id` (`0x` + 64 lower-case hex digits) may pay an intent. Wake the watcher.

    A hint that was given before is looked up again, unless its payment is in a block.

    Raises:
        PaymentIntentNotFound: if the intent does not exist, or the client secret does not belong to it.
        TooManyHints: if the intent already has MAX_HINTS_PER_INTENT hints.
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
        await payment_hints.repeat(
            connection, intent_id, tx_id, environment.now(), REPEATED_FIRST_WAIT, REPEATED_LONGEST_WAIT
        )
        await notifications.notify(connection, notifications.Channel.CHAIN)
    return HintObject(payment_intent=intent_id, tx_id=tx_id)
