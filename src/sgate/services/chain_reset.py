"""Accepting that a chain was started anew: what the operator says when a test network was reset.

The watcher never concludes this by itself: another chain behind the same URL is an error of the settings until somebody
says otherwise.
"""

from sgate.db.pool import Pool
from sgate.store import audit_log, blocks, chain_cursors, ledger_queue, pay_addresses, payments_scan
from sgate.store.audit_log import Actor


async def accept(pool: Pool, actor: Actor, *, livemode: bool) -> int | None:
    """Forget the chain of a mode, orphan all payments but those of confirmed intents, and read addresses anew.

    Returns:
        how many payments were orphaned, or None if the mode was never watched.
    """
    async with pool.acquire() as connection, connection.transaction():
        cursor = await chain_cursors.get(connection, livemode=livemode)
        if cursor is None:
            return None
        orphaned, touched = await payments_scan.leave_chain(connection, cursor.view, livemode=livemode)
        await chain_cursors.forget(connection, livemode=livemode)
        await blocks.drop_all(connection, livemode=livemode)
        await pay_addresses.read_again(connection, 1, livemode=livemode)
        await ledger_queue.queue(connection, touched, livemode=livemode)
        await audit_log.record(
            connection,
            actor,
            "chain.reset_accepted",
            livemode=livemode,
            detail={"height": cursor.view.height, "index_block_hash": cursor.view.index_block_hash},
        )
    return orphaned
