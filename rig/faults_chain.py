"""The chain's API goes away, lags, flaps; the chain forks."""

import asyncio

from rig.fault import Fault, Recovery, seconds_until

SHORT_OUTAGE_S = 10.0
LONG_OUTAGE_S = 120.0
LAG_BLOCKS = 20
LAG_S = 15.0
FLAPS = 12
FLAP_S = 0.7
REORG_DEPTH = 3


async def lose_the_chain(house, away_s=SHORT_OUTAGE_S):
    """The API answers 503 to everything. Merchants and payers go on."""
    await house.chain.order("faults", outage=True)
    try:
        await asyncio.sleep(away_s)
    finally:
        await house.chain.order("faults", outage=False)
    return await _confirming_again(house)


async def lose_the_chain_for_long(house):
    """Long enough that the watcher asks at its longest interval."""
    return await lose_the_chain(house, LONG_OUTAGE_S)


async def lag(house):
    """The API answers as a replica that is behind."""
    await house.chain.order("faults", lag_blocks=LAG_BLOCKS)
    try:
        await asyncio.sleep(LAG_S)
    finally:
        await house.chain.order("faults", lag_blocks=0)
    return await _confirming_again(house)


async def flap(house):
    """The API is away and back, again and again."""
    try:
        for _ in range(FLAPS):
            await house.chain.order("faults", outage=True)
            await asyncio.sleep(FLAP_S)
            await house.chain.order("faults", outage=False)
            await asyncio.sleep(FLAP_S)
    finally:
        await house.chain.order("faults", outage=False)
    return await _confirming_again(house)


async def fork(house):
    """Another branch wins; the payments are mined again in it."""
    await house.chain.order("reorg", depth=REORG_DEPTH, remine="same")
    return await _confirming_again(house)


async def _confirming_again(house):
    """Seconds from now to the next webhook that says that an intent was paid."""
    began = len(house.books.successes)

    async def told():
        return len(house.books.successes) > began

    return Recovery(
        await seconds_until(told, "a payment is confirmed"), "until the next payment was confirmed and told"
    )


FAULTS = [
    Fault("the chain's API is gone for 10 s", lose_the_chain, no_failures=True, short=True),
    Fault("the chain's API is gone for 2 min", lose_the_chain_for_long, no_failures=True),
    Fault("the chain's API lags by 20 blocks for 15 s", lag, no_failures=True),
    Fault("the chain's API flaps 12 times", flap, no_failures=True),
    Fault("a fork of 3 blocks", fork, no_failures=True),
]
