"""Calls under /v1/events: list, retrieve and stream events."""

import contextlib
from collections.abc import Generator, Sequence
from typing import Any

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sgate.api import query
from sgate.api.authentication import Principal
from sgate.api.calls import Call
from sgate.api.dependencies import Dependencies
from sgate.api.query import (
    checked_cursor,
    limit_of,
    object_id_of,
    one_of,
    paging_of,
    period_of,
    refuse_unknown_parameters,
)
from sgate.api.requests import AnyRequest, is_id, json_response, principal_of, stream_response
from sgate.core import errors
from sgate.core.event import Envelope, EventType
from sgate.core.scope import Scope
from sgate.db.notifications import Channel, topic_of
from sgate.http.sse import Read, Subscription, frame, position
from sgate.objects.encoding import encode
from sgate.objects.event import EventList, event_object
from sgate.services.events import Events
from sgate.store.events import Matching

STREAM_BATCH = 100
"""Maximum number of events per read of a stream."""

STREAM_POLL_S = 1.0
STREAMS_PER_MERCHANT = 8
_FILTERS = ("type", "object", "payment_intent", "from_date", "to_date")


LIST_EVENTS = Call(
    method="get",
    path="/v1/events",
    name="listEvents",
    summary="List or stream events",
    tag="Events",
    description=(
        "Returns events, newest first. With `stream=true`, the response is a stream of server-sent events that sends "
        "each new event as it occurs. A client that reconnects with `Last-Event-ID` misses none."
    ),
    answer=EventList,
    scope=Scope.READ,
    streams=Envelope,
    query=(
        query.parameter("type", "Returns only events of this type.", {"type": "string", "enum": list(EventType)}),
        query.parameter("object", "Returns only events about the object with this id.", query.ID),
        query.parameter("payment_intent", "Returns only events about the payment intent with this id.", query.ID),
        *query.PERIOD,
        query.parameter(
            "stream",
            "If `true`, the response is a stream of server-sent events that stays open.",
            {"type": "string", "enum": ["true", "false"]},
        ),
        query.parameter(
            "last_event_id",
            "Streams the events after this one. The `Last-Event-ID` header, if sent, takes precedence.",
            query.ID,
        ),
        query.AFTER,
        query.BEFORE,
        query.LIMIT,
    ),
    failures=(errors.InvalidCursor, errors.MixedPaging, errors.ValidationFailed),
)
RETRIEVE_EVENT = Call(
    method="get",
    path="/v1/events/{event_id}",
    name="retrieveEvent",
    summary="Retrieve an event",
    tag="Events",
    description="Retrieves an event, with the content that webhook endpoints receive.",
    answer=Envelope,
    scope=Scope.READ,
    failures=(errors.EventNotFound,),
)
CALLS = (LIST_EVENTS, RETRIEVE_EVENT)


def routes(deps: Dependencies) -> list[HTTPRouteHandler]:
    """Return the routes of the event calls."""
    log = deps.events

    @LIST_EVENTS.route
    async def list_events(request: AnyRequest) -> Response[Any]:
        """List events, newest first, or stream new ones with `stream=true`."""
        principal = await principal_of(request, deps, LIST_EVENTS)
        if one_of(request, "stream", ("true", "false")) == "true":
            return await _stream(request, deps, log, principal)
        refuse_unknown_parameters(request, *_FILTERS, "stream", "starting_after", "ending_before", "limit")
        limit = limit_of(request)
        starting_after, ending_before, _ = paging_of(request)
        page = await log.page(
            principal.merchant,
            _matching(request),
            starting_after=checked_cursor(starting_after, "starting_after"),
            ending_before=checked_cursor(ending_before, "ending_before"),
            limit=limit,
        )
        shown = [event_object(event) for event in page.events]
        return json_response(encode({"object": "list", "data": shown, "has_more": page.has_more, "limit": limit}))

    @RETRIEVE_EVENT.route
    async def retrieve_event(request: AnyRequest, event_id: FromPath[str]) -> Response[bytes]:
        """Retrieve an event, as webhook endpoints receive it."""
        principal = await principal_of(request, deps, RETRIEVE_EVENT)
        if not is_id(event_id):
            raise errors.EventNotFound
        return json_response(encode(event_object(await log.get(principal.merchant, event_id))))

    return [list_events, retrieve_event]


async def _stream(request: AnyRequest, deps: Dependencies, log: Events, principal: Principal) -> Response[Any]:
    """Stream the events after the last event that the client has received. Without such an event, stream new events.

    The id of this event is in the `Last-Event-ID` header, which browsers send when they reconnect, or in the query.
    """
    refuse_unknown_parameters(request, "type", "object", "payment_intent", "stream", "last_event_id")
    matching, merchant = _matching(request), principal.merchant
    last_event_id = request.headers.get("last-event-id") or request.query_params.get("last_event_id")
    cursor, newest = checked_cursor(last_event_id, "last_event_id"), None
    if cursor is None:
        at, newest = await log.now(merchant, matching)
    else:
        at = await log.after(merchant, cursor)

    @contextlib.contextmanager
    def join(subscription: Subscription) -> Generator[Read]:
        async def read() -> Sequence[bytes]:
            nonlocal at, newest
            start, newest = newest, None
            found, at = await log.following(merchant, at, matching, STREAM_BATCH)
            if len(found) == STREAM_BATCH:
                subscription.wake()
            frames = [frame(encode(event_object(event)), event=event.type, identity=event.id) for event in found]
            # A client that is disconnected before its first event must be able to resume at its starting point.
            return frames if start is None else [position(start), *frames]

        leave = deps.listener.wait_for(Channel.EVENT, topic, subscription.wake)
        try:
            yield read
        finally:
            leave()

    topic = topic_of(merchant.id, livemode=merchant.livemode)
    # With the tags for key and merchant, the stream is ended when the key is revoked or the merchant is suspended.
    limits = {f"events {topic}": STREAMS_PER_MERCHANT, principal.key_id: None, merchant.id: None}
    return stream_response(request, deps, join, limits=limits, poll_s=STREAM_POLL_S, reserved=False)


def _matching(request: AnyRequest) -> Matching:
    event_type = one_of(request, "type", tuple(EventType))
    since, until = period_of(request)
    return Matching(
        event_type=event_type,
        object_id=object_id_of(request, "object", "payment_intent"),
        since=since,
        until=until,
    )
