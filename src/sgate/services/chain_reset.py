"""The operator's acceptance of a chain reset: for example, a test network was started again from its first block.

The watcher never assumes a reset. It treats a different chain at the same URL as a configuration error until the
operator accepts the reset.
"""

from sgate.core.address import Network
from sgate.core.header import max_ahead
from sgate.db.pool import Pool
from sgate.environment import Environment
from sgate.store import audit_log, blocks, chain_cursors, ledger_queue, pay_addresses, payments_scan
from sgate.store.audit_log import Actor

CLOCK = Environment()


async def accept(pool: Pool, actor: Actor, *, livemode: bool, environment: Environment = CLOCK) -> int | None:
    """Forget the chain of a mode, and orphan all payments except those of confirmed intents.

    A scanned time that is hours ahead of the clock is set to the present. The watcher then reads the transfers to all
    pay addresses again.

    Returns:
        The number of orphaned payments, or None if the mode was never watched.
    """
    async with pool.acquire() as connection, connection.transaction():
        cursor = await chain_cursors.get(connection, livemode=livemode)
        if cursor is None:
            return None
        orphaned, changed = await payments_scan.orphan_unfinal(connection, cursor.view, livemode=livemode)
        await chain_cursors.forget(connection, livemode=livemode)
        margin = max_ahead(Network(cursor.network))
        await chain_cursors.lower_time(connection, environment.now(), margin, livemode=livemode)
        await blocks.drop_all(connection, livemode=livemode)
        await pay_addresses.read_again(connection, 1, livemode=livemode)
        await ledger_queue.queue(connection, changed, livemode=livemode)
        await audit_log.record(
            connection,
            actor,
            "chain.reset_accepted",
            livemode=livemode,
            detail={"height": cursor.view.height, "index_block_hash": cursor.view.index_block_hash},
        )
    return orphaned
