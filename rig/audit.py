"""The two books side by side: what customers were told and did, and what sGate's database says."""

import asyncio
import time
from collections import Counter, defaultdict

from rig.books import DUE_SATS

SUCCEEDED = "payment_intent.succeeded"

_INTENTS = "SELECT id, status, amount_received_sats FROM payment_intents"
_PAYMENTS = "SELECT tx_id, payment_intent_id, amount_sats, status FROM payments"
_EVENTS = "SELECT id, type, payment_intent_id FROM events"
_WAITING = """
SELECT (SELECT count(*) FROM ledger_queue) AS undecided,
    (SELECT count(*) FROM webhook_deliveries WHERE status = 'pending') AS undelivered,
    (SELECT count(*) FROM payments WHERE status = 'included') AS payments
"""


async def until_calm(house, timeout_s):
    """Until nothing waits in sGate any more; returns what still does, or an empty text."""
    deadline = time.monotonic() + timeout_s
    while True:
        async with house.servers.asking() as connection:
            row = await connection.fetchrow(_WAITING)
            unconfirmed = await _unconfirmed(connection, house.books)
        seen = row["payments"] >= len(house.books.paid)
        streamed = sum(map(len, house.books.streamed.values())) >= len(house.books.received)
        if not row["undecided"] and not row["undelivered"] and not unconfirmed and seen and streamed:
            return ""
        if time.monotonic() > deadline:
            return (
                f"{row['undecided']} undecided, {row['undelivered']} undelivered, {len(unconfirmed)} paid and not "
                f"confirmed, {row['payments']} of {len(house.books.paid)} payments recorded"
            )
        await asyncio.sleep(0.5)


async def _unconfirmed(connection, books):
    """Intents that were paid in full and are not confirmed."""
    full = [intent for intent, sats in _paid_by_intent(books).items() if sats >= DUE_SATS]
    return await connection.fetch(
        "SELECT id FROM payment_intents WHERE id = ANY ($1::text[]) AND status <> 'confirmed'", full
    )


def _paid_by_intent(books):
    sums = defaultdict(int)
    for intent_id, sats in books.paid.values():
        sums[intent_id] += sats
    return sums


async def compare(house, not_calm):
    """Read sGate's books, and hold them against ours, while the load still listens: intents go on expiring."""
    told_before = set(house.books.received)
    async with house.servers.asking() as connection:
        intents = {row["id"]: row for row in await connection.fetch(_INTENTS)}
        payments = await connection.fetch(_PAYMENTS)
        events = {row["id"]: row for row in await connection.fetch(_EVENTS)}
    status, output, errors = await house.run("ledger", "replay", "--check")
    return [
        _check("Everything came to rest", 1, [not_calm] if not_calm else []),
        *held_together(house.books, told_before, intents, payments, events),
        _check("Every webhook was signed well", sum(house.books.deliveries.values()), house.sink.refused),
        _check(
            "`sgate ledger replay --check` exits 0", len(intents), [] if status == 0 else [(output + errors)[-300:]]
        ),
    ]


def held_together(books, told_before, intents, payments, events):
    """Each check: its sentence, how many things it looked at, and what it found wrong (a few of them).

    Args:
        told_before: ids of the events that webhooks had brought before sGate's were read.
        intents, events: rows of sGate's tables by id.
        payments: rows.
    """
    received = books.received.keys()
    return [
        _check("Every acknowledged intent exists", len(books.acknowledged), books.acknowledged.keys() - intents.keys()),
        _check(
            "Every payment on the chain is credited once, to its intent, in full",
            len(books.paid),
            _credited_wrongly(books, payments, intents),
        ),
        _check("Nothing is credited that nobody paid", len(payments), _invented(books, payments)),
        _check("Every event reached its merchant by webhook", len(events), events.keys() - received),
        _check("No webhook tells of an event that does not exist", len(told_before), told_before - events.keys()),
        _check("Each receiver saw each `succeeded` once, after deduplication by id", *_succeeded(books)),
        _check("The merchants' streams told every event, across all restarts", *_streamed(books, events)),
        _check("What customers saw never contradicted itself", len(books.requests), books.contradictions),
    ]


def _check(sentence, looked_at, wrong):
    wrong = sorted(map(str, wrong))
    return {"sentence": sentence, "looked_at": looked_at, "wrong": len(wrong), "examples": wrong[:5]}


def _credited_wrongly(books, payments, intents):
    recorded = Counter((row["tx_id"], row["payment_intent_id"], row["amount_sats"], row["status"]) for row in payments)
    wrong = [
        tx_id for tx_id, (intent_id, sats) in books.paid.items() if recorded[tx_id, intent_id, sats, "included"] != 1
    ]
    return wrong + [
        f"{intent_id} received {intents[intent_id]['amount_received_sats']} of {sats}"
        for intent_id, sats in _paid_by_intent(books).items()
        if intent_id in intents and intents[intent_id]["amount_received_sats"] != sats
    ]


def _invented(books, payments):
    return [row["tx_id"] for row in payments if row["tx_id"] not in books.paid]


def _succeeded(books):
    told = Counter(event["data"]["object"]["id"] for event in books.received.values() if event["type"] == SUCCEEDED)
    due = {intent_id for intent_id, sats in _paid_by_intent(books).items() if sats >= DUE_SATS}
    return len(due), [f"{intent_id}: {told[intent_id]}" for intent_id in due | told.keys() if told[intent_id] != 1]


def _streamed(books, events):
    told = set().union(*books.streamed.values())
    return len(events), events.keys() - told
