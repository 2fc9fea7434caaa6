"""Rebuilding: restoring payments from the chain into an old backup or an empty database.

The memo names the intent. Where the database knows it, the payment is its; where it does not, the payment comes back as
an unmatched deposit that carries `recovered_intent_id`: never confirmed, and nobody is told. What the chain does not
hold cannot come back: intents, their metadata, what was assigned by hand.
"""

from collections.abc import Awaitable, Callable

import msgspec

from sgate.db.pool import Pool
from sgate.environment import Environment
from sgate.store import chain_cursors, pay_addresses
from sgate.workers.watcher.watcher import Round, Watcher

MAX_TROUBLES = 20
"""Rounds in a row that may fail before a rebuild gives up; what was read is kept."""


class RebuildFailed(Exception):
    """The chain could not be read to the end. What was read is kept: start it again, nothing is recorded twice."""


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What a rebuild did: rounds of the watcher, and payments recorded or moved."""

    rounds: int
    payments: int


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a rebuild is. Heights; `unread`: addresses that were not read to the end yet."""

    from_height: int
    height: int
    tip_height: int
    unread: int


async def prepare(pool: Pool, from_height: int, *, livemode: bool) -> None:
    """Ask for everything from a height upward to be read again, where it was scanned before."""
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
    rest: Callable[[Round], Awaitable[None]],
    observe: Callable[[Progress], None],
) -> Rebuilt:
    """Run the watcher until the chain, the rescan and all addresses are read.

    Args:
        watcher: one whose first scan begins at `from_height` and that announces no unmatched deposits.
        rest: waits after a round with trouble, or in which no address could be read.
        observe: told how far it is after each round.

    Raises:
        RebuildFailed: see there.
    """
    began, rounds, payments, troubles, before = environment.now(), 0, 0, 0, -1
    while True:
        report = await watcher.run_once()
        rounds, payments = rounds + 1, payments + report.payments
        troubles = 0 if report.trouble is None else troubles + 1
        if troubles > MAX_TROUBLES:
            raise RebuildFailed(report.trouble)
        async with pool.acquire() as connection:
            cursor = await chain_cursors.get(connection, livemode=livemode)
            unread = await pay_addresses.unread_since(connection, began, livemode=livemode)
        if cursor is None:
            raise RebuildFailed("the cursor is gone")
        height = cursor.view.height if cursor.rescan is None else cursor.rescan.lowest
        observe(Progress(from_height=from_height, height=height, tip_height=cursor.tip_height, unread=unread))
        idle = not report.more and cursor.rescan is None
        if report.trouble is None and idle and unread == 0:
            return Rebuilt(rounds=rounds, payments=payments)
        if report.trouble is not None or (idle and unread == before and report.payments == 0):
            await rest(report)
        before = unread
