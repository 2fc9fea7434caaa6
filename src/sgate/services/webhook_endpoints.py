"""Webhook endpoints: the URLs at which a merchant receives events."""

from datetime import timedelta

import msgspec

from sgate.core import errors
from sgate.core.event import EventType, event_id
from sgate.core.signature import SECRET_BYTES, new_secret
from sgate.db import notifications
from sgate.db.encryption import Cipher
from sgate.db.pool import Connection, Pool
from sgate.environment import Environment
from sgate.ledger import outbox
from sgate.objects.encoding import encode, iso_ms
from sgate.objects.webhook_endpoint import EndpointObject, endpoint_object
from sgate.services import idempotency
from sgate.services.idempotency import Answer, Key
from sgate.store import audit_log, events, merchants, webhook_endpoints
from sgate.store.audit_log import Actor
from sgate.store.events import Event
from sgate.store.merchants import Merchant
from sgate.store.webhook_endpoints import Endpoint

MAX_ENDPOINTS = 16
ROTATION_OVERLAP = timedelta(hours=24)
"""How long webhooks are also signed with the previous secret, so that receivers can switch one after another."""

DELIVERER = Actor(name="deliverer")
BY_MERCHANT = "disabled by the merchant"


class EndpointRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The validated values of an endpoint to create. Empty `event_types` means all event types."""

    url: str
    description: str | None
    event_types: tuple[str, ...]


class EndpointChange(msgspec.Struct, frozen=True, kw_only=True):
    """The validated changes to an endpoint. Fields that are UNSET keep their values."""

    url: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    event_types: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET


class WebhookEndpoints:
    """Use cases of a merchant's webhook endpoints. All except `list_of` and `get` are recorded in the audit log."""

    def __init__(self, pool: Pool, environment: Environment, cipher: Cipher) -> None:
        self._pool = pool
        self._environment = environment
        self._cipher = cipher

    async def create(self, merchant: Merchant, request: EndpointRequest, key: Key | None, actor: Actor) -> Answer:
        """Create an endpoint. The response contains its secret, which is never shown again.

        Raises:
            TooManyWebhookEndpoints: if the merchant has MAX_ENDPOINTS endpoints in this mode.
        """
        secret = new_secret(self._environment.random_bytes(SECRET_BYTES))
        endpoint = Endpoint(
            id=self._environment.new_id("we"),
            merchant_id=merchant.id,
            livemode=merchant.livemode,
            url=request.url,
            description=request.description,
            event_types=request.event_types,
            secret_encrypted=self._cipher.encrypt(secret.encode()),
            created_at=self._environment.now_ms(),
        )
        answer = Answer(status=201, body=encode(msgspec.structs.replace(endpoint_object(endpoint), secret=secret)))
        async with self._pool.acquire() as connection, connection.transaction():
            replayed = await self._replayed(connection, key)
            if replayed is not None:
                return replayed
            # The merchant is locked so that concurrent calls cannot exceed the limit.
            await merchants.lock(connection, merchant.id, livemode=merchant.livemode)
            if await webhook_endpoints.count(connection, merchant.id, livemode=merchant.livemode) >= MAX_ENDPOINTS:
                raise errors.TooManyWebhookEndpoints
            await webhook_endpoints.insert(connection, endpoint)
            await _record(connection, actor, "created", endpoint, {"url": endpoint.url})
            await idempotency.remember(connection, key, endpoint.id, answer, self._cipher)
        return answer

    async def list_of(self, merchant: Merchant) -> list[EndpointObject]:
        """Return the merchant's endpoints, newest first."""
        async with self._pool.acquire() as connection:
            found = await webhook_endpoints.list_of(connection, merchant.id, livemode=merchant.livemode)
        return [endpoint_object(endpoint) for endpoint in found]

    async def get(self, merchant: Merchant, endpoint_id: str) -> EndpointObject:
        """Return one of the merchant's endpoints.

        Raises:
            WebhookEndpointNotFound: if the merchant has no such endpoint.
        """
        async with self._pool.acquire() as connection:
            found = await webhook_endpoints.get(connection, endpoint_id, merchant.id, livemode=merchant.livemode)
        if found is None:
            raise errors.WebhookEndpointNotFound
        return endpoint_object(found)

    async def update(
        self, merchant: Merchant, endpoint_id: str, change: EndpointChange, key: Key | None, actor: Actor
    ) -> Answer:
        """Change an endpoint. Pending deliveries are sent to the new URL. New event types apply only to new events.

        Raises:
            WebhookEndpointNotFound: if the merchant has no such endpoint.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            replayed = await self._replayed(connection, key)
            if replayed is not None:
                return replayed
            endpoint = await lock(connection, merchant, endpoint_id)
            fields = {name: value for name, value in _given(change).items() if getattr(endpoint, name) != value}
            if fields:
                endpoint = msgspec.structs.replace(endpoint, **fields)
                await webhook_endpoints.update(connection, endpoint)
                await _record(connection, actor, "updated", endpoint, fields)
            if change.enabled is True:
                await self._enable(connection, endpoint, actor)
            elif change.enabled is False and endpoint.disabled_at is None:
                await webhook_endpoints.disable(connection, endpoint.id, BY_MERCHANT, self._environment.now_ms())
                await _record(connection, actor, "disabled", endpoint, {"reason": BY_MERCHANT})
            return await self._answer(connection, merchant, endpoint_id, key)

    async def rotate_secret(self, merchant: Merchant, endpoint_id: str, key: Key | None, actor: Actor) -> Answer:
        """Replace an endpoint's secret. The response contains the new secret, which is never shown again.

        For ROTATION_OVERLAP, webhooks are also signed with the previous secret.

        Raises:
            WebhookEndpointNotFound: if the merchant has no such endpoint.
        """
        secret = new_secret(self._environment.random_bytes(SECRET_BYTES))
        until = self._environment.now_ms() + ROTATION_OVERLAP
        async with self._pool.acquire() as connection, connection.transaction():
            replayed = await self._replayed(connection, key)
            if replayed is not None:
                return replayed
            endpoint = await lock(connection, merchant, endpoint_id)
            await webhook_endpoints.rotate(connection, endpoint_id, self._cipher.encrypt(secret.encode()), until)
            await _record(connection, actor, "secret_rotated", endpoint, {"previous_until": iso_ms(until)})
            return await self._answer(connection, merchant, endpoint_id, key, secret=secret)

    async def enable(self, merchant: Merchant, endpoint_id: str, key: Key | None, actor: Actor) -> Answer:
        """Enable an endpoint. Deliveries that were held for it are sent, oldest first.

        Raises:
            WebhookEndpointNotFound: if the merchant has no such endpoint.
        """
        return await self.update(merchant, endpoint_id, EndpointChange(enabled=True), key, actor)

    async def delete(self, merchant: Merchant, endpoint_id: str, actor: Actor) -> None:
        """Delete an endpoint. Its pending deliveries are not sent.

        Raises:
            WebhookEndpointNotFound: if the merchant has no such endpoint.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            endpoint = await lock(connection, merchant, endpoint_id)
            await webhook_endpoints.delete(connection, endpoint_id, merchant.id, livemode=merchant.livemode)
            await _record(connection, actor, "deleted", endpoint, {})

    async def _enable(self, connection: Connection, endpoint: Endpoint, actor: Actor) -> None:
        if await webhook_endpoints.enable(connection, endpoint.id):
            await _record(connection, actor, "enabled", endpoint, {})
            await notifications.notify(connection, notifications.Channel.DELIVERY)

    async def _replayed(self, connection: Connection, key: Key | None) -> Answer | None:
        return await idempotency.replay_or_claim(connection, key, self._cipher, self._environment.now())

    async def _answer(
        self,
        connection: Connection,
        merchant: Merchant,
        endpoint_id: str,
        key: Key | None,
        *,
        secret: str | msgspec.UnsetType = msgspec.UNSET,
    ) -> Answer:
        endpoint = await lock(connection, merchant, endpoint_id)
        answer = Answer(status=200, body=encode(msgspec.structs.replace(endpoint_object(endpoint), secret=secret)))
        await idempotency.remember(connection, key, endpoint_id, answer, self._cipher)
        return answer


async def disable(pool: Pool, environment: Environment, endpoint_id: str, reason: str) -> bool:
    """Disable an endpoint because of its responses, and create an event about it.

    Return False if the endpoint does not exist or is already disabled.
    """
    now = environment.now_ms()
    async with pool.acquire() as connection, connection.transaction():
        endpoint = await webhook_endpoints.lock_any(connection, endpoint_id)
        if endpoint is None or not await webhook_endpoints.disable(connection, endpoint_id, reason, now):
            return False
        endpoint = msgspec.structs.replace(endpoint, disabled_at=now, disabled_reason=reason)
        await _record(connection, DELIVERER, "disabled", endpoint, {"reason": reason})
        event = await event_about(connection, endpoint, EventType.ENDPOINT_DISABLED, environment)
        await events.append(connection, event, None)
        await outbox.notify_merchant(connection, endpoint.merchant_id, livemode=endpoint.livemode)
    return True


async def lock(connection: Connection, merchant: Merchant, endpoint_id: str) -> Endpoint:
    """Lock a merchant's endpoint for a change in this transaction, and return it.

    Raises:
        WebhookEndpointNotFound: if the merchant has no such endpoint.
    """
    endpoint = await webhook_endpoints.lock(connection, endpoint_id, merchant.id, livemode=merchant.livemode)
    if endpoint is None:
        raise errors.WebhookEndpointNotFound
    return endpoint


async def event_about(
    connection: Connection, endpoint: Endpoint, event_type: EventType, environment: Environment
) -> Event:
    """Return a new event whose object is an endpoint."""
    numbers = await events.numbers(connection, endpoint.id)
    return Event(
        id=event_id(endpoint.id, event_type, numbers.get(event_type, 0) + 1),
        merchant_id=endpoint.merchant_id,
        livemode=endpoint.livemode,
        type=event_type,
        payment_intent_id=None,
        sequence=1,
        payload=encode(endpoint_object(endpoint)),
        created_at=environment.now_ms(),
        object_id=endpoint.id,
    )


def _given(change: EndpointChange) -> dict[str, object]:
    fields = {"url": change.url, "description": change.description, "event_types": change.event_types}
    return {name: value for name, value in fields.items() if value is not msgspec.UNSET}


async def _record(
    connection: Connection, actor: Actor, action: str, endpoint: Endpoint, detail: dict[str, object]
) -> None:
    await audit_log.record(
        connection,
        actor,
        f"webhook_endpoint.{action}",
        merchant_id=endpoint.merchant_id,
        livemode=endpoint.livemode,
        object_id=endpoint.id,
        detail=detail,
    )
