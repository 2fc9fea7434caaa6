"""Payment intents: create, read, update and cancel.

Concurrent creates and reads in one process share statements (see `db.batching`). To create an intent, one statement
inserts the intent, its event, its deliveries and its idempotency row. The response is sent only after the commit. The
module is long because it also handles every outcome of a create whose response is lost.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec

from sgate.core import clock, errors, money
from sgate.core.credential import new_client_secret
from sgate.core.event import EventType, event_id
from sgate.core.finality import Policy, first_shortfall
from sgate.core.intent import (
    MAX_METADATA_JSON_BYTES,
    MAX_METADATA_KEYS,
    PaymentIntent,
    Status,
    Terms,
    capped_tolerance_sats,
)
from sgate.core.lifecycle import Cancel
from sgate.core.memo import is_intent_id
from sgate.core.mode import Mode, quote_for
from sgate.core.money import Quote
from sgate.core.payment import Inclusion
from sgate.db import notifications
from sgate.db.batching import Coalescer, Overloaded
from sgate.db.encryption import Cipher
from sgate.db.notifications import Wakeups
from sgate.db.pool import Connection, DatabaseErrors, Pool
from sgate.environment import Environment
from sgate.ledger import decide
from sgate.objects import payment_intent
from sgate.objects.encoding import encode
from sgate.services import idempotency
from sgate.services.idempotency import Answer, Key
from sgate.store import (
    chain_cursors,
    idempotency_keys,
    ledger_commands,
    payment_intents,
    payment_intents_create,
    payment_intents_facts,
)
from sgate.store.merchants import Merchant
from sgate.store.payment_intents import IntentView
from sgate.store.payment_intents_create import NewIntent

CLIENT_SECRET_RANDOM_BYTES = 15
CLOCK_RETRY_AFTER_S = 30
RATE_RETRY_AFTER_S = 30
"""The `Retry-After` header when there is no exchange rate: about the interval at which the price sources are polled."""


class IntentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The validated values of an intent to create. Exactly one of the two amounts is set.

    `grace_s` replaces the mode's grace period, for tests on the simulated chain.
    """

    amount_sats: int | None
    amount_usd: str | None
    expires_in_s: int
    description: str | None
    metadata: dict[str, str]
    success_url: str | None
    cancel_url: str | None
    policy: Policy | None
    grace_s: int | None = None


class DescriptionChange(msgspec.Struct, frozen=True, kw_only=True):
    """The validated changes to an intent. A field that is UNSET is unchanged, and a field that is None is cleared.

    `metadata` is merged: a key with a string value is set, a key with the value None is removed, and other keys stay.
    """

    description: str | msgspec.UnsetType | None = msgspec.UNSET
    metadata: dict[str, str | None] | msgspec.UnsetType | None = msgspec.UNSET


class SettingsOutdated(Exception):
    """The merchant's settings changed since the caller read them, and nothing was stored. Read them again and retry."""


class PaymentIntents:
    """Use cases of payment intents in both modes. `modes` maps `livemode` to the mode, without disabled modes."""

    def __init__(
        self,
        pool: Pool,
        modes: dict[bool, Mode],
        cipher: Cipher,
        wakeups: Wakeups,
        environment: Environment,
        observe: decide.Observe = decide.ignore_decision,
    ) -> None:
        """`observe` is called with each decision after the decision is committed."""
        self._pool = pool
        self._modes = modes
        self._cipher = cipher
        self._wakeups = wakeups
        self._environment = environment
        self._observe = observe
        self._scanned_times: dict[bool, datetime] = {}  # filled in only when a create needed them
        self._creates = Coalescer[NewIntent, bool](self._create_batch)
        self._reads = Coalescer[str, IntentView | None](self._read_batch)

    # --- create

    async def create(self, merchant: Merchant, request: IntentRequest, key: Key | None) -> Answer:
        """Create an intent under the merchant's current settings.

        Raises:
            PayAddressMissing: if neither the merchant nor the gateway has a pay address in this mode.
            ClockBehind: if this machine's clock is far behind the chain.
            RateUnavailable: if the amount is in dollars and there is no current exchange rate.
            InvalidAmount: if the amount in dollars does not convert to a payable amount.
            InvalidConfirmationPolicy: if the requested policy is less strict than the merchant's.
            IdempotencyKeyReused: if the key was used for a request with another body.
            IdempotencyInProgress: if the first request with this key is still running.
            SettingsOutdated: if `merchant` is not up to date.
            Unavailable: if the database is unreachable or overloaded.
        """
        try:
            await self._check_clock(merchant.livemode)
            intent = self._draft(merchant, request)
        except errors.GatewayError:
            # An earlier request with this key may have succeeded. If so, its response is returned.
            replayed = await self._replay(key)
            if replayed is None:
                raise
            return replayed
        new, answer = self._new(merchant, intent, key)
        try:
            stored = await self._submit(new)
        except asyncpg.UniqueViolationError:  # another object has one of the ids: generate new ids
            new, answer = self._new(merchant, self._draft(merchant, request), key)
            stored = await self._submit(new)
        if stored:
            self._wakeups.wake()
            return answer
        earlier = await self._stored_before(new, key, answer)
        if earlier is not None:
            return earlier
        if await self._is_scanned_past(new):
            return await self.create(merchant, request, key)
        raise SettingsOutdated

    def _new(self, merchant: Merchant, intent: PaymentIntent, key: Key | None) -> tuple[NewIntent, Answer]:
        event_json = encode(payment_intent.intent_object(intent, (), None, self._public_url(merchant.livemode)))
        body = payment_intent.created_intent(event_json, at_gateway_address=merchant.pay_address is None)
        answer = Answer(status=201, body=body)
        new = NewIntent(
            intent=intent,
            settings_version=merchant.version,
            scanned_at_most=self._counted_from(intent.created_at, merchant.livemode)
            + clock.lead_ignored(self._modes[merchant.livemode].network),
            event_id=event_id(intent.id, EventType.CREATED, 1),
            payload=event_json,
            scope=None if key is None else key.scope,
            request_hash=None if key is None else key.request_hash,
            answer_encrypted=None if key is None else self._cipher.encrypt(answer.body),
            keep_until=None if key is None else intent.created_at + idempotency.KEEP,
        )
        return new, answer

    def _draft(self, merchant: Merchant, request: IntentRequest) -> PaymentIntent:
        mode, environment = self._modes[merchant.livemode], self._environment
        pay_address = merchant.pay_address or mode.gateway_address
        if pay_address is None:
            raise errors.PayAddressMissing
        floor = merchant.confirmation_policy or mode.policy
        if request.policy is not None:
            _refuse_shortfall(request.policy, floor)
        now = environment.now_ms()
        amount_sats, quote = _price(request, mode, now)
        intent_id = environment.new_id("pi")
        terms = Terms(
            amount_sats=amount_sats,
            expires_at=self._counted_from(now, merchant.livemode) + timedelta(seconds=request.expires_in_s),
            grace_s=mode.grace_s if request.grace_s is None else request.grace_s,
            seen_hold_s=mode.seen_hold_s,
            tolerance_sats=capped_tolerance_sats(amount_sats, merchant.tolerance_sats),
            tolerance_bp=merchant.tolerance_bp,
            policy=request.policy or floor,
            late_payments=merchant.late_payments,
            pay_address=pay_address,
        )
        return PaymentIntent(
            id=intent_id,
            merchant_id=merchant.id,
            livemode=merchant.livemode,
            client_secret=new_client_secret(intent_id, environment.random_bytes(CLIENT_SECRET_RANDOM_BYTES)),
            terms=terms,
            created_at=now,
            next_check_time=terms.in_time_until,
            description=request.description,
            metadata=request.metadata,
            success_url=_with_id(request.success_url, intent_id),
            cancel_url=_with_id(request.cancel_url, intent_id),
            quote=quote,
        )

    # --- the clock

    def _counted_from(self, now: datetime, livemode: bool) -> datetime:
        """Return the time from which the duration of an intent counts."""
        return clock.counted_from(self._scanned_times.get(livemode, now), now, self._modes[livemode].network)

    async def _check_clock(self, livemode: bool) -> None:
        """Refuse to set deadlines with a clock that is far behind the chain. Reads the database only if it seems to be.

        Raises:
            ClockBehind: if it is.
        """
        if self._behind(livemode) >= clock.BEHIND_REFUSED:
            await self._read_scanned_time(livemode)  # it may have been corrected in the meantime
        if self._behind(livemode) >= clock.BEHIND_REFUSED:
            raise errors.ClockBehind(retry_after_s=CLOCK_RETRY_AFTER_S)

    def _behind(self, livemode: bool) -> timedelta:
        now = self._environment.now()
        return clock.behind(self._scanned_times.get(livemode, now), now, self._modes[livemode].network)

    async def _is_scanned_past(self, new: NewIntent) -> bool:
        """Return whether an intent was not stored because its deadline does not fit the scanned block time."""
        scanned = await self._read_scanned_time(new.intent.livemode)
        return new.scanned_at_most is not None and scanned > new.scanned_at_most

    async def _read_scanned_time(self, livemode: bool) -> datetime:
        async with self._pool.acquire() as connection:
            scanned = await chain_cursors.scanned_time(connection, livemode=livemode)
        self._scanned_times[livemode] = scanned or datetime.fromtimestamp(0, UTC)
        return self._scanned_times[livemode]

    # --- storing

    async def _submit(self, new: NewIntent) -> bool:
        try:
            return await self._creates.submit(new)
        except Overloaded as error:
            raise errors.Unavailable("The server is very busy. Try again in a moment.", retry_after_s=1) from error
        except asyncpg.LockNotAvailableError as error:
            if new.scope is None:
                raise
            raise errors.IdempotencyInProgress(retry_after_s=1) from error

    async def _stored_before(self, new: NewIntent, key: Key | None, answer: Answer) -> Answer | None:
        """Return the response to a create that stored nothing because its key was used before, or else None.

        If an earlier attempt was committed and only its response was lost, the intent is already stored.
        """
        if key is not None:
            async with self._pool.acquire() as connection:
                stored = await idempotency_keys.find(connection, key.scope)
            if stored is not None:
                # If the stored id is ours, the commit succeeded and only its response was lost.
                return answer if stored.object_id == new.intent.id else idempotency.replay(stored, key, self._cipher)
        elif await self._is_stored(new):
            return answer  # the commit succeeded, and the settings changed before the retry
        return None

    async def _replay(self, key: Key | None) -> Answer | None:
        if key is None:
            return None
        async with self._pool.acquire() as connection:
            stored = await idempotency_keys.find(connection, key.scope)
        return None if stored is None else idempotency.replay(stored, key, self._cipher)

    async def _create_batch(self, batch: Sequence[NewIntent]) -> list[bool | BaseException]:
        """Store a batch, and return for each item whether it was stored, or its error.

        If several items have the same scope, only the first one is tried.
        """
        first_of_scope: dict[bytes, NewIntent] = {}
        chosen = [new for new in batch if new.scope is None or first_of_scope.setdefault(new.scope, new) is new]
        chosen.sort(key=lambda new: new.scope or b"")  # a fixed lock order, so that processes cannot deadlock
        try:
            async with self._pool.acquire() as connection:
                made = await payment_intents_create.create(connection, chosen, wait_s=idempotency.WAIT_S)
        except (asyncpg.PostgresError, *DatabaseErrors) as error:
            outcomes = await self._create_each(chosen, error)
            return [outcomes.get(new.intent.client_secret, False) for new in batch]
        return [new.intent.id in made for new in batch]

    async def _create_each(self, chosen: Sequence[NewIntent], error: BaseException) -> dict[str, bool | BaseException]:
        """Store the intents of a failed batch one by one, so that one invalid row does not affect the others.

        Stop when the database is unavailable. The remaining intents then fail with the error of the batch.

        Returns:
            the outcome of each client secret. Ids are not used, because two intents may have generated the same id.
        """
        outcomes: dict[str, bool | BaseException] = {}
        for new in chosen:
            outcome = await self._create_alone(new)
            outcomes[new.intent.client_secret] = outcome
            if isinstance(outcome, BaseException) and not isinstance(outcome, asyncpg.PostgresError):
                secrets = [other.intent.client_secret for other in chosen]
                return {secret: outcomes.get(secret, error) for secret in secrets}
        return outcomes

    async def _create_alone(self, new: NewIntent) -> bool | BaseException:
        """Store one intent of a failed batch with its original ids, so that an earlier commit is recognized."""
        try:
            return await self._store(new)
        except (asyncpg.PostgresError, *DatabaseErrors) as error:
            return error

    async def _store(self, new: NewIntent) -> bool:
        try:
            async with self._pool.acquire() as connection:
                stored = await payment_intents_create.create(connection, [new], wait_s=idempotency.WAIT_S)
        except asyncpg.UniqueViolationError:
            if await self._is_stored(new):
                return True
            raise
        return new.intent.id in stored

    async def _is_stored(self, new: NewIntent) -> bool:
        """Return whether this intent itself is stored. Another intent may have the same id, but not the same secret."""
        (found,) = await self._read_batch([new.intent.id])
        return isinstance(found, IntentView) and found.intent.client_secret == new.intent.client_secret

    # --- read

    async def get(self, intent_id: str, merchant: Merchant) -> payment_intent.IntentWithPayments:
        """Return the current state of one of the merchant's intents.

        Raises:
            PaymentIntentNotFound: if the merchant has no such intent in this mode.
        """
        found = await self.find(intent_id)
        if found is None or (found.intent.merchant_id, found.intent.livemode) != (merchant.id, merchant.livemode):
            raise errors.PaymentIntentNotFound
        return self._shown(found)

    async def find(self, intent_id: str) -> IntentView | None:
        """Return the current state of any merchant's intent, or None. The reading statement starts after this call."""
        if not is_intent_id(intent_id):
            return None  # an invalid id must not reach a statement that other callers share
        try:
            return await self._reads.submit(intent_id)
        except Overloaded as error:
            raise errors.Unavailable("The server is very busy. Try again in a moment.", retry_after_s=1) from error

    async def _read_batch(self, batch: Sequence[str]) -> list[IntentView | BaseException | None]:
        async with self._pool.acquire() as connection:
            found = await payment_intents.read(connection, list(set(batch)))
        return [found.get(intent_id) for intent_id in batch]

    # --- cancel

    async def cancel(
        self, intent_id: str, merchant: Merchant, key: Key | None, *, force: bool = False, reason: str | None = None
    ) -> Answer:
        """Cancel an intent. Its payments, including later ones, are held until the merchant decides about them.

        Args:
            force: whether to cancel the intent even if a payment is on the chain, as long as it is not confirmed.
            reason: why, in the merchant's words.

        Raises:
            PaymentIntentNotFound: if the merchant has no such intent.
            PaymentIntentNotCancelable: if its status does not allow it, or if a payment is on the chain and `force` is
                false.
        """
        if not is_intent_id(intent_id):
            raise errors.PaymentIntentNotFound
        environment = self._environment
        async with decide.transaction(self._pool, self._observe) as (connection, decisions):
            replayed = await idempotency.replay_or_claim(connection, key, self._cipher, environment.now())
            if replayed is not None:
                return replayed
            intent = await self._locked(connection, intent_id, merchant)
            known = await payment_intents_facts.get(connection, intent_id, livemode=intent.livemode)
            paid = tuple(one.id for one in known.payments if one.inclusion is Inclusion.INCLUDED)
            _check_cancelable(intent, paid=bool(paid), force=force)
            command = Cancel(at=environment.now_ms(), payment_ids=paid, reason=reason)
            await ledger_commands.add(connection, intent_id, command)
            url = self._public_url(intent.livemode)
            decision = await decide.decide(connection, environment, intent, url)
            if decision.intent.status is not Status.CANCELED:
                raise errors.PaymentIntentNotCancelable(
                    "You have accepted a payment for this intent, so it can no longer be canceled. Refund the customer "
                    "instead."
                )
            decisions.append(decision)
            canceled = (await payment_intents.read(connection, [intent_id]))[intent_id]
            answer = Answer(status=200, body=encode(self._shown(canceled)))
            await idempotency.remember(connection, key, intent_id, answer, self._cipher)
        return answer

    # --- update

    async def update(self, intent_id: str, merchant: Merchant, change: DescriptionChange, key: Key | None) -> Answer:
        """Change the description and metadata of an intent in any status. Its terms never change.

        Concurrent updates are serialized, so that no update overwrites a metadata key that another update has set.

        Raises:
            PaymentIntentNotFound: if the merchant has no such intent.
            MetadataTooLarge: if the merged metadata has too many keys or is too large.
        """
        if not is_intent_id(intent_id):
            raise errors.PaymentIntentNotFound
        async with self._pool.acquire() as connection, connection.transaction():
            replayed = await idempotency.replay_or_claim(connection, key, self._cipher, self._environment.now())
            if replayed is not None:
                return replayed
            intent = await self._locked(connection, intent_id, merchant)
            description = intent.description if change.description is msgspec.UNSET else change.description
            await payment_intents.describe(
                connection, intent_id, description, _merged(intent.metadata, change.metadata)
            )
            # Caches then drop the old description.
            await notifications.notify(connection, notifications.Channel.INTENT, intent_id)
            updated = (await payment_intents.read(connection, [intent_id]))[intent_id]
            answer = Answer(status=200, body=encode(self._shown(updated)))
            await idempotency.remember(connection, key, intent_id, answer, self._cipher)
        return answer

    async def _locked(self, connection: Connection, intent_id: str, merchant: Merchant) -> PaymentIntent:
        intent = await payment_intents.lock(connection, intent_id)
        if intent is None or (intent.merchant_id, intent.livemode) != (merchant.id, merchant.livemode):
            raise errors.PaymentIntentNotFound
        return intent

    def _shown(self, found: IntentView) -> payment_intent.IntentWithPayments:
        return payment_intent.intent_with_payments(
            found.intent, found.payments, found.scanned, self._public_url(found.intent.livemode)
        )

    def _public_url(self, livemode: bool) -> str:
        return self._modes[livemode].public_url


def _merged(stored: dict[str, str], given: dict[str, str | None] | msgspec.UnsetType | None) -> dict[str, str]:
    if given is None or isinstance(given, msgspec.UnsetType):
        return {} if given is None else stored
    merged = {key: value for key, value in {**stored, **given}.items() if value is not None}
    if len(merged) > MAX_METADATA_KEYS:
        raise errors.MetadataTooLarge(param="metadata")
    if len(msgspec.json.encode(merged)) > MAX_METADATA_JSON_BYTES:
        raise errors.MetadataTooLarge(
            f"metadata must have at most {MAX_METADATA_JSON_BYTES} bytes as JSON, including its existing keys.",
            param="metadata",
        )
    return merged


def _refuse_shortfall(policy: Policy, floor: Policy) -> None:
    """Refuse a confirmation policy that is less strict than the merchant's.

    Raises:
        InvalidConfirmationPolicy: the message names the tier and the number that is too low.
    """
    short = first_shortfall(policy, floor)
    if short is None:
        return
    start = short.tier.from_sats
    remedy = "Raise it" if start == short.amount_sats else f"Raise it, or add a tier with from_sats {short.amount_sats}"
    raise errors.InvalidConfirmationPolicy(
        f"confirmation_policy: {short.name} is too low in the tier with from_sats {start}: it is {short.number}, but "
        f"the merchant's policy requires {short.required} for amounts of {short.amount_sats} sats or more. {remedy}.",
        param="confirmation_policy",
    )


def _check_cancelable(intent: PaymentIntent, *, paid: bool, force: bool) -> None:
    """Refuse to cancel an intent that is closed or confirmed, or that has a payment unless `force` is true.

    Raises:
        PaymentIntentNotCancelable: the message says what to do.
    """
    if intent.status not in {Status.REQUIRES_PAYMENT, Status.PROCESSING}:
        raise errors.PaymentIntentNotCancelable(f"The payment intent is {intent.status} and can no longer be canceled.")
    if (paid or intent.status is Status.PROCESSING) and not force:
        raise errors.PaymentIntentNotCancelable(
            'A payment for this intent is already on the chain. To cancel it nevertheless, send {"force": true}: the '
            "payment is then held until you accept it or send it back."
        )


def _price(request: IntentRequest, mode: Mode, now: datetime) -> tuple[int, Quote | None]:
    rate = mode.rates.current(now)
    if request.amount_sats is not None:
        return request.amount_sats, None if rate is None else quote_for(request.amount_sats, rate)
    if rate is None or request.amount_usd is None:
        raise errors.RateUnavailable(retry_after_s=RATE_RETRY_AFTER_S)
    try:
        usd = money.parse_usd(request.amount_usd)
        amount_sats = money.sats_of(usd, rate.usd_per_btc)
    except money.InvalidAmount as error:
        raise errors.InvalidAmount(
            f"amount_usd does not convert to a payable amount at {rate.usd_per_btc} dollars per bitcoin: {error}.",
            param="amount_usd",
        ) from None
    quote = msgspec.structs.replace(quote_for(amount_sats, rate), amount_usd=f"{usd:.2f}", is_price=True)
    return amount_sats, quote


def _with_id(url: str | None, intent_id: str) -> str | None:
    return None if url is None else url.replace("{id}", intent_id)
