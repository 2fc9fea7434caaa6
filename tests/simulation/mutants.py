"""Ways to break the product that the simulation must notice: the proof that its invariants can fail."""

import contextlib
from collections.abc import Callable
from unittest.mock import patch

import msgspec

from sgate.core import lifecycle
from sgate.ledger import decide, outbox
from sgate.store import chain_cursors, events, ledger_queue, pay_addresses, payments_scan, webhook_deliveries_queue
from sgate.store.chain_cursors import _ADVANCE, _TOUCH
from sgate.workers.watcher import deposits, matcher, mempool, recorder, scanner


class Mutant(msgspec.Struct, frozen=True):
    """`make` gives the patches that break the product."""

    make: Callable[[], list]

    @contextlib.contextmanager
    def patch(self):
        with contextlib.ExitStack() as stack:
            for patched in self.make():
                stack.enter_context(patched)
            yield


async def _nothing(*_arguments, **_options):
    return None


async def _nobody(*_arguments, **_options):
    return set()


def _without_fence():
    return [
        patch.object(chain_cursors, "_ADVANCE", _ADVANCE.replace("AND version = $2", "AND $2::bigint >= 0")),
        patch.object(chain_cursors, "_TOUCH", _TOUCH.replace("AND version = $2", "AND $2::bigint >= 0")),
    ]


def _forgiving_memo():
    def forgiving(memo):
        return real(memo.lower() if memo else memo)

    real = matcher.intent_id_of
    return [patch.object(module, "intent_id_of", forgiving) for module in (matcher, scanner, mempool)]


def _any_address():
    real = matcher.Matcher._payment

    def payment(self, item, transfer, watched):
        everywhere = {
            name: msgspec.structs.replace(intent, pay_address=transfer.recipient)
            for name, intent in watched.intents.items()
        }
        return real(self, item, transfer, matcher._Watched(everywhere, watched.owners))

    return [patch.object(matcher.Matcher, "_payment", payment)]


def _half_announced():
    real = outbox.announce

    async def announce(connection, environment, intent, types, **options):
        await real(connection, environment, intent, types[:1], **options)

    return [patch.object(outbox, "announce", announce)]


def _forgetful_ledger():
    """The queue's row is gone before the decision is made: a crash in between loses it."""

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


def _two_halves():
    """The state commits before its events do."""
    real = decide.payment_intents.save

    async def save(connection, after, view):
        await real(connection, after, view)
        await connection.execute("COMMIT")
        await connection.execute("BEGIN")

    return [patch.object(decide.payment_intents, "save", save)]


def _believes_sightings():
    real = lifecycle._uncovered

    def uncovered(state, terms, known, sightings, view, *, closed):
        if sum(sighting.amount_sats for sighting in sightings) >= terms.minimum_sats:
            return msgspec.structs.replace(state, status=lifecycle.Status.CONFIRMED)
        return real(state, terms, known, sightings, view, closed=closed)

    return [patch.object(lifecycle, "_uncovered", uncovered)]


def _impatient():
    """Deadlines are judged without the grace that was promised."""
    return [patch.object(lifecycle, "_uncovered", _with_terms(lifecycle._uncovered, grace_s=0))]


def _with_terms(real, **fields):
    def judged(state, terms, *arguments, **options):
        return real(state, msgspec.structs.replace(terms, **fields), *arguments, **options)

    return judged


def _edited(module, statement, old, new):
    """A statement of the store with one piece changed."""
    text = getattr(module, statement)
    if old not in text:
        raise LookupError(f"{statement} has no {old!r} any more: bring this mutant up to date")
    return [patch.object(module, statement, text.replace(old, new))]


MUTANTS = {
    "orphans nothing": Mutant(lambda: [patch.object(payments_scan, "orphan_from", _nobody)]),
    "announces nothing": Mutant(lambda: [patch.object(outbox, "announce", _nothing)]),
    "announces only the first event": Mutant(_half_announced),
    "forgets the deliveries of one endpoint": Mutant(
        lambda: _edited(events, "_APPEND", "endpoints.deleted_at IS NULL", "endpoints.url LIKE '%/0'")
    ),
    "takes any address for the intent's": Mutant(_any_address),
    "forgives a memo in capitals": Mutant(_forgiving_memo),
    "drops the fence": Mutant(_without_fence),
    "queues nobody": Mutant(lambda: [patch.object(ledger_queue, "queue", _nothing)]),
    "does not queue what lost its tenures": Mutant(lambda: [patch.object(ledger_queue, "queue_fallen", _nothing)]),
    "forgets the queue before deciding": Mutant(_forgetful_ledger),
    "commits a decision in two halves": Mutant(_two_halves),
    "believes the mempool": Mutant(_believes_sightings),
    "closes without grace": Mutant(_impatient),
    "does not read addresses again after a fork": Mutant(lambda: [patch.object(pay_addresses, "note_reorg", _nothing)]),
    "reads no addresses": Mutant(lambda: [patch.object(deposits.InboxReader, "read", _nothing)]),
    "keeps what is unmatched to itself": Mutant(lambda: [patch.object(recorder, "_announce", _nothing)]),
    "forgets what was assigned": Mutant(
        lambda: _edited(
            payments_scan,
            "_UPSERT",
            "coalesce(stored.payment_intent_id, excluded.payment_intent_id)",
            "excluded.payment_intent_id",
        )
    ),
    "lets money become late in a fork": Mutant(
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
