"""A call of the API: what it takes and gives. It stands beside its handler, and makes both the route and the operation
of the OpenAPI document.
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
    """One call.

    Attributes:
        path: with its parameters in braces, as OpenAPI writes them.
        name: the operation's id.
        scope: what its key must be allowed to do; None for calls without a key.
        limit: which limit it counts against.
        failures: the errors of its own; common ones are added.
        preflight: whether it answers OPTIONS, for pages of other origins.
        unhealthy: it has no failures, but may answer with 503.
        upload: the media types of a body that is no JSON.
        stream: the answer is a stream of server-sent events, each of which has `answer` as its data.
        streams: the answer may also be a stream of these, as server-sent events.
    """

    method: str
    path: str
    name: str
    summary: str
    tag: str
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
        """The names of its query parameters."""
        return tuple(parameter["name"] for parameter in self.query)

    def route(self, handler: Handler) -> HTTPRouteHandler:
        """The route that a handler answers; to decorate it with."""
        methods = [HttpMethod[self.method.upper()], *([HttpMethod.OPTIONS] if self.preflight else [])]
        path = self.path.replace("}", ":str}")
        return HTTPRouteHandler(path, http_method=methods, status_code=self.status)(handler)
