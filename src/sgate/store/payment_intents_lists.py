"""Lists of a merchant's payment intents: filtered, and paged by cursor or by page number.

A cursor is a position in the order (created_at, id), so that the last page of a million intents costs as much as the
first page. Each combination of filters has its own statement, because an optional condition within one statement would
keep the planner from using the index for the condition.

PostgreSQL cannot estimate how many intents have a given pair of metadata, so the planner does not choose the way to
find them. First, the next MAX_SCANNED intents of the list are scanned. If many intents have the pair, this fills the
page. Otherwise, the GIN index is used, which is fast if few intents have the pair.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import count as count_from
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from sgate.db.pool import Connection, Record
from sgate.store.payment_intents import VIEW_COLUMNS, IntentView, view_of_row

MAX_SCANNED = 1_000
"""The number of intents that are scanned in the list's order before the metadata index is used. Scanning them takes a
millisecond or two."""

MAX_COUNTED_BY_SCAN = 5_000
"""If a merchant has at most this many intents that match the other filters, counting checks the metadata of each intent
instead of using the index."""

MOMENT = timedelta(microseconds=1)
"""The resolution of PostgreSQL's timestamps."""


class IntentFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A filter for a merchant's intents.

    It matches intents that were created at `since` or later but before `until`, and that have the given status and the
    given pairs of metadata. If `status` is None, it matches any status.
    """

    merchant_id: str
    livemode: bool
    since: datetime
    until: datetime
    status: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()


class Way(StrEnum):
    """How intents are searched for."""

    LISTED = "listed"  # with the list's index
    SCANNED = "scanned"  # by checking the metadata of each of the next MAX_SCANNED intents of the list
    MATCHED = "matched"  # with the metadata index
    FURTHER = "further"  # checks whether there are any intents after the scanned ones


Position = tuple[datetime, str]
"""An intent's position in a list: (created_at, id)."""


_POSITION = "SELECT created_at FROM payment_intents WHERE id = $1 AND merchant_id = $2::text::uuid AND livemode = $3"

_OWN = "merchant_id = $1::text::uuid AND livemode = $2 AND created_at >= $3 AND created_at < $4"
_PAIRS = "metadata IS NOT NULL AND metadata_words(merchant_id, livemode, metadata) @> {}"  # as in the GIN index
_HAS_PAIRS = "metadata @> {}::text::jsonb"  # the same condition, checked row by row
_BY_PAIRS = {Way.SCANNED: _HAS_PAIRS, Way.MATCHED: _PAIRS}
_NEWEST_FIRST = "ORDER BY created_at DESC, id DESC"
_OLDEST_FIRST = "ORDER BY created_at, id"


@cache
def after_statement(way: Way, *, status: bool) -> str:
    """Return the statement for the newest intents that are older than a position.

    Its parameters are the filter, the position, the limit and the offset.
    """
    return _statement(way, "(created_at, id) < ({}, {})", _NEWEST_FIRST, status=status)


@cache
def before_statement(way: Way, *, status: bool) -> str:
    """Return the statement for the oldest intents that are newer than a position.

    Its parameters are the filter, the position, the limit and the offset.
    """
    return _statement(way, "(created_at, id) > ({}, {})", _OLDEST_FIRST, status=status)


@cache
def page_statement(way: Way, *, status: bool) -> str:
    """Return the statement for a page of intents at an offset.

    Its parameters are the filter, the limit and the offset.
    """
    return _statement(way, "", _NEWEST_FIRST, status=status)


@cache
def count_statement(way: Way, *, status: bool) -> str:
    """Return the statement that counts intents up to a limit. Its parameters are the filter and the limit."""
    numbers = _parameters()
    conditions, intents = _conditions(numbers, status=status), "payment_intents"
    if way is Way.SCANNED:
        intents = f"(SELECT * FROM payment_intents WHERE {conditions} OFFSET 0) AS scanned"
        conditions = _HAS_PAIRS.format(next(numbers))
    elif way is Way.MATCHED:  # with OFFSET 0, the planner can use only the metadata index (see `_statement`)
        intents = f"(SELECT * FROM payment_intents WHERE {_PAIRS.format(next(numbers))} OFFSET 0) AS matched"
    return f"SELECT count(*) FROM (SELECT FROM {intents} WHERE {conditions} LIMIT {next(numbers)}) AS counted"


async def after(connection: Connection, narrowed: IntentFilter, position: Position, limit: int) -> list[IntentView]:
    """Return the newest intents that are older than `position`, newest first."""
    # An index scan starts at the end of the filter's period, so the end is moved to the position.
    until = min(narrowed.until, position[0] + MOMENT)
    return await _find(connection, after_statement, replace(narrowed, until=until), position, limit)


async def before(connection: Connection, narrowed: IntentFilter, position: Position, limit: int) -> list[IntentView]:
    """Return the oldest intents that are newer than `position`, newest first."""
    since = max(narrowed.since, position[0])  # see `after`
    return await _find(connection, before_statement, replace(narrowed, since=since), position, limit)


async def page(connection: Connection, narrowed: IntentFilter, offset: int, limit: int) -> list[IntentView]:
    """Skip the `offset` newest intents and return the next ones. The payments of skipped intents are not read."""
    return await _find(connection, page_statement, narrowed, (), limit, offset)


async def count(connection: Connection, narrowed: IntentFilter, limit: int) -> int:
    """Return the number of matching intents, counted up to `limit`."""
    way = Way.LISTED
    if narrowed.metadata:
        few = await count(connection, replace(narrowed, metadata=()), MAX_COUNTED_BY_SCAN + 1) <= MAX_COUNTED_BY_SCAN
        way = Way.SCANNED if few else Way.MATCHED
    statement = count_statement(way, status=narrowed.status is not None)
    return int(await connection.fetchval(statement, *_arguments(narrowed, way), limit) or 0)


async def position(connection: Connection, intent_id: str, merchant_id: str, *, livemode: bool) -> Position | None:
    """Return the position of a merchant's intent, or None if the merchant has no such intent."""
    created_at = await connection.fetchval(_POSITION, intent_id, merchant_id, livemode)
    return None if created_at is None else (created_at, intent_id)


class _Statement(Protocol):
    def __call__(self, way: Way, *, status: bool) -> str: ...


async def _find(
    connection: Connection,
    statement: _Statement,
    narrowed: IntentFilter,
    position: Position | tuple[()],
    limit: int,
    offset: int = 0,
) -> list[IntentView]:
    """Return the intents that a statement finds. Tries one way after another until one finds enough intents."""
    rows: list[Record] = []
    for way in (Way.SCANNED, Way.MATCHED) if narrowed.metadata else (Way.LISTED,):
        text = statement(way, status=narrowed.status is not None)
        rows = await connection.fetch(text, *_arguments(narrowed, way), *position, limit, offset)
        if len(rows) == limit:
            break
        if way is Way.SCANNED:
            further = statement(Way.FURTHER, status=narrowed.status is not None)
            if await connection.fetchval(further, *_arguments(narrowed, Way.FURTHER), *position, 1, offset) is None:
                break  # the scan has covered all intents
    return [view_of_row(row) for row in rows]


def _statement(way: Way, beyond: str, order: str, *, status: bool) -> str:
    numbers = _parameters()
    conditions = _conditions(numbers, status=status)
    pairs = "" if way not in _BY_PAIRS else _BY_PAIRS[way].format(next(numbers))
    if beyond:
        conditions += " AND " + beyond.format(next(numbers), next(numbers))
    limit, offset = next(numbers), next(numbers)
    cut = f"{order} LIMIT {limit} OFFSET {offset}"
    chosen = f"SELECT * FROM payment_intents WHERE {conditions}"
    match way:
        case Way.FURTHER:
            behind = f"LIMIT {limit} OFFSET {MAX_SCANNED} + 2 * {offset}"
            return f"SELECT id FROM payment_intents WHERE {conditions} {order} {behind}"
        case Way.LISTED:
            return _shown(f"{chosen} {cut}")
        case Way.SCANNED:
            scanned = f"{chosen} {order} LIMIT {MAX_SCANNED} + 2 * {offset}"
            return _shown(f"SELECT * FROM ({scanned}) AS scanned WHERE {pairs} {cut}")
        case Way.MATCHED:
            # This part is materialized and has no other condition, because the planner could otherwise scan the whole
            # list. The indexed words contain the merchant and the mode, so no other merchant's intents match.
            matched = f"SELECT * FROM payment_intents WHERE {pairs}"
            return _shown(f"WITH matched AS MATERIALIZED ({matched}) SELECT * FROM matched WHERE {conditions} {cut}")


def _shown(chosen: str) -> str:
    # The chain cursor is joined on the parameter $2. A join on the row's column would lose the order of the index.
    return f"""
SELECT {VIEW_COLUMNS}
FROM ({chosen}) AS i
JOIN merchants m ON m.id = i.merchant_id
LEFT JOIN chain_cursors c ON c.livemode = $2
ORDER BY i.created_at DESC, i.id DESC
"""


def _parameters() -> Iterator[str]:
    """Yield placeholders for a statement's parameters, starting at $5. The first four parameters are those of _OWN."""
    return (f"${number}" for number in count_from(5))


def _conditions(numbers: Iterator[str], *, status: bool) -> str:
    return f"{_OWN} AND status = {next(numbers)}" if status else _OWN


def _arguments(narrowed: IntentFilter, way: Way) -> list[Any]:
    arguments: list[Any] = [narrowed.merchant_id, narrowed.livemode, narrowed.since, narrowed.until]
    if narrowed.status is not None:
        arguments.append(narrowed.status)
    if way is Way.SCANNED:
        arguments.append(msgspec.json.encode(dict(narrowed.metadata)).decode())
    elif way is Way.MATCHED:
        owner = f"{narrowed.merchant_id}/{'live' if narrowed.livemode else 'test'}/"
        arguments.append([f"{owner}{len(key)}:{key}{value}" for key, value in narrowed.metadata])
    return arguments
