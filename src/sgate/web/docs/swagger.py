"""/docs/try: Swagger UI, to call the API from the browser with a test key.

Its files come with a package and are served from here: no request leaves this server. The policy of the page allows
scripts and styles from here alone; pictures may also be the ones inside its style sheet.
"""

import importlib.util
from functools import cache
from importlib import metadata, resources
from pathlib import Path

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sgate.web.rendering import AnyRequest, Frame, page, trouble

PACKAGE = "swagger-ui-py"
SCRIPT = "text/javascript; charset=utf-8"
ASSETS = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": SCRIPT,
}
"""What is served of the package, and its media types."""

FOR_A_YEAR = "public, max-age=31536000, immutable"
"""The version is in the URL."""

POLICY = (
    "default-src 'none'; style-src 'self' 'nonce-{nonce}'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def routes() -> list[HTTPRouteHandler]:
    """The page and its files."""

    @get("/docs/try", exception_handlers={Exception: trouble})
    async def swagger_ui(request: AnyRequest) -> Response[bytes]:
        """Swagger UI on our OpenAPI document."""
        frame = Frame(path=request.scope["path"], policy=POLICY)
        return page(request, "try.html", frame=frame, version=metadata.version(PACKAGE))

    @get("/docs/assets/{name:str}")
    async def swagger_asset(name: FromPath[str]) -> Response[bytes]:
        """One of its files."""
        if name == "swagger.js":
            return Response(_own_script(), media_type=SCRIPT, headers={"Cache-Control": "no-cache"})
        if name not in ASSETS:
            raise NotFoundException
        return Response(_asset(name), media_type=ASSETS[name], headers={"Cache-Control": FOR_A_YEAR})

    return [swagger_ui, swagger_asset]


@cache
def _asset(name: str) -> bytes:
    """A file of the package. The package itself is found, not imported: its code is for other frameworks."""
    found = importlib.util.find_spec("swagger_ui")
    if found is None or found.origin is None:
        raise FileNotFoundError(PACKAGE)
    return (Path(found.origin).parent / "static" / name).read_bytes()


@cache
def _own_script() -> bytes:
    return resources.files("sgate.web").joinpath("swagger.js").read_bytes()
