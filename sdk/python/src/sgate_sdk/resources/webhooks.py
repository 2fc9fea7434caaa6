"""Webhook endpoints, which receive events, and their deliveries."""

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from sgate_sdk._calls import D, Resource, call, listing
from sgate_sdk._requests import (
    ListAnswer,
    Moment,
    Request,
    delete,
    get,
    list_reader,
    path_id,
    post,
    query_of,
    reader_of,
    unless_none,
)
from sgate_sdk.events import WebhookDelivery, WebhookDeliveryWithAttempts, WebhookEndpoint, WebhookRecovery
from sgate_sdk.models import Deleted

ENDPOINTS = "/v1/webhook_endpoints"
DELIVERIES = "/v1/webhook_deliveries"
RECOVERIES = "/v1/webhook_recoveries"
READ = reader_of(WebhookEndpoint)
READ_LIST = list_reader(reader_of(WebhookEndpoint))
READ_DELETED = reader_of(Deleted)
READ_RECOVERY = reader_of(WebhookRecovery)
READ_DELIVERY = reader_of(WebhookDelivery)
READ_DELIVERIES = list_reader(reader_of(WebhookDelivery))
READ_ATTEMPTS = reader_of(WebhookDeliveryWithAttempts)


class WebhookEndpoints(Resource[D]):
    """The URLs that receive events."""

    @call("createWebhookEndpoint")
    def create(
        self,
        *,
        url: str,
        description: str | None = None,
        event_types: Sequence[str] | None = None,
        idempotency_key: str | None = None,
    ) -> Request[WebhookEndpoint]:
        """Create an endpoint. The response contains its secret. Without `event_types`, it receives all events."""
        body = {"url": url, "description": unless_none(description), "event_types": unless_none(event_types)}
        return post(ENDPOINTS, READ, body, idempotency_key)

    @listing("listWebhookEndpoints")
    def list(
        self, *, starting_after: str | None = None, ending_before: str | None = None, limit: int | None = None
    ) -> Request[ListAnswer[WebhookEndpoint]]:
        """List your endpoints, newest first. Without `limit`, all of them are on one page."""
        return get(ENDPOINTS, READ_LIST, starting_after=starting_after, ending_before=ending_before, limit=limit)

    @call("retrieveWebhookEndpoint")
    def retrieve(self, endpoint_id: str) -> Request[WebhookEndpoint]:
        """Retrieve an endpoint."""
        return get(f"{ENDPOINTS}/{path_id(endpoint_id)}", READ)

    @call("updateWebhookEndpoint")
    def update(
        self,
        endpoint_id: str,
        *,
        url: str | UnsetType = UNSET,
        description: str | UnsetType | None = UNSET,
        event_types: Sequence[str] | UnsetType = UNSET,
        enabled: bool | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Request[WebhookEndpoint]:
        """Update an endpoint. Omitted fields stay unchanged. With `enabled=False`, its deliveries are held back."""
        body = {"url": url, "description": description, "event_types": event_types, "enabled": enabled}
        return post(f"{ENDPOINTS}/{path_id(endpoint_id)}", READ, body, idempotency_key)

    @call("deleteWebhookEndpoint")
    def delete(self, endpoint_id: str) -> Request[Deleted]:
        """Delete an endpoint."""
        return delete(f"{ENDPOINTS}/{path_id(endpoint_id)}", READ_DELETED)

    @call("rotateWebhookSecret")
    def rotate_secret(self, endpoint_id: str, *, idempotency_key: str | None = None) -> Request[WebhookEndpoint]:
        """Replace the secret. Only this response contains the new secret.

        For a day, webhooks are also signed with the old secret.
        """
        return post(f"{ENDPOINTS}/{path_id(endpoint_id)}/rotate_secret", READ, {}, idempotency_key)

    @call("enableWebhookEndpoint")
    def enable(self, endpoint_id: str, *, idempotency_key: str | None = None) -> Request[WebhookEndpoint]:
        """Enable an endpoint again and send the deliveries that were held back."""
        return post(f"{ENDPOINTS}/{path_id(endpoint_id)}/enable", READ, {}, idempotency_key)

    @call("sendTestWebhook")
    def test(self, endpoint_id: str, *, idempotency_key: str | None = None) -> Request[WebhookDelivery]:
        """Send a test event and return its delivery."""
        return post(f"{ENDPOINTS}/{path_id(endpoint_id)}/test", READ_DELIVERY, {}, idempotency_key)

    @call("recoverWebhooks")
    def recover(
        self,
        endpoint_id: str,
        *,
        since: Moment,
        until: Moment | None = None,
        include_delivered: bool | None = None,
        idempotency_key: str | None = None,
    ) -> Request[WebhookRecovery]:
        """Send the events of a period again, by default only those that the endpoint has not received.

        Args:
            since: the start of the period, at most 30 days before `until`.
            until: the end of the period; by default now.
            include_delivered: whether to also send the events that the endpoint has already received.
        """
        body = {**query_of({"since": since, "until": until}), "include_delivered": unless_none(include_delivered)}
        return post(f"{ENDPOINTS}/{path_id(endpoint_id)}/recover", READ_RECOVERY, body, idempotency_key)

    @call("retrieveWebhookRecovery")
    def retrieve_recovery(self, recovery_id: str) -> Request[WebhookRecovery]:
        """Retrieve the progress of a recovery."""
        return get(f"{RECOVERIES}/{path_id(recovery_id)}", READ_RECOVERY)


class WebhookDeliveries(Resource[D]):
    """Deliveries: the events sent to your endpoints, and the responses of your endpoints."""

    @listing("listWebhookDeliveries")
    def list(
        self,
        *,
        endpoint: str | None = None,
        event: str | None = None,
        status: str | None = None,
        starting_after: str | None = None,
        limit: int | None = None,
    ) -> Request[ListAnswer[WebhookDelivery]]:
        """List deliveries, newest first. `status` is `pending`, `held`, `delivered` or `failed`."""
        return get(
            DELIVERIES,
            READ_DELIVERIES,
            endpoint=endpoint,
            event=event,
            status=status,
            starting_after=starting_after,
            limit=limit,
        )

    @call("retrieveWebhookDelivery")
    def retrieve(self, delivery_id: str) -> Request[WebhookDeliveryWithAttempts]:
        """Retrieve a delivery with its request and all attempts. Each attempt contains your endpoint's response."""
        return get(f"{DELIVERIES}/{path_id(delivery_id)}", READ_ATTEMPTS)

    @call("redeliverWebhook")
    def redeliver(self, delivery_id: str, *, idempotency_key: str | None = None) -> Request[WebhookDelivery]:
        """Send a delivery again."""
        return post(f"{DELIVERIES}/{path_id(delivery_id)}/redeliver", READ_DELIVERY, {}, idempotency_key)
