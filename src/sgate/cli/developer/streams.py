"""Following events: a stream that resumes where it broke off, however often that happens.

The server keeps every event, so nothing is lost: after a break the stream goes on after the last event that was seen
(`Last-Event-ID`). A server that is away is asked again, at growing intervals.
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

from sgate.cli.developer.client import Client, Refused, ServerAway
from sgate.cli.problems import Failure

PATH = "/v1/events"
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 20.0
MAX_BACKFILL = 10_000
"""Events. Who missed more reads them from `GET /v1/events`."""

MAX_LINE_BYTES = 4 * 1024 * 1024
PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""What a server, or a proxy before it, answers while it restarts."""

_SPAN = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Notice = Callable[[str], None]
"""Told in one sentence that the connection is lost, or back."""


class Event(NamedTuple):
    """One event. `body`: its bytes, the same that a webhook carries."""

    id: str
    type: str
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def subject(self) -> dict[str, Any]:
        """The object that the event is about, as it was then."""
        return self.json["data"]["object"]


async def newest_id(client: Client) -> str | None:
    """The id of the newest event of all; None if there is none yet."""
    page = await client.get(PATH, limit=1)
    return page["data"][0]["id"] if page["data"] else None


async def since(client: Client, moment: datetime | None, **query: object) -> list[Event]:
    """The events from a moment on (None: all), oldest first.

    Raises:
        Failure: if there are more than MAX_BACKFILL.
    """
    from_date = None if moment is None else moment.astimezone(UTC).isoformat()
    found = await client.all_of(PATH, MAX_BACKFILL + 1, from_date=from_date, **query)
    if len(found) > MAX_BACKFILL:
        raise Failure(f"there are more than {MAX_BACKFILL} events. Go back less far with --since.")
    return [event_of(item) for item in reversed(found)]


async def follow(client: Client, position: str | None, notice: Notice, **query: object) -> AsyncGenerator[Event]:
    """Events as they happen, each once, in order; without an end.

    Args:
        position: the event after which to begin; None if there was none at all when the caller looked.
        query: narrows, as in `GET /v1/events`.

    Raises:
        ServerAway, Refused: if the first connection fails; later ones are tried again, unless the server says no.
    """
    seen: set[str] = set()
    pause_s, broken = FIRST_PAUSE_S, None
    while True:
        try:
            async with client.stream(PATH, last_event_id=position, stream="true", **query) as content:
                if broken:
                    notice("Connected again; nothing was missed.")
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
        except (ServerAway, Refused) as error:
            if broken is None or (isinstance(error, Refused) and error.status not in PASSING):
                raise
            if not broken:
                notice("The connection to the server is lost. Trying again until it is back; nothing will be missed.")
            broken = str(error)
        await asyncio.sleep(pause_s * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
        pause_s = min(LONGEST_PAUSE_S, pause_s * 2)


def event_of(item: Any) -> Event:
    """An event of a list. Its bytes are those that were signed: JSON keeps the order of fields."""
    return Event(item["id"], item["type"], msgspec.json.encode(item))


def moment_of(text: str, now: datetime) -> datetime:
    """A span (`90s`, `15m`, `2h`, `1d`) before now, or a date or time in ISO 8601.

    Raises:
        Failure: if it is neither.
    """
    span = _SPAN.fullmatch(text.strip())
    if span is not None:
        return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Failure(
            f"--since: {text!r} is neither a span such as 90s, 15m, 2h, 1d nor a time such as 2026-11-25T08:00Z"
        ) from None
    return moment if moment.tzinfo is not None else moment.astimezone()


async def _events(content: aiohttp.StreamReader) -> AsyncGenerator[Event]:
    """The events of one connection, until it ends. What was cut off by the end comes again after it."""
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
                pass  # a comment, or `retry`: our own pauses grow


async def _line(content: aiohttp.StreamReader) -> bytes | None:
    try:
        line = await content.readline(max_line_length=MAX_LINE_BYTES)
    except LineTooLong:
        raise Failure("the server sent an event that is too large to be one. Is this the right address?") from None
    return line.rstrip(b"\r\n") if line.endswith(b"\n") else None
