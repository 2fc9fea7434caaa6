"""Rendering pages: Jinja2 with everything escaped, and a strict content security policy with a nonce per page."""

import secrets
from datetime import datetime
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from litestar import Response

_templates = Environment(
    loader=PackageLoader("sgate.web", "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
STYLE = resources.files("sgate.web").joinpath("static", "pages.css").read_text("utf-8")
CHECKOUT_SCRIPT = resources.files("sgate.web").joinpath("static", "checkout.js").read_text("utf-8")


def grouped(number: int) -> str:
    """A number with its digits in groups of three, separated by narrow no-break spaces."""
    return f"{number:,}".replace(",", "\u202f")


def unix_ms(iso: str) -> int:
    """An ISO moment as Unix milliseconds, for scripts."""
    return int(datetime.fromisoformat(iso).timestamp() * 1000)


_templates.filters["grouped"] = grouped
_templates.filters["unix_ms"] = unix_ms


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


def _policy(nonce: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src 'nonce-{nonce}'",
            f"script-src 'nonce-{nonce}'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )
