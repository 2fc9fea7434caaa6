"""Lists of a merchant's payment intents: narrowed, and walked by cursor or page by page.

A cursor is a position in the order (created_at, id), so that a page deep in a million intents costs as much as the
first. Each combination of filters is a statement of its own: an optional condition inside one statement would hide the
index that serves it.

For pairs of metadata PostgreSQL cannot guess how many intents have them, so it is not asked to choose: a page is looked
for among the next WALKED intents of the list, which finds pairs that many have, and only then through the GIN index,
which finds those that few have.
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

WALKED = 1_000
"""Intents that are looked at in the list's order before metadata is looked up in its index: a millisecond or two."""

COUNT_WALKED = 5_000
"""Intents that are counted by looking at the metadata of each."""

MOMENT = timedelta(microseconds=1)
"""As exactly as PostgreSQL tells the time."""


class Narrowed(msgspec.Struct, frozen=True, kw_only=True):
    """Which of a merchant's intents are meant: made from `since` until before `until`, with this status and these
    pairs in their metadata.
    """

    merchant_id: str
    livemode: bool
    since: datetime
    until: datetime
    status: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()


class Way(StrEnum):
    """How intents are found."""

    LISTED = "listed"  # by the index of the list
    WALKED = "walked"  # among the next of the list, looking at the metadata of each
    MATCHED = "matched"  # by the index of the metadata
    FURTHER = "further"  # whether there are any behind those that are walked


Position = tuple[datetime, str]
"""Where an intent stands in a list: (created_at, id)."""


_POSITION = "SELECT created_at FROM payment_intents WHERE id = $1 AND merchant_id = $2::text::uuid AND livemode = $3"

_OWN = "merchant_id = $1::text::uuid AND livemode = $2 AND created_at >= $3 AND created_at < $4"
_PAIRS = "metadata IS NOT NULL AND metadata_words(merchant_id, livemode, metadata) @> {}"  # as the GIN index has it
_HAS_PAIRS = "metadata @> {}::text::jsonb"  # the same, looked at one by one
_BY_PAIRS = {Way.WALKED: _HAS_PAIRS, Way.MATCHED: _PAIRS}
_NEWEST_FIRST = "ORDER BY created_at DESC, id DESC"
_OLDEST_FIRST = "ORDER BY created_at, id"


@cache
def after_statement(way: Way, *, status: bool) -> str:
    """The intents older than a position. Parameters: the narrowing, the position, limit, offset."""
    return _statement(way, "(created_at, id) < ({}, {})", _NEWEST_FIRST, status=status)


@cache
def before_statement(way: Way, *, status: bool) -> str:
    """The intents just newer than a position. Parameters: the narrowing, the position, limit, offset."""
    return _statement(way, "(created_at, id) > ({}, {})", _OLDEST_FIRST, status=status)


@cache
def page_statement(way: Way, *, status: bool) -> str:
    """The intents after the first so many. Parameters: the narrowing, limit, offset."""
    return _statement(way, "", _NEWEST_FIRST, status=status)


@cache
def count_statement(way: Way, *, status: bool) -> str:
    """How many there are, counted up to a limit. Parameters: the narrowing, limit."""
    numbers = _parameters()
    conditions, intents = _conditions(numbers, status=status), "payment_intents"
    if way is Way.WALKED:
        intents = f"(SELECT * FROM payment_intents WHERE {conditions} OFFSET 0) AS walked"
        conditions = _HAS_PAIRS.format(next(numbers))
    elif way is Way.MATCHED:  # OFFSET 0: by the index of the metadata alone, see `_statement`
        intents = f"(SELECT * FROM payment_intents WHERE {_PAIRS.format(next(numbers))} OFFSET 0) AS matched"
    return f"SELECT count(*) FROM (SELECT FROM {intents} WHERE {conditions} LIMIT {next(numbers)}) AS counted"


async def after(connection: Connection, narrowed: Narrowed, position: Position, limit: int) -> list[IntentView]:
    """The newest intents that are older than `position`, newest first."""
    # An index scan begins at the bound of the period, not at that of the position: so they are the same.
    until = min(narrowed.until, position[0] + MOMENT)
    return await _find(connection, after_statement, replace(narrowed, until=until), position, limit)


async def before(connection: Connection, narrowed: Narrowed, position: Position, limit: int) -> list[IntentView]:
    """The oldest intents that are newer than `position`, newest first."""
    since = max(narrowed.since, position[0])  # see `after`
    return await _find(connection, before_statement, replace(narrowed, since=since), position, limit)


async def page(connection: Connection, narrowed: Narrowed, offset: int, limit: int) -> list[IntentView]:
    """The intents after the `offset` newest. What is skipped is not rendered."""
    return await _find(connection, page_statement, narrowed, (), limit, offset)


async def count(connection: Connection, narrowed: Narrowed, limit: int) -> int:
    """How many there are; nobody counts further than `limit`."""
    way = Way.LISTED
    if narrowed.metadata:
        few = await count(connection, replace(narrowed, metadata=()), COUNT_WALKED + 1) <= COUNT_WALKED
        way = Way.WALKED if few else Way.MATCHED
    statement = count_statement(way, status=narrowed.status is not None)
    return int(await connection.fetchval(statement, *_arguments(narrowed, way), limit) or 0)


async def position(connection: Connection, intent_id: str, merchant_id: str, *, livemode: bool) -> Position | None:
    """Where this merchant's intent stands, or None if it has no such intent."""
    created_at = await connection.fetchval(_POSITION, intent_id, merchant_id, livemode)
    return None if created_at is None else (created_at, intent_id)


class _Statement(Protocol):
    def __call__(self, way: Way, *, status: bool) -> str: ...


async def _find(
    connection: Connection,
    statement: _Statement,
    narrowed: Narrowed,
    position: Position | tuple[()],
    limit: int,
    offset: int = 0,
) -> list[IntentView]:
    """What a statement finds, in the first way that finds enough."""
    rows: list[Record] = []
    for way in (Way.WALKED, Way.MATCHED) if narrowed.metadata else (Way.LISTED,):
        text = statement(way, status=narrowed.status is not None)
        rows = await connection.fetch(text, *_arguments(narrowed, way), *position, limit, offset)
        if len(rows) == limit:
            break
        if way is Way.WALKED:
            further = statement(Way.FURTHER, status=narrowed.status is not None)
            if await connection.fetchval(further, *_arguments(narrowed, Way.FURTHER), *position, 1, offset) is None:
                break  # the walk has seen all there are
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
            behind = f"LIMIT {limit} OFFSET {WALKED} + 2 * {offset}"
            return f"SELECT id FROM payment_intents WHERE {conditions} {order} {behind}"
        case Way.LISTED:
            return _shown(f"{chosen} {cut}")
        case Way.WALKED:
            walked = f"{chosen} {order} LIMIT {WALKED} + 2 * {offset}"
            return _shown(f"SELECT * FROM ({walked}) AS walked WHERE {pairs} {cut}")
        case Way.MATCHED:
            # Materialized and with nothing else to go by, or the planner may walk the whole list after all. The words
            # name the merchant and the mode: there are none of others.
            matched = f"SELECT * FROM payment_intents WHERE {pairs}"
            return _shown(f"WITH matched AS MATERIALIZED ({matched}) SELECT * FROM matched WHERE {conditions} {cut}")


def _shown(chosen: str) -> str:
    # The cursor of the chain is joined by the parameter: joined by the row's column it would hide the index's order.
    return f"""
SELECT {VIEW_COLUMNS}
FROM ({chosen}) AS i
JOIN merchants m ON m.id = i.merchant_id
LEFT JOIN chain_cursors c ON c.livemode = $2
ORDER BY i.created_at DESC, i.id DESC
"""


def _parameters() -> Iterator[str]:
    """The numbers of a statement's parameters; the first four are those of _OWN."""
    return (f"${number}" for number in count_from(5))


def _conditions(numbers: Iterator[str], *, status: bool) -> str:
    return f"{_OWN} AND status = {next(numbers)}" if status else _OWN


def _arguments(narrowed: Narrowed, way: Way) -> list[Any]:
    arguments: list[Any] = [narrowed.merchant_id, narrowed.livemode, narrowed.since, narrowed.until]
    if narrowed.status is not None:
        arguments.append(narrowed.status)
    if way is Way.WALKED:
        arguments.append(msgspec.json.encode(dict(narrowed.metadata)).decode())
    elif way is Way.MATCHED:
        owner = f"{narrowed.merchant_id}/{'live' if narrowed.livemode else 'test'}/"
        arguments.append([f"{owner}{len(key)}:{key}{value}" for key, value in narrowed.metadata])
    return arguments
