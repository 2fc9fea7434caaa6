"""Streams of server-sent events: how frames are decoded and broken connections are resumed. No I/O."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

import httpx2
import msgspec

from sgate_sdk._exchange import Outcome, Surroundings, error_for, retry_delay_s
from sgate_sdk._requests import ListAnswer, Request
from sgate_sdk.errors import SGateUnexpectedResponseError

T = TypeVar("T")

EVENT_STREAM = "text/event-stream"
SILENCE_S = 45.0
"""The server sends a heartbeat every 15 seconds. After three missed heartbeats, a connection is considered dead."""

FIRST_RETURN_S = 2.0
LONGEST_RETURN_S = 30.0
OK = 200
MAX_EVENT_BYTES = 2_000_000


class Stream(Generic[T]):
    """A stream that continues over any number of connections."""

    def __init__(self, request: Request[T], max_retries: int, around: Surroundings) -> None:
        self.request = request
        """The request for the next connection."""
        self._max_retries = max_retries
        self._around = around
        self._failures = 0
        self._reconnect_s = FIRST_RETURN_S

    def begin_after(self, newest: ListAnswer[Any]) -> None:
        """Start the stream after the newest existing event."""
        if newest.data:
            self.request = replace(self.request, last_event_id=newest.data[0].id)

    def take(self, frame: httpx2.ServerSentEvent) -> T | None:
        """Decode a frame and return its object, or None if the frame has no data.

        Raises:
            SGateUnexpectedResponseError: if the data is not an object of the expected type.
        """
        if frame.retry is not None:
            self._reconnect_s = min(frame.retry / 1000, LONGEST_RETURN_S)
        if not frame.data:
            return None
        try:
            item = self.request.read(frame.data.encode())
        except msgspec.MsgspecError as error:
            raise SGateUnexpectedResponseError(f"The stream contains data that is not sGate's: {error}") from None
        self._failures = 0
        if frame.id:
            self.request = replace(self.request, last_event_id=frame.id)
        return item

    def reconnect_delay_s(self, outcome: Outcome) -> float:
        """Return the delay before the next connection. `outcome` is None if the server closed the stream normally.

        Raises:
            SGateError: if the error is permanent, or no retries are left.
        """
        if outcome is None:
            return self._reconnect_s
        error = error_for(outcome, self._around.now())
        if error is None:
            raise SGateUnexpectedResponseError(
                "The response is not an event stream. Does the base URL point to sGate?", status_code=200
            )
        delay_s = retry_delay_s(error, self._failures, self._max_retries, self._around.random)
        if delay_s is None:
            raise error
        self._failures += 1
        return delay_s


def is_stream(status_code: int, headers: Mapping[str, str]) -> bool:
    """Return whether a response is an event stream."""
    return status_code == OK and headers.get("content-type", "").startswith(EVENT_STREAM)
