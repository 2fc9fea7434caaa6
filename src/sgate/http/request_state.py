"""Per-request state, kept in the ASGI scope."""

from collections.abc import Mapping
from typing import cast

import msgspec

from sgate.http.rate_limits import Headers

SCOPE_KEY = "sgate.request"


class RequestState(msgspec.Struct, kw_only=True):
    """The state of one request.

    The middleware creates it, the handlers fill it in, and the log and the metrics are written from it.

    Attributes:
        public_url: base URL of the error pages, without a trailing slash.
        head: whether the request is a HEAD request.
        address: the client's address, as reported by trusted proxies.
        key_id: id of the API key of the request.
        topic: notification topic of the authenticated merchant. The request may change the data of this merchant.
        streamed: whether the response is a stream, which can last for minutes.
        error_code: code of the error that was returned.
        extra_headers: additional response headers.
    """

    request_id: str
    public_url: str
    head: bool = False
    address: str | None = None
    key_id: str | None = None
    topic: str | None = None
    streamed: bool = False
    error_code: str | None = None
    extra_headers: Headers = ()


def state_of(scope: Mapping[str, object]) -> RequestState:
    """Return the state of the request that an ASGI scope describes."""
    return cast("RequestState", scope[SCOPE_KEY])
