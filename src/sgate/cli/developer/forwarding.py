"""Forwarding of events to a developer's own server, with the bytes, headers and signatures of a real delivery."""

import time
from urllib.parse import urlsplit

import aiohttp
import msgspec

from sgate.cli.developer.streams import Event
from sgate.cli.printing import plain
from sgate.cli.problems import Failure
from sgate.core.signature import headers_of

TIMEOUT_S = 10.0
"""The same time limit as for a real delivery."""

USER_AGENT = "sGate-Webhooks/1"
MAX_BODY_BYTES = 16 * 1024
MAX_TEXT_CHARACTERS = 120


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The receiver's response. If there was none, `error` says why. `ms` is the duration in milliseconds."""

    ms: int
    status: int | None = None
    body: str = ""
    error: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether a real delivery with this response would count as delivered."""
        return self.status is not None and self.status // 100 == 2  # noqa: PLR2004 - 2xx


class Forwarder:
    """Posts events to one URL, signed with one secret."""

    def __init__(self, session: aiohttp.ClientSession, url: str, secret: str) -> None:
        self._session = session
        self._url = url
        self._secret = secret

    async def forward(self, event: Event) -> Answer:
        """Post an event once. A network error is returned as an `Answer`, not raised."""
        headers = {
            **headers_of([self._secret], event.id, int(time.time()), event.body),
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
        }
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        started = time.monotonic()
        try:
            async with self._session.post(
                self._url, data=event.body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                body = await response.content.read(MAX_BODY_BYTES)
                return Answer(
                    ms=_ms(started),
                    status=response.status,
                    body=plain(body.decode("utf-8", "replace"), MAX_TEXT_CHARACTERS),
                )
        except TimeoutError:
            return Answer(ms=_ms(started), error=f"no response within {TIMEOUT_S:.0f} s")
        except (aiohttp.ClientError, OSError) as error:
            return Answer(ms=_ms(started), error=_reason(error))


def checked_destination(text: str) -> str:
    """Return the URL to forward to. `localhost:3000/webhooks` and `3000/webhooks` are accepted as short forms.

    Raises:
        Failure: if `text` is not such a URL.
    """
    url = text.strip()
    if url.partition("/")[0].isdigit():
        url = f"localhost:{url}"
    if "://" not in url:
        url = f"http://{url}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise Failure(f"--forward-to: {text!r} is not a URL such as http://localhost:3000/webhooks")
    return url


def _ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _reason(error: BaseException) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        return "no server is listening there"
    return (str(error) or type(error).__name__)[:MAX_TEXT_CHARACTERS]
