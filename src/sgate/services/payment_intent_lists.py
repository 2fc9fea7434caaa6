"""Lists of payment intents, newest first: by cursor, which reaches everything, or by page number, for people who leaf.

Pages are numbered only as far as people leaf. Counting a million rows for the footer of a page would cost more than
the page, so totals stop at MAX_COUNTED, and the refusal of a further page names the cursor to go on with.
"""

from collections.abc import Sequence

import msgspec

from sgate.core import errors
from sgate.core.memo import is_intent_id
from sgate.db.pool import Connection
from sgate.objects import payment_intent
from sgate.services.replica_reads import ReplicaReads
from sgate.store import payment_intents_lists
from sgate.store.payment_intents import IntentView
from sgate.store.payment_intents_lists import Narrowed, Position

MAX_COUNTED = 10_000
"""Objects that totals and page numbers reach."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list: JSON objects, and whether there are more in the direction of the walk."""

    items: tuple[payment_intent.IntentWithPayments, ...]
    has_more: bool


class NumberedPage(Page, frozen=True, kw_only=True):
    """A page by number: `total` objects (MAX_COUNTED if there are more: then `total_is_exact` is false) on `pages`."""

    total: int
    total_is_exact: bool
    pages: int


async def latest(reads: ReplicaReads, narrowed: Narrowed, public_url: str, *, limit: int) -> Page:
    """The newest intents: where a walk begins."""

    async def read(connection: Connection) -> list[IntentView]:
        return await payment_intents_lists.page(connection, narrowed, 0, limit + 1)

    found = await reads.run(narrowed.merchant_id, read, livemode=narrowed.livemode)
    return Page(items=_shown(found[:limit], public_url), has_more=len(found) > limit)


async def older(reads: ReplicaReads, narrowed: Narrowed, public_url: str, *, starting_after: str, limit: int) -> Page:
    """The intents after `starting_after` in the list.

    Raises:
        InvalidCursor: if the merchant has no such intent.
    """

    async def read(connection: Connection) -> list[IntentView]:
        position = await _position(connection, narrowed, starting_after, "starting_after")
        return await payment_intents_lists.after(connection, narrowed, position, limit + 1)

    found = await reads.run(narrowed.merchant_id, read, livemode=narrowed.livemode)
    return Page(items=_shown(found[:limit], public_url), has_more=len(found) > limit)


async def newer(reads: ReplicaReads, narrowed: Narrowed, public_url: str, *, ending_before: str, limit: int) -> Page:
    """The intents just before `ending_before` in the list, newest first.

    Raises:
        InvalidCursor: if the merchant has no such intent.
    """

    async def read(connection: Connection) -> list[IntentView]:
        position = await _position(connection, narrowed, ending_before, "ending_before")
        return await payment_intents_lists.before(connection, narrowed, position, limit + 1)

    found = await reads.run(narrowed.merchant_id, read, livemode=narrowed.livemode)
    return Page(items=_shown(found[-limit:], public_url), has_more=len(found) > limit)


async def numbered(reads: ReplicaReads, narrowed: Narrowed, public_url: str, *, page: int, limit: int) -> NumberedPage:
    """A page by its number, counted from 1, and how many there are, both of one moment.

    Raises:
        PageOutOfReach: if the page begins beyond MAX_COUNTED.
    """
    offset = (page - 1) * limit

    async def read(connection: Connection) -> tuple[int, list[IntentView]]:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            if offset >= MAX_COUNTED:
                raise await _out_of_reach(connection, narrowed, public_url)
            total = await payment_intents_lists.count(connection, narrowed, MAX_COUNTED + 1)
            return total, await payment_intents_lists.page(connection, narrowed, offset, limit + 1)

    total, found = await reads.run(narrowed.merchant_id, read, livemode=narrowed.livemode)
    counted = min(total, MAX_COUNTED)
    return NumberedPage(
        items=_shown(found[:limit], public_url),
        has_more=len(found) > limit,
        total=counted,
        total_is_exact=total <= MAX_COUNTED,
        pages=-(-counted // limit),
    )


async def _out_of_reach(connection: Connection, narrowed: Narrowed, public_url: str) -> errors.PageOutOfReach:
    """The refusal, with the cursor that goes on where page numbers end (if there is anything)."""
    last = _shown(await payment_intents_lists.page(connection, narrowed, MAX_COUNTED - 1, 1), public_url)
    if not last:
        return errors.PageOutOfReach(param="page")
    return errors.PageOutOfReach(
        f"Page numbers reach the first {MAX_COUNTED} objects. Go on with starting_after={last[0].id} instead of page, "
        "or narrow the list by from_date, to_date, status or metadata.",
        param="page",
        details={"starting_after": last[0].id},
    )


async def _position(connection: Connection, narrowed: Narrowed, intent_id: str, param: str) -> Position:
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
