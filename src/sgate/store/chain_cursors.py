"""The cursor of each mode: how far its chain has been scanned.

A cursor has a version, so that a process with an outdated cursor writes nothing.
"""

from datetime import datetime, timedelta

import msgspec

from sgate.core.finality import View
from sgate.db.pool import Connection, Record


class Rescan(msgspec.Struct, frozen=True, kw_only=True):
    """A range of blocks to read again, both ends included.

    Attributes:
        announces: whether deposits found during the rescan raise events.
    """

    lowest: int
    highest: int
    announces: bool


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """How far a chain has been scanned.

    Attributes:
        view: the scanned tip. Its height is 0 before the first scan.
        version: a write with an outdated version changes nothing.
        advanced_at: when the view last moved.
        checked_at: when the chain source was last polled.
        trouble: why the watcher cannot continue, in one sentence, or None.
        tip_height: height of the chain's tip when it was last read.
        rescan: the blocks still to be read again, or None.
        cross_checked_at: when the configured API servers were last compared.
        disagreement: how the servers disagree, or None.
        last_open_address: the watcher polls the addresses of open intents in order and continues after this address.
    """

    livemode: bool
    network: str
    view: View
    version: int
    advanced_at: datetime | None
    checked_at: datetime | None
    trouble: str | None
    tip_height: int = 0
    rescan: Rescan | None = None
    last_open_address: str = ""
    cross_checked_at: datetime | None = None
    disagreement: str | None = None


_OPEN = """
INSERT INTO chain_cursors (livemode, network) VALUES ($1, $2)
ON CONFLICT (livemode) DO NOTHING
"""

_GET = """
SELECT livemode, network, scanned_height, scanned_hash, scanned_time, tenure_height, bitcoin_height, version,
       advanced_at, checked_at, trouble, tip_height, rescan_from, rescan_to, rescan_announces, last_open_address,
       cross_checked_at, disagreement
FROM chain_cursors
WHERE livemode = $1
"""

_ADVANCE = """
UPDATE chain_cursors
SET scanned_height = $3, scanned_hash = $4, scanned_time = greatest(scanned_time, $5), tenure_height = $6,
    bitcoin_height = $7, tip_height = $8, version = version + 1, advanced_at = now(), checked_at = now(), trouble = NULL
WHERE livemode = $1 AND version = $2
"""

_BUMP_VERSION = "UPDATE chain_cursors SET version = version + 1 WHERE livemode = $1 AND version = $2"

_REMEMBER_ADDRESS = "UPDATE chain_cursors SET last_open_address = $2 WHERE livemode = $1"

# Blocks that an earlier rescan has not read yet stay in the range. The version is bumped, so that a chunk of blocks is
# not written if reading it began before this rescan was scheduled.
_START_RESCAN = """
UPDATE chain_cursors
SET rescan_from = least(rescan_from, $2), rescan_to = scanned_height, rescan_announces = $3, version = version + 1
WHERE livemode = $1 AND scanned_height >= $2
"""

_RESCANNED = """
UPDATE chain_cursors
SET rescan_from = CASE WHEN $2 < rescan_to THEN $2 + 1 END, rescan_to = CASE WHEN $2 < rescan_to THEN rescan_to END
WHERE livemode = $1
"""

# A scanned time slightly above those of the stored headers is normal, because block times may fall a little.
_LOWER_TIME = """
UPDATE chain_cursors SET scanned_time = $2
WHERE livemode = $1 AND scanned_time > $2::timestamptz + $3::interval
"""

_SCANNED_TIME = "SELECT scanned_time FROM chain_cursors WHERE livemode = $1"

_CROSS_CHECKED = "UPDATE chain_cursors SET cross_checked_at = $2, disagreement = $3 WHERE livemode = $1"

_CHECKED = "UPDATE chain_cursors SET checked_at = now(), trouble = $2 WHERE livemode = $1"

# The height becomes 0, as in a new cursor, so the next poll is a first scan. The time is kept, so that deadlines that
# have passed stay passed.
_FORGET = """
UPDATE chain_cursors
SET scanned_height = 0, scanned_hash = '', tenure_height = 0, bitcoin_height = 0, tip_height = 0, trouble = NULL,
    rescan_from = NULL, rescan_to = NULL, version = version + 1
WHERE livemode = $1
"""


async def ensure(connection: Connection, network: str, *, livemode: bool) -> Cursor:
    """Return the cursor of a mode, creating it if there is none."""
    await connection.execute(_OPEN, livemode, network)
    cursor = await get(connection, livemode=livemode)
    if cursor is None:
        raise LookupError("the cursor row disappeared right after it was created")
    return cursor


async def get(connection: Connection, *, livemode: bool) -> Cursor | None:
    """Return the cursor of a mode, or None if the mode was never watched."""
    row = await connection.fetchrow(_GET, livemode)
    return None if row is None else _cursor(row)


async def bump_version(connection: Connection, cursor: Cursor) -> bool:
    """Raise the version without moving the cursor.

    Returns False if the version has changed since `cursor` was read. In that case the caller must write nothing.
    """
    return await connection.execute(_BUMP_VERSION, cursor.livemode, cursor.version) == "UPDATE 1"


async def remember_address(connection: Connection, address: str, *, livemode: bool) -> None:
    """Store the address after which the watcher continues polling the addresses of open intents."""
    await connection.execute(_REMEMBER_ADDRESS, livemode, address)


async def start_rescan(connection: Connection, height: int, *, livemode: bool, announces: bool) -> bool:
    """Schedule the blocks from `height` to the scanned tip to be read again.

    Returns False if `height` is above the scanned tip.
    """
    return await connection.execute(_START_RESCAN, livemode, height, announces) == "UPDATE 1"


async def rescanned(connection: Connection, height: int, *, livemode: bool) -> None:
    """Record that the rescan has read every block up to `height`."""
    await connection.execute(_RESCANNED, livemode, height)


async def scanned_time(connection: Connection, *, livemode: bool) -> datetime | None:
    """Return the latest block time ever scanned, or None if the mode was never watched."""
    return await connection.fetchval(_SCANNED_TIME, livemode)


async def lower_time(connection: Connection, time: datetime, margin: timedelta, *, livemode: bool) -> None:
    """Set the scanned time to `time` if it is later by more than `margin`, which block times alone cannot explain."""
    await connection.execute(_LOWER_TIME, livemode, time, margin)


async def advance(connection: Connection, cursor: Cursor, view: View, tip_height: int) -> bool:
    """Move the cursor to `view`.

    Returns False if the version has changed since `cursor` was read. In that case the caller must write nothing.
    """
    tag = await connection.execute(
        _ADVANCE,
        cursor.livemode,
        cursor.version,
        view.height,
        view.index_block_hash,
        view.time,
        view.tenure_height,
        view.bitcoin_height,
        tip_height,
    )
    return tag == "UPDATE 1"


async def note_check(connection: Connection, error: str | None, *, livemode: bool) -> None:
    """Record that the chain source was polled. `error` is why the watcher cannot continue, or None."""
    await connection.execute(_CHECKED, livemode, error)


async def note_cross_check(connection: Connection, at: datetime, disagreement: str | None, *, livemode: bool) -> None:
    """Record that the configured API servers were compared, and how they disagree, or None."""
    await connection.execute(_CROSS_CHECKED, livemode, at, disagreement)


async def forget(connection: Connection, *, livemode: bool) -> None:
    """Reset the scan to its start, because the chain was restarted."""
    await connection.execute(_FORGET, livemode)


def _cursor(row: Record) -> Cursor:
    return Cursor(
        livemode=row["livemode"],
        network=row["network"],
        view=View(
            height=row["scanned_height"],
            index_block_hash=row["scanned_hash"],
            time=row["scanned_time"],
            tenure_height=row["tenure_height"],
            bitcoin_height=row["bitcoin_height"],
        ),
        version=row["version"],
        advanced_at=row["advanced_at"],
        checked_at=row["checked_at"],
        trouble=row["trouble"],
        tip_height=row["tip_height"],
        rescan=None
        if row["rescan_from"] is None
        else Rescan(lowest=row["rescan_from"], highest=row["rescan_to"], announces=row["rescan_announces"]),
        last_open_address=row["last_open_address"],
        cross_checked_at=row["cross_checked_at"],
        disagreement=row["disagreement"],
    )
