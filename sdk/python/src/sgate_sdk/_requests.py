"""A call of the API as data: what to send, and how to read the answer. Nothing here touches the network."""

import datetime as dt
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType

T = TypeVar("T")
Reader = Callable[[bytes], T]
Moment = dt.datetime | dt.date | str
"""A moment or a day of a filter. Text is sent as it is."""

_PRINTABLE = re.compile(r"[\x20-\x7e]+")
KEY_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Request(Generic[T]):
    """One call.

    Attributes:
        path: escaped, from the server's root.
        query: only what is given, as text.
        read: makes the answer's body into what the call returns; raises msgspec.MsgspecError if it is something else.
        idempotency_key: of a POST under /v1; the same however often it is sent.
        public: whether it is sent without the API key.
        once: whether it must not be sent again by itself, because a second time would have a second effect.
        newest: of a stream that begins now: asks for the newest event, so that a connection that breaks before it has
            said anything can be taken up too.
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

    def asking(self, **query: str) -> "Request[T]":
        """The same call with other parameters beside those it has."""
        return replace(self, query={**self.query, **query})


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back. Names of headers are in small letters."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes


def get(path: str, read: Reader[T], *, public: bool = False, **parameters: object) -> Request[T]:
    """A GET; what is None is not asked for."""
    return Request(method="GET", path=path, read=read, query=query_of(parameters), public=public)


def post(path: str, read: Reader[T], body: Mapping[str, object], idempotency_key: str | None) -> Request[T]:
    """A POST that may be repeated: with the caller's idempotency key, or a new one."""
    if idempotency_key is not None and not _PRINTABLE.fullmatch(idempotency_key):
        raise ValueError("An idempotency key has 1 to 255 printable ASCII characters.")
    return Request(
        method="POST",
        path=path,
        read=read,
        content=msgspec.json.encode(given(body)),
        idempotency_key=idempotency_key or f"sdk-{secrets.token_hex(KEY_BYTES)}",
    )


def once(path: str, read: Reader[T], body: Mapping[str, object]) -> Request[T]:
    """A POST that has its effect each time it is sent: the server keeps no idempotency key for it."""
    return Request(method="POST", path=path, read=read, content=msgspec.json.encode(given(body)), once=True)


def change(method: str, path: str, read: Reader[T], body: Mapping[str, object], *, public: bool = False) -> Request[T]:
    """A PATCH or another request with a body that needs no idempotency key: it may be sent twice as it is."""
    return Request(method=method, path=path, read=read, content=msgspec.json.encode(given(body)), public=public)


def delete(path: str, read: Reader[T]) -> Request[T]:
    """A DELETE."""
    return Request(method="DELETE", path=path, read=read)


def given(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields that are given. None stays: it means null."""
    return {name: value for name, value in fields.items() if value is not UNSET}


def unless_none(value: T | None) -> T | UnsetType:
    """A field that is left out when it is None."""
    return UNSET if value is None else value


def path_id(object_id: str) -> str:
    """An id as a part of a path: escaped, so that no text can lead to another address.

    Raises:
        ValueError: if it is empty, or nothing but dots, which no escape keeps from meaning another address.
    """
    if not object_id.strip("."):
        raise ValueError(f"An id is needed here, such as pi_...; this is {object_id!r}.")
    return quote(object_id, safe="")


def query_of(parameters: Mapping[str, object]) -> dict[str, str]:
    """Parameters as text; mappings become `name[key]`."""
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
    """As the API reads it.

    Raises:
        ValueError: for a moment without a time zone: which one it means would be a guess.
    """
    if isinstance(moment, dt.datetime) and moment.utcoffset() is None:
        raise ValueError("A moment needs a time zone: datetime.now(UTC), not datetime.now().")
    return moment.isoformat()


def reader_of(shape: type[T]) -> Reader[T]:
    """Reads one object."""
    return msgspec.json.Decoder(shape).decode


class ListAnswer(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A part of a list. The last four are there if the list was asked for by page number."""

    object: str = "list"
    data: Sequence[T]
    has_more: bool
    limit: int | None = None
    total: int | None = None
    total_is_exact: bool | None = None
    page: int | None = None
    pages: int | None = None


def list_reader(read: Callable[[msgspec.Raw], T]) -> Reader[ListAnswer[T]]:
    """Reads a list; `read` reads one of its objects."""
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
    """The request for what follows, going on in the same direction; None at the end."""
    if not answer.has_more or not answer.data:
        return None
    if "page" in request.query:
        return request.asking(page=str(int(request.query["page"]) + 1))
    if "ending_before" in request.query:
        return request.asking(ending_before=_id_of(answer.data[0]))
    return request.asking(starting_after=_id_of(answer.data[-1]))


def in_walking_order(request: Request[ListAnswer[T]], answer: ListAnswer[T]) -> Sequence[T]:
    """The objects of a page, those nearest to where the walk began first."""
    return answer.data[::-1] if "ending_before" in request.query else answer.data


def _id_of(item: Any) -> str:
    return item.id
