"""Page rendering: Jinja2 with autoescaping, in the visitor's language, under a strict content security policy.

A page is one response with an inlined style sheet. It loads scripts, fonts and images from this server only.
"""

import gzip
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
import structlog
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from litestar import Request, Response
from litestar.exceptions import HTTPException
from markupsafe import Markup, escape

from sgate.core.errors import GatewayError, RateLimitExceeded
from sgate.core.money import SATS_PER_BTC
from sgate.db.pool import DatabaseErrors
from sgate.http.request_state import state_of
from sgate.web import i18n
from sgate.web.assets import built
from sgate.web.i18n import LANGUAGES, Words
from sgate.web.svg import guilloche
from sgate.web.theme import accent_style

AnyRequest = Request[Any, Any, Any]

CHUNK_CHARACTERS = 4
RETRY_AFTER_S = 10
GZIP_LEVEL = 4
"""On pages of this size, a higher level takes more time and saves few bytes."""

HTML = "text/html; charset=utf-8"

_templates = Environment(
    loader=PackageLoader("sgate.web", "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """The frame around a page's content.

    Attributes:
        path: the path of the page.
        query: the query parameters that the page keeps in links to itself.
        accent: the merchant's color, `#rrggbb`, or None for the default.
        frame_origins: the origins of the sites that may embed the page.
        script: whether the page loads the checkout's script.
        retries: whether the page reloads itself when the server responds again.
        policy: a content security policy that replaces the default one, or None. `{nonce}` in it is filled in.
    """

    path: str
    query: Mapping[str, str] = {}
    accent: str | None = None
    frame_origins: Sequence[str] = ()
    script: bool = False
    retries: bool = False
    policy: str | None = None


def sbtc(amount_sats: int) -> str:
    """Format sats as exact sBTC, the unit in which most wallets ask for an amount."""
    whole, rest = divmod(amount_sats, SATS_PER_BTC)
    return f"{whole}.{rest:08d}".rstrip("0").rstrip(".")


def clock(seconds: int) -> str:
    """Format seconds as `14:59` or `23:59:59`."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def chunked(text: str) -> Markup:
    """Split a long code into groups that are easy to compare. No character is added, so it can still be copied."""
    prefix = text[: text.find("_") + 1]  # a memo is the id of an intent and begins with `pi_`
    code = text[len(prefix) :]
    chunks = [code[start : start + CHUNK_CHARACTERS] for start in range(0, len(code), CHUNK_CHARACTERS)]
    if prefix:
        chunks.insert(0, prefix)
    return Markup("<wbr>").join(Markup("<span>{}</span>").format(chunk) for chunk in chunks)


def coded(text: str) -> Markup:
    """Convert text to HTML, with each part in `backticks` as a `code` element."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


def unix_ms(iso: str) -> int:
    """Convert an ISO 8601 time to Unix milliseconds, for scripts."""
    return int(datetime.fromisoformat(iso).timestamp() * 1000)


def web_link(url: str | None) -> str | None:
    """Return the URL if it is an http or https link, else None. URLs were already validated when they were stored."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.netloc else None


_FILTERS: tuple[Any, ...] = (sbtc, clock, chunked, coded, unix_ms, web_link, guilloche)
_templates.filters.update({_filter.__name__: _filter for _filter in _FILTERS})


def words_for(request: AnyRequest) -> Words:
    """Return the language of the `lang` parameter, or else the one that the browser prefers."""
    return i18n.choose(request.query_params.get("lang"), request.headers.get("accept-language", ""))


def chosen_language(request: AnyRequest) -> dict[str, str]:
    """Return the `lang` parameter for use in links; empty if the request has no valid `lang` parameter."""
    wanted = request.query_params.get("lang")
    return {"lang": wanted} if wanted in LANGUAGES else {}


def page(
    request: AnyRequest, template: str, *, frame: Frame | None = None, status: int = 200, **values: object
) -> Response[bytes]:
    """Render a complete page."""
    words, frame = words_for(request), frame or Frame(path=request.scope["path"])
    nonce = secrets.token_urlsafe(16)
    files = built()
    html = _render(
        template,
        words,
        nonce=nonce,
        style=files.style + (accent_style(frame.accent) if frame.accent and files.style else ""),
        script_url=files.script_url if frame.script else None,
        languages=_languages(words, frame),
        **values,
    )
    response = _html(request, html, status)
    response.headers["Content-Security-Policy"] = _policy(nonce, frame)
    return response


class StaticPage:
    """A page whose content depends only on the language. It is rendered once per language.

    Only the nonce is new in each response. The links to other languages are relative, so the page can be shown at any
    path.
    """

    def __init__(
        self,
        template: str,
        *,
        status: int = 200,
        policy: str | None = None,
        values: Callable[[], Mapping[str, object]] = dict,
    ) -> None:
        """`values`: returns the values of the template. It is called when the page is rendered."""
        self._template = template
        self._status = status
        self._frame = Frame(path="", policy=policy)
        self._values = values
        self._rendered: dict[str, list[str]] = {}

    def __call__(self, request: AnyRequest) -> Response[bytes]:
        """Return the page in the visitor's language."""
        words, nonce = words_for(request), secrets.token_urlsafe(16)
        if words.code not in self._rendered:
            self._rendered[words.code] = self._render(words)
        response = _html(request, nonce.join(self._rendered[words.code]), self._status)
        response.headers["Content-Security-Policy"] = _policy(nonce, self._frame)
        return response

    def _render(self, words: Words) -> list[str]:
        """Return the parts of the page between which the nonce is inserted."""
        mark = secrets.token_urlsafe(16)
        html = _render(
            self._template,
            words,
            nonce=mark,
            style=built().style,
            script_url=None,
            languages=_languages(words, self._frame),
            **self._values(),
        )
        return html.split(mark)


TOO_MANY = StaticPage("too_many.html", status=429)
"""The page for visitors beyond the rate limit."""


def part(request: AnyRequest, template: str, **values: object) -> Response[bytes]:
    """Render a part of a page, with which the page's script replaces the old part."""
    return _html(request, _render(template, words_for(request), **values), 200)


def render_error(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Render an error page. This is Litestar's exception handler for the pages."""
    status, code = _status_of(error)
    state = state_of(request.scope)
    state.error_code = code
    if isinstance(error, RateLimitExceeded):
        refusal = TOO_MANY(request)
        refusal.headers["Retry-After"] = str(max(1, round(error.retry_after_s or 1)))
        return refusal
    ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if ours:
        structlog.get_logger("sgate.web").error("page_failed", code=code, exc_info=error)
    again_s = RETRY_AFTER_S if ours and request.method == "GET" else None  # only GET is retried automatically
    frame = Frame(path=request.scope["path"], query=_query(request), retries=again_s is not None)
    response = page(
        request, "trouble.html", frame=frame, status=status, ours=ours, request_id=state.request_id, again_s=again_s
    )
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _render(template: str, words: Words, **values: object) -> str:
    return _templates.get_template(template).render(
        _=words,
        many=words.many,
        number=words.number,
        sbtc_amount=words.sbtc,
        usd=words.usd,
        moment=words.moment,
        language=words.code,
        direction=words.direction,
        **values,
    )


def _languages(words: Words, frame: Frame) -> list[tuple[str, str, str | None]]:
    """Return the code and name of each language and this page's URL in it; None as the URL of the current language."""
    return [
        (code, name, None if code == words.code else f"{frame.path}?{urlencode({**frame.query, 'lang': code})}")
        for code, name in LANGUAGES.items()
    ]


def _html(request: AnyRequest, html: str, status: int) -> Response[bytes]:
    """Return a response with the HTML, gzipped if the client accepts gzip.

    Compression does not enable a BREACH attack: no page contains both a server secret and text that an attacker chose.
    """
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Language, Accept-Encoding"}
    content = html.encode()
    if "gzip" in request.headers.get("accept-encoding", ""):
        content = gzip.compress(content, GZIP_LEVEL)
        headers["Content-Encoding"] = "gzip"
    return Response(content, status_code=status, media_type=HTML, headers=headers)


def _status_of(error: Exception) -> tuple[int, str]:
    match error:
        case GatewayError():
            return error.status, error.code
        case HTTPException() if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            return error.status_code, "bad_request"
        case _ if isinstance(error, DatabaseErrors):
            return HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"
        case _:
            return HTTPStatus.INTERNAL_SERVER_ERROR, GatewayError.code


def _query(request: AnyRequest) -> dict[str, str]:
    """Return the request's query parameters without `lang`, for links from the page to itself."""
    return {name: value for name, value in request.query_params.items() if name != "lang"}


def _scripts(nonce: str, frame: Frame) -> str:
    """Return the sources for `script-src`.

    The page's script imports the wallet's script, and browsers do not apply the nonce to imports. Therefore `'self'` is
    allowed too. Even so, only built files can run as scripts: every other response has its own content type and
    `nosniff`.
    """
    if frame.script:
        return f"'nonce-{nonce}' 'self'"
    return f"'nonce-{nonce}'" if frame.retries else "'none'"


def _policy(nonce: str, frame: Frame) -> str:
    if frame.policy is not None:
        return frame.policy.format(nonce=nonce)
    may_frame = " ".join(frame.frame_origins) or "'none'"
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src 'nonce-{nonce}'",
            f"script-src {_scripts(nonce, frame)}",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            f"frame-ancestors {may_frame}",
        )
    )
