"""Blocks of the simulated chain, and the source of their hashes."""

import hashlib

import msgspec

FIRST_BITCOIN_HEIGHT = 900_001
NAKAMOTO_MICROBLOCK = 2147483647
"""The value of `microblock_sequence` since Nakamoto. It is part of cursors."""

NO_BLOCK = "0x" + "00" * 32
"""The parent hash of the first block."""


class BitcoinBlock(msgspec.Struct, frozen=True):
    """A Bitcoin block, as far as the Stacks API shows it."""

    height: int
    hash: str
    time: int
    miner_txid: str


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A Stacks block of any branch.

    Attributes:
        time: Unix seconds, later than the parent's.
        tenure_began_at: height of the first block of this block's tenure, on its branch.
        tx_ids: the ids of its transactions, in order.
    """

    height: int
    block_hash: str
    index_block_hash: str
    parent_hash: str
    parent_index_hash: str
    time: int
    tenure_height: int
    tenure_began_at: int
    bitcoin: BitcoinBlock
    tx_ids: tuple[str, ...]


class Hashes:
    """Deterministic hashes that look random: SHA-256 of the seed, the purpose and a counter."""

    def __init__(self, seed: str) -> None:
        self._seed = hashlib.sha256(seed.encode())

    def of(self, purpose: str, number: int) -> str:
        """Return a hash as `0x` + 64 hex."""
        digest = self._seed.copy()
        digest.update(f":{purpose}:{number}".encode())
        return "0x" + digest.hexdigest()
