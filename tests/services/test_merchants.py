"""The profile of a merchant is shared by both modes: changes that come at once are all kept."""

import asyncio

from services.shop import ACTOR, open_shop, simulated_mode
from sgate.services.merchants import update_settings
from sgate.store import merchants
from store.waiting import until_somebody_waits


async def test_changes_of_the_profile_from_both_modes_at_once_are_both_kept(pool):
    shop = await open_shop(pool)
    async with pool.acquire() as holding, pool.acquire() as watching:
        live = await merchants.get(holding, shop.merchant.id, livemode=True)
        transaction = holding.transaction()
        await transaction.start()
        await holding.execute("SELECT FROM merchants FOR UPDATE")  # until both are under way
        changes = [
            asyncio.create_task(update_settings(pool, merchant, change, mode, ACTOR))
            for merchant, change, mode in (
                (shop.merchant, {"name": "New name"}, shop.mode),
                (live, {"support_url": "https://help.example"}, simulated_mode(livemode=True)),
            )
        ]
        await until_somebody_waits(watching, count=2)
        await transaction.commit()
        await asyncio.gather(*changes)
    row = await pool.fetchrow("SELECT name, support_url FROM merchants")
    assert tuple(row) == ("New name", "https://help.example")
