"""Payments that wait for a decision: unmatched deposits, late payments, and payments after a cancellation.

sGate holds no private keys, so nothing here moves money. There are three kinds of decision: a deposit is assigned to an
intent, the held payments of an intent are accepted, or a payment is marked as refunded. Each decision is stored and
audited, and the ledger then evaluates it like any other fact.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from sgate.core import errors
from sgate.core.intent import PaymentIntent
from sgate.core.lifecycle import Accept, Command, Refund, Verdict, judge
from sgate.core.memo import is_intent_id
from sgate.core.mode import Mode
from sgate.core.payment import Inclusion
from sgate.db.encryption import Cipher
from sgate.db.pool import Connection, Pool
from sgate.environment import Environment
from sgate.ledger import decide
from sgate.objects import payment_intent
from sgate.objects.encoding import encode
from sgate.objects.payment import DepositObject, deposit_object
from sgate.services import idempotency
from sgate.services.idempotency import Answer, Key
from sgate.services.replica_reads import ReplicaReads
from sgate.store import audit_log, ledger_commands, payment_intents, payment_intents_facts, payments
from sgate.store.audit_log import Actor
from sgate.store.merchants import Merchant
from sgate.store.payments import Deposit

HELD = frozenset({Verdict.HELD_LATE, Verdict.HELD_AFTER_CANCEL})

_END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page of payments, newest first. `has_more` is true if there are more payments in the direction of paging."""

    items: tuple[DepositObject, ...]
    has_more: bool


class Payments:
    """The use cases of payments, for merchants and for the operator."""

    def __init__(
        self,
        pool: Pool,
        modes: Mapping[bool, Mode],
        cipher: Cipher,
        environment: Environment,
        reads: ReplicaReads | None = None,
        observe: decide.Observe = decide.ignore_decision,
    ) -> None:
        """`observe` is called with each decision after the decision is committed."""
        self._pool = pool
        self._reads = reads or ReplicaReads(pool)
        self._modes = modes
        self._cipher = cipher
        self._environment = environment
        self._observe = observe

    # --- read

    async def get(self, payment_id: str, merchant: Merchant) -> DepositObject:
        """Return the current state of one of the merchant's payments.

        Raises:
            PaymentNotFound: if the merchant has no such payment in this mode.
        """
        async with self._pool.acquire() as connection:
            found = await payments.get(connection, payment_id, livemode=merchant.livemode)
        return deposit_object(_of(merchant, found))

    async def list_page(
        self,
        merchant_id: str | None,
        *,
        livemode: bool,
        unmatched: bool = False,
        intent_id: str | None = None,
        starting_after: str | None = None,
        ending_before: str | None = None,
        limit: int,
    ) -> Page:
        """Return a page of payments, newest first.

        Args:
            merchant_id: the merchant, or None for the operator's deposits, which belong to no merchant.
            starting_after: id of the payment just before the page.
            ending_before: id of the payment just after the page. Pass at most one of the two.

        Raises:
            InvalidCursor: if the merchant (or the operator) has no payment with the id of the cursor.
        """
        cursor, newer = (starting_after, False) if ending_before is None else (ending_before, True)
        param = "ending_before" if newer else "starting_after"

        async def read(connection: Connection) -> list[Deposit]:
            place = (_END_OF_TIME, "")
            if cursor is not None:
                created_at = await payments.position(connection, cursor, merchant_id, livemode=livemode)
                if created_at is None:
                    raise errors.InvalidCursor(param=param)
                place = created_at, cursor
            return await payments.list_page(
                connection,
                merchant_id,
                livemode=livemode,
                unmatched=unmatched,
                intent_id=intent_id,
                position=place,
                newer=newer,
                limit=limit + 1,
            )

        found = await self._reads.run(merchant_id, read, livemode=livemode)
        shown = found[-limit:] if newer else found[:limit]
        return Page(items=tuple(map(deposit_object, shown)), has_more=len(found) > limit)

    # --- decide

    async def assign(
        self, payment_id: str, intent_id: str, merchant: Merchant, key: Key | None, actor: Actor
    ) -> Answer:
        """Assign an unmatched deposit to an intent of the same merchant, mode and pay address.

        Raises:
            PaymentNotFound: if the merchant has no such payment.
            PaymentIntentNotFound: if the merchant has no such intent.
            PaymentNotAssignable: if the deposit already pays for an intent, is not on the chain, was marked as
                refunded, or went to an address other than the intent's.
        """
        async with decide.transaction(self._pool, self._observe) as (connection, decisions):
            replayed = await idempotency.replay_or_claim(connection, key, self._cipher, self._environment.now())
            if replayed is not None:
                return replayed
            intent = await _locked_intent(connection, intent_id, merchant.livemode)
            if intent is None or intent.merchant_id != merchant.id:
                raise errors.PaymentIntentNotFound(param="payment_intent")
            _of(merchant, await payments.lock(connection, payment_id, livemode=merchant.livemode))
            decisions.append(await self._assign(connection, payment_id, intent, actor))
            return await self._answer_payment(connection, payment_id, merchant.livemode, key)

    async def assign_by_operator(self, payment_id: str, intent_id: str, actor: Actor, *, livemode: bool) -> None:
        """Assign a deposit at the gateway address to an intent of any merchant that is paid at this address.

        Raises:
            PaymentNotFound: if there is no such deposit, or it belongs to a merchant.
            PaymentIntentNotFound: if there is no such intent in this mode.
            PaymentNotAssignable: if the deposit already pays for an intent, is not on the chain, was marked as
                refunded, or went to an address other than the intent's.
        """
        async with decide.transaction(self._pool, self._observe) as (connection, decisions):
            intent = await _locked_intent(connection, intent_id, livemode)
            if intent is None:
                raise errors.PaymentIntentNotFound(param="payment_intent")
            deposit = await payments.lock(connection, payment_id, livemode=livemode)
            if deposit is None or deposit.merchant_id is not None:
                raise errors.PaymentNotFound
            decisions.append(await self._assign(connection, payment_id, intent, actor))

    async def accept(self, intent_id: str, merchant: Merchant, key: Key | None, actor: Actor) -> Answer:
        """Count all held payments of an intent, that is, payments that arrived late or after the cancellation.

        Raises:
            PaymentIntentNotFound: if the merchant has no such intent.
            NothingToAccept: if the intent has no held payment on the chain.
        """
        async with decide.transaction(self._pool, self._observe) as (connection, decisions):
            replayed = await idempotency.replay_or_claim(connection, key, self._cipher, self._environment.now())
            if replayed is not None:
                return replayed
            intent = await _locked_intent(connection, intent_id, merchant.livemode)
            if intent is None or intent.merchant_id != merchant.id:
                raise errors.PaymentIntentNotFound
            known = await payment_intents_facts.get(connection, intent_id, livemode=intent.livemode)
            held = tuple(
                payment.id
                for payment in known.payments
                if payment.inclusion is Inclusion.INCLUDED and judge(payment, intent.terms, known.commands) in HELD
            )
            if not held:
                raise errors.NothingToAccept
            accepted = Accept(at=self._environment.now_ms(), payment_ids=held)
            decisions.append(await self._command(connection, intent, accepted, actor, "payment_intent.accepted"))
            [seen] = (await payment_intents.read(connection, [intent_id])).values()
            shown = payment_intent.intent_with_payments(
                seen.intent, seen.payments, seen.scanned, self._url(intent.livemode)
            )
            answer = Answer(status=200, body=encode(shown))
            await idempotency.remember(connection, key, intent_id, answer, self._cipher)
        return answer

    async def mark_refunded(
        self, payment_id: str, refund_tx_id: str, merchant: Merchant, key: Key | None, actor: Actor
    ) -> Answer:
        """Record that a payment that does not count was refunded in transaction `refund_tx_id`.

        The payment can no longer be counted.

        Raises:
            PaymentNotFound: if the merchant has no such payment.
            PaymentNotRefundable: if the payment counts toward its intent, or is already marked as refunded.
            Conflict: if the payment is being assigned at the same moment.
        """
        async with decide.transaction(self._pool, self._observe) as (connection, decisions):
            replayed = await idempotency.replay_or_claim(connection, key, self._cipher, self._environment.now())
            if replayed is not None:
                return replayed
            found = _of(merchant, await payments.get(connection, payment_id, livemode=merchant.livemode))
            intent = None if found.intent_id is None else await payment_intents.lock(connection, found.intent_id)
            deposit = _of(merchant, await payments.lock(connection, payment_id, livemode=merchant.livemode))
            if deposit.intent_id != found.intent_id:
                raise errors.Conflict("The payment is being assigned right now. Try again in a moment.")
            now = self._environment.now_ms()
            if not await payments.mark_refunded(connection, payment_id, now, refund_tx_id):
                raise errors.PaymentNotRefundable(
                    f"This payment was already marked as refunded in {deposit.refund_tx_id}."
                )
            if intent is None:
                detail: dict[str, object] = {"refund_tx_id": refund_tx_id}
                await _record(connection, actor, "payment.refunded", deposit.merchant_id, deposit, detail)
            else:
                refund = Refund(now, payment_id, refund_tx_id)
                decisions.append(await self._refund_held(connection, intent, deposit, refund, actor))
            return await self._answer_payment(connection, payment_id, merchant.livemode, key)

    async def _refund_held(
        self, connection: Connection, intent: PaymentIntent, deposit: Deposit, refund: Refund, actor: Actor
    ) -> decide.Decision:
        known = await payment_intents_facts.get(connection, intent.id, livemode=intent.livemode)
        if judge(deposit.payment, intent.terms, known.commands) not in HELD:
            raise errors.PaymentNotRefundable(
                "This payment counts toward its payment intent. If you refund it, record that in your own system: only "
                "payments that are held because they arrived late or after a cancellation can be marked as refunded."
            )
        return await self._command(connection, intent, refund, actor, "payment.refunded")

    async def _assign(
        self, connection: Connection, payment_id: str, intent: PaymentIntent, actor: Actor
    ) -> decide.Decision:
        deposit = await payments.lock(connection, payment_id, livemode=intent.livemode)
        if deposit is None:
            raise errors.PaymentNotFound
        _check_assignable(deposit, intent)
        now = self._environment.now_ms()
        if not await payments.assign(connection, payment_id, intent.id, intent.merchant_id, now):
            raise errors.PaymentNotAssignable
        await _record(connection, actor, "payment.assigned", intent.merchant_id, deposit, {"payment_intent": intent.id})
        return await self._decide(connection, intent)

    async def _command(
        self, connection: Connection, intent: PaymentIntent, command: Command, actor: Actor, action: str
    ) -> decide.Decision:
        await ledger_commands.add(connection, intent.id, command)
        await audit_log.record(
            connection,
            actor,
            action,
            merchant_id=intent.merchant_id,
            livemode=intent.livemode,
            object_id=intent.id,
            detail=msgspec.to_builtins(command),
        )
        return await self._decide(connection, intent)

    async def _decide(self, connection: Connection, intent: PaymentIntent) -> decide.Decision:
        return await decide.decide(connection, self._environment, intent, self._url(intent.livemode))

    async def _answer_payment(self, connection: Connection, payment_id: str, livemode: bool, key: Key | None) -> Answer:
        deposit = await payments.get(connection, payment_id, livemode=livemode)
        if deposit is None:
            raise LookupError(f"payment {payment_id} does not exist")  # payments are never deleted
        answer = Answer(status=200, body=encode(deposit_object(deposit)))
        await idempotency.remember(connection, key, payment_id, answer, self._cipher)
        return answer

    def _url(self, livemode: bool) -> str:
        return self._modes[livemode].public_url


async def _locked_intent(connection: Connection, intent_id: str, livemode: bool) -> PaymentIntent | None:
    intent = await payment_intents.lock(connection, intent_id) if is_intent_id(intent_id) else None
    return intent if intent is not None and intent.livemode is livemode else None


def _of(merchant: Merchant, deposit: Deposit | None) -> Deposit:
    if deposit is None or deposit.merchant_id != merchant.id:
        raise errors.PaymentNotFound
    return deposit


def _check_assignable(deposit: Deposit, intent: PaymentIntent) -> None:
    if deposit.intent_id is not None:
        raise errors.PaymentNotAssignable(f"This payment already pays for {deposit.intent_id}.")
    if deposit.payment.inclusion is not Inclusion.INCLUDED:
        raise errors.PaymentNotAssignable("This payment is not on the chain: a reorganization removed its block.")
    if deposit.refunded_at is not None:
        raise errors.PaymentNotAssignable(f"This payment was refunded in {deposit.refund_tx_id}.")
    if deposit.payment.recipient != intent.terms.pay_address:
        raise errors.PaymentNotAssignable("This payment did not go to the payment intent's pay address.")


async def _record(
    connection: Connection,
    actor: Actor,
    action: str,
    merchant_id: str | None,
    deposit: Deposit,
    detail: dict[str, object],
) -> None:
    await audit_log.record(
        connection,
        actor,
        action,
        merchant_id=merchant_id,
        livemode=deposit.livemode,
        object_id=deposit.payment.id,
        detail=detail,
    )
