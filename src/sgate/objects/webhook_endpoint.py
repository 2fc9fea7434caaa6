"""A webhook endpoint as merchants see it."""

import msgspec

from sgate.objects.encoding import iso_ms, iso_ms_or_none
from sgate.store.webhook_endpoints import Endpoint


class EndpointObject(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """A webhook endpoint. `secret` is given only when the endpoint is made and when its secret is rotated.

    `previous_secret_expires_at`: until then the secret before signs too. `failing_since`: nothing has succeeded since.
    """

    id: str
    object: str = "webhook_endpoint"
    livemode: bool
    url: str
    description: str | None
    event_types: tuple[str, ...]
    enabled: bool
    disabled_reason: str | None
    failing_since: str | None
    previous_secret_expires_at: str | None
    created_at: str
    secret: str | msgspec.UnsetType = msgspec.UNSET


class EndpointList(msgspec.Struct):
    """A page of webhook endpoints, newest first."""

    object: str
    data: list[EndpointObject]
    has_more: bool
    limit: int


class Deleted(msgspec.Struct):
    """Says what was deleted."""

    id: str
    object: str
    deleted: bool


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
        failing_since=iso_ms_or_none(endpoint.failing_since),
        previous_secret_expires_at=(iso_ms_or_none(endpoint.previous_secret_until)),
        created_at=iso_ms(endpoint.created_at),
    )
