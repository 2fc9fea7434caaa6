"""The public view from memory, answered before routing: what all open checkout pages ask for again and again.

Only the plain question, a GET of the bare id whose row is in memory, is answered here, with the same bytes, headers and
limits as by its handler in `public`. Everything else goes there.
"""

from sgate.api.dependencies import Dependencies
from sgate.api.routes.public_intents import CORS, VIEW_PATH
from sgate.http.asgi import Scope, Send
from sgate.http.client_address import caller_of
from sgate.http.error_responses import refuse
from sgate.http.rate_limits import Headers, LimitClass
from sgate.http.request_state import state_of

_PREFIX = VIEW_PATH.partition("{")[0]
_CONTENT_TYPE = (b"content-type", b"application/json")
_NO_STORE = (b"cache-control", b"no-store")


class PublicHits:
    """The rows in memory, as answers."""

    def __init__(self, deps: Dependencies) -> None:
        self._views = deps.public_views
        self._limits = deps.rate_limits
        self._addresses = deps.addresses

    def body_of(self, scope: Scope) -> bytes | None:
        """The answer's body, if this request is the plain question and its row is in memory."""
        path = scope["path"]
        if scope["method"] != "GET" or scope["query_string"] or not path.startswith(_PREFIX):
            return None
        return self._views.hit(path[len(_PREFIX) :])

    async def answer(self, scope: Scope, send: Send, body: bytes, also: Headers) -> int:
        """Count the call and answer it, with the headers `also` beside its own. Returns the status."""
        scope["path_template"] = VIEW_PATH
        address = state_of(scope).address = self._addresses.of(scope)
        standing = await self._limits.hit(LimitClass.PUBLIC, caller_of(address))
        also = (*also, *CORS, *standing.headers)
        if standing.refusal is not None:
            await refuse(scope, send, standing.refusal, also)
            return standing.refusal.status
        headers = [_CONTENT_TYPE, _NO_STORE, (b"content-length", b"%d" % len(body)), *also]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return 200
