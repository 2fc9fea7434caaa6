"""Keeping house: what may be forgotten is forgotten, a little at a time."""

import msgspec

from sgate.store import blocks, idempotency
from sgate.store.pool import Pool

SWEEP_ROWS = 1_000
KEEP_BLOCKS = 5_000
"""Headers kept behind the scanned tip. Payments younger than this can be reorganised away and come back."""


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What one round removed; `more` if it had to leave some for the next."""

    idempotency_keys: int = 0
    blocks: int = 0

    @property
    def more(self) -> bool:
        """Whether there may be more to remove."""
        return SWEEP_ROWS in (self.idempotency_keys, self.blocks)


class Maintenance:
    """Sweeps expired rows. Any number may run."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def run_once(self) -> Swept:
        """One round: at most SWEEP_ROWS of each kind."""
        async with self._pool.acquire() as connection:
            keys = await idempotency.sweep(connection, SWEEP_ROWS)
            old_blocks = await blocks.prune(connection, KEEP_BLOCKS, SWEEP_ROWS)
        return Swept(idempotency_keys=keys, blocks=old_blocks)
