"""Headers of the most recent blocks, up to the scanned tip."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sgate.core.header import Header
from sgate.db.pool import Connection, Record
from sgate.store.rows import count_of

_HEADERS_AT = """
SELECT height, block_hash, index_block_hash, parent_index_block_hash, block_time, tenure_height, bitcoin_height
FROM blocks
WHERE livemode = $1 AND height = ANY ($2::integer[])
"""


_HEADERS_FROM = """
SELECT height, block_hash, index_block_hash, parent_index_block_hash, block_time, tenure_height, bitcoin_height
FROM blocks
WHERE livemode = $1 AND height >= $2
ORDER BY height
"""

_LOWEST = "SELECT min(height) FROM blocks WHERE livemode = $1"

_DROP_FROM = "DELETE FROM blocks WHERE livemode = $1 AND height >= $2"

_INSERT = """
INSERT INTO blocks (
    livemode, height, block_hash, index_block_hash, parent_index_block_hash, block_time, tenure_height, bitcoin_height
)
SELECT $1, t.* FROM unnest(
    $2::integer[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::integer[], $8::integer[]
) AS t
"""

_SET_TIMES = """
UPDATE blocks AS b SET block_time = t.block_time
FROM unnest($2::integer[], $3::timestamptz[]) AS t (height, block_time)
WHERE b.livemode = $1 AND b.height = t.height
"""

# Keeps every header at or above the lowest payment of any intent whose confirmation policy has not been met yet.
_PRUNE = """
DELETE FROM blocks WHERE ctid IN (
    SELECT b.ctid FROM blocks b JOIN chain_cursors c ON c.livemode = b.livemode
    WHERE b.height < c.scanned_height - $1 AND b.height < (
        SELECT coalesce(min(p.block_height), c.scanned_height)
        FROM payment_intents i JOIN payments p ON p.payment_intent_id = i.id
        WHERE i.livemode = b.livemode AND i.next_check_height IS NOT NULL
    )
    ORDER BY b.height
    LIMIT $2
)
"""


async def prune(connection: Connection, keep: int, limit: int) -> int:
    """Delete at most `limit` headers that are more than `keep` blocks below the scanned tip.

    Returns the number of deleted headers.
    """
    tag = await connection.execute(_PRUNE, keep, limit)
    return count_of(tag)


async def drop_all(connection: Connection, *, livemode: bool) -> None:
    """Delete all headers, because the chain was restarted."""
    await connection.execute(_DROP_FROM, livemode, 0)


async def headers_at(connection: Connection, heights: Sequence[int], *, livemode: bool) -> list[Header]:
    """Return the stored headers at these heights."""
    return [_header(row) for row in await connection.fetch(_HEADERS_AT, livemode, heights)]


async def headers_from(connection: Connection, height: int, *, livemode: bool) -> list[Header]:
    """Return the stored headers at `height` and above, lowest first."""
    return [_header(row) for row in await connection.fetch(_HEADERS_FROM, livemode, height)]


async def lowest_height(connection: Connection, *, livemode: bool) -> int | None:
    """Return the height of the lowest stored header, or None if there is none."""
    return await connection.fetchval(_LOWEST, livemode)


async def replace_from(connection: Connection, height: int, headers: Sequence[Header], *, livemode: bool) -> None:
    """Replace the stored headers at `height` and above with `headers`."""
    await connection.execute(_DROP_FROM, livemode, height)
    await connection.execute(
        _INSERT,
        livemode,
        [header.height for header in headers],
        [header.block_hash for header in headers],
        [header.index_block_hash for header in headers],
        [header.parent_index_block_hash for header in headers],
        [header.time for header in headers],
        [header.tenure_height for header in headers],
        [header.bitcoin_height for header in headers],
    )


async def set_times(connection: Connection, times: Mapping[int, datetime], *, livemode: bool) -> None:
    """Set the times of the stored headers at these heights."""
    await connection.execute(_SET_TIMES, livemode, list(times.keys()), list(times.values()))


def _header(row: Record) -> Header:
    return Header(
        height=row["height"],
        block_hash=row["block_hash"],
        index_block_hash=row["index_block_hash"],
        parent_index_block_hash=row["parent_index_block_hash"],
        time=row["block_time"],
        tenure_height=row["tenure_height"],
        bitcoin_height=row["bitcoin_height"],
    )
