"""What the chain showed us: sBTC transfers, and transactions still waiting in the mempool.

These are facts. Whether a fact pays for something is decided in `lifecycle`, never here.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec


class Inclusion(StrEnum):
    """Where a payment stands on the chain."""

    INCLUDED = "included"  # its block is part of the chain we follow
    ORPHANED = "orphaned"  # a reorganisation removed its block; it may come back


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One sBTC transfer event to an address we watch, identified by (tx_id, event_index).

    Attributes:
        id: `pay_` + 24 hex.
        tx_id: `0x` + 64 hex.
        event_index: the transfer's place among the transaction's events; one transaction may pay several times.
        memo: the bytes printed right after the transfer, or None.
        block_height, block_hash, index_block_hash, block_time, tx_index: the block that includes it (or last did).
        tenure_height, bitcoin_height: of that block; they measure finality.
        first_mined_at: the earliest block time it ever had. Survives reorganisations.
        first_seen_at: when it was first seen in the mempool, or None. Survives reorganisations.
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

    @property
    def chain_order(self) -> tuple[int, int, int]:
        """Where it stands on the chain: height, place in the block, place in the transaction."""
        return (self.block_height, self.tx_index, self.event_index)

    def arrived_at(self, seen_hold: timedelta) -> datetime:
        """When the payer had paid: the first sighting if it was mined within `seen_hold` of it, else the block."""
        if self.first_seen_at is None or self.first_mined_at - self.first_seen_at > seen_hold:
            return self.first_mined_at
        return min(self.first_seen_at, self.first_mined_at)


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction in the mempool that says it will pay an intent. It promises nothing.

    Attributes:
        tx_id: `0x` + 64 hex.
        amount_sats: what its arguments say.
        first_seen_at: when it was first seen, UTC.
    """

    tx_id: str
    amount_sats: int
    first_seen_at: datetime
