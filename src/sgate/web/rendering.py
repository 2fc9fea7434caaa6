"""Rendering pages: Jinja2 with everything escaped, in the visitor's language, under a strict content security policy.

A page is complete in one answer: its style stands in it, and its script is the only thing it asks for afterwards.
Nothing comes from anybody else.
"""

import gzip
import re
import secrets
from collections.abc import Mapping, Sequence
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

from sgate.core.errors import GatewayError
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
"""More costs more time than it saves bytes, on pages of this size."""

HTML = "text/html; charset=utf-8"

_templates = Environment(
    loader=PackageLoader("sgate.web", "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What surrounds a page's content.

    Attributes:
        path: of the page itself. query: what its links to itself have to carry along.
        accent: the merchant's colour, `#rrggbb`, or None for ours. frame_origins: who may embed the page.
        script: whether the checkout's script belongs to it. retries: whether it loads itself again once it can be had.
        policy: another content security policy than that of our pages, with `{nonce}` in it, or None.
    """

    path: str
    query: Mapping[str, str] = {}
    accent: str | None = None
    frame_origins: Sequence[str] = ()
    script: bool = False
    retries: bool = False
    policy: str | None = None


def sbtc(amount_sats: int) -> str:
    """Sats as sBTC, exact: the unit that most wallets ask for."""
    whole, rest = divmod(amount_sats, SATS_PER_BTC)
    return f"{whole}.{rest:08d}".rstrip("0").rstrip(".")


def clock(seconds: int) -> str:
    """Seconds as 14:59 or 23:59:59."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def chunked(text: str) -> Markup:
    """A long code in groups that the eye can compare. No character is added: what is copied is the code itself."""
    prefix = text[: text.find("_") + 1]  # of a memo
    code = text[len(prefix) :]
    chunks = [code[start : start + CHUNK_CHARACTERS] for start in range(0, len(code), CHUNK_CHARACTERS)]
    if prefix:
        chunks.insert(0, prefix)
    return Markup("<wbr>").join(Markup("<span>{}</span>").format(chunk) for chunk in chunks)


def coded(text: str) -> Markup:
    """Text whose `back-quoted` words are code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


def unix_ms(iso: str) -> int:
    """An ISO moment as Unix milliseconds, for scripts."""
    return int(datetime.fromisoformat(iso).timestamp() * 1000)


def web_link(url: str | None) -> str | None:
    """The URL if a browser may follow it to a web page, else None. Checked when it was stored, and here once more."""
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
    """The language that the visitor asked for, or whose browser prefers it."""
    return i18n.choose(request.query_params.get("lang"), request.headers.get("accept-language", ""))


def chosen_language(request: AnyRequest) -> dict[str, str]:
    """The `lang` of the address, for links that keep it; empty if the language was negotiated."""
    wanted = request.query_params.get("lang")
    return {"lang": wanted} if wanted in LANGUAGES else {}


def page(
    request: AnyRequest, template: str, *, frame: Frame | None = None, status: int = 200, **values: object
) -> Response[bytes]:
    """A whole page."""
    said, frame = words_for(request), frame or Frame(path=request.scope["path"])
    nonce = secrets.token_urlsafe(16)
    files = built()
    html = _render(
        template,
        said,
        nonce=nonce,
        style=files.style + (accent_style(frame.accent) if frame.accent and files.style else ""),
        script_url=files.script_url if frame.script else None,
        languages=_languages(said, frame),
        **values,
    )
    answer = _html(request, html, status)
    policy = _policy(nonce, frame) if frame.policy is None else frame.policy.format(nonce=nonce)
    answer.headers["Content-Security-Policy"] = policy
    return answer


def part(request: AnyRequest, template: str, **values: object) -> Response[bytes]:
    """A piece of a page, for the script that puts it into the page."""
    return _html(request, _render(template, words_for(request), **values), 200)


def trouble(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Litestar's exception handler for pages: says honestly that the page cannot be shown, to people."""
    status, code = _status_of(error)
    state = state_of(request.scope)
    state.error_code = code
    ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if ours:
        structlog.get_logger("sgate.web").error("page_failed", code=code, exc_info=error)
    again_s = RETRY_AFTER_S if ours and request.method == "GET" else None  # nothing is ever sent twice by itself
    frame = Frame(path=request.scope["path"], query=_query(request), retries=again_s is not None)
    answer = page(
        request, "trouble.html", frame=frame, status=status, ours=ours, request_id=state.request_id, again_s=again_s
    )
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def _render(template: str, said: Words, **values: object) -> str:
    return _templates.get_template(template).render(
        _=said,
        many=said.many,
        number=said.number,
        sbtc_amount=said.sbtc,
        usd=said.usd,
        moment=said.moment,
        language=said.code,
        direction=said.direction,
        **values,
    )


def _languages(said: Words, frame: Frame) -> list[tuple[str, str, str | None]]:
    """The switch: code, name, and the address of this page in that language (None for the present one)."""
    return [
        (code, name, None if code == said.code else f"{frame.path}?{urlencode({**frame.query, 'lang': code})}")
        for code, name in LANGUAGES.items()
    ]


def _html(request: AnyRequest, html: str, status: int) -> Response[bytes]:
    """The answer, gzipped: no secret of ours stands beside text that somebody else can choose."""
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
    """What the page was asked for with, but for the language: the page's links to itself carry it along."""
    return {name: value for name, value in request.query_params.items() if name != "lang"}


def _scripts(nonce: str, frame: Frame) -> str:
    """`'self'` beside the nonce: the wallet's script, which the page's script imports, is given none by browsers. Only
    our built files are scripts to a browser; everything else is served as what it is, with `nosniff`.
    """
    if frame.script:
        return f"'nonce-{nonce}' 'self'"
    return f"'nonce-{nonce}'" if frame.retries else "'none'"


def _policy(nonce: str, frame: Frame) -> str:
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
