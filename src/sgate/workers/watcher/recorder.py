"""Records facts: stores payments as they are on the chain, and returns the intents that must be decided again.

Everything here runs inside the watcher's transaction, which is fenced by the cursor's version.
"""

from sgate.core.finality import View
from sgate.db.pool import Connection
from sgate.environment import Environment
from sgate.ledger import outbox
from sgate.store import payment_hints, payments, payments_scan
from sgate.workers.watcher.matcher import Found


async def record(
    connection: Connection, environment: Environment, found: Found, view: View, *, livemode: bool, announce: bool
) -> set[str]:
    """Record the payments of transactions. A transaction is a unit: transfers that it no longer contains are orphaned.

    Args:
        announce: whether to announce new unmatched deposits to merchants.

    Returns:
        the intents whose facts changed.
    """
    changed: set[str] = set()
    for tx_id, legs in found.items():
        paid = [leg.payment for leg in legs]
        changed |= await payments_scan.orphan_other_legs(connection, tx_id, paid, view, livemode=livemode)
        for leg in legs:
            included = await payments_scan.include(connection, leg, view, livemode=livemode)
            if included is None:
                continue
            if included.intent_id is not None:
                changed.add(included.intent_id)
            elif included.is_new and announce:
                await _announce(connection, environment, included.payment_id, livemode)
        await payments_scan.clear_sightings(connection, tx_id)
        await payment_hints.end_mined(connection, tx_id)
    return changed


async def _announce(connection: Connection, environment: Environment, payment_id: str, livemode: bool) -> None:
    deposit = await payments.get(connection, payment_id, livemode=livemode)
    if deposit is not None:
        await outbox.announce_unmatched(connection, environment, deposit)
