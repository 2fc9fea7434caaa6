"""The operator's request to read scanned blocks again. It also corrects block times that cannot be right.

Before version 0.3, a single wrong response from the chain's API could cause a time years ahead to be stored. The
scanned time never goes back by itself, so deadlines could no longer be compared with it.
"""

from datetime import datetime

from sgate.core.address import Network
from sgate.core.header import corrected_times, max_ahead
from sgate.db.pool import Connection, Pool
from sgate.environment import Environment
from sgate.store import blocks, chain_cursors, pay_addresses


async def start(pool: Pool, environment: Environment, from_height: int, *, livemode: bool) -> bool:
    """Have the watcher read blocks and addresses again from a height up to the scanned tip, and correct stored times.

    Returns:
        False if the chain has not been scanned up to this height. Then nothing is changed.
    """
    async with pool.acquire() as connection, connection.transaction():
        if not await chain_cursors.start_rescan(connection, from_height, livemode=livemode, announces=True):
            return False
        await pay_addresses.read_again(connection, from_height, livemode=livemode)
        await _correct_times(connection, environment.now(), livemode=livemode)
    return True


async def _correct_times(connection: Connection, now: datetime, *, livemode: bool) -> None:
    cursor = await chain_cursors.get(connection, livemode=livemode)
    headers = await blocks.headers_from(connection, 0, livemode=livemode)
    if cursor is None or not headers:
        return
    network = Network(cursor.network)
    corrected = corrected_times(headers, now, network)
    await blocks.set_times(connection, corrected, livemode=livemode)
    latest = max(corrected.get(header.height, header.time) for header in headers)
    await chain_cursors.lower_time(connection, latest, max_ahead(network), livemode=livemode)
