"""/, /docs, /docs/errors and a page for each error code: what this server is, what it takes, what its errors mean.

Made from the OpenAPI document and the tree of errors.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

import sgate
from sgate.core.errors import GatewayError
from sgate.core.mode import Mode
from sgate.web.checkout.messages import NETWORKS
from sgate.web.rendering import AnyRequest, page, trouble

Schema = Mapping[str, Any]
Row = tuple[str, str, str]
JSON = "application/json"
MAX_CODE_CHARACTERS = 64
_CODE = re.compile(r"`([a-z_]+)`")


class ErrorPage(msgspec.Struct, frozen=True):
    """One error code and what it means."""

    code: str
    status: int
    type: str
    text: str


class CallPage(msgspec.Struct, frozen=True):
    """One call, ready to be shown."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    tables: tuple[tuple[str, tuple[Row, ...]], ...]
    failures: tuple[tuple[str, tuple[str, ...]], ...]


class Group(msgspec.Struct, frozen=True):
    """Calls that belong together."""

    name: str
    calls: tuple[CallPage, ...]


def routes(openapi: Schema, modes: Mapping[bool, Mode]) -> list[HTTPRouteHandler]:
    """The pages for developers."""
    groups = tuple(_groups(openapi))
    public_url = next((mode.public_url for mode in modes.values()), "")
    explained = {error.code: error for error in error_pages()}
    raising = _calls_by_error(groups)

    @get("/", exception_handlers={Exception: trouble})
    async def landing(request: AnyRequest) -> Response[bytes]:
        """What this server is."""
        named = [(livemode, NETWORKS[mode.network]) for livemode, mode in modes.items()]
        return page(request, "landing.html", version=sgate.__version__, modes=named)

    @get("/docs", exception_handlers={Exception: trouble})
    async def docs(request: AnyRequest) -> Response[bytes]:
        """The API, for reading."""
        return page(request, "docs.html", openapi=openapi, groups=groups, public_url=public_url)

    @get("/docs/errors", exception_handlers={Exception: trouble})
    async def error_docs(request: AnyRequest) -> Response[bytes]:
        """Every error code."""
        return page(request, "errors.html", errors=error_pages(), unknown=None)

    @get("/docs/errors/{code:str}", exception_handlers={Exception: trouble})
    async def error_doc(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
        """One error code: where every `doc_url` leads."""
        found = explained.get(code)
        if found is None:
            return page(request, "errors.html", status=404, errors=error_pages(), unknown=code[:MAX_CODE_CHARACTERS])
        return page(
            request, "error.html", error=found, calls=raising.get(code, ()), example=_example(found, public_url)
        )

    return [landing, docs, error_docs, error_doc]


def error_pages() -> list[ErrorPage]:
    """All error codes, by status and code."""
    found = {kind.code: kind for kind in _tree(GatewayError)}
    pages = [
        ErrorPage(code, kind.status, kind.type, " ".join((kind.__doc__ or "").split())) for code, kind in found.items()
    ]
    return sorted(pages, key=lambda error: (error.status, error.code))


def _calls_by_error(groups: Sequence[Group]) -> Mapping[str, Sequence[CallPage]]:
    """Which calls may answer each code."""
    raising: dict[str, list[CallPage]] = {}
    for call in (call for group in groups for call in group.calls):
        for code in {code for _, codes in call.failures for code in codes}:
            raising.setdefault(code, []).append(call)
    return raising


def _example(error: ErrorPage, public_url: str) -> str:
    """The answer as a client sees it."""
    envelope = {
        "error": {
            "type": error.type,
            "code": error.code,
            "message": error.text,
            "param": None,
            "doc_url": f"{public_url}/docs/errors/{error.code}",
            "details": {},
        },
        "request_id": "req_0123456789abcdef01234567",
        "timestamp": "2026-11-23T12:00:00.000Z",
        "path": "/v1/payment_intents",
        "status": error.status,
    }
    return msgspec.json.format(msgspec.json.encode(envelope), indent=2).decode()


def _tree(kind: type[GatewayError]) -> Iterator[type[GatewayError]]:
    for child in kind.__subclasses__():
        yield from _tree(child)
    yield kind


def _groups(openapi: Schema) -> Iterator[Group]:
    calls = list(_calls(openapi))
    for tag in dict.fromkeys(tag for tag, _ in calls):
        yield Group(tag, tuple(call for of, call in calls if of == tag))


def _calls(openapi: Schema) -> Iterator[tuple[str, CallPage]]:
    """Each call with the tag it stands under."""
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            yield (
                next(iter(operation.get("tags", ())), "Other"),
                CallPage(
                    id=operation["operationId"],
                    method=method.upper(),
                    path=path,
                    summary=operation["summary"],
                    description=operation.get("description", ""),
                    tables=tuple(_tables(openapi, operation)),
                    failures=tuple(
                        (status, tuple(_CODE.findall(answer["description"])))
                        for status, answer in operation["responses"].items()
                        if not status.startswith("2")
                    ),
                ),
            )


def _tables(openapi: Schema, operation: Schema) -> Iterator[tuple[str, tuple[Row, ...]]]:
    parameters = tuple(
        (parameter["name"], _kind(openapi, parameter["schema"]), parameter.get("description", ""))
        for parameter in operation.get("parameters", ())
    )
    if parameters:
        yield "Parameters", parameters
    if JSON in operation.get("requestBody", {}).get("content", {}):
        yield "Body", _fields(openapi, operation["requestBody"]["content"][JSON]["schema"])
    success = next((answer for status, answer in operation["responses"].items() if status.startswith("2")), {})
    if JSON in success.get("content", {}):
        yield "Answer", _fields(openapi, success["content"][JSON]["schema"])


def _fields(openapi: Schema, schema: Schema) -> tuple[Row, ...]:
    properties = _resolved(openapi, schema).get("properties", {})
    return tuple(
        (name, _kind(openapi, field), _resolved(openapi, field).get("description", field.get("description", "")))
        for name, field in properties.items()
    )


def _kind(openapi: Schema, schema: Schema) -> str:
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(openapi, option) for option in schema["anyOf"]))
    if "$ref" in schema:
        target = _resolved(openapi, schema)
        return ", ".join(target["enum"]) if "enum" in target else schema["$ref"].rpartition("/")[2]
    if schema.get("type") == "array":
        return f"list of {_kind(openapi, schema.get('items', {}))}"
    kind = schema.get("type", "any")
    return " or ".join(kind) if isinstance(kind, Sequence) and not isinstance(kind, str) else str(kind)


def _resolved(openapi: Schema, schema: Schema) -> Schema:
    if "$ref" in schema:
        return openapi["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema
