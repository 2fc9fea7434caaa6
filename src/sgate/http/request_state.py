"""What is known of a request while it is answered, beside its ASGI scope."""

from collections.abc import Mapping
from typing import cast

import msgspec

from sgate.http.rate_limits import Headers

SCOPE_KEY = "sgate.request"


class RequestState(msgspec.Struct, kw_only=True):
    """Made by the middleware for each request, filled in by whoever answers it, read again for the log and the metrics.

    Attributes:
        public_url: where the pages that explain errors are, without a trailing slash.
        head: whether only the head of the answer is asked for.
        address: the caller's, as far as trusted proxies tell it.
        key_id: the API key that was used.
        topic: of the merchant who may change something by this request.
        streamed: whether the answer is a stream, which lasts minutes.
        error_code: of the failure that was answered.
        extra_headers: sent with the answer.
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
    """The state of the request of an ASGI scope."""
    return cast("RequestState", scope[SCOPE_KEY])
