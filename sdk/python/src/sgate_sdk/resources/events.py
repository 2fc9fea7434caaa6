"""Events: everything that was announced, whether or not a webhook told you."""

from sgate_sdk._calls import D, Resource, call, listing, streaming
from sgate_sdk._requests import ListAnswer, Moment, Request, get, list_reader, path_id
from sgate_sdk.events import Event, event_of

PATH = "/v1/events"
READ_LIST = list_reader(event_of)


class Events(Resource[D]):
    """Everything that was announced."""

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
        """Events, newest first. To follow them without a stream: `ending_before=<the newest id you have>`.

        Args:
            type: one of `EventType`.
            object, payment_intent: the id of what they are about.
            from_date, to_date: both included; a date means the whole day, UTC.
            starting_after, ending_before: an event's id, to go on to older, or to newer ones.
            limit: objects per page, at most 100; by default 10.
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
        """One event, as it was sent."""
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
        """Events as they happen, for ever: connections that end are taken up again where they were left.

        Args:
            type, object, payment_intent: as for `list`.
            last_event_id: what you have seen last. What came after it comes first, so nothing is missed.
        """
        return get(
            PATH,
            event_of,
            type=type,
            object=object,
            payment_intent=payment_intent,
            stream=True,
            last_event_id=last_event_id,
        )
