"""Known ways to break the product that the simulation must detect, which proves that its invariants can fail."""

import contextlib
from collections.abc import Callable
from unittest.mock import patch

import msgspec

from sgate.core import lifecycle
from sgate.ledger import decide, outbox
from sgate.store import chain_cursors, events, ledger_queue, pay_addresses, payments_scan, webhook_deliveries_queue
from sgate.store.chain_cursors import _ADVANCE, _BUMP_VERSION
from sgate.workers.watcher import deposits, matcher, mempool, recorder, scanner


class Mutant(msgspec.Struct, frozen=True):
    """A way to break the product. `make` returns the patches that do it."""

    make: Callable[[], list]

    @contextlib.contextmanager
    def patch(self):
        with contextlib.ExitStack() as stack:
            for patched in self.make():
                stack.enter_context(patched)
            yield


async def _nothing(*_arguments, **_options):
    return None


async def _empty_set(*_arguments, **_options):
    return set()


def _without_fence():
    return [
        patch.object(chain_cursors, "_ADVANCE", _ADVANCE.replace("AND version = $2", "AND $2::bigint >= 0")),
        patch.object(chain_cursors, "_BUMP_VERSION", _BUMP_VERSION.replace("AND version = $2", "AND $2::bigint >= 0")),
    ]


def _case_insensitive_memo():
    def case_insensitive(memo):
        return real(memo.lower() if memo else memo)

    real = matcher.intent_id_of
    return [patch.object(module, "intent_id_of", case_insensitive) for module in (matcher, scanner, mempool)]


def _any_address():
    real = matcher.Matcher._payment

    def payment(self, item, transfer, watched):
        everywhere = {
            name: msgspec.structs.replace(intent, pay_address=transfer.recipient)
            for name, intent in watched.intents.items()
        }
        return real(self, item, transfer, matcher._Watched(everywhere, watched.owners))

    return [patch.object(matcher.Matcher, "_payment", payment)]


def _announces_only_first():
    real = outbox.announce

    async def announce(connection, environment, intent, types, **options):
        await real(connection, environment, intent, types[:1], **options)

    return [patch.object(outbox, "announce", announce)]


def _dequeues_before_deciding():
    """Delete the queue's row before the decision is made, so that a crash in between loses it."""

    async def settle_next(pool, environment, public_url, *, livemode, observe):
        async with pool.acquire() as connection:
            intent_id = await ledger_queue.take(connection, livemode=livemode)
            if intent_id is None:
                return None
            await ledger_queue.done(connection, intent_id)
        async with pool.acquire() as connection, connection.transaction():
            intent = await decide.payment_intents.lock(connection, intent_id)
            await decide.decide(connection, environment, intent, public_url)
        return intent_id

    return [patch.object(decide, "settle_next", settle_next)]


def _commits_state_first():
    """Commit the state before its events."""
    real = decide.payment_intents.save

    async def save(connection, after, view):
        await real(connection, after, view)
        await connection.execute("COMMIT")
        await connection.execute("BEGIN")

    return [patch.object(decide.payment_intents, "save", save)]


def _counts_sightings():
    real = lifecycle._uncovered

    def uncovered(state, terms, known, sightings, view, *, closed):
        if sum(sighting.amount_sats for sighting in sightings) >= terms.minimum_sats:
            return msgspec.structs.replace(state, status=lifecycle.Status.CONFIRMED)
        return real(state, terms, known, sightings, view, closed=closed)

    return [patch.object(lifecycle, "_uncovered", uncovered)]


def _without_grace_period():
    """Close intents at the deadline, without the grace period."""
    return [patch.object(lifecycle, "_uncovered", _with_terms(lifecycle._uncovered, grace_s=0))]


def _with_terms(real, **fields):
    def with_terms(state, terms, *arguments, **options):
        return real(state, msgspec.structs.replace(terms, **fields), *arguments, **options)

    return with_terms


def _edited(module, statement, old, new):
    """Patch a statement of the store with one part replaced."""
    text = getattr(module, statement)
    if old not in text:
        raise LookupError(f"{statement} no longer contains {old!r}: update this mutant")
    return [patch.object(module, statement, text.replace(old, new))]


MUTANTS = {
    "orphans nothing": Mutant(lambda: [patch.object(payments_scan, "orphan_from", _empty_set)]),
    "announces nothing": Mutant(lambda: [patch.object(outbox, "announce", _nothing)]),
    "announces only the first event": Mutant(_announces_only_first),
    "forgets the deliveries of one endpoint": Mutant(
        lambda: _edited(events, "_APPEND", "endpoints.deleted_at IS NULL", "endpoints.url LIKE '%/0'")
    ),
    "accepts payments to any address": Mutant(_any_address),
    "accepts memos in any case": Mutant(_case_insensitive_memo),
    "removes the fence": Mutant(_without_fence),
    "queues nothing": Mutant(lambda: [patch.object(ledger_queue, "queue", _nothing)]),
    "does not queue payments that lost their tenures": Mutant(
        lambda: [patch.object(ledger_queue, "queue_unfinal", _nothing)]
    ),
    "dequeues before deciding": Mutant(_dequeues_before_deciding),
    "commits a decision in two transactions": Mutant(_commits_state_first),
    "counts mempool payments": Mutant(_counts_sightings),
    "closes without a grace period": Mutant(_without_grace_period),
    "does not read addresses again after a fork": Mutant(lambda: [patch.object(pay_addresses, "note_reorg", _nothing)]),
    "reads no addresses": Mutant(lambda: [patch.object(deposits.InboxReader, "read", _nothing)]),
    "does not announce unmatched deposits": Mutant(lambda: [patch.object(recorder, "_announce", _nothing)]),
    "forgets assignments": Mutant(
        lambda: _edited(
            payments_scan,
            "_UPSERT",
            "coalesce(stored.payment_intent_id, excluded.payment_intent_id)",
            "excluded.payment_intent_id",
        )
    ),
    "lets payments become late in a fork": Mutant(
        lambda: _edited(
            payments_scan,
            "_UPSERT",
            "least(stored.first_mined_at, excluded.first_mined_at)",
            "excluded.first_mined_at",
        )
    ),
    "sends out of order": Mutant(
        lambda: _edited(
            webhook_deliveries_queue, "_CLAIM", "d.last_attempt IS NOT NULL OR NOT", "d.id IS NOT NULL OR NOT"
        )
    ),
}
