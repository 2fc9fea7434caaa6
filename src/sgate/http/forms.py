"""HTML forms of the pages: small bodies with few fields, sent from the pages of this server only."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from litestar import Request

from sgate.core import errors

MAX_FORM_BYTES = 4_096
MAX_FORM_FIELDS = 8
FORM = "application/x-www-form-urlencoded"
OWN_SITES = frozenset({"same-origin", "none"})
"""Values of `Sec-Fetch-Site` for requests that were not caused by another site."""

AnyRequest = Request[Any, Any, Any]


class FormTooLarge(errors.PayloadTooLarge):
    """The form is larger than 4 KiB."""


class OtherSite(errors.Forbidden):
    """This form was sent from another site. Open the page itself, and send the form from there."""


async def form_of(request: AnyRequest) -> dict[str, str]:
    """Return the fields of a form. If a field occurs more than once, the last value counts.

    Raises:
        PayloadTooLarge: if the body is larger than MAX_FORM_BYTES. The rest of it is not read.
        UnsupportedMediaType: if the body is not a URL-encoded form.
        BadRequest: if there are more than MAX_FORM_FIELDS fields.
    """
    if request.headers.get("content-type", FORM).partition(";")[0].strip().lower() != FORM:
        raise errors.UnsupportedMediaType(f"The form must be sent as {FORM}.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise FormTooLarge
    try:
        fields = parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        raise errors.BadRequest(f"The form has more than {MAX_FORM_FIELDS} fields.") from None
    return dict(fields)


def refuse_other_sites(request: AnyRequest, public_url: str) -> None:
    """Refuse a form that a page of another site has sent, as its browser reports.

    Programs that are not browsers send neither header. Browsers send `Origin: null` for our own pages too, because the
    pages send no referrer; on https, they also send `Sec-Fetch-Site`, which is reliable.

    Raises:
        OtherSite: if the form comes from another site.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        own = site in OWN_SITES
    elif origin in {None, "null"}:
        own = origin is None or not public_url.startswith("https://")
    else:
        host = request.headers.get("host", "")
        own = origin in {f"http://{host}", f"https://{host}", _origin_of(public_url)}
    if not own:
        raise OtherSite


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
