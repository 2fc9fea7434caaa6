"""The call that serves merchants' logos to the pages."""

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sgate.api.dependencies import Dependencies
from sgate.api.requests import AnyRequest, address_of, count
from sgate.http.client_address import caller_of
from sgate.http.rate_limits import LimitClass
from sgate.services import branding

FOREVER = "public, max-age=31536000, immutable"


def route(deps: Dependencies) -> HTTPRouteHandler:
    """Return the route that serves logos."""

    @get("/logos/{digest:str}")
    async def retrieve_logo(request: AnyRequest, digest: FromPath[str]) -> Response[bytes]:
        """Return a logo. A changed logo has a new URL, because the URL contains the digest of the logo."""
        await count(request, deps, LimitClass.PUBLIC, caller_of(address_of(request, deps)))
        logo = await branding.logo(deps.pool, digest)
        headers = {"Cache-Control": FOREVER, "Content-Security-Policy": "default-src 'none'; sandbox"}
        return Response(logo.content, media_type=logo.media_type, headers=headers)

    return retrieve_logo
