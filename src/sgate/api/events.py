"""The calls under /v1/events."""

from datetime import UTC, datetime

from litestar import Response, Router, get
from litestar.params import FromPath

from sgate.api.auth import Scope
from sgate.api.rate_limits import LimitClass
from sgate.api.requests import AnyRequest, is_id, json_response, limit_of, principal_of, refuse_unknown_parameters
from sgate.api.services import Services
from sgate.core.event import Envelope, EventType, envelope
from sgate.core.memo import is_intent_id
from sgate.gateway import errors
from sgate.gateway.rendering import encode
from sgate.store import events
from sgate.store.events import Event

_END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)


def routes(services: Services) -> Router:
    """The calls about events."""

    @get("/")
    async def list_events(request: AnyRequest) -> Response[bytes]:
        """Events, newest first."""
        principal = await principal_of(request, services, Scope.READ, LimitClass.OTHER)
        refuse_unknown_parameters(request, "type", "payment_intent", "starting_after", "limit")
        merchant, limit = principal.merchant, limit_of(request)
        starting_after = request.query_params.get("starting_after")
        async with services.pool.acquire() as connection:
            before = (_END_OF_TIME, "")
            if starting_after is not None:
                created_at = None
                if is_id(starting_after):
                    created_at = await events.position(
                        connection, starting_after, merchant.id, livemode=merchant.livemode
                    )
                if created_at is None:
                    raise errors.InvalidCursor(param="starting_after")
                before = (created_at, starting_after)
            found = await events.list_before(
                connection,
                merchant.id,
                livemode=merchant.livemode,
                event_type=_event_type(request.query_params.get("type")),
                intent_id=_intent_id(request.query_params.get("payment_intent")),
                before=before,
                limit=limit + 1,
            )
        shown = [_envelope(event) for event in found[:limit]]
        return json_response(encode({"object": "list", "data": shown, "has_more": len(found) > limit, "limit": limit}))

    @get("/{event_id:str}")
    async def retrieve_event(request: AnyRequest, event_id: FromPath[str]) -> Response[bytes]:
        """One event, as it was sent."""
        principal = await principal_of(request, services, Scope.READ, LimitClass.OTHER)
        merchant = principal.merchant
        if not is_id(event_id):
            raise errors.EventNotFound
        async with services.pool.acquire() as connection:
            event = await events.get(connection, event_id, merchant.id, livemode=merchant.livemode)
        if event is None:
            raise errors.EventNotFound
        return json_response(encode(_envelope(event)))

    return Router("/v1/events", route_handlers=[list_events, retrieve_event])


def _envelope(event: Event) -> Envelope:
    return envelope(
        event_id=event.id,
        event_type=event.type,
        created_at=event.created_at,
        livemode=event.livemode,
        sequence=event.sequence,
        payload=event.payload,
    )


def _intent_id(text: str | None) -> str | None:
    if text is not None and not is_intent_id(text):
        raise errors.ValidationFailed("payment_intent is the id of a payment intent: pi_...", param="payment_intent")
    return text


def _event_type(text: str | None) -> EventType | None:
    if text is None:
        return None
    try:
        return EventType(text)
    except ValueError:
        raise errors.ValidationFailed("type is not the name of an event type.", param="type") from None
