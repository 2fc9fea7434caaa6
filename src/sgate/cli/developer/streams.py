"""Event streams that, after each lost connection, continue where they stopped.

No event is lost, because the server stores every event: after a reconnect, the stream continues after the last event
that was received (`Last-Event-ID`). While the server is unreachable, the interval between attempts grows.
"""

import asyncio
import json
import random
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import aiohttp
import msgspec
from aiohttp.http_exceptions import LineTooLong

from sgate.cli.developer.client import Client, Refused, ServerUnreachable
from sgate.cli.problems import Failure

PATH = "/v1/events"
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 20.0
MAX_BACKFILL = 10_000
"""The maximum number of past events that are fetched. `GET /v1/events` can list more."""

MAX_LINE_BYTES = 4 * 1024 * 1024
TRANSIENT_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""The statuses of responses that a server, or a proxy in front of it, may send while the server restarts."""

_SPAN = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Notice = Callable[[str], None]
"""Called with one sentence when the connection is lost or restored."""


class Event(NamedTuple):
    """An event. `body` contains the same bytes as the body of a webhook."""

    id: str
    type: str
    body: bytes

    @property
    def json(self) -> Any:
        """The decoded body."""
        return json.loads(self.body)

    @property
    def subject(self) -> dict[str, Any]:
        """The object of the event, as it was at the time of the event."""
        return self.json["data"]["object"]


async def newest_id(client: Client) -> str | None:
    """Return the id of the newest event, or None if there is none yet."""
    page = await client.get(PATH, limit=1)
    return page["data"][0]["id"] if page["data"] else None


async def since(client: Client, moment: datetime | None, **query: object) -> list[Event]:
    """Return the events since a moment (None: all events), oldest first.

    Raises:
        Failure: if there are more than MAX_BACKFILL.
    """
    from_date = None if moment is None else moment.astimezone(UTC).isoformat()
    found = await client.all_of(PATH, MAX_BACKFILL + 1, from_date=from_date, **query)
    if len(found) > MAX_BACKFILL:
        raise Failure(f"there are more than {MAX_BACKFILL} events. Use a shorter --since.")
    return [event_of(item) for item in reversed(found)]


async def follow(client: Client, position: str | None, notice: Notice, **query: object) -> AsyncGenerator[Event]:
    """Yield events as they happen, each once and in order, without end.

    Args:
        position: id of the event after which to start; None if the caller found no event at all.
        query: the same filters as for `GET /v1/events`.

    Raises:
        ServerUnreachable: if the first connection fails; lost connections are retried.
        Refused: if the first request is refused, or a later one with a status that is not transient.
    """
    seen: set[str] = set()
    pause_s, broken = FIRST_PAUSE_S, None
    while True:
        try:
            async with client.stream(PATH, last_event_id=position, stream="true", **query) as content:
                if broken:
                    notice("Reconnected; no events were missed.")
                pause_s, broken = FIRST_PAUSE_S, ""
                missed = await since(client, None, **query) if position is None else []
                for event in missed:
                    position = event.id
                    seen.add(event.id)
                    yield event
                async with aclosing(_events(content)) as arriving:
                    async for event in arriving:
                        position = event.id
                        if event.id not in seen:
                            yield event
        except (ServerUnreachable, Refused) as error:
            if broken is None or (isinstance(error, Refused) and error.status not in TRANSIENT_STATUSES):
                raise
            if not broken:
                notice("Lost the connection to the server. Reconnecting; no events will be missed.")
            broken = str(error)
        await asyncio.sleep(pause_s * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
        pause_s = min(LONGEST_PAUSE_S, pause_s * 2)


def event_of(item: Any) -> Event:
    """Return the event of a list item. Its bytes are those that were signed, because JSON keeps the order of fields."""
    return Event(item["id"], item["type"], msgspec.json.encode(item))


def moment_of(text: str, now: datetime) -> datetime:
    """Parse a time span before now (`90s`, `15m`, `2h`, `1d`), or an ISO 8601 date or time.

    Raises:
        Failure: if `text` is neither.
    """
    span = _SPAN.fullmatch(text.strip())
    if span is not None:
        return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Failure(
            f"--since: {text!r} is neither a time span such as 90s, 15m, 2h, 1d nor a time such as 2026-11-25T08:00Z"
        ) from None
    return moment if moment.tzinfo is not None else moment.astimezone()


async def _events(content: aiohttp.StreamReader) -> AsyncGenerator[Event]:
    """Yield the events of one connection until it ends. An event that is cut off arrives again after a reconnect."""
    identity, name, data = "", "", b""
    while (line := await _line(content)) is not None:
        field, _, value = line.partition(b":")
        match field:
            case b"id":
                identity = value.strip().decode()
            case b"event":
                name = value.strip().decode()
            case b"data":
                data = value.removeprefix(b" ")
            case b"" if not line and data:
                yield Event(identity, name, data)
                name, data = "", b""
            case _:
                pass  # a comment, or `retry`, which is ignored in favor of our own growing pauses


async def _line(content: aiohttp.StreamReader) -> bytes | None:
    try:
        line = await content.readline(max_line_length=MAX_LINE_BYTES)
    except LineTooLong:
        raise Failure("the server sent a line that is too large for an event. Check the server's URL.") from None
    return line.rstrip(b"\r\n") if line.endswith(b"\n") else None
