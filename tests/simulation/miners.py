"""Blocks and branches: the chain moves on, forks, and takes back."""

from sgate.chain.simulator import RefusedOperation

FIRST_SCANNED = 2
"""The block where the first scan begins: what replaces it is another chain, and is left alone until somebody says so."""

REMINES = ("same", "same", "none", "none", "drop")
SHALLOW = (1, 1, 2, 2, 3, 4, 6)
DEEP = (10, 19, 20, 21, 24, 28, 35, 45)
"""Around and beyond the blocks that a watcher reads again each round."""


class Miners:
    """Miners and Bitcoin. `held_back`: how likely a block leaves waiting transactions out."""

    def __init__(self, world):
        self._world = world
        self._dice = world.dice_for("miners")
        self.held_back = 0.35

    def mine(self, count=None, *, include_mempool=None):
        """Some blocks."""
        dice = self._dice
        count = count or dice.choice((1, 1, 1, 2, 3, 8))
        if include_mempool is None:
            include_mempool = dice.random() >= self.held_back
        tip = self._world.chain.mine(count, seconds_between=5, include_mempool=include_mempool)
        self._world.story.tell(f"    {count} blocks up to {tip.height}, {len(tip.tx_ids)} transactions in the last")

    def absence(self):
        """Nobody looks for a while: blocks and payments to catch up with."""
        for _ in range(self._dice.choice((5, 8, 12))):
            self._world.payers.pay()
            self.mine(5, include_mempool=True)

    def fork(self):
        """A branch of any depth wins."""
        dice, chain = self._dice, self._world.chain
        remine, bitcoin_fork = dice.choice(REMINES), dice.random() < 0.4
        depth = dice.choice(SHALLOW if bitcoin_fork or dice.random() < 0.5 else DEEP)
        if dice.random() < 0.04:
            depth = chain.tip.height - dice.randint(FIRST_SCANNED, 10)
        depth = min(depth, chain.tip.height - FIRST_SCANNED)
        if dice.random() < 0.5:
            chain.leave_replica()
        tip = chain.reorg(depth, remine, bitcoin_fork=bitcoin_fork)
        why = " because Bitcoin forked" if bitcoin_fork else ""
        self._world.story.tell(f"    a branch of depth {depth} ({remine}) wins{why}: up to {tip.height}")

    def fork_bitcoin(self, depth):
        """A branch wins because Bitcoin forked, and has fewer tenures than what it replaces."""
        tip = self._world.chain.reorg(depth, "same", bitcoin_fork=True)
        self._world.story.tell(f"    Bitcoin forks, {depth} blocks are replaced: up to {tip.height}")

    def bitcoin(self, *, new_tenure=None):
        """A Bitcoin block."""
        if new_tenure is None:
            new_tenure = self._dice.random() < 0.7
        self._world.chain.bitcoin_block(new_tenure=new_tenure)

    def rival(self):
        """A competitor that does not win."""
        self._world.chain.rival()

    def leave_replica(self):
        """One replica hears nothing any more."""
        self._world.chain.leave_replica()

    def replace(self):
        """A waiting transaction is replaced by one that pays the same again, or something else."""
        waiting = sorted(self._world.chain.history.mempool)
        if not waiting:
            return
        tx_id = self._dice.choice(waiting)
        try:
            self._world.payers.replace(tx_id)
        except RefusedOperation as refused:
            self._world.story.tell(f"    refused: {refused}")

    def move(self):
        """Any of these, in the middle of somebody's reading."""
        self._dice.choice((self.mine, self.mine, self.mine, self.fork, self.bitcoin, self.rival, self.replace))()
