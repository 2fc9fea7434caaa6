"""Lists of payment intents, newest first. Cursors reach every intent; page numbers are for people.

Page numbers and totals cover at most MAX_COUNTED intents, because counting a million rows would cost more than reading
the page. The error for a later page contains the cursor with which to continue, unless the list is filtered by
metadata. Counting and searching metadata are costly, so only a few such lists of one merchant are read at once.
"""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from sgate.core import errors
from sgate.core.memo import is_intent_id
from sgate.db.pool import Connection
from sgate.objects import payment_intent
from sgate.services.replica_reads import Read, ReplicaReads
from sgate.store import payment_intents_lists
from sgate.store.payment_intents import IntentView
from sgate.store.payment_intents_lists import IntentFilter, Position

MAX_COUNTED = 10_000
"""Maximum number of intents that totals and page numbers cover."""


T = TypeVar("T")


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a list. `has_more` is true if there are more intents in the direction of paging."""

    items: tuple[payment_intent.IntentWithPayments, ...]
    has_more: bool


class NumberedPage(Page, frozen=True, kw_only=True):
    """A numbered page.

    Attributes:
        total: number of intents in the list, or MAX_COUNTED if there are more.
        total_is_exact: false if there are more than `total` intents.
        pages: number of pages that `total` intents fill.
    """

    total: int
    total_is_exact: bool
    pages: int


async def latest(reads: ReplicaReads, narrowed: IntentFilter, public_url: str, *, limit: int) -> Page:
    """Return the first page of a list, which contains the newest intents."""

    async def read(connection: Connection) -> list[IntentView]:
        return await payment_intents_lists.page(connection, narrowed, 0, limit + 1)

    found = await _run(reads, narrowed, read)
    return Page(items=_shown(found[:limit], public_url), has_more=len(found) > limit)


async def older(
    reads: ReplicaReads, narrowed: IntentFilter, public_url: str, *, starting_after: str, limit: int
) -> Page:
    """Return the intents after `starting_after` in the list, newest first.

    Raises:
        InvalidCursor: if `starting_after` is not the id of one of the merchant's intents.
    """

    async def read(connection: Connection) -> list[IntentView]:
        position = await _position(connection, narrowed, starting_after, "starting_after")
        return await payment_intents_lists.after(connection, narrowed, position, limit + 1)

    found = await _run(reads, narrowed, read)
    return Page(items=_shown(found[:limit], public_url), has_more=len(found) > limit)


async def newer(
    reads: ReplicaReads, narrowed: IntentFilter, public_url: str, *, ending_before: str, limit: int
) -> Page:
    """Return the intents just before `ending_before` in the list, newest first.

    Raises:
        InvalidCursor: if `ending_before` is not the id of one of the merchant's intents.
    """

    async def read(connection: Connection) -> list[IntentView]:
        position = await _position(connection, narrowed, ending_before, "ending_before")
        return await payment_intents_lists.before(connection, narrowed, position, limit + 1)

    found = await _run(reads, narrowed, read)
    return Page(items=_shown(found[-limit:], public_url), has_more=len(found) > limit)


async def numbered(
    reads: ReplicaReads, narrowed: IntentFilter, public_url: str, *, page: int, limit: int
) -> NumberedPage:
    """Return the page with this number, counted from 1, and the total. Both come from the same snapshot.

    Raises:
        PageOutOfReach: if the page starts beyond the first MAX_COUNTED intents.
    """
    offset = (page - 1) * limit
    if offset >= MAX_COUNTED and narrowed.metadata:
        # Finding the cursor at which to continue would cost as much as the page.
        raise errors.PageOutOfReach(param="page")

    async def read(connection: Connection) -> tuple[int, list[IntentView]]:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            if offset >= MAX_COUNTED:
                raise await _out_of_reach(connection, narrowed, public_url)
            total = await payment_intents_lists.count(connection, narrowed, MAX_COUNTED + 1)
            return total, await payment_intents_lists.page(connection, narrowed, offset, limit + 1)

    total, found = await _run(reads, narrowed, read, numbered=True)
    counted = min(total, MAX_COUNTED)
    return NumberedPage(
        items=_shown(found[:limit], public_url),
        has_more=len(found) > limit,
        total=counted,
        total_is_exact=total <= MAX_COUNTED,
        pages=-(-counted // limit),
    )


async def _run(reads: ReplicaReads, narrowed: IntentFilter, read: Read[T], *, numbered: bool = False) -> T:
    """Run a read. It is costly if it counts intents, or searches the metadata of many."""
    costly = numbered or bool(narrowed.metadata)
    return await reads.run(narrowed.merchant_id, read, livemode=narrowed.livemode, costly=costly)


async def _out_of_reach(connection: Connection, narrowed: IntentFilter, public_url: str) -> errors.PageOutOfReach:
    """Return the error for a page out of reach, with the cursor for further paging if there are that many intents."""
    last = _shown(await payment_intents_lists.page(connection, narrowed, MAX_COUNTED - 1, 1), public_url)
    if not last:
        return errors.PageOutOfReach(param="page")
    return errors.PageOutOfReach(
        f"Page numbers cover only the first {MAX_COUNTED} objects. Use starting_after={last[0].id} instead of page, "
        "or narrow the list by from_date, to_date, status or metadata.",
        param="page",
        details={"starting_after": last[0].id},
    )


async def _position(connection: Connection, narrowed: IntentFilter, intent_id: str, param: str) -> Position:
    found = None
    if is_intent_id(intent_id):
        found = await payment_intents_lists.position(
            connection, intent_id, narrowed.merchant_id, livemode=narrowed.livemode
        )
    if found is None:
        raise errors.InvalidCursor(param=param)
    return found


def _shown(found: Sequence[IntentView], public_url: str) -> tuple[payment_intent.IntentWithPayments, ...]:
    return tuple(
        payment_intent.intent_with_payments(view.intent, view.payments, view.scanned, public_url) for view in found
    )
