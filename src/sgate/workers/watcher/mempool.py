"""Looking hints up: what the wallet said it sent, as the chain's API sees it.

A pending direct call of the token that pays this intent is a sighting: the payer is told "seen", and the deadline waits
for it for a while. Nothing is received and nothing confirmed by it. A hint that turns out to be a transfer without a
memo becomes an unmatched deposit at once, instead of when its address is read.

Anybody who has a checkout page may give hints, so whatever they name, looking them up is one call a round: large and
old transactions are left to the scan and to the reading of addresses. Those that were never looked up come first.
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
from sgate.store import blocks, ledger_queue, mempool_sightings, payment_hints, payment_intents
from sgate.store.payment_hints import Hint
from sgate.store.payment_intents import KnownIntent
from sgate.workers.watcher.deposits import is_scanned
from sgate.workers.watcher.matcher import Found, Matcher, place

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=2)
LONGEST_WAIT_UNKNOWN = timedelta(minutes=30)
"""The wait doubles from look to look: a wallet's transaction shows up within seconds or not at all."""

GIVE_UP_AFTER = timedelta(hours=24)

MAX_REPLACEMENTS = 8
"""Hints per intent with those that follow a transaction's replacement by another."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A hint and what the API says about its transaction; None if it does not know it."""

    hint: Hint
    transaction: Transaction | None


class MempoolScan(msgspec.Struct, frozen=True, kw_only=True):
    """What was learned about hints, and what those already mined pay."""

    looks: Sequence[Look]
    known: Mapping[str, KnownIntent]
    found: Found
    height: int


class MempoolReader:
    """Looks hints up, all that are due in one call."""

    def __init__(
        self, pool: Pool, source: ChainSource, matcher: Matcher, environment: Environment, *, livemode: bool
    ) -> None:
        self._pool = pool
        self._source = source
        self._matcher = matcher
        self._environment = environment
        self._livemode = livemode

    async def read(self, height: int, calls: int) -> MempoolScan | None:
        """Look up what is due; None if nothing is, or if there are no calls to spare.

        Raises:
            ChainUnavailable: see there.
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
        looks = [Look(hint=hint, transaction=answers.get(hint.tx_id)) for hint in due]
        return MempoolScan(looks=looks, known=known, found=await self._matcher.match(placed), height=height)

    async def write(self, connection: Connection, scan: MempoolScan) -> set[str]:
        """Write down what was learned about the hints, inside the watcher's transaction.

        Returns:
            the intents whose sightings changed.
        """
        touched: set[str] = set()
        for look in scan.looks:
            if await self._write(connection, look, scan):
                touched.add(look.hint.intent_id)
        for intent_id in sorted(touched):
            await notifications.notify(connection, notifications.Channel.INTENT, intent_id)
        await ledger_queue.queue(connection, touched, livemode=self._livemode)
        return touched

    async def _write(self, connection: Connection, look: Look, scan: MempoolScan) -> bool:
        """One hint. Returns whether its intent's sightings changed."""
        hint, transaction = look.hint, look.transaction
        match None if transaction is None else transaction.status:
            case TxStatus.PENDING:
                if not await self._look_again(connection, hint, LONGEST_WAIT):
                    return await mempool_sightings.lose(connection, hint.intent_id, hint.tx_id)
                return await self._sight(connection, hint, transaction, scan.known)
            case None | TxStatus.UNKNOWN:  # perhaps only this replica does not have it: a sighting stays
                again = await self._look_again(connection, hint, LONGEST_WAIT_UNKNOWN)
                return not again and await mempool_sightings.lose(connection, hint.intent_id, hint.tx_id)
            case TxStatus.SUCCESS if transaction is not None and not is_scanned(transaction, scan.height):
                await self._look_again(connection, hint, LONGEST_WAIT)  # mined just now: the next scan has its block
                return False
            case TxStatus.SUCCESS | TxStatus.FAILED | TxStatus.DROPPED:
                await payment_hints.end(connection, [hint])
                await self._follow_replacement(connection, hint, transaction)
                return await mempool_sightings.lose(connection, hint.intent_id, hint.tx_id)

    async def _look_again(self, connection: Connection, hint: Hint, longest_wait: timedelta) -> bool:
        wait = min(FIRST_WAIT * 2 ** min(hint.looks, 10), longest_wait)
        now = self._environment.now()
        return await payment_hints.look_again(connection, hint, now + wait, now - GIVE_UP_AFTER)

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
            return False  # arguments are the sender's to write: more than there is can be called for, and fails
        seen_at = _seen_at(transaction, self._environment.now_ms())
        return await mempool_sightings.sight(connection, intent.id, hint.tx_id, intention.amount_sats, seen_at)

    async def _follow_replacement(self, connection: Connection, hint: Hint, transaction: Transaction | None) -> None:
        """A payer who raises the fee replaces the transaction: look the new one up as well."""
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
    """When the payer had paid: when the API got the transaction, which the payer cannot date back."""
    return now if transaction.received_at is None else min(now, transaction.received_at)
