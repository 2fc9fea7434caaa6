"""The facts about an intent, read in one snapshot: the payments, sightings and commands, and the view of the chain."""

from collections.abc import Sequence
from typing import Any

import msgspec

from sgate.core.finality import View
from sgate.core.lifecycle import Command
from sgate.core.payment import Payment, Sighting
from sgate.db.pool import Connection, Record
from sgate.store.payments_scan import PAYMENT_JSON, payment_of_json, sighting_of_json
from sgate.store.rows import command_of

_list_decoder = msgspec.json.Decoder(list[dict[str, Any]])
_texts_decoder = msgspec.json.Decoder(list[msgspec.Raw])


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a decision about one intent depends on, as of one moment."""

    payments: tuple[Payment, ...]
    sightings: tuple[Sighting, ...]
    commands: tuple[Command, ...]
    view: View


# This must be one statement, and thus use one snapshot, so that the payments match the view. If a mode was never
# watched, it has no cursor, but the commands of its merchants must take effect nevertheless.
_FACTS = f"""
SELECT coalesce(c.scanned_height, 0) AS scanned_height, coalesce(c.scanned_hash, '') AS scanned_hash,
    coalesce(c.scanned_time, 'epoch') AS scanned_time, coalesce(c.tenure_height, 0) AS tenure_height,
    coalesce(c.bitcoin_height, 0) AS bitcoin_height,
    (SELECT json_agg({PAYMENT_JSON})::text FROM payments p WHERE p.payment_intent_id = $1) AS payments,
    (SELECT json_agg(json_build_object(
        'tx_id', s.tx_id, 'amount_sats', s.amount_sats, 'first_seen_at', s.first_seen_at
    ))::text FROM mempool_sightings s WHERE s.payment_intent_id = $1) AS sightings,
    (SELECT json_agg(k.command ORDER BY k.id)::text FROM ledger_commands k WHERE k.payment_intent_id = $1) AS commands
FROM (VALUES ($2::boolean)) AS m (livemode) LEFT JOIN chain_cursors c USING (livemode)
"""


async def get(connection: Connection, intent_id: str, *, livemode: bool) -> Facts:
    """Return all current facts about an intent."""
    [row] = await connection.fetch(_FACTS, intent_id, livemode)
    return Facts(
        payments=tuple(payment_of_json(item) for item in _items(row["payments"])),
        sightings=tuple(sighting_of_json(item) for item in _items(row["sightings"])),
        commands=tuple(command_of(bytes(item).decode()) for item in _texts_decoder.decode(row["commands"] or "[]")),
        view=_view(row),
    )


def _items(text: str | None) -> Sequence[dict[str, Any]]:
    return [] if text is None else _list_decoder.decode(text)


def _view(row: Record) -> View:
    return View(
        height=row["scanned_height"],
        index_block_hash=row["scanned_hash"],
        time=row["scanned_time"],
        tenure_height=row["tenure_height"],
        bitcoin_height=row["bitcoin_height"],
    )
