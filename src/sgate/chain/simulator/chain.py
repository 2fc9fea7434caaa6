"""SimulatedChain: a Nakamoto-like chain in memory that mines, forks and fails on demand.

It is part of the product, not a mock: the demo and the test mode run on it, and tests use it to expose the gateway to
events that are rare on the real chain. A chain in a directory is persistent: a gateway that was killed finds the same
chain after a restart.
"""

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import assert_never

from sgate.chain.simulator.blocks import FIRST_BITCOIN_HEIGHT, NO_BLOCK, BitcoinBlock, Block, Hashes
from sgate.chain.simulator.faults import Faults
from sgate.chain.simulator.history import History, SimulatedTx
from sgate.chain.simulator.journal import (
    BitcoinBlockArrived,
    Genesis,
    Journal,
    JournalBroken,
    Mine,
    Operation,
    Remine,
    Reorganise,
    Replace,
    Rival,
    Submit,
)
from sgate.chain.simulator.transactions import (
    PAYER,
    Kind,
    SimulatedTransfer,
    check,
    simulated_address,
)
from sgate.chain.simulator.view import View

DEFAULT_BLOCKS_PER_TENURE = 120
"""Ten minutes of 5-second blocks, as on mainnet."""

DEFAULT_SEED = "sgate"
MAX_BLOCKS_PER_CALL = 100_000
"""The maximum number of blocks mined in one call, which takes about ten seconds."""

MAX_REORG_DEPTH = 1_000


class RefusedOperation(ValueError):
    """The chain cannot perform the operation now; the message says why."""


class SimulatedChain:
    """The simulated chain; create it with `SimulatedChain.open`. All times are Unix times in seconds.

    Attributes:
        history: the history of the chain, read-only.
        faults: the faults of the servers in front of the chain.
    """

    def __init__(self, journal: Journal, genesis: Genesis, clock: Callable[[], float]) -> None:
        """Create the chain; called by `open`."""
        self._journal = journal
        self._clock = clock
        self._blocks_per_tenure = genesis.blocks_per_tenure
        self._blocks_made = 0
        self._tenure_due = self._extension_due = False
        self._bitcoin_forks = 0
        self._stuck_replica: History | None = None
        self.history = History(genesis.asset, Hashes(genesis.seed))
        self.faults = Faults()
        self._bitcoin = self._bitcoin_block(FIRST_BITCOIN_HEIGHT, genesis.at)
        self._append(self._make_block(None, math.floor(genesis.at), ()))

    @classmethod
    def open(
        cls,
        directory: Path | None,
        *,
        asset: str,
        clock: Callable[[], float] = time.time,
        blocks_per_tenure: int = DEFAULT_BLOCKS_PER_TENURE,
        seed: str = DEFAULT_SEED,
    ) -> "SimulatedChain":
        """Open the chain stored in `directory`, or create one.

        If `directory` is None, the chain is kept in memory only.

        Args:
            asset: the token that payments are made in; it must be the same each time the directory is opened.
            clock: returns the Unix time in seconds.
            blocks_per_tenure: the number of Stacks blocks after which a Bitcoin block arrives and a tenure begins. An
                existing chain keeps the number and the seed that it was created with.

        Raises:
            ChainInUse: if another process uses the directory.
            JournalBroken: if the journal cannot be replayed, or belongs to another asset.
            RefusedOperation: if `blocks_per_tenure` is less than 1.
        """
        if blocks_per_tenure < 1:
            raise RefusedOperation("blocks_per_tenure must be at least 1")
        journal = Journal(directory)
        try:
            operations = journal.replay()
            if not operations:
                operations = [Genesis(at=clock(), seed=seed, asset=asset, blocks_per_tenure=blocks_per_tenure)]
                journal.append(operations[0])
            chain = cls(journal, _genesis_of(operations, asset), clock)
            for operation in operations[1:]:
                chain._apply(operation)
        except BaseException:
            journal.close()
            raise
        return chain

    @property
    def asset(self) -> str:
        """The token that payments are made in."""
        return self.history.asset

    @property
    def tip(self) -> Block:
        """The newest canonical block."""
        return self.history.tip

    @property
    def bitcoin_height(self) -> int:
        """The height of Bitcoin, which may be ahead of the tip's Bitcoin block."""
        return self._bitcoin.height

    def view(self) -> View:
        """Return the chain as a server shows it now.

        A server that lags shows fewer blocks. A server that is stuck shows an old state.
        """
        history = self._stuck_replica if self.faults.stuck and self._stuck_replica is not None else self.history
        height = max(1, history.tip.height - self.faults.lag_blocks)
        return View(history, height=height, now=self._clock(), bitcoin_height=self.bitcoin_height)

    def leave_replica(self) -> None:
        """Freeze one replica at the current state of the chain. This replica answers while `faults.stuck` is set."""
        self._stuck_replica = self.history.snapshot()

    def submit(self, transfer: SimulatedTransfer) -> str:
        """Submit a transaction to the mempool. The next block after its `not_before` includes it.

        Returns:
            The id of the transaction.

        Raises:
            RefusedTransfer: if no chain would accept the transaction.
        """
        check(transfer)
        number = len(self.history.txs)
        self._do(Submit(at=self._clock(), transfer=transfer))
        return self.history.hashes.of("transaction", number)

    def replace(self, tx_id: str, transfer: SimulatedTransfer) -> str:
        """Replace a pending transaction with another one that has the same sender and nonce.

        Returns:
            The id of the replacement.

        Raises:
            RefusedTransfer: if no chain would accept the replacement.
            RefusedOperation: if there is no pending transaction with this id and sender.
        """
        check(transfer)
        waiting = self.history.mempool.get(tx_id)
        if waiting is None or waiting.transfer.sender != transfer.sender:
            raise RefusedOperation("only a pending transaction can be replaced, and only by its sender")
        number = len(self.history.txs)
        self._do(Replace(at=self._clock(), tx_id=tx_id, transfer=transfer))
        return self.history.hashes.of("transaction", number)

    def mine(self, count: int = 1, *, seconds_between: int = 1, include_mempool: bool = True) -> Block:
        """Mine blocks; the first includes the pending transactions.

        Args:
            seconds_between: the difference between the times of these blocks. The time of the first block is the
                clock's time, or one second after its parent's time if that is later.
            include_mempool: if False, leave the pending transactions in the mempool.

        Returns:
            The new tip.

        Raises:
            RefusedOperation: if an argument is out of range.
        """
        if not 1 <= count <= MAX_BLOCKS_PER_CALL:
            raise RefusedOperation(f"1 to {MAX_BLOCKS_PER_CALL} blocks can be mined at once")
        if seconds_between < 1:
            raise RefusedOperation("block times must increase: seconds_between must be at least 1")
        self._do(Mine(at=self._clock(), count=count, seconds_between=seconds_between, include_mempool=include_mempool))
        return self.tip

    def bitcoin_block(self, *, new_tenure: bool = True) -> int:
        """Add a Bitcoin block. The next Stacks block begins a tenure or, without `new_tenure`, extends the current one.

        Returns:
            The new height of Bitcoin.
        """
        self._do(BitcoinBlockArrived(at=self._clock(), new_tenure=new_tenure))
        return self.bitcoin_height

    def reorg(self, depth: int, remine: Remine = "same", *, bitcoin_fork: bool = False) -> Block:
        """Replace the newest `depth` blocks with a branch that is one block higher.

        Args:
            remine: what happens to the transactions in the orphaned blocks. "same": they are mined again in the same
                order, one block higher; "none": they return to the mempool; "drop": other transactions spend their
                nonces.
            bitcoin_fork: whether Bitcoin itself forks.

        Returns:
            The new tip.

        Raises:
            RefusedOperation: if `depth` is less than 1 or more than the number of blocks that can be replaced.
        """
        if not 1 <= depth <= min(MAX_REORG_DEPTH, self.tip.height - 1):
            raise RefusedOperation(f"1 to {min(MAX_REORG_DEPTH, self.tip.height - 1)} blocks can be replaced now")
        self._do(Reorganise(at=self._clock(), depth=depth, remine=remine, bitcoin_fork=bitcoin_fork))
        return self.tip

    def rival(self) -> str:
        """Add a sibling of the tip that does not become canonical and that no server shows.

        Returns:
            The index block hash of the block.

        Raises:
            RefusedOperation: if there is only one block.
        """
        if self.tip.height == 1:
            raise RefusedOperation("the first block cannot have a rival")
        self._do(Rival(at=self._clock()))
        return self.history.hashes.of("index", self._blocks_made - 1)

    def close(self) -> None:
        """Release the directory. The chain can still be read."""
        self._journal.close()

    def _do(self, operation: Operation) -> None:
        self._journal.append(operation)
        self._apply(operation)

    def _apply(self, operation: Operation) -> None:
        match operation:
            case Genesis():
                raise JournalBroken("the journal has a second genesis operation")
            case Submit():
                not_before = operation.transfer.not_before
                received_at = operation.at if not_before is None else max(operation.at, not_before)
                self.history.add_tx(operation.transfer, received_at)
            case Mine():
                self._mine(operation)
            case BitcoinBlockArrived():
                self._bitcoin = self._bitcoin_block(self._bitcoin.height + 1, operation.at)
                if operation.new_tenure:
                    self._tenure_due = True
                else:
                    self._extension_due = True
            case Reorganise():
                self._reorganize(operation)
            case Replace():
                replaced = self.history.txs[operation.tx_id]
                replacement = self.history.add_tx(operation.transfer, operation.at, replaced.nonce)
                self.history.drop(replaced, replacement.tx_id)
            case Rival():
                parent = self.history.canonical[-2]
                self.history.keep(self._branch_block(parent, self.tip, ()))
            case _:
                assert_never(operation)

    def _mine(self, operation: Mine) -> None:
        now = math.floor(operation.at)
        waiting = self.history.waiting(operation.at) if operation.include_mempool else []
        for number in range(operation.count):
            tx_ids = tuple(tx.tx_id for tx in waiting) if number == 0 else ()
            earliest = now if number == 0 else self.tip.time + operation.seconds_between
            self._append(self._make_block(self.tip, earliest, tx_ids))

    def _reorganize(self, operation: Reorganise) -> None:
        ancestor_height = self.tip.height - operation.depth
        orphaned = self.history.orphan_above(ancestor_height)
        remined: list[tuple[str, ...]] = [()] * (operation.depth + 1)
        match operation.remine:
            case "same":
                remined[1:] = [block.tx_ids for block in orphaned]
            case "none":
                pass
            case "drop":
                remined[0] = tuple(
                    self._double_spend(self.history.txs[tx_id], operation.at)
                    for block in orphaned
                    for tx_id in block.tx_ids
                )
            case _:
                assert_never(operation.remine)
        if operation.bitcoin_fork:
            self._bitcoin_forks += 1
            self._bitcoin = self.tip.bitcoin
            self._tenure_due = self._extension_due = False
        for old, tx_ids in zip(orphaned, remined, strict=False):
            if operation.bitcoin_fork:
                self._append(self._block(self.tip, old.time, self._bitcoin, new_tenure=False, tx_ids=tx_ids))
            else:
                self._append(self._branch_block(self.tip, old, tx_ids))
        self._append(self._make_block(self.tip, math.floor(operation.at), remined[-1]))

    def _double_spend(self, tx: SimulatedTx, at: float) -> str:
        """Drop a pending transaction in favor of a new one with the same sender and nonce."""
        sender = tx.transfer.sender
        recipient = simulated_address("double spender") if sender == PAYER else PAYER
        transfer = SimulatedTransfer(recipient=recipient, amount_sats=1, sender=sender, kind=Kind.STX)
        replacement = self.history.add_tx(transfer, at, tx.nonce)
        self.history.drop(tx, replacement.tx_id)
        return replacement.tx_id

    def _append(self, block: Block) -> None:
        self.history.append(block)

    def _make_block(self, parent: Block | None, earliest: int, tx_ids: tuple[str, ...]) -> Block:
        """Return a block on top of `parent`, not earlier than `earliest`. It begins a tenure if one is due."""
        if parent is None:
            return self._block(None, earliest, self._bitcoin, new_tenure=True, tx_ids=tx_ids)
        time_s = max(earliest, parent.time + 1)
        by_rule = parent.height + 1 - parent.tenure_began_at >= self._blocks_per_tenure
        if by_rule and not self._tenure_due:
            self._bitcoin = self._bitcoin_block(max(self._bitcoin.height, parent.bitcoin.height) + 1, time_s)
        new_tenure = by_rule or self._tenure_due
        bitcoin = self._bitcoin if new_tenure or self._extension_due else parent.bitcoin
        self._tenure_due = self._extension_due = False
        return self._block(parent, time_s, bitcoin, new_tenure=new_tenure, tx_ids=tx_ids)

    def _branch_block(self, parent: Block, old: Block, tx_ids: tuple[str, ...]) -> Block:
        """Return a replacement for `old` on another branch, with the same height, time, tenure and Bitcoin block."""
        new_tenure = old.tenure_began_at == old.height
        return self._block(parent, old.time, old.bitcoin, new_tenure=new_tenure, tx_ids=tx_ids)

    def _block(
        self, parent: Block | None, time_s: int, bitcoin: BitcoinBlock, *, new_tenure: bool, tx_ids: tuple[str, ...]
    ) -> Block:
        number, hashes = self._blocks_made, self.history.hashes
        self._blocks_made += 1
        height = 1 if parent is None else parent.height + 1
        tenure_height = 0 if parent is None else parent.tenure_height
        return Block(
            height=height,
            block_hash=hashes.of("block", number),
            index_block_hash=hashes.of("index", number),
            parent_hash=NO_BLOCK if parent is None else parent.block_hash,
            parent_index_hash=NO_BLOCK if parent is None else parent.index_block_hash,
            time=time_s,
            tenure_height=tenure_height + new_tenure,
            tenure_began_at=height if new_tenure or parent is None else parent.tenure_began_at,
            bitcoin=bitcoin,
            tx_ids=tx_ids,
        )

    def _bitcoin_block(self, height: int, at: float) -> BitcoinBlock:
        hashes, fork = self.history.hashes, f"-{self._bitcoin_forks}" if self._bitcoin_forks else ""
        return BitcoinBlock(
            height, hashes.of(f"bitcoin{fork}", height), math.floor(at), hashes.of(f"miner{fork}", height)
        )


def _genesis_of(operations: Sequence[Operation], asset: str) -> Genesis:
    genesis = operations[0]
    if not isinstance(genesis, Genesis) or genesis.asset != asset:
        raise JournalBroken(f"the journal does not belong to a simulated chain with the asset {asset}")
    return genesis
