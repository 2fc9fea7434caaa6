"""Every picture that the checkout can show, reached by payments on the simulated chain."""

import struct
import zlib
from collections.abc import AsyncIterator
from typing import Any

from web.site import Site

LONG_NAME = "The Société of Hand-Roasted Coffees, Teas & Cocoa <script>alert(1)</script> Donaudampfschifffahrtskapitän"
LOGO_SIDE = 32
DEEP = [{"from_sats": 0, "stacks_blocks": 6, "tenure_changes": 2}]
TWO_BLOCKS = [
    {"from_sats": 0, "stacks_blocks": 2},
    {"from_sats": 1_000_000, "stacks_blocks": 6},
    {"from_sats": 100_000_000, "tenure_changes": 2},
]


def links(site: Site) -> dict[str, Any]:
    """The optional fields that a shop usually sets."""
    return {
        "success_url": f"{site.base_url}/?paid={{id}}",
        "cancel_url": f"{site.base_url}/?canceled",
        "description": "Order 17: two bags of Yirgacheffe",
    }


def logo() -> bytes:
    """Return a merchant's logo as a PNG: a ring on orange."""
    middle = (LOGO_SIDE - 1) / 2
    rows = bytearray()
    for y in range(LOGO_SIDE):
        rows.append(0)
        for x in range(LOGO_SIDE):
            on_ring = 6 < ((x - middle) ** 2 + (y - middle) ** 2) ** 0.5 < 11
            rows += bytes((255, 244, 230) if on_ring else (194, 65, 12))
    header = struct.pack(">IIBBBBB", LOGO_SIDE, LOGO_SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


async def every_picture(site: Site) -> AsyncIterator[tuple[str, str]]:
    """Yield the name and path of each picture. Use one before requesting the next, because the clock advances."""
    key = await site.merchant(support_url=f"{site.base_url}/?help")
    given = links(site)
    late, poor, nothing = [await site.intent(key, **given) for _ in range(3)]
    yield "waiting", site.path_of(await site.intent(key, **given))
    huge = await site.intent(
        await site.merchant(LONG_NAME), amount_sats=2_100_000_000_000_000, description='"<b>bold</b>" ' + "x" * 120
    )
    yield "huge", site.path_of(huge)
    shop = await site.merchant("Fernweh Vélo", accent_color="#c2410c")
    await site.put_logo(shop, logo())
    yield "branded", site.path_of(await site.intent(shop, **given))
    partial = await site.intent(key, **given)
    await site.pay(partial, 10_000)
    yield "partial", site.path_of(partial)
    seen = await site.intent(key, **given)
    await site.see_in_mempool(seen)
    yield "seen", site.path_of(seen)
    async with site.gateway.pool.acquire() as connection:
        await connection.execute("UPDATE chain_cursors SET trouble = 'the Stacks API does not answer'")
    yield "chain_unavailable", site.path_of(await site.intent(key, **given, scan_first=False))
    await site.watch()
    processing = await site.intent(key, confirmation_policy=DEEP, **given)
    await site.pay(processing)
    yield "processing", site.path_of(processing)
    for name, amounts in (("confirmed", [25_000]), ("overpaid", [40_000]), ("duplicate", [25_000, 25_000])):
        intent = await site.intent(key, **given)
        await site.pay(intent, *amounts)
        yield name, site.path_of(intent)
    canceled = await site.intent(key, **given)
    await site.api(key, "POST", f"/v1/payment_intents/{canceled['id']}/cancel")
    yield "canceled", site.path_of(canceled)
    await site.pay(canceled)
    yield "after_cancel", site.path_of(canceled)
    lost = await site.intent(key, **given)
    await site.pay(lost)
    await site.reorg()
    yield "lost", site.path_of(lost)
    again = await site.intent(key, confirmation_policy=TWO_BLOCKS, **given)
    await site.pay(again)
    await site.mine()
    await site.reorg(2)
    await site.mine()
    yield "reconfirming", site.path_of(again)
    await site.pay(poor, 10_000)
    await site.pass_deadline()
    await site.pay(late)
    yield "expired", site.path_of(nothing)
    yield "late", site.path_of(late)
    yield "failed", site.path_of(poor)
    time_up = await site.intent(key, **given)
    site.clock.advance(901)
    yield "time_up", site.path_of(time_up)
    yield "receipt", f"/pi/{processing['id']}/receipt?client_secret={processing['client_secret']}"
    yield "no_receipt", f"/pi/{nothing['id']}/receipt"
    yield "missing", "/pi/pi_000000000000000000000000"
    async with site.broken():
        yield "error", site.path_of(time_up)
    for name, path in (("landing", "/"), ("errors", "/docs/errors")):
        yield name, path
