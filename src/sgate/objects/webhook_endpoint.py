"""A webhook endpoint as merchants see it."""

from typing import Annotated, Literal

import msgspec

from sgate.objects.encoding import iso_ms, iso_ms_or_none
from sgate.objects.fields import (
    LIST,
    OBJECT,
    CreatedAt,
    EndpointId,
    EventTypes,
    HasMore,
    Limit,
    Livemode,
    Timestamp,
    Url,
    doc,
)
from sgate.store.webhook_endpoints import Endpoint


class EndpointObject(msgspec.Struct, frozen=True, kw_only=True):
    """A URL of the merchant's server that events are sent to."""

    id: EndpointId
    object: Annotated[Literal["webhook_endpoint"], OBJECT] = "webhook_endpoint"
    livemode: Livemode
    url: Annotated[Url, doc("URL that events are sent to.", "https://shop.example/webhooks")]
    description: Annotated[str | None, doc("Description of the endpoint, for the merchant.", "web shop")]
    event_types: EventTypes
    enabled: Annotated[bool, doc("`false` while deliveries to the endpoint are held.", True)]
    disabled_reason: Annotated[
        str | None, doc("Why the endpoint is disabled; null if it is enabled.", "the endpoint answered 410 Gone")
    ]
    failing_since: Annotated[
        Timestamp | None, doc("Time since which no delivery has succeeded, ISO 8601 in UTC; null if the last one did.")
    ]
    previous_secret_expires_at: Annotated[
        Timestamp | None,
        doc(
            "Time until which webhooks are signed with the previous secret as well, ISO 8601 in UTC; null without one."
        ),
    ]
    created_at: CreatedAt
    secret: Annotated[
        str | msgspec.UnsetType,
        doc(
            "Secret that webhooks are signed with. Present only when the endpoint is created and when its secret is "
            "rotated.",
            "whsec_ASNFZ4mrze8BI0VniavN7wEjRWeJq83v",
        ),
    ] = msgspec.UNSET


class EndpointList(msgspec.Struct):
    """A page of webhook endpoints, newest first."""

    object: Annotated[Literal["list"], LIST]
    data: Annotated[list[EndpointObject], doc("The webhook endpoints of this page.")]
    has_more: HasMore
    limit: Limit


class Deleted(msgspec.Struct):
    """The id and the type of an object that was deleted."""

    id: EndpointId
    object: Annotated[Literal["webhook_endpoint"], OBJECT]
    deleted: Annotated[bool, doc("Always `true`.", const=True)]


def endpoint_object(endpoint: Endpoint) -> EndpointObject:
    """Return an endpoint as merchants see it, without its secret."""
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
