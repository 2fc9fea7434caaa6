"""The HTTP client with which developer commands call the API. Each error is one sentence that says what is wrong."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
import typer

from sgate import __version__
from sgate.cli.developer import profiles
from sgate.cli.developer.profiles import Target
from sgate.cli.problems import Failure

CONNECT_TIMEOUT_S = 5.0
TIMEOUT_S = 30.0
SILENCE_S = 45.0
"""A stream sends a heartbeat every 15 seconds. After three missed heartbeats, a connection is considered dead."""

MAX_PAGE = 100
MAX_TEXT_CHARACTERS = 200
T = TypeVar("T")

ProfileOption = Annotated[
    str | None,
    typer.Option("--profile", help="The login to use. Default: $SGATE_PROFILE, otherwise the latest login."),
]


class ServerUnreachable(Failure):
    """The server cannot be reached."""


class Refused(Failure):
    """The server refused the call. `code` is the API's error code, `status` the HTTP status."""

    def __init__(self, message: str, *, status: int, code: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.retry_after_s = status, code, retry_after_s


class Client:
    """Calls one server with one key."""

    def __init__(self, session: aiohttp.ClientSession, target: Target) -> None:
        self._session = session
        self.target = target

    async def get(self, path: str, **query: object) -> Any:
        """Return the decoded response to a GET request. Query parameters that are None are omitted.

        Raises:
            ServerUnreachable: if the server cannot be reached.
            Refused: if the server responds with an error.
        """
        return await self._call("GET", path, query=query)

    async def post(self, path: str, body: Mapping[str, object] | None = None, *, key: str | None = None) -> Any:
        """Return the decoded response to a POST request. `key` is an idempotency key.

        Raises:
            ServerUnreachable: if the server cannot be reached.
            Refused: if the server responds with an error.
        """
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self._call("POST", path, body=body or {}, headers=headers)

    async def delete(self, path: str) -> Any:
        """Return the decoded response to a DELETE request.

        Raises:
            ServerUnreachable: if the server cannot be reached.
            Refused: if the server responds with an error.
        """
        return await self._call("DELETE", path)

    async def all_of(self, path: str, most: int, **query: object) -> list[Any]:
        """Return the newest `most` objects of a list, newest first.

        Raises:
            ServerUnreachable: if the server cannot be reached.
            Refused: if the server responds with an error.
        """
        found: list[Any] = []
        while len(found) < most:
            after = {"starting_after": found[-1]["id"]} if found else {}
            page = await self.get(path, limit=min(MAX_PAGE, most - len(found)), **query, **after)
            found += page["data"]
            if not page["has_more"]:
                break
        return found

    @contextlib.asynccontextmanager
    async def stream(
        self, path: str, *, last_event_id: str | None, **query: object
    ) -> AsyncGenerator[aiohttp.StreamReader]:
        """Yield the bytes of a stream of server-sent events.

        Raises:
            ServerUnreachable: if the server cannot be reached or the connection breaks.
            Refused: if the server responds with an error.
        """
        headers = {"Accept": "text/event-stream"} | ({} if last_event_id is None else {"Last-Event-ID": last_event_id})
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=SILENCE_S)
        with _network_errors(self.target.base_url):
            async with self._session.get(
                self.target.base_url + path, params=_given(query), headers=headers, timeout=timeout
            ) as response:
                if response.status != 200:  # noqa: PLR2004 - OK
                    raise _refusal(self.target, response, await response.read())
                yield response.content

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        with _network_errors(self.target.base_url):
            async with self._session.request(
                method,
                self.target.base_url + path,
                params=_given(query or {}),
                json=body,
                headers=headers,
                allow_redirects=False,
            ) as response:
                content = await response.read()
                if response.status >= 300:  # noqa: PLR2004 - not a success
                    raise _refusal(self.target, response, content)
        try:
            return json.loads(content)
        except ValueError:
            raise _not_sgate(self.target, response.status) from None


@contextlib.asynccontextmanager
async def open_client(target: Target) -> AsyncGenerator[Client]:
    """Yield a client, and close its connections at the end."""
    async with aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {target.api_key}", "User-Agent": f"sgate-cli/{__version__}"},
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S),
    ) as session:
        yield Client(session, target)


def with_client(work: Callable[[Client], Coroutine[object, object, T]], profile: str | None) -> T:
    """Run `work` with a client of the selected profile. Ctrl+C stops it without a traceback."""
    target = profiles.chosen(profile)

    async def run() -> T:
        async with open_client(target) as client:
            return await work(client)

    return run_until_interrupted(run())


def run_until_interrupted(work: Coroutine[object, object, T]) -> T:
    """Run `work` until it ends or the user presses Ctrl+C. After Ctrl+C, the exit status is 130, as is conventional."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _given(query: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in query.items() if value is not None}


@contextlib.contextmanager
def _network_errors(base_url: str):  # noqa: ANN202 - turns network errors into one sentence
    try:
        yield
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise ServerUnreachable(
            f"no sGate server answers at {base_url} ({_reason(error)}). Start it with `sgate run` or `sgate demo`, or "
            "choose another server with SGATE_API_BASE_URL or `sgate login --base-url URL`"
        ) from None


def _reason(error: BaseException) -> str:
    match error:
        case TimeoutError():
            return "no response within the time limit"
        case aiohttp.ClientConnectorDNSError():
            return "the host name cannot be resolved"
        case aiohttp.ClientConnectorCertificateError():
            return "its certificate is not trusted"
        case aiohttp.ClientConnectorError():
            return error.strerror or "connection refused"
        case _:
            return (str(error) or type(error).__name__)[:MAX_TEXT_CHARACTERS]


def _refusal(target: Target, response: aiohttp.ClientResponse, content: bytes) -> Failure:
    try:
        answer = json.loads(content)
        error, request_id = answer["error"], answer["request_id"]
        code, message, param = str(error["code"]), str(error["message"]), error.get("param")
    except (ValueError, KeyError, TypeError):
        return _not_sgate(target, response.status)
    hint = _HINTS.get(code, "")
    field = "" if param is None or str(param) in message else f" (field: {param})"
    sentence = f"{message}{field}{hint} [{code}, request {request_id}]"
    if response.status == 401:  # noqa: PLR2004 - unauthorized
        sentence = f"{target.base_url} does not accept the key of {target.origin}: {sentence}"
    wait = response.headers.get("Retry-After", "")
    return Refused(sentence, status=response.status, code=code, retry_after_s=float(wait) if wait.isdigit() else None)


_HINTS: Mapping[str, str] = {
    "unauthorized": " Log in again with `sgate login`; `sgate keys create` on the server creates a key.",
    "invalid_api_key": " Log in again with `sgate login`; `sgate keys create` on the server creates a key.",
    "insufficient_scope": " Create a key with the scopes read, write and admin: `sgate keys create` on the server.",
    "not_simulated": " Log in with a test key of a server on the simulated chain, such as `sgate demo`.",
    "pay_address_missing": " Set one: PATCH /v1/merchants/me, or SGATE_TEST__GATEWAY_ADDRESS on the server.",
    "not_found": " Check that the server's URL has no path, and that the server is as new as this command.",
    "internal_error": " The server's log has details under this request id.",
}
"""Hints by error code. They concern the command line, which the API's own messages do not know about."""


def _not_sgate(target: Target, status: int) -> Failure:
    host = urlsplit(target.base_url).netloc
    return Failure(
        f"the server at {target.base_url} (status {status}) is not an sGate API. Check that the host is right ({host}) "
        "and that the URL has no path: SGATE_API_BASE_URL or `sgate login --base-url URL`"
    )
