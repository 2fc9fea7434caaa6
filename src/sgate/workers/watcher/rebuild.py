"""Rebuilds, which restore payments from the chain into an empty database or one from an old backup.

The memo names the intent. If the database has that intent, the payment is recorded for it. Otherwise it is recorded as
an unmatched deposit with `recovered_intent_id`, which is never confirmed and not announced. Intents, their
metadata and manual assignments are not on the chain and cannot be restored.
"""

from collections.abc import Awaitable, Callable

import msgspec

from sgate.db.pool import Pool
from sgate.environment import Environment
from sgate.store import chain_cursors, pay_addresses
from sgate.workers.watcher.watcher import PollReport, Watcher

MAX_FAILURES = 20
"""The number of consecutive failed polls after which a rebuild gives up."""


class RebuildFailed(Exception):
    """The chain could not be read to the end. Progress is kept: a new rebuild records nothing twice."""


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a rebuild: polls of the watcher, and payments recorded or moved."""

    polls: int
    payments: int


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """The progress of a rebuild, in block heights. `unread`: addresses that have not been read completely."""

    from_height: int
    height: int
    tip_height: int
    unread: int


async def prepare(pool: Pool, from_height: int, *, livemode: bool) -> None:
    """Schedule a rescan of all blocks and addresses from a height upward, as far as they were scanned before."""
    async with pool.acquire() as connection, connection.transaction():
        await pay_addresses.read_again(connection, from_height, livemode=livemode)
        await chain_cursors.start_rescan(connection, from_height, livemode=livemode, announces=False)


async def rebuild(
    pool: Pool,
    watcher: Watcher,
    environment: Environment,
    from_height: int,
    *,
    livemode: bool,
    wait: Callable[[PollReport], Awaitable[None]],
    observe: Callable[[Progress], None],
) -> Rebuilt:
    """Run the watcher until the chain, the rescan and all addresses have been read.

    Args:
        watcher: a watcher whose first scan begins at `from_height` and which does not announce unmatched deposits.
        wait: called to wait after a poll that failed or could read no address.
        observe: called with the progress after each poll.

    Raises:
        RebuildFailed: if more than MAX_FAILURES consecutive polls failed, or the cursor has been deleted.
    """
    began, polls, payments, failures, before = environment.now(), 0, 0, 0, -1
    while True:
        report = await watcher.run_once()
        polls, payments = polls + 1, payments + report.payments
        failures = 0 if report.error is None else failures + 1
        if failures > MAX_FAILURES:
            raise RebuildFailed(report.error)
        async with pool.acquire() as connection:
            cursor = await chain_cursors.get(connection, livemode=livemode)
            unread = await pay_addresses.unread_since(connection, began, livemode=livemode)
        if cursor is None:
            raise RebuildFailed("the chain cursor has been deleted")
        height = cursor.view.height if cursor.rescan is None else cursor.rescan.lowest
        observe(Progress(from_height=from_height, height=height, tip_height=cursor.tip_height, unread=unread))
        idle = not report.more and cursor.rescan is None
        if report.error is None and idle and unread == 0:
            return Rebuilt(polls=polls, payments=payments)
        if report.error is not None or (idle and unread == before and report.payments == 0):
            await wait(report)
        before = unread
