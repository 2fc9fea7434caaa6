"""The invariants that must hold after every step, even right after a crash or while watchers read a wrong branch."""

import itertools
import json
from collections import defaultdict

import msgspec

from sgate.core.finality import View, confirmations
from sgate.core.intent import Anomaly, Status
from sgate.core.lifecycle import History, State, announce, is_legal, reduce
from sgate.core.payment import Inclusion, Payment
from sgate.store import ledger_decisions, payment_intents
from sgate.store.payments_scan import PAYMENT_JSON, payment_of_json, sighting_of_json
from sgate.store.rows import command_of

_json = msgspec.json.Decoder()

_PAYMENTS = f"SELECT p.payment_intent_id AS intent_id, {PAYMENT_JSON}::text AS payment FROM payments AS p"
_SIGHTINGS = """
SELECT payment_intent_id AS intent_id,
    json_build_object('tx_id', tx_id, 'amount_sats', amount_sats, 'first_seen_at', first_seen_at)::text AS sighting
FROM mempool_sightings
"""
_COMMANDS = "SELECT payment_intent_id AS intent_id, command::text FROM ledger_commands ORDER BY id"
_EVENTS = """
SELECT id, type, payment_intent_id AS intent_id, sequence, payload ->> 'status' AS status, payload ->> 'id' AS about,
    view::text
FROM events ORDER BY payment_intent_id, sequence
"""
_QUEUE = "SELECT payment_intent_id, queued_at > simulated.now() AS postponed FROM ledger_queue"

_UNDELIVERED = """
SELECT v.id, v.type, e.url FROM events AS v
JOIN webhook_endpoints AS e ON e.merchant_id = v.merchant_id AND e.livemode = v.livemode
WHERE (e.event_types = '{}' OR v.type = ANY (e.event_types)) AND NOT EXISTS (
    SELECT FROM webhook_deliveries AS d WHERE d.event_id = v.id AND d.endpoint_id = e.id
)
"""

_ORDERS_MADE = """
SELECT metadata ->> 'order' AS number, count(*) AS made FROM payment_intents GROUP BY 1 HAVING count(*) > 1
"""

_UNANNOUNCED = """
SELECT p.id FROM payments AS p JOIN pay_addresses AS a ON a.livemode = p.livemode AND a.address = p.recipient
WHERE a.merchant_id IS NOT NULL AND (p.payment_intent_id IS NULL OR p.assigned_at IS NOT NULL) AND 1 <> (
    SELECT count(*) FROM events AS v WHERE v.type = 'payment.unmatched' AND v.payload ->> 'id' = p.id
)
"""

FIRST_STATE = State(status=Status.REQUIRES_PAYMENT, anomalies=frozenset(), amount_received_sats=0)


class Violated(AssertionError):
    """An invariant does not hold."""


def require(holds, sentence):
    if not holds:
        raise Violated(sentence)


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of everything stored about money."""

    view: View
    headers: dict[int, str]
    intents: dict[str, payment_intents.IntentView]
    payments: dict[str, tuple[str | None, Payment]]
    sightings: dict[str, list]
    commands: dict[str, list]
    events: dict[str | None, list]
    paths: dict[str, list]
    queued: frozenset[str]

    def payments_of(self, intent_id):
        return [payment for owner, payment in self.payments.values() if owner == intent_id]

    def state_by_facts(self, intent_id):
        """Return the state that follows from the facts."""
        terms = self.intents[intent_id].intent.terms
        facts = self.payments_of(intent_id), self.sightings.get(intent_id, []), self.commands.get(intent_id, [])
        return reduce(terms, *facts, self.view)


class Invariants:
    """Checks the stored data for consistency, and against its previous state."""

    def __init__(self, world):
        self._world = world
        self._before = None
        self._checked = set()  # events about deadlines

    async def check(self, *, quiet=False):
        """Check all invariants. `quiet` adds those that hold only when everything was read and decided."""
        control = self._world.database.control
        books = await read_books(control)
        for statement, sentence in (
            (_UNDELIVERED, "an event lacks a delivery"),
            (_ORDERS_MADE, "an order with an idempotency key was created twice"),
            (_UNANNOUNCED, "a deposit was not announced exactly once"),
        ):
            rows = [dict(row) for row in await control.fetch(statement)]
            if statement is _ORDERS_MADE:
                rows = [row for row in rows if int(row["number"]) in self._world.shop_keepers.keyed_orders]
            require(not rows, f"{sentence}: {rows}")
        check_headers(books)
        for intent_id in books.intents:
            check_events(books, intent_id)
            check_path(books, intent_id)
            check_covered(books, intent_id)
            check_decided(books, intent_id, quiet=quiet)
        check_progress(self._before, books)
        self._check_deadlines(books)
        require(not quiet or not books.queued, f"intents wait for a decision: {books.queued}")
        self._before = books

    def _check_deadlines(self, books):
        """No intent expired or failed whose payment was on the scanned chain in time."""
        for intent_id, events in books.events.items():
            for event in events:
                if event["status"] in (Status.EXPIRED, Status.FAILED) and event["id"] not in self._checked:
                    self._checked.add(event["id"])
                    if event["type"] in ("payment_intent.expired", "payment_intent.failed"):
                        self._check_deadline(books, intent_id, json.loads(event["view"]))

    def _check_deadline(self, books, intent_id, view):
        terms = books.intents[intent_id].intent.terms
        in_time_until = terms.in_time_until.timestamp()
        commands = books.commands.get(intent_id, [])
        if any(type(command).__name__ == "Refund" for command in commands):
            return
        history, payers = self._world.chain.history, self._world.payers
        block, paid = history.by_index_hash.get(view["index_block_hash"]), 0
        while block is not None:
            if block.time <= in_time_until:
                legs = [leg for tx_id in block.tx_ids for leg in payers.meant.get(tx_id, ())]
                paid += sum(amount for _, amount, order in legs if order == intent_id)
            block = history.by_index_hash.get(block.parent_index_hash)
        require(paid < terms.minimum_sats, f"{intent_id} was closed although {paid} sats arrived in time")
        seen = [s for s in books.sightings.get(intent_id, []) if s.first_seen_at <= terms.in_time_until]
        held_until = terms.in_time_until + terms.seen_hold
        closed_at = View(**msgspec.convert(view, dict) | {"time": msgspec.convert(view["time"], type(held_until))}).time
        require(not seen or closed_at > held_until, f"{intent_id} was closed although {seen} may still be mined")


async def read_books(connection):
    """Read a snapshot of everything stored about money."""
    cursor = await connection.fetchrow("SELECT * FROM chain_cursors")
    blocks = await connection.fetch(
        "SELECT height, index_block_hash, parent_index_block_hash FROM blocks ORDER BY height"
    )
    for lower, upper in itertools.pairwise(blocks):
        linked = upper["parent_index_block_hash"] == lower["index_block_hash"]
        require(linked and upper["height"] == lower["height"] + 1, f"headers do not link at {upper['height']}")
    ids = [row["id"] for row in await connection.fetch("SELECT id FROM payment_intents ORDER BY id")]
    payments = {}
    for row in await connection.fetch(_PAYMENTS):
        payment = payment_of_json(_json.decode(row["payment"]))
        payments[payment.id] = (row["intent_id"], payment)
    queue = await connection.fetch(_QUEUE)
    require(not any(row["postponed"] for row in queue), f"undecided: {queue}")
    return Books(
        view=View(
            height=cursor["scanned_height"],
            index_block_hash=cursor["scanned_hash"],
            time=cursor["scanned_time"],
            tenure_height=cursor["tenure_height"],
            bitcoin_height=cursor["bitcoin_height"],
        ),
        headers={row["height"]: row["index_block_hash"] for row in blocks},
        intents=await payment_intents.read(connection, ids) if ids else {},
        payments=payments,
        sightings=_grouped(
            await connection.fetch(_SIGHTINGS), lambda row: sighting_of_json(_json.decode(row["sighting"]))
        ),
        commands=_grouped(await connection.fetch(_COMMANDS), lambda row: command_of(row["command"])),
        events=_grouped(await connection.fetch(_EVENTS), dict),
        paths=await ledger_decisions.paths_of(connection, ids),
        queued=frozenset(row["payment_intent_id"] for row in queue),
    )


def _grouped(rows, value):
    groups = defaultdict(list)
    for row in rows:
        groups[row["intent_id"]].append(value(row))
    return groups


def check_headers(books):
    """The cursor is at the highest header, and every included payment is in a stored block."""
    if books.view.height == 0:
        return
    highest = max(books.headers)
    require(
        (highest, books.headers[highest]) == (books.view.height, books.view.index_block_hash),
        "the cursor is not at the tip",
    )
    lowest = min(books.headers)
    for _, payment in books.payments.values():
        if payment.inclusion is Inclusion.INCLUDED and payment.block_height >= lowest:
            held = books.headers.get(payment.block_height)
            require(held == payment.index_block_hash, f"{payment.id} is included in a block that is not on the chain")


def check_events(books, intent_id):
    """Every change of status has an event, events are numbered without gaps, and `succeeded` occurs at most once."""
    intent, events = books.intents[intent_id].intent, books.events[intent_id]
    require(
        [event["sequence"] for event in events] == list(range(1, intent.sequence + 1)), f"{intent_id}: gap in events"
    )
    announced = [Status(event["status"]) for event in events]
    require(announced[-1] is intent.status, f"{intent_id} is {intent.status}, but {announced[-1]} was announced")
    require(all(itertools.starmap(is_legal, itertools.pairwise(announced))), f"{intent_id}: illegal path {announced}")
    succeeded = sum(event["type"] == "payment_intent.succeeded" for event in events)
    require(succeeded <= 1, f"{intent_id} succeeded {succeeded} times")
    require(succeeded or Status.CONFIRMED not in announced, f"{intent_id} was confirmed without `succeeded`")


def check_path(books, intent_id):
    """The stored decisions lead from the first state to the current one, each with the right events."""
    intent, state = books.intents[intent_id].intent, FIRST_STATE
    history = History(sequence=1, ever_confirmed=False, ever_reorged=False)
    for step in books.paths[intent_id]:
        require(step.before == state, f"{intent_id}: a step from {step.before} instead of {state}")
        require(is_legal(step.before.status, step.after.status), f"{intent_id}: illegal step {step}")
        require(step.events == announce(step.before, step.after, history), f"{intent_id}: wrong events in {step}")
        require(step.sequence == history.sequence + len(step.events), f"{intent_id}: wrong sequence in {step}")
        history = History(
            sequence=step.sequence,
            ever_confirmed=history.ever_confirmed or step.after.status is Status.CONFIRMED,
            ever_reorged=history.ever_reorged or any("reorged" in event for event in step.events),
        )
        state = step.after
    reached = (
        intent.status,
        intent.anomalies - {Anomaly.REORGED},
        intent.amount_received_sats,
        intent.amount_counted_sats,
    )
    stored = state.status, state.anomalies, state.amount_received_sats, state.amount_counted_sats
    require(reached == stored, f"{intent_id} is {reached}, its last decision says {stored}")
    require(
        history.ever_reorged == (Anomaly.REORGED in intent.anomalies),
        f"{intent_id}: `reorged` does not match its history",
    )


def check_covered(books, intent_id):
    """No intent is paid without the money, or confirmed before its blocks, whatever the product's rules say."""
    intent = books.intents[intent_id].intent
    if intent.status not in (Status.PROCESSING, Status.CONFIRMED) or intent_id in books.queued:
        return
    included = [payment for payment in books.payments_of(intent_id) if payment.inclusion is Inclusion.INCLUDED]
    if intent.status is Status.CONFIRMED:
        blocks = min(tier.stacks_blocks or 1 for tier in intent.terms.policy)
        included = [payment for payment in included if payment.block_height + blocks - 1 <= books.view.height]
    paid = sum(payment.amount_sats for payment in included)
    require(paid >= intent.terms.minimum_sats, f"{intent_id} is {intent.status} with {paid} sats")


def check_decided(books, intent_id, *, quiet):
    """Unless a decision is due, the stored state follows from the facts."""
    intent = books.intents[intent_id].intent
    due = (
        intent_id in books.queued
        or (intent.next_check_height is not None and intent.next_check_height <= books.view.height)
        or (intent.next_check_time is not None and intent.next_check_time < books.view.time)
    )
    if due and not quiet:
        return
    state = books.state_by_facts(intent_id)
    by_facts = (state.status, state.anomalies, state.amount_received_sats, state.amount_counted_sats)
    anomalies = intent.anomalies - {Anomaly.REORGED}
    stored = (intent.status, anomalies, intent.amount_received_sats, intent.amount_counted_sats)
    require(stored == by_facts, f"{intent_id} is {stored}, but {by_facts} follows from its facts")
    received = sum(p.amount_sats for p in books.payments_of(intent_id) if p.inclusion is Inclusion.INCLUDED)
    require(intent.amount_received_sats == received, f"{intent_id}: {received} sats are on the chain")
    if quiet:
        thresholds = (
            (intent.next_check_height, intent.next_check_time),
            (state.next_check_height, state.next_check_time),
        )
        require(
            thresholds[0] == thresholds[1], f"{intent_id} is checked next at {thresholds[0]} instead of {thresholds[1]}"
        )


def check_progress(before, now):
    """Facts are never lost, and confirmations decrease only in a reorganization."""
    if before is None:
        return
    require(before.payments.keys() <= now.payments.keys(), "a payment was deleted")
    require(before.view.time <= now.view.time, "the scanned time went back")
    require(before.view.height <= now.view.height, "the scanned height decreased: only a higher branch can win")
    reorged = before.view.height > 0 and now.headers.get(before.view.height) != before.view.index_block_hash
    for payment_id, (owner, then) in before.payments.items():
        owner_now, payment = now.payments[payment_id]
        require(owner is None or owner == owner_now, f"{payment_id} changed its owner")
        counts = confirmations(then, before.view), confirmations(payment, now.view)
        require(min(counts) >= 0, f"{payment_id} has {counts} confirmations")
        require(reorged or counts[0] <= counts[1], f"{payment_id}: {counts} confirmations without a reorganization")
        require(then.first_mined_at >= payment.first_mined_at, f"{payment_id} became later")
