"""Webhook deliveries for merchants: listing, redelivery, recovery of a time range, and test events."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from sgate.core import errors
from sgate.core.event import EventType
from sgate.core.retry import MIN_RETENTION
from sgate.db import notifications
from sgate.db.encryption import Cipher
from sgate.db.pool import Connection, Pool
from sgate.environment import Environment
from sgate.ledger import outbox
from sgate.objects.encoding import encode, iso_ms
from sgate.objects.webhook_delivery import DeliveryObject, DeliveryWithAttempts, delivery_object, delivery_with_attempts
from sgate.objects.webhook_recovery import RecoveryObject, recovery_object
from sgate.services import idempotency
from sgate.services import webhook_endpoints as endpoint_cases
from sgate.services.idempotency import Answer, Key
from sgate.services.replica_reads import ReplicaReads
from sgate.store import audit_log, events, webhook_deliveries, webhook_recoveries
from sgate.store.audit_log import Actor
from sgate.store.merchants import Merchant
from sgate.store.webhook_deliveries import Filter, LoggedDelivery
from sgate.store.webhook_recoveries import Recovery

MAX_RECOVERY = timedelta(days=30)
_END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page of deliveries, newest first. `has_more` is true if there are older deliveries."""

    deliveries: Sequence[DeliveryObject]
    has_more: bool


class WebhookDeliveries:
    """Use cases of a merchant's webhook deliveries."""

    def __init__(self, pool: Pool, environment: Environment, cipher: Cipher, reads: ReplicaReads | None = None) -> None:
        self._pool = pool
        self._reads = reads or ReplicaReads(pool)
        self._environment = environment
        self._cipher = cipher

    async def page(self, merchant: Merchant, wanted: Filter, *, starting_after: str | None, limit: int) -> Page:
        """Return a page of deliveries, newest first.

        Raises:
            InvalidCursor: if `starting_after` is not the id of one of the merchant's deliveries.
        """
        mode = {"livemode": merchant.livemode}

        async def read(connection: Connection) -> list[LoggedDelivery]:
            before = (_END_OF_TIME, "")
            if starting_after is not None:
                created_at = await webhook_deliveries.position(connection, starting_after, merchant.id, **mode)
                if created_at is None:
                    raise errors.InvalidCursor(param="starting_after")
                before = (created_at, starting_after)
            return await webhook_deliveries.list_of(
                connection, merchant.id, wanted, before=before, limit=limit + 1, **mode
            )

        found = await self._reads.run(merchant.id, read, **mode)
        return Page(deliveries=[delivery_object(item) for item in found[:limit]], has_more=len(found) > limit)

    async def get(self, merchant: Merchant, delivery_id: str) -> DeliveryWithAttempts:
        """Return a delivery with all of its attempts.

        Raises:
            WebhookDeliveryNotFound: if the merchant has no such delivery.
        """
        async with self._pool.acquire() as connection:
            found = await _delivery(connection, merchant, delivery_id)
            attempts = await webhook_deliveries.attempts(connection, delivery_id)
        return delivery_with_attempts(found, attempts)

    async def redeliver(self, merchant: Merchant, delivery_id: str, key: Key | None, actor: Actor) -> Answer:
        """Send a delivery again immediately. If the attempt fails, it is retried on the usual schedule.

        Raises:
            WebhookDeliveryNotFound: if the merchant has no such delivery.
            WebhookEndpointDisabled: if the endpoint of the delivery is disabled or deleted.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            replayed = await self._replayed(connection, key)
            if replayed is not None:
                return replayed
            if (await _delivery(connection, merchant, delivery_id)).endpoint_gone:
                raise errors.WebhookEndpointDisabled
            await webhook_deliveries.redeliver(connection, delivery_id)
            await _record(connection, actor, "webhook_delivery.redelivered", merchant, delivery_id, {})
            return await self._answer(connection, merchant, delivery_id, key, 200)

    async def test(self, merchant: Merchant, endpoint_id: str, key: Key | None, actor: Actor) -> Answer:
        """Send a test event to an endpoint like any other event, and return its delivery.

        Raises:
            WebhookEndpointNotFound: if the merchant has no such endpoint.
            WebhookEndpointDisabled: if the endpoint is disabled.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            replayed = await self._replayed(connection, key)
            if replayed is not None:
                return replayed
            endpoint = await endpoint_cases.lock(connection, merchant, endpoint_id)
            if endpoint.disabled_at is not None:
                raise errors.WebhookEndpointDisabled
            event = await endpoint_cases.event_about(connection, endpoint, EventType.ENDPOINT_TEST, self._environment)
            delivery_id = await events.append_for(connection, event, endpoint.id)
            await outbox.notify_merchant(connection, merchant.id, livemode=merchant.livemode)
            await _record(connection, actor, "webhook_endpoint.tested", merchant, endpoint_id, {})
            return await self._answer(connection, merchant, delivery_id, key, 201)

    async def recover(
        self,
        merchant: Merchant,
        endpoint_id: str,
        since: datetime,
        until: datetime | None,
        *,
        include_delivered: bool,
        key: Key | None,
        actor: Actor,
    ) -> Answer:
        """Send the events of the period [since, until) to an endpoint again, in small batches.

        Args:
            until: end of the period. If it is None or in the future, the period ends now.
            include_delivered: whether to send events that were already delivered.

        Raises:
            WebhookEndpointNotFound: if the merchant has no such endpoint.
            InvalidRecoveryRange: if the period is empty or longer than MAX_RECOVERY. Without `include_delivered`, also
                if it begins more than MIN_RETENTION ago, because its deliveries may have been deleted.
            RecoveryInProgress: if another recovery of the endpoint is in progress.
        """
        now = self._environment.now_ms()
        until = now if until is None else min(until, now)
        known = include_delivered or since >= now - MIN_RETENTION
        if not known or not timedelta(0) < until - since <= MAX_RECOVERY:
            raise errors.InvalidRecoveryRange(param="since")
        recovery = Recovery(
            id=self._environment.new_id("whr"),
            merchant_id=merchant.id,
            livemode=merchant.livemode,
            endpoint_id=endpoint_id,
            since=since,
            until=until,
            include_delivered=include_delivered,
            created_at=now,
        )
        answer = Answer(status=202, body=encode(recovery_object(recovery)))
        async with self._pool.acquire() as connection, connection.transaction():
            replayed = await self._replayed(connection, key)
            if replayed is not None:
                return replayed
            await endpoint_cases.lock(connection, merchant, endpoint_id)
            if not await webhook_recoveries.insert(connection, recovery):
                raise errors.RecoveryInProgress
            detail: dict[str, object] = {"since": iso_ms(since), "until": iso_ms(until)}
            await _record(connection, actor, "webhook_endpoint.recovered", merchant, endpoint_id, detail)
            await idempotency.remember(connection, key, recovery.id, answer, self._cipher)
        return answer

    async def recovery(self, merchant: Merchant, recovery_id: str) -> RecoveryObject:
        """Return a recovery and its progress.

        Raises:
            WebhookRecoveryNotFound: if the merchant has no such recovery.
        """
        async with self._pool.acquire() as connection:
            found = await webhook_recoveries.get(connection, recovery_id, merchant.id, livemode=merchant.livemode)
        if found is None:
            raise errors.WebhookRecoveryNotFound
        return recovery_object(found)

    async def _replayed(self, connection: Connection, key: Key | None) -> Answer | None:
        return await idempotency.replay_or_claim(connection, key, self._cipher, self._environment.now())

    async def _answer(
        self, connection: Connection, merchant: Merchant, delivery_id: str, key: Key | None, status: int
    ) -> Answer:
        found = await _delivery(connection, merchant, delivery_id)
        answer = Answer(status=status, body=encode(delivery_object(found)))
        await idempotency.remember(connection, key, delivery_id, answer, self._cipher)
        await notifications.notify(connection, notifications.Channel.DELIVERY)
        return answer


async def _delivery(connection: Connection, merchant: Merchant, delivery_id: str) -> LoggedDelivery:
    found = await webhook_deliveries.get(connection, delivery_id, merchant.id, livemode=merchant.livemode)
    if found is None:
        raise errors.WebhookDeliveryNotFound
    return found


async def _record(
    connection: Connection, actor: Actor, action: str, merchant: Merchant, object_id: str, detail: dict[str, object]
) -> None:
    await audit_log.record(
        connection,
        actor,
        action,
        merchant_id=merchant.id,
        livemode=merchant.livemode,
        object_id=object_id,
        detail=detail,
    )
