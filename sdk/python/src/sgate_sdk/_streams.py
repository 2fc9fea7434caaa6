"""What a stream of events has told, and where to take it up again when it ends. Nothing here touches the network."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Generic, TypeVar

import httpx2
import msgspec

from sgate_sdk._exchange import Outcome, Surroundings, failure_of, pause_before_next
from sgate_sdk._requests import Request
from sgate_sdk.errors import UnexpectedAnswer

T = TypeVar("T")

EVENT_STREAM = "text/event-stream"
SILENCE_S = 45.0
"""The server says something every 15 seconds; after three times nothing the connection is taken for dead."""

FIRST_RETURN_S = 2.0
LONGEST_RETURN_S = 30.0
OK = 200
MAX_EVENT_BYTES = 2_000_000


class Stream(Generic[T]):
    """One stream, over all the connections it takes."""

    def __init__(self, request: Request[T], max_retries: int, around: Surroundings) -> None:
        self.request = request
        """What to ask for now."""
        self._max_retries = max_retries
        self._around = around
        self._failures = 0
        self._return_s = FIRST_RETURN_S

    def take(self, frame: httpx2.ServerSentEvent) -> T | None:
        """What a frame says; None if it only says when to come back.

        Raises:
            UnexpectedAnswer: if it is not what was asked for.
        """
        if frame.retry is not None:
            self._return_s = min(frame.retry / 1000, LONGEST_RETURN_S)
        if not frame.data:
            return None
        try:
            item = self.request.read(frame.data.encode())
        except msgspec.MsgspecError as error:
            raise UnexpectedAnswer(f"The stream says something that is not sGate's: {error}") from None
        self._failures = 0
        if frame.id:
            self.request = replace(self.request, last_event_id=frame.id)
        return item

    def pause_after(self, outcome: Outcome) -> float:
        """How long to wait before coming back. `outcome`: None if the stream came to an end as streams do.

        Raises:
            SGateError: if coming back is of no use.
        """
        if outcome is None:
            return self._return_s
        failure = failure_of(outcome, self._around.now())
        if failure is None:
            raise UnexpectedAnswer("This is no stream of events. Does the base URL lead to sGate?", status_code=200)
        pause_s = pause_before_next(failure, self._failures, self._max_retries, self._around.dice)
        if pause_s is None:
            raise failure
        self._failures += 1
        return pause_s


def is_stream(status_code: int, headers: Mapping[str, str]) -> bool:
    """Whether an answer is a stream of events."""
    return status_code == OK and headers.get("content-type", "").startswith(EVENT_STREAM)
