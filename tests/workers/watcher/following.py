"""A simulated chain, a shop and a watcher between them."""

from chain.simulated import SHOP, Clock, open_chain
from services.shop import open_shop, simulated_mode
from sgate.chain.simulator import SimulatedTransfer, SimulatorSource, simulated_address
from sgate.workers.watcher.watcher import Watcher

GATEWAY = simulated_address("the gateway")


class World:
    """The fixture of watcher tests: `pay`, `mine`, `poll`. Each `mine` is followed by one poll of the watcher."""

    def __init__(self, pool, chain, clock, shop, watcher):
        self.pool, self.chain, self.clock, self.shop, self.watcher = pool, chain, clock, shop, watcher

    def pay(self, intent_id, amount_sats, *, recipient=SHOP, memo=None, **fields):
        memo = memo if intent_id is None else intent_id.encode()
        return self.chain.submit(SimulatedTransfer(recipient=recipient, amount_sats=amount_sats, memo=memo, **fields))

    async def mine(self, count=1):
        self.chain.mine(count)
        return await self.poll()

    async def pass_time(self, seconds):
        """Advance the clock, mine a block, and scan it."""
        self.clock.now += seconds
        return await self.mine()

    async def reorg(self, depth, remine="same"):
        self.chain.reorg(depth, remine)
        return await self.poll()

    async def poll(self):
        return await self.watcher.run_once()

    async def clean_poll(self):
        """Poll without faults until nothing is left to read."""
        self.chain.faults.before_answer(None)
        self.chain.faults.lag_blocks = 0
        self.chain.faults.outage = False
        report = await self.poll()
        while report.more:
            report = await self.poll()
        assert report.error is None
        return report

    def another_watcher(self, pool=None, source=None):
        return watcher_of(pool or self.pool, source or SimulatorSource(self.chain), self.shop)


def watcher_of(pool, source, shop, start_height=None):
    return Watcher(pool=pool, source=source, mode=shop.mode, environment=shop.environment, start_height=start_height)


async def open_world(
    pool, chain=None, *, shop=None, source=None, mode=None, pay_address=SHOP, start_height=None, blocks=25
) -> World:
    """A world whose watcher has scanned the first `blocks` blocks. A chain that is given is not mined."""
    clock = shop.clock if shop else Clock()
    if chain is None:
        chain = open_chain(clock=clock)
        chain.mine(blocks)
    else:
        clock = chain._clock
    shop = shop or await open_shop(pool, clock, mode=mode or simulated_mode(), pay_address=pay_address)
    watcher = watcher_of(pool, source or SimulatorSource(chain), shop, start_height)
    world = World(pool, chain, clock, shop, watcher)
    if start_height is None:
        await world.poll()
    return world
