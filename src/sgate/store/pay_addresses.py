"""The addresses that are polled for deposits without a memo. Stores how far and when each address has been read."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from sgate.db.pool import Connection, Record


class WatchedAddress(msgspec.Struct, frozen=True, kw_only=True):
    """An address and how far it has been read.

    Attributes:
        read_to_height: every transaction up to this height is known.
        resume_at: where to resume a read that was too long for one poll, or None if there is no such read.
        resume_height: every transaction up to this height will be known once the resumed read is complete.
    """

    address: str
    read_to_height: int
    resume_at: str | None
    resume_height: int | None


# Finds the next distinct addresses of open intents. Each address takes one index step, even if many intents share it.
_OPEN = """
WITH RECURSIVE open (address, place) AS (
    (SELECT pay_address, 1 FROM payment_intents
     WHERE livemode = $1 AND next_check_time IS NOT NULL AND pay_address > $2 ORDER BY pay_address LIMIT 1)
    UNION ALL
    SELECT (SELECT i.pay_address FROM payment_intents i
            WHERE i.livemode = $1 AND i.next_check_time IS NOT NULL AND i.pay_address > open.address
            ORDER BY i.pay_address LIMIT 1), open.place + 1
    FROM open WHERE open.address IS NOT NULL AND open.place < $3
)
SELECT open.address, a.read_to_height, a.resume_at, a.resume_height, a.read_at < $4 AS due
FROM open LEFT JOIN pay_addresses a ON a.livemode = $1 AND a.address = open.address
WHERE open.address IS NOT NULL
ORDER BY open.address
"""

_OLDEST = """
SELECT address, read_to_height, resume_at, resume_height FROM pay_addresses
WHERE livemode = $1 AND read_at < $2
ORDER BY read_at
LIMIT $3
"""

_READ = """
UPDATE pay_addresses AS a
SET read_to_height = t.read_to_height, resume_at = t.resume_at, resume_height = t.resume_height,
    read_at = CASE WHEN t.resume_at IS NULL THEN $6 ELSE a.read_at END
FROM unnest($2::text[], $3::integer[], $4::text[], $5::integer[])
    AS t (address, read_to_height, resume_at, resume_height)
WHERE a.livemode = $1 AND a.address = t.address
"""

# Transactions read from orphaned blocks must be read again.
_REORGED = """
UPDATE pay_addresses
SET read_to_height = least(read_to_height, $2), resume_at = NULL, resume_height = NULL
WHERE livemode = $1 AND (read_to_height > $2 OR resume_height > $2)
"""

_BEGIN = "UPDATE pay_addresses SET read_to_height = $2 WHERE livemode = $1 AND read_to_height = 0"

_READ_AGAIN = """
UPDATE pay_addresses
SET read_to_height = least(read_to_height, $2), resume_at = NULL, resume_height = NULL, read_at = 'epoch'
WHERE livemode = $1
"""

_OLDEST_READ = "SELECT min(read_at) FROM pay_addresses WHERE livemode = $1"

_UNREAD = "SELECT count(*) FROM pay_addresses WHERE livemode = $1 AND (read_at < $2 OR resume_at IS NOT NULL)"


async def open_after(
    connection: Connection, address: str, limit: int, read_before: datetime, *, livemode: bool
) -> tuple[list[WatchedAddress], str]:
    """Examine the next `limit` addresses of open intents after `address`, in order.

    Returns:
        the addresses that were last read before `read_before`, and the address to pass to the next call. That address
        is empty if the end of the list was reached.
    """
    rows = await connection.fetch(_OPEN, livemode, address, limit, read_before)
    last = rows[-1]["address"] if len(rows) == limit else ""
    return [_watched(row) for row in rows if row["due"]], last


async def longest_unread(
    connection: Connection, limit: int, read_before: datetime, *, livemode: bool
) -> list[WatchedAddress]:
    """Return addresses that were last read before `read_before`. Those read least recently come first."""
    return [_watched(row) for row in await connection.fetch(_OLDEST, livemode, read_before, limit)]


async def note_read(connection: Connection, read: Sequence[WatchedAddress], now: datetime, *, livemode: bool) -> None:
    """Store how far the addresses have just been read."""
    await connection.execute(
        _READ,
        livemode,
        [item.address for item in read],
        [item.read_to_height for item in read],
        [item.resume_at for item in read],
        [item.resume_height for item in read],
        now,
    )


async def note_reorg(connection: Connection, height: int, *, livemode: bool) -> None:
    """Make every address be read again at `height` and above, because a reorganization replaced these blocks."""
    await connection.execute(_REORGED, livemode, height - 1)


async def begin(connection: Connection, height: int, *, livemode: bool) -> None:
    """Mark the addresses that were never read as read up to `height`, because the first scan starts there.

    Earlier deposits are ignored.
    """
    await connection.execute(_BEGIN, livemode, height)


async def read_again(connection: Connection, height: int, *, livemode: bool) -> None:
    """Schedule all addresses to be read again at `height` and above."""
    await connection.execute(_READ_AGAIN, livemode, height - 1)


async def oldest_read(connection: Connection, *, livemode: bool) -> datetime | None:
    """Return when the least recently read address was read, or None if there are no addresses.

    This measures how far the polling lags behind.
    """
    return await connection.fetchval(_OLDEST_READ, livemode)


async def unread_since(connection: Connection, moment: datetime, *, livemode: bool) -> int:
    """Return the number of addresses that have not been read completely since `moment`."""
    return int(await connection.fetchval(_UNREAD, livemode, moment) or 0)


def _watched(row: Record) -> WatchedAddress:
    return WatchedAddress(
        address=row["address"],
        read_to_height=row["read_to_height"],
        resume_at=row["resume_at"],
        resume_height=row["resume_height"],
    )
