"""Matches the transfers of mined transactions with intents and addresses, with one read of the database.

A transfer with the memo of an intent, to the intent's address, is a payment of that intent. Any other transfer to a
watched address is an unmatched deposit of the merchant who owns the address, or of the operator. Other transfers are
ignored.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from sgate.chain.source import ChainSource, Transaction, Transfer
from sgate.core.header import Header
from sgate.core.memo import intent_id_of
from sgate.core.mode import Mode
from sgate.core.payment import Payment, payment_id
from sgate.db.pool import Pool
from sgate.environment import Environment
from sgate.store import blocks, merchants, payment_intents
from sgate.store.payments_scan import FoundPayment
from sgate.workers.watcher.headers import Incoherent, check_time

Found = Mapping[str, Sequence[FoundPayment]]
"""Payments by transaction id. Transactions without a payment are omitted."""


class Placed(msgspec.Struct, frozen=True):
    """A transaction and the header of its block."""

    transaction: Transaction
    header: Header


class _Watched(msgspec.Struct, frozen=True):
    """The known intents that the memos of some transfers name, and the owners of the transfers' recipients."""

    intents: Mapping[str, payment_intents.KnownIntent]
    owners: Mapping[str, str | None]


class Matcher:
    """Matches transfers with the intents and addresses of one mode."""

    def __init__(self, pool: Pool, mode: Mode, environment: Environment) -> None:
        self._pool = pool
        self._mode = mode
        self._environment = environment

    async def match(self, placed: Iterable[Placed]) -> dict[str, list[FoundPayment]]:
        """Return the payments that these transactions make to watched addresses.

        Raises:
            ImplausibleTime: if the time of a block cannot be right.
        """
        placed, now = list(placed), self._environment.now()
        for item in placed:
            check_time(item.header, None, now, self._mode.network)
        watched = await self._watched([leg for item in placed for leg in item.transaction.transfers])
        found: dict[str, list[FoundPayment]] = {}
        for item in placed:
            for transfer in item.transaction.transfers:
                payment = self._payment(item, transfer, watched)
                if payment is not None:
                    found.setdefault(item.transaction.tx_id, []).append(payment)
        return found

    async def _watched(self, transfers: Sequence[Transfer]) -> _Watched:
        named = sorted({intent_id for transfer in transfers if (intent_id := intent_id_of(transfer.memo))})
        recipients = sorted({transfer.recipient for transfer in transfers})
        async with self._pool.acquire() as connection:
            known = await payment_intents.known(connection, named)
            owners = await merchants.owners_of(connection, recipients, livemode=self._mode.livemode)
        return _Watched(known, owners)

    def _payment(self, item: Placed, transfer: Transfer, watched: _Watched) -> FoundPayment | None:
        intent_id = intent_id_of(transfer.memo)
        intent = watched.intents.get(intent_id or "")
        payment = self._fact(item, transfer)
        ours = intent is not None and intent.livemode is self._mode.livemode
        if intent is not None and ours and intent.pay_address == transfer.recipient:
            return FoundPayment(payment=payment, merchant_id=intent.merchant_id, intent_id=intent.id)
        if transfer.recipient not in watched.owners and transfer.recipient != self._mode.gateway_address:
            return None
        return FoundPayment(
            payment=payment,
            merchant_id=watched.owners.get(transfer.recipient),
            intent_id=None,
            recovered_intent_id=intent_id if intent is None else None,
        )

    def _fact(self, item: Placed, transfer: Transfer) -> Payment:
        header = item.header
        return Payment(
            id=payment_id(
                item.transaction.tx_id,
                transfer.event_index,
                transfer.recipient,
                transfer.amount_sats,
                transfer.memo,
                livemode=self._mode.livemode,
            ),
            tx_id=item.transaction.tx_id,
            event_index=transfer.event_index,
            amount_sats=transfer.amount_sats,
            sender=transfer.sender,
            recipient=transfer.recipient,
            memo=transfer.memo,
            block_height=header.height,
            block_hash=header.block_hash,
            index_block_hash=header.index_block_hash,
            block_time=header.time,
            tx_index=item.transaction.tx_index or 0,
            tenure_height=header.tenure_height,
            bitcoin_height=header.bitcoin_height,
            first_mined_at=header.time,
        )


async def place(
    pool: Pool, source: ChainSource, transactions: Iterable[Transaction], *, livemode: bool
) -> list[Placed]:
    """Return transactions in scanned blocks with their headers. Headers below the stored ones come from the source.

    Raises:
        Incoherent: if a transaction is in a block that is not on the scanned chain. The next scan resolves this.
        ChainUnavailable: if the source cannot be read.
    """
    transactions = list(transactions)
    heights = sorted({transaction.block_height or 0 for transaction in transactions})
    async with pool.acquire() as connection:
        held = {header.height: header for header in await blocks.headers_at(connection, heights, livemode=livemode)}
        lowest = await blocks.lowest_height(connection, livemode=livemode) or 0
    for height in heights:
        if height < lowest and (header := await source.header_at(height)) is not None:
            held[height] = header
    return [Placed(transaction, _header_of(transaction, held)) for transaction in transactions]


def _header_of(transaction: Transaction, held: Mapping[int, Header]) -> Header:
    header = held.get(transaction.block_height or 0)
    if header is None or header.block_hash != transaction.block_hash:
        raise Incoherent(f"{transaction.tx_id} is in a block that is not on the scanned chain")
    return header
