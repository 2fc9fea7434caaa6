"""The watcher: reads the chain, records facts, and lets the ledger decide about them.

One poll reads new blocks (`scanner`) and commits headers, payments, the cursor and the queue of changed intents in one
transaction, fenced by the cursor's version. Then, as far as the call budget allows, it checks hints (`mempool`), reads
addresses for deposits without a memo (`deposits`), reads a chunk of old blocks again if a rescan was requested
(`rescan`), and compares the configured API servers (`cross_check`). Finally the ledger decides every intent whose facts
have changed, or whose deadline or threshold has come.
"""

import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Collection, Mapping

import msgspec
import structlog

from sgate.chain.quota import READ_INTERVALS, Allowance, ReadIntervals, Unlimited
from sgate.chain.source import ChainSource, ChainUnavailable
from sgate.core.finality import View
from sgate.core.header import is_too_far_ahead
from sgate.core.mode import Mode
from sgate.db.pool import Connection, Pool
from sgate.environment import Environment
from sgate.ledger import decide
from sgate.services import gateway_addresses
from sgate.store import (
    blocks,
    chain_cursors,
    ledger_queue,
    pay_addresses,
    payment_hints,
    payment_intents,
    payments_scan,
)
from sgate.store.chain_cursors import Cursor
from sgate.workers.watcher.cross_check import CrossChecker
from sgate.workers.watcher.deposits import InboxReader, InboxScan
from sgate.workers.watcher.headers import DifferentChain, ImplausibleTime, Incoherent
from sgate.workers.watcher.matcher import Found, Matcher
from sgate.workers.watcher.mempool import MAX_REPLACEMENTS, MempoolReader, MempoolScan
from sgate.workers.watcher.recorder import record
from sgate.workers.watcher.rescan import RescanChunk, Rescanner
from sgate.workers.watcher.scanner import Scan, Scanner

MAX_SETTLED_PER_ROUND = 2_000
"""Maximum number of decisions per poll, so that a flood of them does not delay reading the chain."""

ChainErrors = (ChainUnavailable, Incoherent, DifferentChain, ImplausibleTime)


class Fenced(Exception):
    """Another watcher has moved the cursor, so this one no longer leads. Nothing was written."""


class PollReport(msgspec.Struct, frozen=True, kw_only=True):
    """The report of one poll of the watcher.

    Attributes:
        view: the chain up to the scanned tip.
        new_blocks: number of headers stored.
        payments: number of payments recorded or moved.
        settled: number of intents decided.
        undecided: number of intents that could not be decided and were set aside.
        reorged_from: the lowest height that was replaced, or None.
        error: the reason why the chain could not be read completely, as one sentence, or None.
        retry_after_s: how many seconds the chain's API asks to wait, or None.
        behind_blocks: number of blocks by which the chain is known to be ahead of the scan.
        busy: whether an intent is awaiting payment or finality.
        more: whether to poll again immediately, because there is more to read or to decide.
    """

    view: View
    new_blocks: int = 0
    payments: int = 0
    settled: int = 0
    undecided: int = 0
    reorged_from: int | None = None
    error: str | None = None
    retry_after_s: float | None = None
    behind_blocks: int = 0
    busy: bool = False
    more: bool = False


class Watcher:
    """Follows the chain of one mode."""

    def __init__(
        self,
        *,
        pool: Pool,
        source: ChainSource,
        mode: Mode,
        environment: Environment,
        start_height: int | None = None,
        servers: Mapping[str, ChainSource] | None = None,
        allowance: Allowance | None = None,
        read_intervals: ReadIntervals = READ_INTERVALS,
        announces_unmatched: bool = True,
        observe: decide.Observe = decide.ignore_decision,
        observe_payments: Callable[[Found, Collection[str], float], None] | None = None,
    ) -> None:
        """Create a watcher.

        Args:
            start_height: the height at which a first scan begins. If `start_height` is None,
                the scan begins a little below the tip.
            servers: the API servers behind `source` by name, to be compared with each other, or None.
            allowance: the calls available for hints and addresses, or None if there is no limit.
            read_intervals: how long an address is not read again after it was read.
            announces_unmatched: whether to announce new unmatched deposits to merchants.
            observe: called with each decision of the ledger.
            observe_payments: called after payments were committed, with what was found, the intents whose facts
                changed, and the seconds that recording took.
        """
        livemode = mode.livemode
        self._pool = pool
        self._mode = mode
        self._environment = environment
        self._allowance = allowance or Unlimited()
        self._announces = announces_unmatched
        self._observe = observe
        self._observe_payments = observe_payments
        matcher = Matcher(pool, mode, environment)
        self._scanner = Scanner(
            pool, source, matcher, environment, livemode=livemode, network=mode.network, start_height=start_height
        )
        self._mempool = MempoolReader(pool, source, matcher, environment, livemode=livemode)
        self._inbox = InboxReader(pool, source, matcher, environment, livemode=livemode, intervals=read_intervals)
        self._cross_checker = CrossChecker(pool, servers or {}, environment, livemode=livemode)
        self._rescanner = Rescanner(pool, source, matcher, livemode=livemode)
        self._version = -1  # the version of the cursor after this watcher's last poll
        self._log = structlog.get_logger("sgate.watcher").bind(livemode=livemode)

    async def run_once(self) -> PollReport:
        """Poll once. Errors of the chain are reported, not raised.

        Raises:
            Fenced: if another watcher has moved the cursor.
            GatewayAddressTaken: if a merchant has claimed the mode's gateway address.
            asyncpg.PostgresError, OSError: if the database is unavailable.
        """
        cursor = await self._open()
        report = PollReport(view=cursor.view)
        try:
            self._check_view(cursor.view)
            scan = await self._scanner.read(cursor)
            if scan is not None:
                report = await self._commit(cursor, scan)
                self._scanner.committed(scan)
                cursor = await self._open()
            report = await self._read_more(cursor, report)
        except ChainErrors as error:
            self._log.warning("watcher_trouble", reason=str(error))
            retry_after_s = error.retry_after_s if isinstance(error, ChainUnavailable) else None
            report = msgspec.structs.replace(report, error=str(error), retry_after_s=retry_after_s)
        return await self._settle(report)

    def _check_view(self, view: View) -> None:
        """Check the scanned time itself, which versions of sGate before 0.3 stored unchecked.

        Raises:
            ImplausibleTime: if it is too far ahead of the clock. Then no deadline can be compared with it.
        """
        if self._is_plausible(view):
            return
        raise ImplausibleTime(
            f"implausible block time: the chain is scanned up to {view.time:%Y-%m-%d %H:%M:%S}, but this server's "
            f"clock says {self._environment.now():%Y-%m-%d %H:%M:%S}. If the clock is right, an older version of sGate "
            "stored the time of a wrong response: run `sgate chain rescan "
            f"--from-height {max(1, view.height)}`, which corrects it"
        )

    def _is_plausible(self, view: View) -> bool:
        return not is_too_far_ahead(view.time, self._environment.now(), self._mode.network)

    async def _open(self) -> Cursor:
        if self._version == -1:
            await gateway_addresses.claim(self._pool, [self._mode])
        async with self._pool.acquire() as connection:
            cursor = await chain_cursors.ensure(connection, self._mode.network, livemode=self._mode.livemode)
        if cursor.version != self._version:
            self._scanner.forget()
        self._version = cursor.version
        return cursor

    # --- new blocks

    async def _commit(self, cursor: Cursor, scan: Scan) -> PollReport:
        """Commit facts, cursor and queue in one transaction, fenced by the cursor's version."""
        livemode, new = self._mode.livemode, scan.branch.new
        async with self._recording(scan.found) as (connection, changed):
            if not await chain_cursors.advance(connection, cursor, scan.view, scan.tip_height):
                raise Fenced("another watcher moved the cursor")
            changed.update(await self._reorganize(connection, cursor, scan))
            await blocks.replace_from(connection, new[0].height, new, livemode=livemode)
            if cursor.view.height == 0:
                await pay_addresses.begin(connection, max(0, new[0].height - 1), livemode=livemode)
            changed.update(await self._record(connection, scan.found, scan.view, announce=True))
            await ledger_queue.queue(connection, changed, livemode=livemode)
        self._version = cursor.version + 1
        return PollReport(
            view=scan.view,
            new_blocks=len(new),
            payments=_count(scan.found),
            reorged_from=scan.branch.reorged_from,
            behind_blocks=scan.tip_height - scan.view.height,
        )

    async def _reorganize(self, connection: Connection, cursor: Cursor, scan: Scan) -> set[str]:
        """Orphan payments that are no longer on the chain. Returns the intents concerned."""
        livemode, height = self._mode.livemode, scan.branch.reorged_from
        if height is None:
            return set()
        self._log.warning("chain_reorged", from_height=height, tip=scan.view.height)
        hashes = [header.index_block_hash for header in scan.branch.new]
        changed = await payments_scan.orphan_from(connection, height, hashes, scan.view, livemode=livemode)
        await payment_hints.look_up_orphaned(
            connection, changed, MAX_REPLACEMENTS, self._environment.now(), livemode=livemode
        )
        await pay_addresses.note_reorg(connection, height, livemode=livemode)
        fell = scan.view.tenure_height < cursor.view.tenure_height
        if fell or scan.view.bitcoin_height < cursor.view.bitcoin_height:
            await ledger_queue.queue_unfinal(connection, scan.view, livemode=livemode)
        return changed

    async def _record(self, connection: Connection, found: Found, view: View, *, announce: bool) -> set[str]:
        return await record(
            connection,
            self._environment,
            found,
            view,
            livemode=self._mode.livemode,
            announce=announce and self._announces,
        )

    @contextlib.asynccontextmanager
    async def _recording(self, found: Found) -> AsyncGenerator[tuple[Connection, set[str]]]:
        """Open a transaction, and yield its connection and a set for the intents whose facts it changes.

        `observe_payments` is called after the commit.
        """
        started, changed = time.perf_counter(), set[str]()
        async with self._pool.acquire() as connection, connection.transaction():
            yield connection, changed
        if self._observe_payments is not None and changed:
            self._observe_payments(found, changed, time.perf_counter() - started)

    # --- hints, addresses, rescans

    async def _read_more(self, cursor: Cursor, report: PollReport) -> PollReport:
        """Read hints, addresses and old blocks, each within the remaining budget and committed separately."""
        if cursor.view.height == 0:
            return report
        found = 0
        with self._allowance.extra():
            hinted = await self._mempool.read(cursor.view.height, self._allowance.spare_calls())
        if hinted is not None:
            found += await self._commit_hints(cursor, hinted)
            cursor = await self._open()
        if report.behind_blocks:
            return msgspec.structs.replace(report, payments=report.payments + found)  # catch up first
        with self._allowance.extra():
            read = await self._inbox.read(cursor, self._allowance.spare_calls())
        if read is not None:
            found += await self._commit_inbox(cursor, read)
            cursor = await self._open()
        if cursor.rescan is not None:
            chunk = await self._rescanner.read(cursor, cursor.rescan)
            found += await self._commit_rescan(cursor, chunk)
            report = msgspec.structs.replace(report, more=chunk.height < cursor.rescan.highest)
        if self._cross_checker.is_due(cursor, self._allowance.spare_calls()):
            with self._allowance.extra():
                await self._cross_checker.check(cursor)
        return msgspec.structs.replace(report, payments=report.payments + found)

    async def _commit_hints(self, cursor: Cursor, scan: MempoolScan) -> int:
        async with self._recording(scan.found) as (connection, changed):
            await self._fence(connection, cursor)
            # Payments first, because recording them reads when each was sighted.
            changed.update(await self._add(connection, cursor, scan.found, announce=True))
            await self._mempool.write(connection, scan)
        return _count(scan.found)

    async def _commit_inbox(self, cursor: Cursor, scan: InboxScan) -> int:
        livemode = self._mode.livemode
        async with self._recording(scan.found) as (connection, changed):
            await self._fence(connection, cursor)
            changed.update(await self._add(connection, cursor, scan.found, announce=True))
            await pay_addresses.note_read(connection, scan.read, self._environment.now(), livemode=livemode)
            await chain_cursors.remember_address(connection, scan.last_open_address, livemode=livemode)
        return _count(scan.found)

    async def _commit_rescan(self, cursor: Cursor, chunk: RescanChunk) -> int:
        async with self._recording(chunk.found) as (connection, changed):
            await self._fence(connection, cursor)
            changed.update(await self._add(connection, cursor, chunk.found, announce=chunk.announces))
            await chain_cursors.rescanned(connection, chunk.height, livemode=self._mode.livemode)
        return _count(chunk.found)

    async def _fence(self, connection: Connection, cursor: Cursor) -> None:
        if not await chain_cursors.bump_version(connection, cursor):
            raise Fenced("another watcher moved the cursor")
        self._version = cursor.version + 1

    async def _add(self, connection: Connection, cursor: Cursor, found: Found, *, announce: bool) -> set[str]:
        changed = await self._record(connection, found, cursor.view, announce=announce)
        await ledger_queue.queue(connection, changed, livemode=self._mode.livemode)
        return changed

    # --- decisions

    async def _settle(self, report: PollReport) -> PollReport:
        """Decide the queued intents: first the changed ones, then those whose deadline or threshold has been reached.

        After an error, no deadline is decided, because a relevant hint or deposit may not have been read. While the
        scanned time is implausible, nothing is decided.
        """
        livemode, settled, undecided = self._mode.livemode, 0, 0
        more = report.more or report.behind_blocks > 0
        while self._is_plausible(report.view):
            if settled >= MAX_SETTLED_PER_ROUND:
                more = True
                break
            try:
                intent_id = await decide.settle_next(
                    self._pool, self._environment, self._mode.public_url, livemode=livemode, observe=self._observe
                )
            except decide.Undecided as error:
                self._log.exception("intent_undecided", payment_intent=error.intent_id)
                undecided += 1
                continue
            if intent_id is not None:
                settled += 1
            elif not await decide.queue_due(self._pool, report.view, livemode=livemode, deadlines=report.error is None):
                break
        async with self._pool.acquire() as connection:
            await chain_cursors.note_check(connection, report.error, livemode=livemode)
            busy = await payment_intents.any_open(connection, livemode=livemode)
        more = more and report.error is None
        return msgspec.structs.replace(report, settled=settled, undecided=undecided, busy=busy, more=more)


def _count(found: Found) -> int:
    return sum(len(legs) for legs in found.values())
