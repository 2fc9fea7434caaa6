"""The gateway's processes: each is a worker that is stepped by `run_once`, and may die at any statement."""

from services.crashing import Countdown, CrashingPool, Killed
from sgate.chain.quota import Unlimited
from sgate.core.retry import Schedule
from sgate.db.pool import DatabaseErrors
from sgate.store import chain_cursors, pay_addresses
from sgate.workers.maintenance import Maintenance
from sgate.workers.watcher.watcher import Fenced, Watcher
from sgate.workers.webhooks.backlog import Backlog
from sgate.workers.webhooks.deliverer import Deliverer
from simulation.miners import FIRST_SCANNED

MAX_ROUNDS = 60
CALLS = (0, 2, 5, 20, 20)


class Doomed(CrashingPool):
    """The pool of a process that dies at its k-th statement, if `plan` says so."""

    def __init__(self, pool):
        super().__init__(pool, Countdown())

    def plan(self, countdown):
        self._countdown = countdown

    @property
    def died_at(self):
        return self._countdown.died_at


class _Allowance(Unlimited):
    """What is left of the budget for hints and addresses: anything, and enough when all is calm."""

    def __init__(self, world, dice):
        self._world, self._dice = world, dice

    def spare_calls(self):
        return super().spare_calls() if self._world.is_calm else self._dice.choice(CALLS)


class Processes:
    """Two watchers, of which one is outdated now and then; two deliverers; one that keeps house.

    Attributes:
        crashing: how likely a step ends in death.
    """

    def __init__(self, world):
        self._world = world
        self._dice = world.dice_for("processes")
        self._watchers = {}
        self._held = []  # claimed by a deliverer that takes its time
        self.crashing = 0.0

    def plan(self, *, errors=(ConnectionResetError,)):
        """When the next step dies, if at all: before a statement, or right after a commit; killed, or cut off.

        Who shares statements between tasks is cut off and then forgotten, which is as good as killed.
        """
        dice = self._dice
        if dice.random() >= self.crashing:
            return Countdown()
        error = dice.choice(errors)
        return Countdown(at=dice.choice((1, 2, 3, 5, 8, 12, 17, 23, 30, 40)), error=error, after=dice.random() < 0.4)

    async def watch(self, name="first"):
        """One round of a watcher. Returns its report, or None if there is none."""
        world, pool = self._world, Doomed(self._world.pool)
        if name not in self._watchers:
            self._watchers[name] = (self._new_watcher(pool), pool)
        watcher, pool = self._watchers[name]
        pool.plan(self.plan(errors=(Killed, Killed, ConnectionResetError)))
        try:
            report = await watcher.run_once()
        except Fenced:
            world.story.tell(f"    the {name} watcher is fenced off")
            return None
        except Killed:
            del self._watchers[name]
            world.story.tell(f"    the {name} watcher is killed at {pool.died_at}")
            return None
        except DatabaseErrors:
            if pool.died_at is None:
                raise
            world.story.tell(f"    the {name} watcher lost its connection at {pool.died_at}")
            return None
        world.story.tell(
            f"    scanned {report.view.height}: {report.new_blocks} blocks, {report.payments} payments, {report.settled} settled"
            + (f", reorganised from {report.reorged_from}" if report.reorged_from else "")
            + (f"; trouble: {report.trouble}" if report.trouble else "")
        )
        return report

    async def deliver(self):
        """One round of a deliverer."""
        pool = Doomed(self._world.pool)
        pool.plan(self.plan())
        try:
            report = await self._new_deliverer(pool).run_once()
        except DatabaseErrors:
            if pool.died_at is None:
                raise
            self._world.story.tell(f"    the deliverer dies at {pool.died_at}")
            return None
        self._world.story.tell(f"    {report.delivered} delivered, {report.retried} to be tried again")
        return report

    async def claim_and_wait(self):
        """A deliverer claims, and then hangs. Its leases may run out before it goes on."""
        deliverer = self._new_deliverer(self._world.pool)
        self._held.append((deliverer, *await deliverer.claim()))

    async def send_late(self):
        """The deliverer that hung goes on."""
        if self._held:
            deliverer, token, claimed = self._held.pop(0)
            report = await deliverer.send(token, claimed)
            self._world.story.tell(f"    {report.claimed} sent late")

    async def tend(self):
        """One round of the tender."""
        await Backlog(self._world.pool).run_once()

    async def keep_house(self):
        """One round of maintenance."""
        await Maintenance(self._world.pool).run_once()

    async def rescan(self):
        """The operator has blocks, and sometimes addresses, read again."""
        scanned = await self._world.database.control.fetchval("SELECT scanned_height FROM chain_cursors")
        if not scanned:
            return
        height = self._dice.randint(FIRST_SCANNED, scanned)
        async with self._world.pool.acquire() as connection:
            await chain_cursors.start_rescan(connection, height, livemode=False, announces=True)
            if self._dice.random() < 0.3:
                await pay_addresses.read_again(connection, height, livemode=False)

    async def settle(self):
        """Rounds of the first watcher, until it has read and decided everything. The weather must be calm."""
        for _ in range(MAX_ROUNDS):
            report = await self.watch()
            if report is not None and not report.more and report.trouble is None:
                return report
        raise AssertionError(f"not quiet after {MAX_ROUNDS} rounds: {report}")

    async def deliver_all(self):
        """Deliver whatever is due."""
        for _ in range(MAX_ROUNDS):
            report = await self.deliver()
            if report is not None and not report.claimed:
                return
        raise AssertionError(f"still delivering after {MAX_ROUNDS} rounds")

    def _new_watcher(self, pool):
        world = self._world
        return Watcher(
            pool=pool,
            source=world.network.source(),
            mode=world.mode,
            environment=world.environment,
            start_height=FIRST_SCANNED,
            allowance=_Allowance(self._world, self._dice),
        )

    def _new_deliverer(self, pool):
        world = self._world
        return Deliverer(
            pool=pool,
            cipher=world.cipher,
            client=world.receivers,
            schedule=Schedule.DEFAULT,
            environment=world.environment,
        )
