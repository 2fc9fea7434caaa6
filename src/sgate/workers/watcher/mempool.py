"""Checks hints: reads the transactions that wallets have reported from the chain's API.

A sighting is a pending transaction that calls the token contract directly and pays the intent. The customer sees
"seen", and expiry is postponed for a while. A sighting neither counts as received nor confirms anything. If the
transaction of a hint turns out to be a transfer without a memo, it becomes an unmatched deposit immediately, instead of
when its address is next read.

Payments that a reorganization has orphaned are looked up like hints: their transactions may be back in the mempool, or
dropped because others took their place. In the latter case, the customer may pay again.

Anyone who has a checkout page can send hints. Therefore checking them costs only one call per poll, whichever
transactions they report; large and old transactions are left to the scan and to address reads. Hints that have never
been checked come first.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from sgate.chain.source import MAX_TX_IDS_PER_CALL, ChainSource, Transaction, TxStatus
from sgate.core.memo import intent_id_of
from sgate.core.money import MAX_AMOUNT_SATS
from sgate.db import notifications
from sgate.db.pool import Connection, Pool
from sgate.environment import Environment
from sgate.store import blocks, ledger_queue, mempool_sightings, payment_hints, payment_intents, payments_scan
from sgate.store.payment_hints import Hint
from sgate.store.payment_intents import KnownIntent
from sgate.workers.watcher.deposits import is_scanned
from sgate.workers.watcher.matcher import Found, Matcher, place

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=2)
LONGEST_WAIT_UNKNOWN = timedelta(minutes=30)
"""The longest wait before the next check of an unknown transaction. The wait doubles after each check, because a
wallet's transaction appears within seconds or not at all.
"""

GIVE_UP_AFTER = timedelta(hours=24)

MAX_REPLACEMENTS = 8
"""The maximum number of hints per intent, including hints added for replacement transactions."""


class CheckedHint(msgspec.Struct, frozen=True, kw_only=True):
    """A hint and its transaction, or None if the API does not know the transaction."""

    hint: Hint
    transaction: Transaction | None


class MempoolScan(msgspec.Struct, frozen=True, kw_only=True):
    """The checked hints, and the payments of transactions that are already mined."""

    checked: Sequence[CheckedHint]
    known: Mapping[str, KnownIntent]
    found: Found
    height: int


class MempoolReader:
    """Checks all due hints with one call."""

    def __init__(
        self, pool: Pool, source: ChainSource, matcher: Matcher, environment: Environment, *, livemode: bool
    ) -> None:
        self._pool = pool
        self._source = source
        self._matcher = matcher
        self._environment = environment
        self._livemode = livemode

    async def read(self, height: int, calls: int) -> MempoolScan | None:
        """Check the due hints. Returns None if no hint is due, or no call is available.

        Raises:
            ChainUnavailable: if the source cannot be read.
            Incoherent: if a transaction is in a block that is not on the scanned chain.
        """
        if calls < 1:
            return None
        async with self._pool.acquire() as connection:
            due = await payment_hints.due(
                connection, self._environment.now(), MAX_TX_IDS_PER_CALL, livemode=self._livemode
            )
            known = await payment_intents.known(connection, sorted({hint.intent_id for hint in due})) if due else {}
            lowest = await blocks.lowest_height(connection, livemode=self._livemode) or 0
        if not due:
            return None
        answers = await self._source.transactions([hint.tx_id for hint in due], whole=False)
        mined = {
            answer.tx_id: answer
            for answer in answers.values()
            if is_scanned(answer, height) and (answer.block_height or 0) >= lowest
        }
        placed = await place(self._pool, self._source, mined.values(), livemode=self._livemode)
        checked = [CheckedHint(hint=hint, transaction=answers.get(hint.tx_id)) for hint in due]
        return MempoolScan(checked=checked, known=known, found=await self._matcher.match(placed), height=height)

    async def write(self, connection: Connection, scan: MempoolScan) -> set[str]:
        """Store the results of the checks, inside the watcher's transaction.

        Returns:
            the intents whose sightings changed, or whose orphaned payments were dropped.
        """
        changed: set[str] = set()
        for checked in scan.checked:
            if await self._write(connection, checked, scan):
                changed.add(checked.hint.intent_id)
            changed |= await self._note_dropped(connection, checked)
        for intent_id in sorted(changed):
            await notifications.notify(connection, notifications.Channel.INTENT, intent_id)
        await ledger_queue.queue(connection, changed, livemode=self._livemode)
        return changed

    async def _write(self, connection: Connection, checked: CheckedHint, scan: MempoolScan) -> bool:
        """Store the result for one hint. Returns whether the sightings of its intent changed."""
        hint, transaction = checked.hint, checked.transaction
        match None if transaction is None else transaction.status:
            case TxStatus.PENDING:
                if not await self._reschedule(connection, hint, LONGEST_WAIT):
                    return await mempool_sightings.remove(connection, hint.intent_id, hint.tx_id)
                return await self._sight(connection, hint, transaction, scan.known)
            case None | TxStatus.UNKNOWN:  # another replica may know it, so a sighting is kept
                again = await self._reschedule(connection, hint, LONGEST_WAIT_UNKNOWN)
                return not again and await mempool_sightings.remove(connection, hint.intent_id, hint.tx_id)
            case TxStatus.SUCCESS if transaction is not None and not is_scanned(transaction, scan.height):
                await self._reschedule(connection, hint, LONGEST_WAIT)  # just mined; the next scan will read its block
                return False
            case TxStatus.SUCCESS | TxStatus.FAILED | TxStatus.DROPPED:
                await payment_hints.end(connection, [hint])
                await self._follow_replacement(connection, hint, transaction)
                return await mempool_sightings.remove(connection, hint.intent_id, hint.tx_id)

    async def _note_dropped(self, connection: Connection, checked: CheckedHint) -> set[str]:
        """Record whether an orphaned transaction can still be mined. Returns the intents whose payments changed.

        An unknown transaction proves nothing, because another replica may know it.
        """
        match None if checked.transaction is None else checked.transaction.status:
            case TxStatus.DROPPED | TxStatus.FAILED:
                now = self._environment.now_ms()
                return await payments_scan.set_dropped(connection, checked.hint.tx_id, now, livemode=self._livemode)
            case TxStatus.PENDING:
                return await payments_scan.set_dropped(connection, checked.hint.tx_id, None, livemode=self._livemode)
            case None | TxStatus.UNKNOWN | TxStatus.SUCCESS:
                return set()

    async def _reschedule(self, connection: Connection, hint: Hint, longest_wait: timedelta) -> bool:
        wait = min(FIRST_WAIT * 2 ** min(hint.looks, 10), longest_wait)
        now = self._environment.now()
        return await payment_hints.reschedule(connection, hint, now + wait, now - GIVE_UP_AFTER)

    async def _sight(
        self,
        connection: Connection,
        hint: Hint,
        transaction: Transaction | None,
        known: Mapping[str, KnownIntent],
    ) -> bool:
        intention = None if transaction is None else transaction.intention
        intent = known.get(hint.intent_id)
        if transaction is None or intention is None or intent is None:
            return False
        if intent_id_of(intention.memo) != intent.id or intention.recipient != intent.pay_address:
            return False
        if not 1 <= intention.amount_sats <= MAX_AMOUNT_SATS:
            return False  # a call may state any amount, but fails if the amount exceeds the supply
        seen_at = _seen_at(transaction, self._environment.now_ms())
        return await mempool_sightings.add(connection, intent.id, hint.tx_id, intention.amount_sats, seen_at)

    async def _follow_replacement(self, connection: Connection, hint: Hint, transaction: Transaction | None) -> None:
        """Add a hint for the transaction that replaces this one, as when the customer has raised the fee."""
        if transaction is not None and transaction.replaced_by is not None:
            await payment_hints.add(
                connection,
                hint.intent_id,
                transaction.replaced_by,
                MAX_REPLACEMENTS,
                self._environment.now(),
                livemode=self._livemode,
            )


def _seen_at(transaction: Transaction, now: datetime) -> datetime:
    """Return when the API received the transaction, a time that the customer cannot backdate."""
    return now if transaction.received_at is None else min(now, transaction.received_at)
