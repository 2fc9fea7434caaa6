"""Webhook endpoints: where a merchant is told."""

import msgspec

from sgate.core.signature import SECRET_BYTES, new_secret
from sgate.gateway import errors, idempotency
from sgate.gateway.environment import Environment
from sgate.gateway.idempotency import Answer, Key
from sgate.gateway.rendering import encode, iso_ms
from sgate.store import audit, endpoints, merchants
from sgate.store.audit import Actor
from sgate.store.cipher import Cipher
from sgate.store.endpoints import Endpoint
from sgate.store.merchants import Merchant
from sgate.store.pool import Connection, Pool

MAX_ENDPOINTS = 16


class EndpointObject(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """A webhook endpoint. `secret` is given only when the endpoint is made."""

    id: str
    object: str = "webhook_endpoint"
    livemode: bool
    url: str
    description: str | None
    event_types: tuple[str, ...]
    enabled: bool
    disabled_reason: str | None
    created_at: str
    secret: str | msgspec.UnsetType = msgspec.UNSET


class EndpointRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant asks for; the values are checked. No event types: all of them."""

    url: str
    description: str | None
    event_types: tuple[str, ...]


async def create(
    pool: Pool,
    environment: Environment,
    cipher: Cipher,
    merchant: Merchant,
    request: EndpointRequest,
    key: Key | None,
    actor: Actor,
) -> Answer:
    """Make an endpoint. Its secret is in the answer and never shown again.

    Raises:
        TooManyWebhookEndpoints: see there.
    """
    secret = new_secret(environment.random_bytes(SECRET_BYTES))
    endpoint = Endpoint(
        id=environment.new_id("we"),
        merchant_id=merchant.id,
        livemode=merchant.livemode,
        url=request.url,
        description=request.description,
        event_types=request.event_types,
        secret_encrypted=cipher.encrypt(secret.encode()),
        created_at=environment.now_ms(),
    )
    answer = Answer(status=201, body=encode(msgspec.structs.replace(endpoint_object(endpoint), secret=secret)))
    async with pool.acquire() as connection, connection.transaction():
        replayed = await idempotency.replay_or_claim(connection, key, cipher, environment.now())
        if replayed is not None:
            return replayed
        await merchants.lock(connection, merchant.id, livemode=merchant.livemode)  # or two at once pass the limit
        if await endpoints.count(connection, merchant.id, livemode=merchant.livemode) >= MAX_ENDPOINTS:
            raise errors.TooManyWebhookEndpoints
        await endpoints.insert(connection, endpoint)
        await _record(connection, actor, "webhook_endpoint.created", merchant, endpoint.id, {"url": endpoint.url})
        await idempotency.remember(connection, key, endpoint.id, answer, cipher)
    return answer


async def list_of(pool: Pool, merchant: Merchant) -> list[EndpointObject]:
    """The merchant's endpoints, newest first."""
    async with pool.acquire() as connection:
        found = await endpoints.list_of(connection, merchant.id, livemode=merchant.livemode)
    return [endpoint_object(endpoint) for endpoint in found]


async def delete(pool: Pool, merchant: Merchant, endpoint_id: str, actor: Actor) -> None:
    """Take an endpoint out of use. What was still to be sent there is not sent.

    Raises:
        WebhookEndpointNotFound: if the merchant has no such endpoint.
    """
    async with pool.acquire() as connection, connection.transaction():
        if not await endpoints.delete(connection, endpoint_id, merchant.id, livemode=merchant.livemode):
            raise errors.WebhookEndpointNotFound
        await _record(connection, actor, "webhook_endpoint.deleted", merchant, endpoint_id, {})


def endpoint_object(endpoint: Endpoint) -> EndpointObject:
    """An endpoint as merchants see it, without its secret."""
    return EndpointObject(
        id=endpoint.id,
        livemode=endpoint.livemode,
        url=endpoint.url,
        description=endpoint.description,
        event_types=endpoint.event_types,
        enabled=endpoint.disabled_at is None,
        disabled_reason=endpoint.disabled_reason,
        created_at=iso_ms(endpoint.created_at),
    )


async def _record(
    connection: Connection,
    actor: Actor,
    action: str,
    merchant: Merchant,
    endpoint_id: str,
    detail: dict[str, object],
) -> None:
    await audit.record(
        connection,
        actor,
        action,
        merchant_id=merchant.id,
        livemode=merchant.livemode,
        object_id=endpoint_id,
        detail=detail,
    )
