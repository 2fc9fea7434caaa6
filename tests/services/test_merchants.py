"""A merchant's profile is shared by both modes, and concurrent changes of it are all kept."""

import asyncio

from services.shop import ACTOR, open_shop, simulated_mode
from sgate.services.merchants import update_settings
from sgate.store import merchants
from store.waiting import until_a_session_waits


async def test_concurrent_profile_changes_from_both_modes_are_both_kept(pool):
    shop = await open_shop(pool)
    async with pool.acquire() as holding, pool.acquire() as watching:
        live = await merchants.get(holding, shop.merchant.id, livemode=True)
        transaction = holding.transaction()
        await transaction.start()
        await holding.execute("SELECT FROM merchants FOR UPDATE")  # until both are waiting
        changes = [
            asyncio.create_task(update_settings(pool, merchant, change, mode, ACTOR))
            for merchant, change, mode in (
                (shop.merchant, {"name": "New name"}, shop.mode),
                (live, {"support_url": "https://help.example"}, simulated_mode(livemode=True)),
            )
        ]
        await until_a_session_waits(watching, count=2)
        await transaction.commit()
        await asyncio.gather(*changes)
    row = await pool.fetchrow("SELECT name, support_url FROM merchants")
    assert tuple(row) == ("New name", "https://help.example")
