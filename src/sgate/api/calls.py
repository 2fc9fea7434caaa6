"""Declarations of the API's calls.

Each `Call` is declared next to its handler. The route and the OpenAPI operation are built from the `Call`.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import HttpMethod, Response
from litestar.handlers import HTTPRouteHandler

from sgate.core import errors
from sgate.core.errors import GatewayError
from sgate.core.scope import Scope
from sgate.http.rate_limits import LimitClass

Schema = dict[str, Any]
Handler = Callable[..., Awaitable[Response[Any]]]

VALIDATION = (errors.ValidationFailed, errors.InvalidJson, errors.UnsupportedMediaType, errors.PayloadTooLarge)
IDEMPOTENCY = (errors.IdempotencyKeyReused, errors.IdempotencyInProgress, errors.InvalidIdempotencyKey)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call of the API.

    Attributes:
        path: URL path, with parameters in braces as in OpenAPI.
        name: operation id.
        summary: short imperative phrase, without a full stop.
        description: one or more sentences (Markdown) for the API reference. The required scope is appended.
        answer: type of the response body.
        body: type of the JSON request body.
        scope: the scope that the key must have, or None for calls without a key.
        limit: the rate-limit class of the call.
        failures: the errors that are specific to this call. Errors common to all calls are added.
        preflight: whether the call also accepts OPTIONS requests, which browsers send for pages of other origins.
        unhealthy: whether the call may return its body with status 503 instead of an error.
        upload: media types of a request body that is not JSON.
        stream: whether the response is a stream of server-sent events whose data has the type `answer`.
        streams: type of the events, if the response can also be a stream of server-sent events.
    """

    method: str
    path: str
    name: str
    summary: str
    tag: str
    description: str = ""
    answer: type
    status: int = 200
    body: type | None = None
    query: tuple[Schema, ...] = ()
    scope: Scope | None = None
    limit: LimitClass = LimitClass.OTHER
    idempotent: bool = False
    failures: tuple[type[GatewayError], ...] = ()
    preflight: bool = False
    unhealthy: bool = False
    upload: tuple[str, ...] = ()
    stream: bool = False
    streams: type | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the query parameters."""
        return tuple(parameter["name"] for parameter in self.query)

    def route(self, handler: Handler) -> HTTPRouteHandler:
        """Build the route of a handler. This method is used as a decorator."""
        methods = [HttpMethod[self.method.upper()], *([HttpMethod.OPTIONS] if self.preflight else [])]
        path = self.path.replace("}", ":str}")
        return HTTPRouteHandler(path, http_method=methods, status_code=self.status)(handler)
