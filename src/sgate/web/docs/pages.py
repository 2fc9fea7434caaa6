"""The routes /, /docs, /docs/errors and /docs/errors/{code}: the landing page, the API reference and the error codes.

The pages are rendered from the OpenAPI document and the tree of errors.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

import sgate
from sgate.core.errors import GatewayError
from sgate.core.mode import Mode
from sgate.web.assets import built
from sgate.web.checkout.messages import NETWORKS
from sgate.web.rendering import AnyRequest, StaticPage, page, render_error

Schema = Mapping[str, Any]
MAX_CODE_CHARACTERS = 64
REFERENCE_POLICY = (
    "default-src 'none'; style-src 'self' 'nonce-{nonce}'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The viewer is served by this server and connects to nothing else. Its style sheet contains `data:` images."""

_CODE = re.compile(r"`([a-z_]+)`")


class ErrorPage(msgspec.Struct, frozen=True):
    """An error code and its description."""

    code: str
    status: int
    type: str
    text: str


class OperationLink(msgspec.Struct, frozen=True):
    """A link to an operation in the API reference."""

    summary: str
    href: str


def routes(openapi: Schema, modes: Mapping[bool, Mode]) -> list[HTTPRouteHandler]:
    """Return the routes of the developer pages."""
    public_url = next((mode.public_url for mode in modes.values()), "")
    documented = {error.code: error for error in error_pages()}
    operations_by_code = _operations_by_code(openapi)
    named = [(livemode, NETWORKS[mode.network]) for livemode, mode in modes.items()]
    landing_page = StaticPage("landing.html", values=lambda: {"version": sgate.__version__, "modes": named})
    reference_page = StaticPage("docs.html", policy=REFERENCE_POLICY, values=lambda: _reference(openapi, public_url))
    list_page = StaticPage("errors.html", values=lambda: {"errors": error_pages(), "unknown": None})

    def page_of(error: ErrorPage) -> StaticPage:
        operations, example = operations_by_code.get(error.code, ()), _example(error, public_url)
        return StaticPage("error.html", values=lambda: {"error": error, "operations": operations, "example": example})

    pages = {code: page_of(error) for code, error in documented.items()}

    @get("/", exception_handlers={Exception: render_error})
    async def landing(request: AnyRequest) -> Response[bytes]:
        """Show the landing page, which describes this server."""
        return landing_page(request)

    @get("/docs", exception_handlers={Exception: render_error})
    async def docs(request: AnyRequest) -> Response[bytes]:
        """Show the API reference, in which operations can be tried with a test key."""
        return reference_page(request)

    @get("/docs/errors", exception_handlers={Exception: render_error})
    async def error_docs(request: AnyRequest) -> Response[bytes]:
        """List every error code."""
        return list_page(request)

    @get("/docs/errors/{code:str}", exception_handlers={Exception: render_error})
    async def error_doc(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
        """Describe one error code. Every `doc_url` links here."""
        if code in pages:
            return pages[code](request)
        return page(request, "errors.html", status=404, errors=error_pages(), unknown=code[:MAX_CODE_CHARACTERS])

    return [landing, docs, error_docs, error_doc]


def _reference(openapi: Schema, public_url: str) -> Mapping[str, object]:
    """Return the values of the page with the API reference."""
    return {"version": openapi["info"]["version"], "public_url": public_url, "reference": built().reference}


def error_pages() -> list[ErrorPage]:
    """Return all error codes, sorted by status and code."""
    found = {kind.code: kind for kind in _tree(GatewayError)}
    pages = [
        ErrorPage(code, kind.status, kind.type, " ".join((kind.__doc__ or "").split())) for code, kind in found.items()
    ]
    return sorted(pages, key=lambda error: (error.status, error.code))


def _operations_by_code(openapi: Schema) -> Mapping[str, Sequence[OperationLink]]:
    """Return the operations that can return each code."""
    operations_by_code: dict[str, list[OperationLink]] = {}
    for operation in (operation for methods in openapi["paths"].values() for operation in methods.values()):
        tag, name = operation["tags"][0], operation["operationId"]
        link = OperationLink(operation["summary"], f"/docs#/{quote(tag)}/{name}")
        failures = [response["description"] for status, response in operation["responses"].items() if status[0] != "2"]
        for code in {code for description in failures for code in _CODE.findall(description)}:
            operations_by_code.setdefault(code, []).append(link)
    return operations_by_code


def _example(error: ErrorPage, public_url: str) -> str:
    """Return an example response with this error, as JSON."""
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
