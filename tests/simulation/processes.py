"""The gateway's processes: workers that are stepped with `run_once` and may die at any statement."""

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

MAX_RUNS = 60
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
    """The spare calls for hints and addresses: any number, but enough when all is calm."""

    def __init__(self, world, rng):
        self._world, self._random = world, rng

    def spare_calls(self):
        return super().spare_calls() if self._world.is_calm else self._random.choice(CALLS)


class Processes:
    """Two watchers, one of which is sometimes outdated, two deliverers and a maintenance worker.

    Attributes:
        crashing: the probability that a process dies in a step.
    """

    def __init__(self, world):
        self._world = world
        self._random = world.random_for("processes")
        self._watchers = {}
        self._held = []  # deliverers that hang, with their claims
        self.crashing = 0.0

    def plan(self, *, errors=(ConnectionResetError,)):
        """Plan whether and when the next step dies: before a statement or right after a commit, killed or disconnected.

        Processes that share statements between tasks are disconnected and then dropped, which is equivalent to being
        killed.
        """
        rng = self._random
        if rng.random() >= self.crashing:
            return Countdown()
        error = rng.choice(errors)
        return Countdown(at=rng.choice((1, 2, 3, 5, 8, 12, 17, 23, 30, 40)), error=error, after=rng.random() < 0.4)

    async def watch(self, name="first"):
        """Run a watcher once. Returns its report, or None if it died."""
        world, pool = self._world, Doomed(self._world.pool)
        if name not in self._watchers:
            self._watchers[name] = (self._new_watcher(pool), pool)
        watcher, pool = self._watchers[name]
        pool.plan(self.plan(errors=(Killed, Killed, ConnectionResetError)))
        try:
            report = await watcher.run_once()
        except Fenced:
            world.story.tell(f"    the {name} watcher is fenced")
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
            + (f", reorganized from {report.reorged_from}" if report.reorged_from else "")
            + (f"; error: {report.error}" if report.error else "")
        )
        return report

    async def deliver(self):
        """Run a deliverer once. Returns its report, or None if it died."""
        pool = Doomed(self._world.pool)
        pool.plan(self.plan())
        try:
            report = await self._new_deliverer(pool).run_once()
        except DatabaseErrors:
            if pool.died_at is None:
                raise
            self._world.story.tell(f"    the deliverer dies at {pool.died_at}")
            return None
        self._world.story.tell(f"    {report.delivered} delivered, {report.retried} to be retried")
        return report

    async def claim_and_wait(self):
        """Let a deliverer claim and hang. Its leases may expire before it continues."""
        deliverer = self._new_deliverer(self._world.pool)
        self._held.append((deliverer, *await deliverer.claim()))

    async def send_late(self):
        """Let a deliverer that hung continue."""
        if self._held:
            deliverer, token, claimed = self._held.pop(0)
            report = await deliverer.send(token, claimed)
            self._world.story.tell(f"    {report.claimed} sent late")

    async def run_backlog(self):
        """Run the backlog worker once."""
        await Backlog(self._world.pool).run_once()

    async def maintain(self):
        """Run maintenance once."""
        await Maintenance(self._world.pool).run_once()

    async def rescan(self):
        """Let the operator rescan blocks, and sometimes addresses."""
        scanned = await self._world.database.control.fetchval("SELECT scanned_height FROM chain_cursors")
        if not scanned:
            return
        height = self._random.randint(FIRST_SCANNED, scanned)
        async with self._world.pool.acquire() as connection:
            await chain_cursors.start_rescan(connection, height, livemode=False, announces=True)
            if self._random.random() < 0.3:
                await pay_addresses.read_again(connection, height, livemode=False)

    async def settle(self):
        """Run the first watcher until it has read and decided everything. The weather must be calm."""
        for _ in range(MAX_RUNS):
            report = await self.watch()
            if report is not None and not report.more and report.error is None:
                return report
        raise AssertionError(f"not quiet after {MAX_RUNS} runs: {report}")

    async def deliver_all(self):
        """Deliver everything that is due."""
        for _ in range(MAX_RUNS):
            report = await self.deliver()
            if report is not None and not report.claimed:
                return
        raise AssertionError(f"still delivering after {MAX_RUNS} runs")

    def _new_watcher(self, pool):
        world = self._world
        return Watcher(
            pool=pool,
            source=world.network.source(),
            mode=world.mode,
            environment=world.environment,
            start_height=FIRST_SCANNED,
            allowance=_Allowance(self._world, self._random),
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
