"""Query parameters of lists: page size, cursors, page numbers, dates and metadata. Each error names its parameter."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Protocol, TypeVar

from sgate.api.calls import Schema
from sgate.api.requests import AnyRequest, is_id
from sgate.core import errors
from sgate.core import intent as limits

MIN_MOMENT = datetime(2009, 1, 3, tzinfo=UTC)
"""The day of Bitcoin's genesis block. Earlier dates are replaced by this date.

Otherwise, a date could be out of the range of the database.
"""

MAX_MOMENT = datetime(9999, 1, 1, tzinfo=UTC)
MAX_LIMIT = 100
"""Maximum number of objects per page."""

MAX_PAGE = 1_000_000
"""Largest page number that is accepted as valid. It is far beyond the pages that can be reached."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_METADATA = re.compile(r"metadata\[(.*)\]", re.DOTALL)
_ALLOWED = "a date (2026-11-23), or a date and time with a time zone (2026-11-23T12:00:00Z; encode + as %2B)"


def parameter(name: str, description: str, schema: Schema) -> Schema:
    """Build an OpenAPI query parameter."""
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


_LIMIT_DESCRIPTION = f"The maximum number of objects to return, from 1 to {MAX_LIMIT}."
LIMIT = parameter("limit", _LIMIT_DESCRIPTION, {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 10})
LIMIT_ALL = parameter(
    "limit", _LIMIT_DESCRIPTION, {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": MAX_LIMIT}
)
ID: Schema = {"type": "string", "pattern": "^[a-z]{2,4}_[0-9a-f]{24}$"}
AFTER = parameter(
    "starting_after",
    "An object id. Returns the objects that follow it; use the last id of a page to get the next one.",
    ID,
)
BEFORE = parameter(
    "ending_before",
    "An object id. Returns the objects that precede it; use the first id of a page to get the previous one.",
    ID,
)
PAGE_NUMBER: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE}
MOMENT: Schema = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
PERIOD = (
    parameter(
        "from_date", "Returns objects created at or after this time; a date means 00:00 UTC on that day.", MOMENT
    ),
    parameter(
        "to_date", "Returns objects created at or before this time; a date means the end of that day, UTC.", MOMENT
    ),
)
DAYS = (
    parameter(
        "from_date",
        "The first day, in UTC. Defaults to 29 days before the last day.",
        {"type": "string", "format": "date"},
    ),
    parameter(
        "to_date",
        "The last day, in UTC, inclusive. Defaults to today. The range can span at most 366 days.",
        {"type": "string", "format": "date"},
    ),
)
METADATA_FILTER: Schema = {
    "name": "metadata",
    "in": "query",
    "required": False,
    "style": "deepObject",
    "explode": True,
    "description": "Returns only objects whose metadata contains all of these pairs, such as `metadata[order]=17`.",
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}


def limit_of(request: AnyRequest, default: int = 10, maximum: int = MAX_LIMIT) -> int:
    """Return the page size.

    Raises:
        ValidationFailed: if `limit` is not a number from 1 to `maximum`.
    """
    return number_of(request, "limit", default, maximum)


def number_of(request: AnyRequest, name: str, default: int, maximum: int) -> int:
    """Return a numeric query parameter.

    Raises:
        ValidationFailed: if the parameter is not a number from 1 to `maximum`.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:12]) <= maximum):
        raise errors.ValidationFailed(f"{name} must be a number from 1 to {maximum}.", param=name)
    return int(text)


def paging_of(request: AnyRequest) -> tuple[str | None, str | None, int | None]:
    """Return (starting_after, ending_before, page). At most one of them is not None.

    Raises:
        MixedPaging: if more than one is given.
        ValidationFailed: if `page` is not a valid page number.
    """
    given = [name for name in ("starting_after", "ending_before", "page") if name in request.query_params]
    if len(given) > 1:
        raise errors.MixedPaging(param=given[-1])
    page = number_of(request, "page", 1, MAX_PAGE) if "page" in given else None
    return request.query_params.get("starting_after"), request.query_params.get("ending_before"), page


def cursors_of(request: AnyRequest) -> tuple[str | None, str | None]:
    """Return (starting_after, ending_before) for lists without page numbers. At most one of them is not None.

    Raises:
        MixedPaging: if both are given.
        InvalidCursor: if the cursor does not have the form of an id.
    """
    starting_after, ending_before, _ = paging_of(request)
    for name, cursor in (("starting_after", starting_after), ("ending_before", ending_before)):
        if cursor is not None and not is_id(cursor):
            raise errors.InvalidCursor(param=name)
    return starting_after, ending_before


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=_Identified)


def page_of(request: AnyRequest, found: Sequence[T]) -> dict[str, object]:
    """Return the requested page of a list that is short enough to be read in full.

    Raises:
        MixedPaging: if both cursors are given.
        InvalidCursor: if a cursor is not the id of an object in the list.
        ValidationFailed: if `limit` is not valid, or a parameter is unknown.
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
    """Return the period from `from_date` to `to_date`, inclusive, as [since, until). A date means the whole day in UTC.

    Raises:
        ValidationFailed: if one of the parameters is neither a date nor a date with a time.
    """
    since = _moment(request, "from_date", MIN_MOMENT, end_of_day=False)
    until = _moment(request, "to_date", MAX_MOMENT, end_of_day=True)
    return max(since, MIN_MOMENT), max(until, MIN_MOMENT)


def days_of(request: AnyRequest, now: datetime, default: int, *, longest: int) -> tuple[date, date]:
    """Return the first and the last day of a range in UTC. By default, the range has `default` days and ends today.

    Raises:
        ValidationFailed: if a parameter is not a date, or if the range is empty or longer than `longest` days.
    """
    last = _day(request, "to_date") or now.astimezone(UTC).date()
    first = _day(request, "from_date") or max(last - timedelta(days=default - 1), MIN_MOMENT.date())
    if not 0 <= (last - first).days < longest:
        raise errors.ValidationFailed(
            f"from_date must not be after to_date, nor more than {longest} days before it.", param="from_date"
        )
    return first, last


def metadata_of(request: AnyRequest) -> tuple[tuple[str, str], ...]:
    """Return the (key, value) pairs of the `metadata[key]=value` parameters. Objects must have all of these pairs.

    Raises:
        ValidationFailed: if there are too many pairs, or if a key or value is not valid in metadata.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in request.query_params.multi_items():
        match = _METADATA.fullmatch(name)
        if match is None:
            continue
        if len(match[1]) > limits.MAX_METADATA_KEY_CHARACTERS or len(value.encode()) > limits.MAX_METADATA_VALUE_BYTES:
            raise errors.ValidationFailed(
                f"metadata keys must have at most {limits.MAX_METADATA_KEY_CHARACTERS} characters, and values at most "
                f"{limits.MAX_METADATA_VALUE_BYTES} bytes.",
                param="metadata",
            )
        if "\0" in match[1] + value:
            raise errors.ValidationFailed("metadata must not contain NUL characters.", param="metadata")
        pairs.append((match[1], value))
    if len(pairs) > limits.MAX_METADATA_KEYS:
        raise errors.ValidationFailed(
            f"A list can be filtered by at most {limits.MAX_METADATA_KEYS} metadata pairs.", param="metadata"
        )
    return tuple(pairs)


def refuse_unknown_parameters(request: AnyRequest, *known: str) -> None:
    """Refuse unknown and repeated query parameters. Otherwise, a misspelled filter would have no effect.

    In `known`, `metadata` stands for `metadata[key]`.

    Raises:
        ValidationFailed: if a parameter is unknown or repeated.
    """
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        is_metadata = "metadata" in known and _METADATA.fullmatch(name) is not None
        if name == "metadata" or (name not in known and not is_metadata):
            accepted = ", ".join("metadata[...]" if each == "metadata" else each for each in known)
            parameters = f"the parameters are {accepted}" if known else "this call takes none"
            raise errors.ValidationFailed(f"Unknown parameter `{name[:64]}`; {parameters}.", param=name[:64])
        if name in seen:
            raise errors.ValidationFailed(f"The parameter `{name[:64]}` must be given only once.", param=name[:64])
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
        raise errors.ValidationFailed(
            f"{name} must be a date such as 2026-11-23, and not before 2009-01-03.", param=name
        )
    return day


def _moment(request: AnyRequest, name: str, default: datetime, *, end_of_day: bool) -> datetime:
    text = request.query_params.get(name)
    if text is None:
        return default
    whole_day = _DATE.fullmatch(text) is not None
    if not text.isascii() or not (whole_day or _MOMENT.fullmatch(text)):
        raise errors.ValidationFailed(f"{name} must be {_ALLOWED}.", param=name)
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if whole_day else moment.astimezone(UTC)
        if not end_of_day:
            return moment
        return moment + (timedelta(days=1) if whole_day else timedelta(milliseconds=1))
    except OverflowError:
        return default
    except ValueError:
        raise errors.ValidationFailed(f"{name} is not a date in the calendar. Use {_ALLOWED}.", param=name) from None


def one_of(request: AnyRequest, name: str, allowed: Sequence[str]) -> str | None:
    """Return a parameter that has a fixed set of values, or None if the parameter is missing.

    Raises:
        ValidationFailed: if the value is not one of `allowed`.
    """
    text = request.query_params.get(name)
    if text is not None and text not in allowed:
        raise errors.ValidationFailed(f"{name} must be one of {', '.join(allowed)}.", param=name)
    return text


def cursor_of(request: AnyRequest, name: str) -> str | None:
    """Return a cursor from the query, or None if the cursor is missing.

    Raises:
        InvalidCursor: if the cursor does not have the form of an id.
    """
    return checked_cursor(request.query_params.get(name), name)


def checked_cursor(text: str | None, name: str) -> str | None:
    """Return the cursor unchanged. It must be None or have the form of an id.

    Raises:
        InvalidCursor: if the cursor does not have the form of an id.
    """
    if text is not None and not is_id(text):
        raise errors.InvalidCursor(param=name)
    return text


def object_id_of(request: AnyRequest, *names: str, such_as: str = "pi") -> str | None:
    """Return the id in the first of these parameters that is present, or None if none of them is present.

    `such_as` is the id prefix that the error gives as an example.

    Raises:
        ValidationFailed: if the value does not have the form of an id.
    """
    for name in names:
        text = request.query_params.get(name)
        if text is None:
            continue
        if not is_id(text):
            raise errors.ValidationFailed(f"{name} must be an id, such as {such_as}_...", param=name)
        return text
    return None
