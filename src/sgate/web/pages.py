"""Rendering pages: Jinja2 with everything escaped, and a strict content security policy with a nonce per page."""

import re
import secrets
from datetime import datetime
from http import HTTPStatus
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

import structlog
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from litestar import Request, Response
from litestar.exceptions import HTTPException
from markupsafe import Markup, escape

from sgate.core.money import SATS_PER_BTC
from sgate.gateway.errors import GatewayError
from sgate.store.pool import DatabaseErrors

CHUNK_CHARACTERS = 4
RETRY_AFTER_S = 10
NARROW_SPACE = "\u202f"
"""Narrow and no place to break a line."""

_templates = Environment(
    loader=PackageLoader("sgate.web", "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
STYLE = resources.files("sgate.web").joinpath("static", "pages.css").read_text("utf-8")
CHECKOUT_SCRIPT = resources.files("sgate.web").joinpath("static", "checkout.js").read_text("utf-8")


def grouped(number: int | str) -> str:
    """A number, or a decimal string, with the digits before the point in groups of three."""
    whole, point, rest = str(number).partition(".")
    return f"{int(whole):,}".replace(",", NARROW_SPACE) + point + rest


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


def utc_minute(iso: str) -> str:
    """An ISO moment of ours, in UTC, to the minute."""
    return f"{datetime.fromisoformat(iso):%Y-%m-%d %H:%M} UTC"


def web_link(url: str | None) -> str | None:
    """The URL if a browser may follow it to a web page, else None. Checked when it was stored, and here once more."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.netloc else None


_FILTERS: tuple[Any, ...] = (grouped, sbtc, clock, chunked, coded, unix_ms, utc_minute, web_link)
_templates.filters.update({_filter.__name__: _filter for _filter in _FILTERS})


def page(template: str, *, status: int = 200, script: str | None = None, **values: object) -> Response[bytes]:
    """A whole page. `script`: JavaScript to put into it."""
    nonce = secrets.token_urlsafe(16)
    html = _templates.get_template(template).render(nonce=nonce, style=STYLE, script=script, **values)
    return Response(
        html.encode(),
        status_code=status,
        media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": _policy(nonce), "Cache-Control": "no-store"},
    )


def trouble(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Litestar's exception handler for pages: says honestly that the page cannot be shown, to people."""
    status, code = _status_of(error)
    request.scope["error_code"] = code  # type: ignore[typeddict-unknown-key] - read by the edge
    ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if ours:
        structlog.get_logger("sgate.web").error("page_failed", code=code, exc_info=error)
    request_id = str(request.scope.get("request_id", ""))
    again_s = RETRY_AFTER_S if ours and request.method == "GET" else None  # nothing is ever sent twice by itself
    answer = page("trouble.html", status=status, ours=ours, request_id=request_id, again_s=again_s)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer


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


def _policy(nonce: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src 'nonce-{nonce}'",
            f"script-src 'nonce-{nonce}'",
            "img-src data:",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )
