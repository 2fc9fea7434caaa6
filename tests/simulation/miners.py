"""Miners: blocks, forks and reorganizations of the simulated chain."""

from sgate.chain.simulator import RefusedOperation

FIRST_SCANNED = 2
"""The block where the first scan begins. A branch that replaces it is a different chain, which the watcher refuses."""

REMINES = ("same", "same", "none", "none", "drop")
SHALLOW = (1, 1, 2, 2, 3, 4, 6)
DEEP = (10, 19, 20, 21, 24, 28, 35, 45)
"""Depths around and beyond the number of blocks that a watcher reads again in each poll."""


class Miners:
    """Miners and Bitcoin. `held_back` is the probability that a block leaves out the mempool's transactions."""

    def __init__(self, world):
        self._world = world
        self._random = world.random_for("miners")
        self.held_back = 0.35

    def mine(self, count=None, *, include_mempool=None):
        """Mine some blocks."""
        rng = self._random
        count = count or rng.choice((1, 1, 1, 2, 3, 8))
        if include_mempool is None:
            include_mempool = rng.random() >= self.held_back
        tip = self._world.chain.mine(count, seconds_between=5, include_mempool=include_mempool)
        self._world.story.tell(f"    {count} blocks up to {tip.height}, {len(tip.tx_ids)} transactions in the last")

    def downtime(self):
        """Mine blocks and payments that a watcher must catch up with after a downtime."""
        for _ in range(self._random.choice((5, 8, 12))):
            self._world.payers.pay()
            self.mine(5, include_mempool=True)

    def fork(self):
        """Let a branch of any depth win."""
        rng, chain = self._random, self._world.chain
        remine, bitcoin_fork = rng.choice(REMINES), rng.random() < 0.4
        depth = rng.choice(SHALLOW if bitcoin_fork or rng.random() < 0.5 else DEEP)
        if rng.random() < 0.04:
            depth = chain.tip.height - rng.randint(FIRST_SCANNED, 10)
        depth = min(depth, chain.tip.height - FIRST_SCANNED)
        if rng.random() < 0.5:
            chain.leave_replica()
        tip = chain.reorg(depth, remine, bitcoin_fork=bitcoin_fork)
        why = " because Bitcoin forked" if bitcoin_fork else ""
        self._world.story.tell(f"    a branch of depth {depth} ({remine}) wins{why}: up to {tip.height}")

    def fork_bitcoin(self, depth):
        """Fork Bitcoin, so that a branch wins that has fewer tenures than the one it replaces."""
        tip = self._world.chain.reorg(depth, "same", bitcoin_fork=True)
        self._world.story.tell(f"    Bitcoin forks, {depth} blocks are replaced: up to {tip.height}")

    def bitcoin(self, *, new_tenure=None):
        """Mine a Bitcoin block."""
        if new_tenure is None:
            new_tenure = self._random.random() < 0.7
        self._world.chain.bitcoin_block(new_tenure=new_tenure)

    def rival(self):
        """Mine a competing block that does not win."""
        self._world.chain.rival()

    def leave_replica(self):
        """Leave one replica behind."""
        self._world.chain.leave_replica()

    def replace(self):
        """Replace a transaction in the mempool by one that pays the same or something else."""
        waiting = sorted(self._world.chain.history.mempool)
        if not waiting:
            return
        tx_id = self._random.choice(waiting)
        try:
            self._world.payers.replace(tx_id)
        except RefusedOperation as refused:
            self._world.story.tell(f"    refused: {refused}")

    def move(self):
        """Do any of these while a watcher reads."""
        self._random.choice((self.mine, self.mine, self.mine, self.fork, self.bitcoin, self.rival, self.replace))()
