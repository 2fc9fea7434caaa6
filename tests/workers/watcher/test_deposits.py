"""Deposits without an intent's memo: found by reading addresses, announced once, never credited automatically."""

from chain.simulated import OTHER_SHOP, SHOP
from services.books import check_books
from sgate.chain.quota import READ_INTERVALS, Unlimited
from sgate.chain.simulator import Kind, Leg, SimulatorSource
from sgate.workers.watcher import deposits
from sgate.workers.watcher.watcher import Watcher
from workers.watcher.following import GATEWAY, open_world, watcher_of

SECONDS = READ_INTERVALS.any.total_seconds() + 1


async def read_addresses(world):
    """Advance the clock, mine a block, and read every address."""
    await world.pass_time(SECONDS)
    return await world.poll()


async def unmatched(world):
    rows = await world.pool.fetch(
        "SELECT amount_sats, status, merchant_id IS NULL AS operators, recovered_intent_id FROM payments "
        "WHERE payment_intent_id IS NULL ORDER BY amount_sats"
    )
    return [tuple(row) for row in rows]


async def announced(world):
    return await world.pool.fetchval("SELECT count(*) FROM events WHERE type = 'payment.unmatched'")


async def test_a_deposit_without_a_memo_is_found_and_announced_once(pool):
    world = await open_world(pool)
    intent_id = await world.shop.intent(1_000)
    world.pay(None, 1_000)
    await read_addresses(world)
    assert await unmatched(world) == [(1_000, "included", False, None)]
    assert await world.shop.status(intent_id) in {"requires_payment", "expired"}
    await read_addresses(world)
    assert await announced(world) == 1
    deliveries = "SELECT count(*) FROM webhook_deliveries d JOIN events e ON e.id = d.event_id WHERE e.type = $1"
    assert await pool.fetchval(deliveries, "payment.unmatched") == 1
    await check_books(pool, world.chain)


async def test_a_transfer_by_another_contract_and_one_leg_of_many_are_found_too(pool):
    world = await open_world(pool)
    world.pay(None, 7, kind=Kind.ROUTER)
    world.pay(None, 5, recipient=OTHER_SHOP, kind=Kind.TRANSFER_MANY, more=(Leg(recipient=SHOP, amount_sats=9),))
    world.pay(None, 3, kind=Kind.PEG_IN)
    world.pay(None, 2, kind=Kind.OTHER_ASSET)
    await read_addresses(world)
    assert [row[0] for row in await unmatched(world)] == [7, 9]


async def test_memos_that_name_nothing_here_leave_the_money_unmatched(pool):
    world = await open_world(pool)
    unknown = "pi_" + "0" * 24
    world.pay(unknown, 11)
    world.pay(None, 12, memo=b"order 17")
    await read_addresses(world)
    assert await unmatched(world) == [(11, "included", False, unknown), (12, "included", False, None)]


async def test_a_deposit_to_the_gateway_address_is_the_operators_and_no_merchant_is_notified(pool):
    from services.shop import simulated_mode

    world = await open_world(pool, mode=simulated_mode(gateway_address=GATEWAY))
    world.pay(None, 21, recipient=GATEWAY)
    await read_addresses(world)
    assert await unmatched(world) == [(21, "included", True, None)]
    assert await announced(world) == 0


async def test_a_reorganisation_orphans_a_deposit_and_it_comes_back_without_a_second_word(pool):
    world = await open_world(pool)
    world.pay(None, 31)
    await read_addresses(world)
    await world.reorg(3, "none")
    assert await unmatched(world) == [(31, "orphaned", False, None)]
    await world.mine()
    await read_addresses(world)
    assert await unmatched(world) == [(31, "included", False, None)]
    assert await announced(world) == 1
    await check_books(pool, world.chain)


async def test_an_address_with_more_than_one_round_can_read_is_resumed(pool, monkeypatch):
    monkeypatch.setattr(deposits, "MAX_PAGES", 2)
    world = await open_world(pool)
    for number in range(170):
        world.pay(None, number + 1)
    await world.pass_time(SECONDS)
    assert len(await unmatched(world)) == 100
    await world.poll()
    assert len(await unmatched(world)) == 170
    assert await announced(world) == 170


async def test_a_replica_that_lags_lists_less_and_loses_nothing(pool):
    world = await open_world(pool)
    world.pay(None, 41)
    await world.mine(3)
    world.clock.now += SECONDS
    world.chain.faults.before_answer(
        lambda asked: setattr(world.chain.faults, "lag_blocks", 3 if "principals" in asked else 0)
    )
    await world.poll()
    world.chain.faults.before_answer(None)
    world.chain.faults.lag_blocks = 0
    await read_addresses(world)
    assert [row[0] for row in await unmatched(world)] == [41]


async def test_nothing_is_asked_when_there_is_nothing_to_spare(pool):
    world = await open_world(pool)

    class Poor(Unlimited):
        def spare_calls(self):
            return 0

    poor = Watcher(
        pool=pool, source=SimulatorSource(world.chain), mode=world.shop.mode, environment=world.shop.environment,
        allowance=Poor(),
    )  # fmt: skip
    world.pay(None, 51)
    asked = []
    world.clock.now += SECONDS
    world.chain.mine()
    world.chain.faults.before_answer(asked.append)
    report = await poor.run_once()
    assert (report.error, [name for name in asked if "principals" in name]) == (None, [])
    await watcher_of(pool, SimulatorSource(world.chain), world.shop).run_once()
    assert [row[0] for row in await unmatched(world)] == [51]


async def test_every_address_has_its_turn(pool):
    world = await open_world(pool)
    async with pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO pay_addresses (livemode, address, merchant_id, read_to_height) "
            "SELECT FALSE, $1 || '.s' || n, $2::text::uuid, 1 FROM generate_series(1, 90) AS n",
            SHOP, world.shop.merchant.id,
        )  # fmt: skip
    for number in range(1, 91):
        world.pay(None, number, recipient=f"{SHOP}.s{number}")
    world.clock.now += SECONDS
    await world.mine()
    for _ in range(90 // deposits.MAX_ADDRESSES + 1):
        await world.poll()
    assert [row[0] for row in await unmatched(world)] == list(range(1, 91))
