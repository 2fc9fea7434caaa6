"""The built style sheet, scripts and font. They are read once, and their names contain a hash of their content.

`make web` builds them, and the wheel includes them. Without them, every page still works, but has no styles and none of
the features that need a script.
"""

import gzip
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

FOREVER = "public, max-age=31536000, immutable"
TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "woff2": "font/woff2"}
PREFIX = "/assets/"

_STYLE, _CHECKOUT, _WALLET = "src/pages.css", "src/checkout.ts", "src/wallet/wallet.ts"
_REFERENCE = "src/reference.ts"


class _Entry(msgspec.Struct, frozen=True):
    """An entry of Vite's manifest."""

    file: str
    css: tuple[str, ...] = ()


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `make web`. All fields have their defaults if nothing was built.

    Attributes:
        style: the text of the style sheet, which is inlined into each page to save a request.
        script_url: the URL of the checkout's script, or None.
        wallet: whether the build includes the script for paying with a wallet.
        reference: the URLs of the API reference's script and style sheet, or None.
        files: the gzipped content of each file, by name.
    """

    style: str = ""
    script_url: str | None = None
    wallet: bool = False
    reference: tuple[str, str] | None = None
    files: dict[str, bytes] = {}


@cache
def built() -> Built:
    """Return the built files that are installed with this package."""
    return read(resources.files("sgate.web").joinpath("static"))


def read(folder: Traversable) -> Built:
    """Read the files that Vite has written into `folder`."""
    manifest = folder.joinpath("manifest.json")
    if not manifest.is_file():
        return Built()
    entries = msgspec.json.decode(manifest.read_bytes(), type=dict[str, _Entry])
    packed = {name: folder.joinpath(f"{name}.gz").read_bytes() for name in _files(entries)}
    reference = entries[_REFERENCE]
    return Built(
        style=folder.joinpath(entries[_STYLE].file).read_text("utf-8").strip(),
        script_url=PREFIX + entries[_CHECKOUT].file,
        wallet=_WALLET in entries,
        reference=(PREFIX + reference.file, PREFIX + reference.css[0]),
        files=packed,
    )


def _files(entries: Mapping[str, _Entry]) -> set[str]:
    return {name for entry in entries.values() for name in (entry.file, *entry.css)}


@cache
def _unpacked(name: str) -> bytes:
    """Return a file for clients that do not accept gzip. The result is kept, as unpacking takes milliseconds."""
    return gzip.decompress(built().files[name])


def routes() -> list[HTTPRouteHandler]:
    """Return the route that serves the files."""

    @get("/assets/{name:str}", status_code=200)
    async def asset(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        """Serve a built file, gzipped if the client accepts gzip."""
        content = built().files.get(name)
        if content is None:
            return Response(b"", status_code=404, media_type="text/plain", headers={"Cache-Control": "no-store"})
        headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
        else:
            content = _unpacked(name)
        return Response(content, media_type=TYPES[name.rpartition(".")[2]], headers=headers)

    return [asset]
