"""A simulated world: merchants, customers, miners, servers, processes and receivers act at random.

Every choice is drawn from the seed, in one thread, so that a seed replays exactly. The invariants are checked after every
step, and after a calm phase also the agreement with the chain.
"""

import random
from datetime import UTC, datetime

from chain.simulated import ASSET, START, Clock
from services.shop import simulated_mode
from sgate.chain.simulator import SimulatedChain, simulated_address
from sgate.core.event import EventType
from sgate.db.encryption import Cipher
from sgate.environment import Environment
from simulation import truth
from simulation.invariants import Invariants
from simulation.miners import Miners
from simulation.network import CALM, WEATHERS, Network
from simulation.payers import GATEWAY, Payers
from simulation.processes import Doomed, Processes
from simulation.receivers import Receivers
from simulation.shops import Shops

FIRST_BLOCKS = 40
SOME_EVENTS = (EventType.SUCCEEDED, EventType.UNMATCHED)
PASSING_S = (1, 5, 20, 40, 60, 120, 400, 1_300)
LONGEST_REST_S = 700
"""Longer than the pause between two reads of an address, the wait before a hint is looked up, and a lease."""

QUIET_PHASES = 6
"""Enough phases to read an address with many pages, of which each poll reads only some."""

SKEWS_S = (0, 0, 0, -3, 40, -700, 4_000)
"""Addresses that were read while the clock was ahead are not read again until the right clock has caught up."""


class World:
    """The world of one seed. `run` plays it from start to end."""

    def __init__(self, database, pool, seed, story):
        self.database, self.pool, self.seed, self.story = database, pool, seed, story
        self.random = self.random_for("world")
        self.clock = Clock(START)
        self.skew_s = 0
        ids = self.random_for("ids")
        self.environment = Environment(
            now=lambda: datetime.fromtimestamp(self.clock.now + self.skew_s, UTC), random_bytes=ids.randbytes
        )
        self.cipher = Cipher(["a secret of the simulation"])
        self.mode = simulated_mode(gateway_address=GATEWAY)
        self.chain = SimulatedChain.open(
            None, asset=ASSET, clock=self.clock, seed=str(seed), blocks_per_tenure=self.random.choice((2, 3, 5, 12))
        )
        self.crashing = Doomed(pool)  # the pool of the API processes
        self.orders, self.owners, self.shops = [], {}, []
        self.network, self.miners, self.payers = Network(self), Miners(self), Payers(self)
        self.receivers, self.processes, self.shop_keepers = Receivers(self), Processes(self), Shops(self)
        self.invariants = Invariants(self)
        self._meddling = False
        self._actions = self._table()

    @classmethod
    async def open(cls, database, seed, story):
        """Create a world with its shops and first blocks."""
        random.seed(seed)  # the deliverer's jitter
        world = cls(database, await database.begin(), seed, story)
        await database.set_clock(world.clock.now)
        opened = world.shop_keepers.open
        world.shops += [
            await opened("apples", simulated_address("apples"), [(), SOME_EVENTS]),
            await opened("bread", simulated_address("bread"), [()]),
            await opened("cheese", None, [()]),
        ]
        world.chain.mine(FIRST_BLOCKS, seconds_between=5)
        world.clock.now += 5 * FIRST_BLOCKS
        await world.calm()
        world._change_weather()
        return world

    def random_for(self, purpose):
        """Return a random source for one purpose, so that a draw from it does not affect the others."""
        return random.Random(f"{self.seed} {purpose}")

    @property
    def is_calm(self):
        """Whether nothing fails at the moment."""
        return self.network.weather is CALM and self.processes.crashing == 0

    async def run(self, steps):
        """Run a number of steps, then the end, after which everything must be right."""
        for number in range(steps):
            await self.step(number)
        await self.end()

    async def step(self, number):
        """Let one participant act, and check the invariants."""
        name, act = self._draw(self._actions)
        self.story.tell(f"{number:4} {name}")
        await self._do(act)
        await self.invariants.check()

    async def meddle(self):
        """Let another participant act while a watcher waits for a response."""
        if self._meddling:
            return
        self._meddling = True
        name, act = self._draw(self._meddlers)
        self.story.tell(f"    meanwhile: {name}")
        await self._do(act)
        await self.invariants.check()
        self._meddling = False

    async def calm(self):
        """Stop all faults until everything is read and decided, and check that it is right."""
        saved = self.network.weather, self.processes.crashing
        self.network.weather, self.processes.crashing = CALM, 0.0
        self.crashing.plan(self.processes.plan())
        self.miners.mine(1)
        await self.processes.settle()
        await self.invariants.check(quiet=True)
        await truth.check_named(self)
        self.network.weather, self.processes.crashing = saved

    async def end(self):
        """Stay calm until every address is read and every webhook is delivered, and check everything."""
        self.story.tell("     the end")
        self.network.weather, self.processes.crashing, self.skew_s = CALM, 0.0, 0
        self.receivers.failing = 0.0
        self.crashing.plan(self.processes.plan())
        await self._pass(max(SKEWS_S))
        for _ in range(QUIET_PHASES):
            await self._pass(LONGEST_REST_S)
            await self.calm()
        await truth.check_all(self)
        await self._pass(3 * 3_600)
        await self.processes.send_late()
        await self.calm()
        for _ in range(4):  # until postponed retries are due
            await self.processes.deliver_all()
            await self._pass(3 * 3_600)
        await truth.check_received(self)
        await truth.check_replay(self)

    async def _do(self, act):
        await self.database.set_clock(self.clock.now)
        self.crashing.plan(self.processes.plan())
        result = act()
        if result is not None:
            await result

    def _draw(self, table):
        return self.random.choices([entry for entry, _ in table], [weight for _, weight in table])[0]

    def _table(self):
        """Return the actions and their weights."""
        shops, miners, processes = self.shop_keepers, self.miners, self.processes
        self._meddlers = [
            (("a block", miners.mine), 4),
            (("a payment", self.payers.pay), 3),
            (("another watcher", self._watch_quietly), 2),
            (("another watcher, after new blocks", self._overtake), 4),
            (("a new order", shops.create), 2),
            (("a cancel", shops.cancel), 2),
            (("an assignment", shops.assign), 2),
            (("an acceptance", shops.accept), 1),
            (("a delivery", processes.deliver), 2),
        ]
        return [
            (("the watcher polls", processes.watch), 26),
            (("the other watcher polls", lambda: processes.watch("second")), 4),
            (("the deliverer delivers", processes.deliver), 9),
            (("a deliverer claims and hangs", processes.claim_and_wait), 1),
            (("a deliverer that hung continues", processes.send_late), 1),
            (("the backlog worker", processes.run_backlog), 1),
            (("maintenance", processes.maintain), 1),
            (("blocks", miners.mine), 14),
            (("a downtime", miners.downtime), 2.5),
            (("a fork", miners.fork), 7),
            (("a Bitcoin block", miners.bitcoin), 2),
            (("final payments lose their tenures", self._lose_tenures), 1.5),
            (("a rival", miners.rival), 0.5),
            (("a replica falls behind", miners.leave_replica), 1),
            (("a replacement", miners.replace), 1.5),
            (("payments", self.payers.pay_some), 16),
            (("a new order", shops.create), 12),
            (("a cancel", shops.cancel), 1.5),
            (("an acceptance", shops.accept), 1.5),
            (("an assignment", shops.assign), 2),
            (("the operator assigns", shops.assign_by_operator), 1),
            (("a refund", shops.mark_refunded), 1),
            (("a change of settings", shops.change_settings), 1),
            (("a payment by wallet", shops.pay_by_wallet), 5),
            (("a hint", shops.hint), 3),
            (("a rescan", processes.rescan), 0.7),
            (("time passes", self._pass), 6),
            (("the weather changes", self._change_weather), 7),
            (("clocks jump", self._jump), 1),
            (("calm", self.calm), 3),
        ]

    async def _watch_quietly(self):
        """Let the other watcher run during this one's poll, in calm weather."""
        weather, self.network.weather = self.network.weather, CALM
        await self.processes.watch("second")
        self.network.weather = weather

    async def _lose_tenures(self):
        """Pay until Bitcoin finality, then fork Bitcoin: the payments' blocks stay, the later tenures do not."""
        for order in self.orders[-4:]:
            self.payers.pay_exactly(order)
        self.miners.mine(1, include_mempool=True)
        for _ in range(2):
            self.miners.bitcoin(new_tenure=True)
            self.miners.mine(1)
        await self.processes.watch()
        self.miners.fork_bitcoin(2)

    async def _overtake(self):
        """Mine or fork, and let the other watcher read it first."""
        self.random.choice((self.miners.mine, self.miners.fork))()
        await self._watch_quietly()

    async def _pass(self, seconds=None):
        self.clock.now += seconds or self.random.choice(PASSING_S)
        await self.database.set_clock(self.clock.now)

    def _change_weather(self):
        self.network.weather = self.random.choice(WEATHERS)
        self.processes.crashing = self.random.choice((0.0, 0.1, 0.3, 0.6))
        self.receivers.failing = self.random.choice((0.0, 0.0, 0.3, 1.0))
        self.story.tell(
            f"    {self.network.weather.name}, crashes {self.processes.crashing}, receivers fail {self.receivers.failing}"
        )

    def _jump(self):
        self.skew_s = self.random.choice(SKEWS_S)
        self.story.tell(f"    the processes' clocks are {self.skew_s} s ahead")
