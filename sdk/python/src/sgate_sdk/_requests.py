"""API calls as data: the request to send, and the decoder for its response. No I/O."""

import datetime as dt
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType

from sgate_sdk.errors import SGateUsageError

T = TypeVar("T")
Reader = Callable[[bytes], T]
Moment = dt.datetime | dt.date | str
"""A point in time or a day, for use in a filter. Text is sent unchanged."""

_PRINTABLE = re.compile(r"[\x20-\x7e]+")
KEY_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Request(Generic[T]):
    """One API call.

    Attributes:
        path: the escaped path, starting at the root of the server.
        query: the query parameters, as text. Omitted parameters are not included.
        read: decodes the body of the response. Raises `msgspec.MsgspecError` if the body is not the expected object.
        idempotency_key: the idempotency key of a POST under `/v1`. Every retry has the same key.
        public: whether the request is sent without the API key.
        once: whether the request is never retried. True if a repetition would have a second effect.
        newest: if the request opens a stream that starts now, the request for the newest existing event. With the id of
            that event, the stream can be resumed even if the connection breaks before the first event.
    """

    method: str
    path: str
    read: Reader[T]
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    content: bytes | None = None
    content_type: str = "application/json"
    idempotency_key: str | None = None
    last_event_id: str | None = None
    public: bool = False
    once: bool = False
    newest: "Request[ListAnswer[Any]] | None" = None

    def with_query(self, **query: str) -> "Request[T]":
        """Return the same request with additional query parameters."""
        return replace(self, query={**self.query, **query})


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP response. Header names are in lower case."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes


def get(path: str, read: Reader[T], *, public: bool = False, **parameters: object) -> Request[T]:
    """Return a GET request. Parameters that are None are omitted."""
    return Request(method="GET", path=path, read=read, query=query_of(parameters), public=public)


def post(path: str, read: Reader[T], body: Mapping[str, object], idempotency_key: str | None) -> Request[T]:
    """Return a POST request with the caller's idempotency key, or a random one, so that it is safe to retry.

    Raises:
        SGateUsageError: if the idempotency key is empty or has characters other than printable ASCII.
    """
    if idempotency_key is not None and not _PRINTABLE.fullmatch(idempotency_key):
        raise SGateUsageError(
            "An idempotency key has 1 to 255 printable ASCII characters.",
            code="invalid_idempotency_key",
            param="idempotency_key",
        )
    return Request(
        method="POST",
        path=path,
        read=read,
        content=msgspec.json.encode(given(body)),
        idempotency_key=idempotency_key or f"sdk-{secrets.token_hex(KEY_BYTES)}",
    )


def once(path: str, read: Reader[T], body: Mapping[str, object]) -> Request[T]:
    """Return a POST request for which the server stores no idempotency key. Each repetition has its own effect."""
    return Request(method="POST", path=path, read=read, content=msgspec.json.encode(given(body)), once=True)


def change(method: str, path: str, read: Reader[T], body: Mapping[str, object], *, public: bool = False) -> Request[T]:
    """Return a request with a body, such as a PATCH, that needs no idempotency key because it is idempotent."""
    return Request(method=method, path=path, read=read, content=msgspec.json.encode(given(body)), public=public)


def delete(path: str, read: Reader[T]) -> Request[T]:
    """Return a DELETE request."""
    return Request(method="DELETE", path=path, read=read)


def given(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields that are not UNSET. A field that is None is kept, and is sent as null."""
    return {name: value for name, value in fields.items() if value is not UNSET}


def unless_none(value: T | None) -> T | UnsetType:
    """Return the value, or UNSET if it is None. A field that is UNSET is omitted from the request."""
    return UNSET if value is None else value


def path_id(object_id: str) -> str:
    """Return an id, escaped so that it is exactly one segment of a path.

    Raises:
        SGateUsageError: if the id is empty or consists only of dots, which cannot be escaped.
    """
    if not object_id.strip("."):
        raise SGateUsageError(f"Pass an id such as pi_..., not {object_id!r}.", code="invalid_id", param="id")
    return quote(object_id, safe="")


def query_of(parameters: Mapping[str, object]) -> dict[str, str]:
    """Return query parameters as text. Each entry of a mapping becomes a parameter `name[key]`."""
    query: dict[str, str] = {}
    for name, value in parameters.items():
        match value:
            case None:
                pass
            case Mapping():
                pairs = cast("Mapping[object, object]", value)
                query |= {f"{name}[{key}]": str(each) for key, each in pairs.items()}
            case bool():
                query[name] = "true" if value else "false"
            case dt.datetime() | dt.date():
                query[name] = _iso(value)
            case _:
                query[name] = str(value)
    return query


def _iso(moment: dt.datetime | dt.date) -> str:
    """Return a date or time in ISO 8601 format.

    Raises:
        SGateUsageError: if a `datetime` has no time zone.
    """
    if isinstance(moment, dt.datetime) and moment.utcoffset() is None:
        raise SGateUsageError(
            "A datetime needs a time zone: datetime.now(UTC), not datetime.now().", code="invalid_option"
        )
    return moment.isoformat()


def reader_of(shape: type[T]) -> Reader[T]:
    """Return a function that decodes one object of type `shape`."""
    return msgspec.json.Decoder(shape).decode


class ListAnswer(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A page of a list. The last four fields are set only if the list was requested by page number."""

    object: str = "list"
    data: Sequence[T]
    has_more: bool
    limit: int | None = None
    total: int | None = None
    total_is_exact: bool | None = None
    page: int | None = None
    pages: int | None = None


def list_reader(read: Callable[[msgspec.Raw], T]) -> Reader[ListAnswer[T]]:
    """Return a function that decodes a page of a list. `read` decodes each object in the list."""
    decoder: msgspec.json.Decoder[ListAnswer[msgspec.Raw]] = msgspec.json.Decoder(ListAnswer[msgspec.Raw])

    def read_list(body: bytes) -> ListAnswer[T]:
        raw = decoder.decode(body)
        data = [read(each) for each in raw.data]
        return ListAnswer(
            object=raw.object,
            data=data,
            has_more=raw.has_more,
            limit=raw.limit,
            total=raw.total,
            total_is_exact=raw.total_is_exact,
            page=raw.page,
            pages=raw.pages,
        )

    return read_list


def next_page(request: Request[ListAnswer[T]], answer: ListAnswer[T]) -> Request[ListAnswer[T]] | None:
    """Return the request for the next page in the same direction, or None if there is no next page."""
    if not answer.has_more or not answer.data:
        return None
    if "page" in request.query:
        return request.with_query(page=str(int(request.query["page"]) + 1))
    if "ending_before" in request.query:
        return request.with_query(ending_before=_id_of(answer.data[0]))
    return request.with_query(starting_after=_id_of(answer.data[-1]))


def in_iteration_order(request: Request[ListAnswer[T]], data: Sequence[T]) -> Sequence[T]:
    """Return the objects of a page in iteration order: oldest first with `ending_before`, otherwise newest first."""
    return data[::-1] if "ending_before" in request.query else data


def _id_of(item: Any) -> str:
    return item.id
