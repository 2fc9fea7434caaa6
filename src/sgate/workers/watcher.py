"""The watcher reads the chain and writes down facts; then it lets the ledger draw conclusions.

One round: link the newest headers to those we hold, read the token's memos down to where we were, fetch the
transactions whose memos name intents, and commit headers, payments, the cursor and the list of touched intents in one
transaction.

The answers of one round may come from different replicas of the API, and the chain may move between two of them. So the
round commits only what one server stood by: the tip named by the first page of memos, still on the chain after the last
answer. Anything that does not fit together ends the round without a change, and the next one tries again.
"""

from collections.abc import Mapping, Sequence

import msgspec
import structlog

from sgate.chain.source import ChainSource, ChainUnavailable, HeaderPage, LogPage, Transaction, Transfer, TxStatus
from sgate.core.finality import View
from sgate.core.header import Header
from sgate.core.memo import intent_id_of
from sgate.core.payment import Payment
from sgate.gateway import ledger
from sgate.gateway.deployment import Mode
from sgate.gateway.environment import Environment
from sgate.store import blocks, intents, merchants, payments
from sgate.store import ledger as ledger_store
from sgate.store.blocks import Cursor
from sgate.store.payments import FoundPayment
from sgate.store.pool import Pool
from sgate.workers.headers import Branch, DifferentChain, follow

MAX_SETTLED_PER_ROUND = 2_000
"""Decisions of one round, so that a flood of them does not keep us from the chain."""

MAX_FOREIGN_REMEMBERED = 10_000


class Incoherent(Exception):
    """The answers of this round do not fit together: replicas differ, or the chain moved. Nothing was changed."""


class Fenced(Exception):
    """Another watcher moved the cursor meanwhile. Nothing was written: this one is not the leader any more."""


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What one round of the watcher did.

    Attributes:
        view: the chain as far as it is scanned now.
        new_blocks: headers stored. payments: payments recorded or moved. settled: intents decided.
        reorged_from: the lowest height that was replaced, or None.
        trouble: why nothing more was learned, in one sentence, or None.
    """

    view: View
    new_blocks: int = 0
    payments: int = 0
    settled: int = 0
    reorged_from: int | None = None
    trouble: str | None = None


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """What one round read, ready to be committed."""

    branch: Branch
    view: View
    found: Mapping[str, Sequence[FoundPayment]]  # by transaction
    foreign: Sequence[str]  # transactions that carry a memo like ours but pay nobody here, or were read before


class Watcher:
    """Follows the chain of one mode."""

    def __init__(
        self, *, pool: Pool, source: ChainSource, mode: Mode, environment: Environment, start_height: int | None = None
    ) -> None:
        """`start_height`: where a first scan begins; None for the tip."""
        self._pool = pool
        self._source = source
        self._mode = mode
        self._environment = environment
        self._start_height = start_height
        self._newest: tuple[str, str | None] = ("", None)  # the tip of the last answer, and that answer's etag
        self._foreign: dict[str, None] = {}  # see Scan; forgotten after a reorganisation
        self._version = -1  # of the cursor, after this watcher's last round
        self._log = structlog.get_logger("sgate.watcher").bind(livemode=mode.livemode)

    async def run_once(self) -> Round:
        """One round. Trouble with the chain is reported, not raised.

        Raises:
            Fenced: see there.
            asyncpg.PostgresError, OSError: if the database is away.
        """
        livemode = self._mode.livemode
        async with self._pool.acquire() as connection:
            cursor = await blocks.open_cursor(connection, self._mode.network, livemode=livemode)
        if cursor.version != self._version:
            self._foreign.clear()  # another watcher led meanwhile, and may have seen a reorganisation
        scan: Scan | None = None
        trouble: str | None = None
        try:
            scan = await self._read(cursor)
        except (ChainUnavailable, Incoherent, DifferentChain) as error:
            trouble = str(error)
            self._log.warning("watcher_trouble", reason=trouble)
        if scan is None:
            async with self._pool.acquire() as connection:
                await blocks.note_check(connection, trouble, livemode=livemode)
            report = Round(view=cursor.view, trouble=trouble)
        else:
            report = await self._commit(cursor, scan)
            self._remember_foreign(scan.foreign)
        self._version = cursor.version + (scan is not None)
        settled = await self._settle(report.view)
        return msgspec.structs.replace(report, settled=settled)

    # --- reading

    async def _read(self, cursor: Cursor) -> Scan | None:
        """Everything new, or None if there is nothing new.

        The newest memos are read right after the newest headers, before either is followed down: what takes long must
        not lie between the two, or a busy chain would never be caught up with.
        """
        page = await self._headers_unless_at(cursor)
        if page is None:
            return None
        memos = await self._source.logs()
        if memos.tip not in {header.index_block_hash for header in page.headers}:
            page = await self._source.headers() or page  # a block came in between
            self._note_newest(page)
        branch = await follow(self._pool, self._source, page, cursor, self._start_height)
        return await self._scan(cursor, branch, memos) if branch.new else None

    async def _headers_unless_at(self, cursor: Cursor) -> HeaderPage | None:
        """The newest headers, or None if they begin with the block that is scanned already.

        Only the tip that the database holds counts: a round whose commit failed must be read again.
        """
        tip, etag = self._newest
        page = await self._source.headers(unless=etag if tip == cursor.view.index_block_hash else None)
        if page is None:
            return None
        self._note_newest(page)
        return None if self._newest[0] == cursor.view.index_block_hash else page

    def _note_newest(self, page: HeaderPage) -> None:
        if page.headers:
            self._newest = page.headers[0].index_block_hash, page.etag

    async def _scan(self, cursor: Cursor, branch: Branch, memos: LogPage) -> Scan:
        tip = next((header for header in branch.new if header.index_block_hash == memos.tip), None)
        if tip is None or tip.height <= cursor.view.height:
            raise Incoherent("the memos were read from a replica that stands elsewhere than the headers' one")
        branch = branch.up_to(tip.height)
        tx_ids = await self._naming_intents(memos, branch, tip)
        found, foreign = await self._payments_of(tx_ids, branch)
        again = await self._source.header(tip.index_block_hash)
        if again is None or again.height != tip.height:
            raise Incoherent("the chain moved while it was read")
        view = View(
            height=tip.height,
            index_block_hash=tip.index_block_hash,
            time=max(tip.time, cursor.view.time),
            tenure_height=tip.tenure_height,
            bitcoin_height=tip.bitcoin_height,
        )
        return Scan(branch=branch, view=view, found=found, foreign=foreign)

    async def _naming_intents(self, page: LogPage, branch: Branch, tip: Header) -> list[str]:
        """Transactions whose memo has the form of an intent id, newest first, down to where the branch begins."""
        tx_ids, trusted = dict[str, None](), {tip.index_block_hash}
        while True:
            if page.tip not in trusted:
                await self._check_not_behind(page, tip)
                trusted.add(page.tip or "")
            tx_ids.update((log.tx_id, None) for log in page.logs if intent_id_of(log.memo) is not None)
            if page.older is None or (page.older_height is not None and page.older_height < branch.lowest_height):
                return list(tx_ids)
            page = await self._source.logs(page.older)

    async def _check_not_behind(self, page: LogPage, tip: Header) -> None:
        """A replica that lags would leave out the memos it does not have yet, without a word: refuse its page.

        Raises:
            Incoherent: unless the page's server has the scanned tip's height.
        """
        header = None if page.tip is None else await self._source.header(page.tip)
        if header is None or header.height < tip.height:
            raise Incoherent("a page of memos was read from a replica that is behind")

    async def _payments_of(
        self, tx_ids: Sequence[str], branch: Branch
    ) -> tuple[dict[str, list[FoundPayment]], list[str]]:
        """What these transactions pay to addresses of ours, for those not recorded yet where they are now.

        Returns:
            payments by transaction, and the transactions that need not be looked at again.
        """
        wanted = await self._not_yet_held(tx_ids, branch)
        transactions = await self._source.transactions(wanted)
        placed: dict[str, tuple[Transaction, Header]] = {}
        deeper: list[str] = []
        for tx_id in wanted:
            transaction = _included(tx_id, transactions.get(tx_id))
            if (transaction.block_height or 0) < branch.lowest_height:
                deeper.append(tx_id)  # read in an earlier round
            elif (transaction.block_height or 0) <= branch.new[-1].height:  # else read in the next
                placed[tx_id] = transaction, _header_of(transaction, branch)
        found = await self._matched(placed)
        return found, [*deeper, *(tx_id for tx_id in placed if not found.get(tx_id))]

    async def _not_yet_held(self, tx_ids: Sequence[str], branch: Branch) -> list[str]:
        if branch.reorged_from is not None:
            self._foreign.clear()
        candidates = [tx_id for tx_id in tx_ids if tx_id not in self._foreign]
        async with self._pool.acquire() as connection:
            held = await payments.held_in_blocks(
                connection, candidates, branch.lowest_height, livemode=self._mode.livemode
            )
        settled = branch.index_hashes
        return [tx_id for tx_id in candidates if tx_id not in held or not held[tx_id] <= settled]

    async def _matched(self, placed: Mapping[str, tuple[Transaction, Header]]) -> dict[str, list[FoundPayment]]:
        """Whose are these transfers? By memo an intent's, if they go to its address; else the address's owner's."""
        livemode = self._mode.livemode
        transfers = [transfer for transaction, _ in placed.values() for transfer in transaction.transfers]
        named = {intent_id for transfer in transfers if (intent_id := intent_id_of(transfer.memo))}
        async with self._pool.acquire() as connection:
            known = await intents.known(connection, sorted(named), livemode=livemode)
            recipients = sorted({transfer.recipient for transfer in transfers})
            owners = await merchants.owners_of(connection, recipients, livemode=livemode)
        found: dict[str, list[FoundPayment]] = {}
        for tx_id, (transaction, header) in placed.items():
            for transfer in transaction.transfers:
                merchant_id, intent_id = owners.get(transfer.recipient), intent_id_of(transfer.memo)
                pay_address, intent_merchant_id = known.get(intent_id or "", ("", ""))
                if pay_address == transfer.recipient:
                    merchant_id = intent_merchant_id
                elif merchant_id is not None or transfer.recipient == self._mode.gateway_address:
                    intent_id = None
                else:
                    continue
                payment = self._payment(transaction, transfer, header)
                found.setdefault(tx_id, []).append(
                    FoundPayment(payment=payment, merchant_id=merchant_id, intent_id=intent_id)
                )
        return found

    def _payment(self, transaction: Transaction, transfer: Transfer, header: Header) -> Payment:
        return Payment(
            id=self._environment.new_id("pay"),
            tx_id=transaction.tx_id,
            event_index=transfer.event_index,
            amount_sats=transfer.amount_sats,
            sender=transfer.sender,
            recipient=transfer.recipient,
            memo=transfer.memo,
            block_height=header.height,
            block_hash=header.block_hash,
            index_block_hash=header.index_block_hash,
            block_time=header.time,
            tx_index=transaction.tx_index or 0,
            tenure_height=header.tenure_height,
            bitcoin_height=header.bitcoin_height,
            first_mined_at=header.time,
        )

    def _remember_foreign(self, tx_ids: Sequence[str]) -> None:
        self._foreign.update(dict.fromkeys(tx_ids))
        while len(self._foreign) > MAX_FOREIGN_REMEMBERED:
            del self._foreign[next(iter(self._foreign))]

    # --- writing

    async def _commit(self, cursor: Cursor, scan: Scan) -> Round:
        """Facts, cursor and queue in one transaction, fenced by the cursor's version."""
        livemode, new = self._mode.livemode, scan.branch.new
        touched: set[str] = set()
        async with self._pool.acquire() as connection, connection.transaction():
            if not await blocks.advance(connection, cursor, scan.view):
                raise Fenced("another watcher moved the cursor")
            if scan.branch.reorged_from is not None:
                hashes = [header.index_block_hash for header in new]
                touched |= await payments.orphan_from(connection, new[0].height, hashes, scan.view, livemode=livemode)
            await blocks.replace_from(connection, new[0].height, new, livemode=livemode)
            for tx_id, legs in scan.found.items():
                paid = [leg.payment for leg in legs]
                touched |= await payments.orphan_other_legs(connection, tx_id, paid, scan.view, livemode=livemode)
                for leg in legs:
                    intent_id = await payments.include(connection, leg, scan.view, livemode=livemode)
                    touched |= {intent_id} if intent_id else set()
                await payments.clear_sightings(connection, tx_id)
            await ledger_store.queue(connection, touched, livemode=livemode)
        if scan.branch.reorged_from is not None:
            self._log.warning("chain_reorged", from_height=scan.branch.reorged_from, tip=scan.view.height)
        return Round(
            view=scan.view,
            new_blocks=len(new),
            payments=sum(len(legs) for legs in scan.found.values()),
            reorged_from=scan.branch.reorged_from,
        )

    async def _settle(self, view: View) -> int:
        """Decide what waits: touched intents first, then those whose deadline or threshold has come."""
        livemode, settled = self._mode.livemode, 0
        while settled < MAX_SETTLED_PER_ROUND:
            try:
                intent_id = await ledger.settle_next(
                    self._pool, self._environment, self._mode.public_url, livemode=livemode
                )
            except ledger.Undecided as error:
                self._log.exception("intent_undecided", payment_intent=error.intent_id)
                continue
            if intent_id is not None:
                settled += 1
            elif not await ledger.queue_due(self._pool, view, livemode=livemode):
                break
        return settled


def _included(tx_id: str, transaction: Transaction | None) -> Transaction:
    """A transaction whose memo we read, if whoever answered sees it in a block too.

    Raises:
        Incoherent: if not.
    """
    if transaction is None or transaction.status is not TxStatus.SUCCESS or transaction.block_hash is None:
        raise Incoherent(f"{tx_id} printed a memo on one replica and is not in a block on another")
    return transaction


def _header_of(transaction: Transaction, branch: Branch) -> Header:
    header = branch.by_block_hash.get(transaction.block_hash or "")
    if header is None:
        raise Incoherent(f"{transaction.tx_id} is in a block that the headers do not show")
    return header
