"""The query of a list: page size, cursors, page numbers, dates, metadata. Checked here, refused by name."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Protocol, TypeVar

from sgate.api.calls import Schema
from sgate.api.requests import AnyRequest, is_id
from sgate.core import errors
from sgate.core import intent as limits

MIN_MOMENT = datetime(2009, 1, 3, tzinfo=UTC)
"""There was nothing to pay before: dates are cut to begin here, so that none is too early for the database."""

MAX_MOMENT = datetime(9999, 1, 1, tzinfo=UTC)
MAX_LIMIT = 100
"""Objects of one page, at most."""

MAX_PAGE = 1_000_000
"""Beyond every reach; larger numbers are nonsense."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_METADATA = re.compile(r"metadata\[(.*)\]", re.DOTALL)
_ALLOWED = "a date (2026-11-23), or a moment with its zone (2026-11-23T12:00:00Z; write + as %2B)"


def parameter(name: str, description: str, schema: Schema) -> Schema:
    """A query parameter as OpenAPI describes it."""
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


LIMIT = parameter(
    "limit", "How many to return.", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 10}
)
LIMIT_ALL = parameter(
    "limit", "How many to return.", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": MAX_LIMIT}
)
ID: Schema = {"type": "string", "pattern": "^[a-z]{2,4}_[0-9a-f]{24}$"}
AFTER = parameter("starting_after", "Id of the last object of the page before.", ID)
BEFORE = parameter("ending_before", "Id of the first object of the page after.", ID)
PAGE_NUMBER: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE}
MOMENT: Schema = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
PERIOD = (
    parameter("from_date", "Made at this moment or later; a date is its beginning, UTC.", MOMENT),
    parameter("to_date", "Made at this moment or before; a date is its end, UTC.", MOMENT),
)
DAYS = (
    parameter(
        "from_date", "The first day, UTC. Default: 29 days before the last.", {"type": "string", "format": "date"}
    ),
    parameter(
        "to_date", "The last day, UTC, at most 366 days in all. Default: today.", {"type": "string", "format": "date"}
    ),
)
METADATA_FILTER: Schema = {
    "name": "metadata",
    "in": "query",
    "required": False,
    "style": "deepObject",
    "explode": True,
    "description": "Only those with these pairs in their metadata: `metadata[order]=17`.",
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}


def limit_of(request: AnyRequest, default: int = 10, maximum: int = MAX_LIMIT) -> int:
    """The page size.

    Raises:
        ValidationFailed: unless it is a number from 1 to `maximum`.
    """
    return number_of(request, "limit", default, maximum)


def number_of(request: AnyRequest, name: str, default: int, maximum: int) -> int:
    """A number of the query, from 1 to `maximum`.

    Raises:
        ValidationFailed: if it is none.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:12]) <= maximum):
        raise errors.ValidationFailed(f"{name} is a number from 1 to {maximum}.", param=name)
    return int(text)


def walk_of(request: AnyRequest) -> tuple[str | None, str | None, int | None]:
    """How the list is walked: (starting_after, ending_before, page), of which at most one is given.

    Raises:
        MixedPaging: if more than one is given.
        ValidationFailed: if the page is not a number.
    """
    given = [name for name in ("starting_after", "ending_before", "page") if name in request.query_params]
    if len(given) > 1:
        raise errors.MixedPaging(param=given[-1])
    page = number_of(request, "page", 1, MAX_PAGE) if "page" in given else None
    return request.query_params.get("starting_after"), request.query_params.get("ending_before"), page


def cursors_of(request: AnyRequest) -> tuple[str | None, str | None]:
    """How a list without page numbers is walked: (starting_after, ending_before), of which at most one is given.

    Raises:
        MixedPaging: if both are given.
        InvalidCursor: if one cannot be an id.
    """
    starting_after, ending_before, _ = walk_of(request)
    for name, cursor in (("starting_after", starting_after), ("ending_before", ending_before)):
        if cursor is not None and not is_id(cursor):
            raise errors.InvalidCursor(param=name)
    return starting_after, ending_before


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=_Identified)


def part_of(request: AnyRequest, found: Sequence[T]) -> dict[str, object]:
    """The part that is asked for of a list that is short enough to be read whole.

    Raises:
        MixedPaging, InvalidCursor, ValidationFailed: see there.
    """
    refuse_unknown_parameters(request, "starting_after", "ending_before", "limit")
    limit = limit_of(request, MAX_LIMIT)
    after, before = cursors_of(request)
    places = {item.id: place for place, item in enumerate(found)}
    if (after or before) not in {None, *places}:
        raise errors.InvalidCursor(param="starting_after" if after else "ending_before")
    first, last = 0, limit
    if after is not None:
        first, last = places[after] + 1, places[after] + 1 + limit
    elif before is not None:
        first, last = max(0, places[before] - limit), places[before]
    has_more = first > 0 if before is not None else last < len(found)
    return {"object": "list", "data": found[first:last], "has_more": has_more, "limit": limit}


def period_of(request: AnyRequest) -> tuple[datetime, datetime]:
    """From `from_date` to `to_date`, both included, as [since, until): a date means the whole day, UTC.

    Raises:
        ValidationFailed: if one is not a date.
    """
    since = _moment(request, "from_date", MIN_MOMENT, end_of_day=False)
    until = _moment(request, "to_date", MAX_MOMENT, end_of_day=True)
    return max(since, MIN_MOMENT), max(until, MIN_MOMENT)


def days_of(request: AnyRequest, now: datetime, default: int, *, longest: int) -> tuple[date, date]:
    """The days from `from_date` to `to_date`, UTC, both included; by default the last `default` days, today included.

    Raises:
        ValidationFailed: if one is not a date, or there are none or more than `longest` of them.
    """
    last = _day(request, "to_date") or now.astimezone(UTC).date()
    first = _day(request, "from_date") or max(last - timedelta(days=default - 1), MIN_MOMENT.date())
    if not 0 <= (last - first).days < longest:
        raise errors.ValidationFailed(
            f"from_date must not be after to_date, nor more than {longest} days before it.", param="from_date"
        )
    return first, last


def metadata_of(request: AnyRequest) -> tuple[tuple[str, str], ...]:
    """The pairs asked for with `metadata[key]=value`; all must hold.

    Raises:
        ValidationFailed: if a key or a value cannot occur.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in request.query_params.multi_items():
        match = _METADATA.fullmatch(name)
        if match is None:
            continue
        if len(match[1]) > limits.MAX_METADATA_KEY_CHARACTERS or len(value.encode()) > limits.MAX_METADATA_VALUE_BYTES:
            raise errors.ValidationFailed(
                f"A metadata key has at most {limits.MAX_METADATA_KEY_CHARACTERS} characters, its value at most "
                f"{limits.MAX_METADATA_VALUE_BYTES} bytes.",
                param="metadata",
            )
        if "\0" in match[1] + value:
            raise errors.ValidationFailed("metadata must not contain NUL.", param="metadata")
        pairs.append((match[1], value))
    if len(pairs) > limits.MAX_METADATA_KEYS:
        raise errors.ValidationFailed(
            f"A list is narrowed by at most {limits.MAX_METADATA_KEYS} pairs.", param="metadata"
        )
    return tuple(pairs)


def refuse_unknown_parameters(request: AnyRequest, *known: str) -> None:
    """Refuse query parameters that mean nothing here, or that are given twice: a misspelt filter must not return
    everything. `metadata` stands for `metadata[key]`.

    Raises:
        ValidationFailed: naming the parameter.
    """
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        is_metadata = "metadata" in known and _METADATA.fullmatch(name) is not None
        if name == "metadata" or (name not in known and not is_metadata):
            there_are = ", ".join("metadata[...]" if each == "metadata" else each for each in known)
            raise errors.ValidationFailed(
                f"There is no parameter `{name[:64]}` here; there are {there_are}.", param=name[:64]
            )
        if name in seen:
            raise errors.ValidationFailed(f"`{name[:64]}` is given twice.", param=name[:64])
        seen.add(name)


def _day(request: AnyRequest, name: str) -> date | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        day = date.fromisoformat(text) if text.isascii() and _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not MIN_MOMENT.date() <= day < MAX_MOMENT.date():
        raise errors.ValidationFailed(f"{name} is a date such as 2026-11-23, not before 2009-01-03.", param=name)
    return day


def _moment(request: AnyRequest, name: str, default: datetime, *, end_of_day: bool) -> datetime:
    text = request.query_params.get(name)
    if text is None:
        return default
    whole_day = _DATE.fullmatch(text) is not None
    if not text.isascii() or not (whole_day or _MOMENT.fullmatch(text)):
        raise errors.ValidationFailed(f"{name} is {_ALLOWED}.", param=name)
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if whole_day else moment.astimezone(UTC)
        if not end_of_day:
            return moment
        return moment + (timedelta(days=1) if whole_day else timedelta(milliseconds=1))
    except OverflowError:
        return default
    except ValueError:
        raise errors.ValidationFailed(f"{name}: there is no such date; it is {_ALLOWED}.", param=name) from None


def one_of(request: AnyRequest, name: str, allowed: Sequence[str]) -> str | None:
    """A parameter with a few possible values, or None if it is not given.

    Raises:
        ValidationFailed: for any other value.
    """
    text = request.query_params.get(name)
    if text is not None and text not in allowed:
        raise errors.ValidationFailed(f"{name} is one of {', '.join(allowed)}.", param=name)
    return text


def cursor_of(request: AnyRequest, name: str) -> str | None:
    """The id of an object of the list.

    Raises:
        InvalidCursor: if it does not have the form of an id.
    """
    return checked_cursor(request.query_params.get(name), name)


def checked_cursor(text: str | None, name: str) -> str | None:
    """The id of an object of the list, or nothing.

    Raises:
        InvalidCursor: if it does not have the form of an id.
    """
    if text is not None and not is_id(text):
        raise errors.InvalidCursor(param=name)
    return text


def object_id_of(request: AnyRequest, *names: str, such_as: str = "pi") -> str | None:
    """An id, under the first of these names that is given. `such_as`: how the ids begin that make sense here.

    Raises:
        ValidationFailed: if it does not have the form of an id.
    """
    for name in names:
        text = request.query_params.get(name)
        if text is None:
            continue
        if not is_id(text):
            raise errors.ValidationFailed(f"{name} is an id, such as {such_as}_...", param=name)
        return text
    return None
