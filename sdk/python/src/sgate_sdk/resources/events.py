"""All events, including those that were not delivered by a webhook."""

from dataclasses import replace

from sgate_sdk._calls import D, Resource, call, listing, streaming
from sgate_sdk._requests import ListAnswer, Moment, Request, get, list_reader, path_id
from sgate_sdk.events import Event, event_of

PATH = "/v1/events"
READ_LIST = list_reader(event_of)


class Events(Resource[D]):
    """The record of everything that happened to payment intents, payments and webhook endpoints."""

    @listing("listEvents")
    def list(
        self,
        *,
        type: str | None = None,  # noqa: A002 - the API's name
        object: str | None = None,  # noqa: A002 - the API's name
        payment_intent: str | None = None,
        from_date: Moment | None = None,
        to_date: Moment | None = None,
        starting_after: str | None = None,
        ending_before: str | None = None,
        limit: int | None = None,
    ) -> Request[ListAnswer[Event]]:
        """List events, newest first. To poll for new events, pass `ending_before=<the newest id you have>`.

        Args:
            type: one of `EventType`.
            object: the id of the object that the events are about.
            payment_intent: the id of the payment intent that the events are about.
            from_date, to_date: the period, including both ends. A date stands for the whole day in UTC.
            starting_after, ending_before: the id of an event, to list older or newer events.
            limit: the number of objects per page, at most 100; by default 10.
        """
        return get(
            PATH,
            READ_LIST,
            type=type,
            object=object,
            payment_intent=payment_intent,
            from_date=from_date,
            to_date=to_date,
            starting_after=starting_after,
            ending_before=ending_before,
            limit=limit,
        )

    @call("retrieveEvent")
    def retrieve(self, event_id: str) -> Request[Event]:
        """Retrieve an event."""
        return get(f"{PATH}/{path_id(event_id)}", event_of)

    @streaming("listEvents")
    def stream(
        self,
        *,
        type: str | None = None,  # noqa: A002 - the API's name
        object: str | None = None,  # noqa: A002 - the API's name
        payment_intent: str | None = None,
        last_event_id: str | None = None,
    ) -> Request[Event]:
        """Stream events as they happen, indefinitely. A broken connection is resumed without losing an event.

        Args:
            type, object, payment_intent: the same as in `list`.
            last_event_id: the id of the last event that you processed. The stream starts with the event after it.
                Without an id, the stream starts now.
        """
        request = get(
            PATH,
            event_of,
            type=type,
            object=object,
            payment_intent=payment_intent,
            stream=True,
            last_event_id=last_event_id,
        )
        return request if last_event_id else replace(request, newest=get(PATH, READ_LIST, limit=1))
