"""Two intents draw the same id: the second draws another, and is never answered with the first."""

import asyncio
import itertools

import msgspec

from services.shop import open_shop
from services.test_payment_intents_lost_answer import REQUEST
from sgate.chain.simulator import simulated_address
from sgate.db.notifications import Wakeups
from sgate.environment import Environment
from sgate.services.payment_intents import PaymentIntents


def repeating(times, real):
    """An environment whose first ids are the same `times` times; secrets never are."""
    drawn = itertools.count()

    def random_bytes(count):
        return b"\1" * count if count < 15 and next(drawn) < times else real.random_bytes(count)

    return Environment(now=real.now, random_bytes=random_bytes)


def ids_of(answers):
    return [msgspec.json.decode(answer.body)["id"] for answer in answers]


async def test_an_id_that_another_merchants_intent_has_is_drawn_again(pool):
    one, other = await open_shop(pool), await open_shop(pool, pay_address=simulated_address("other"), name="Other")
    environment = repeating(2, one.environment)
    modes = {one.mode.livemode: one.mode}
    intents = PaymentIntents(pool, modes, one.cipher, Wakeups("unused"), environment)
    answers = [await intents.create(shop.merchant, REQUEST, None) for shop in (one, other)]
    assert len(set(ids_of(answers))) == 2
    owners = await pool.fetch("SELECT id, merchant_id::text FROM payment_intents")
    assert {row["id"]: row["merchant_id"] for row in owners} == dict(
        zip(ids_of(answers), (one.merchant.id, other.merchant.id), strict=True)
    )


async def test_two_of_one_batch_with_the_same_id_are_both_stored(pool):
    shop = await open_shop(pool)
    environment = repeating(3, shop.environment)
    intents = PaymentIntents(pool, {shop.mode.livemode: shop.mode}, shop.cipher, Wakeups("unused"), environment)
    answers = await asyncio.gather(*(intents.create(shop.merchant, REQUEST, None) for _ in range(3)))
    assert len(set(ids_of(answers))) == 3
    assert await pool.fetchval("SELECT count(*) FROM payment_intents") == 3
    assert await pool.fetchval("SELECT count(*) FROM events") == 3
