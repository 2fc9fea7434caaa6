"""Facts read from the chain: sBTC transfers, and transactions still pending in the mempool.

The module `lifecycle` decides whether a fact pays for an intent.
"""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

ID_HEX_CHARACTERS = 24


def payment_id(
    tx_id: str, event_index: int, recipient: str, amount_sats: int, memo: bytes | None, *, livemode: bool
) -> str:
    """Return the id of a transfer, which is derived from its content.

    A database that is restored from a backup therefore records the payments since the backup under the same ids.
    """
    note = "" if memo is None else memo.hex()
    content = f"{'live' if livemode else 'test'}/{tx_id}/{event_index}/{recipient}/{amount_sats}/{note}"
    return f"pay_{hashlib.sha256(content.encode()).hexdigest()[:ID_HEX_CHARACTERS]}"


class Inclusion(StrEnum):
    """Where a payment stands on the chain."""

    INCLUDED = "included"  # its block is on the canonical chain
    ORPHANED = "orphaned"  # a reorganization removed its block; it may be mined again


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """An sBTC transfer to a watched address, identified by (tx_id, event_index).

    Attributes:
        id: `pay_` + 24 hex.
        tx_id: `0x` + 64 hex.
        event_index: the index of the transfer among the transaction's events; one transaction may pay several times.
        memo: the bytes that the token contract printed directly after the transfer, or None.
        block_height, block_hash, index_block_hash, block_time, tx_index: the block that includes the payment, and the
            payment's place in it. For an orphaned payment, the last block that included it.
        tenure_height, bitcoin_height: the tenure height and the Bitcoin height of that block, which determine finality.
        first_mined_at: the earliest time of any block that ever included the payment. Reorganizations do not reset it.
        first_seen_at: when the payment was first seen in the mempool, or None. Reorganizations do not reset it.
        dropped_at: when the transaction of an orphaned payment was found to have been dropped, or None.
    """

    id: str
    tx_id: str
    event_index: int
    amount_sats: int
    sender: str
    recipient: str
    memo: bytes | None
    block_height: int
    block_hash: str
    index_block_hash: str
    block_time: datetime
    tx_index: int
    tenure_height: int
    bitcoin_height: int
    first_mined_at: datetime
    first_seen_at: datetime | None = None
    inclusion: Inclusion = Inclusion.INCLUDED
    dropped_at: datetime | None = None

    @property
    def may_return(self) -> bool:
        """Whether the payment lost its block, and may be mined again. Until then, the customer must not pay again."""
        return self.inclusion is Inclusion.ORPHANED and self.dropped_at is None

    @property
    def is_dropped(self) -> bool:
        """Whether the payment lost its block, and its transaction was dropped."""
        return self.inclusion is Inclusion.ORPHANED and self.dropped_at is not None

    @property
    def chain_order(self) -> tuple[int, int, int]:
        """Sort key by position on the chain: block height, transaction index, event index."""
        return (self.block_height, self.tx_index, self.event_index)

    def arrived_at(self, seen_hold: timedelta) -> datetime:
        """Return the time at which the customer paid.

        If the payment was mined within `seen_hold` of its first sighting, this is the earlier of the two times.
        Otherwise, it is the time of the payment's first block.
        """
        if self.first_seen_at is None or self.first_mined_at - self.first_seen_at > seen_hold:
            return self.first_mined_at
        return min(self.first_seen_at, self.first_mined_at)


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction in the mempool that would pay an intent. It may never be mined.

    Attributes:
        tx_id: `0x` + 64 hex.
        amount_sats: the amount in the transaction's arguments.
        first_seen_at: when the transaction was first seen, UTC.
    """

    tx_id: str
    amount_sats: int
    first_seen_at: datetime
