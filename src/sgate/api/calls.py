"""Declarations of the API's calls. A `Call` is next to its handler; both the route and the OpenAPI operation are
built from it.
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
        path: URL path, with its parameters in braces as in OpenAPI.
        name: operation id.
        summary: short imperative phrase, without a full stop.
        description: one or more sentences (Markdown) for the API reference; the required scope is appended.
        answer: type of the response body.
        body: type of the JSON request body.
        scope: the scope that the key needs; None for calls without a key.
        limit: the rate-limit class that the call counts against.
        failures: the errors specific to this call; the common ones are added.
        preflight: whether the call answers OPTIONS, for pages of other origins.
        unhealthy: whether the call, instead of errors, may return its body with status 503.
        upload: media types of a request body that is not JSON.
        stream: whether the response is a stream of server-sent events whose data is `answer`.
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
        """Build the route of a handler; used as a decorator."""
        methods = [HttpMethod[self.method.upper()], *([HttpMethod.OPTIONS] if self.preflight else [])]
        path = self.path.replace("}", ":str}")
        return HTTPRouteHandler(path, http_method=methods, status_code=self.status)(handler)
