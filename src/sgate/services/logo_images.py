"""Decoding of merchants' logos. A logo is decoded, scaled down and drawn again, so that only its pixels are stored.

A small file can describe a huge image, contain another file after its end, or reveal where a photograph was taken.
Customers' browsers therefore never receive the bytes that a merchant has sent.
"""

import io
from typing import TYPE_CHECKING

from sgate.core import errors

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES = 65_536
"""Maximum size of the file, both as sent and as stored."""

MAX_SIDE = 2_048
"""Maximum width and height in pixels. Decoding an image of this size takes 16 MB and a tenth of a second."""

STORED_SIDE = 256
"""Maximum width and height of a stored logo. Larger images are scaled down. The pages show a logo at 48 CSS pixels."""

MAX_SCANS = 20
"""Maximum number of scans of a JPEG. Each scan of a progressive JPEG costs a pass over all pixels."""

_FORMATS = ("PNG", "JPEG", "WEBP")
_ANIMATED = {"PNG", "WEBP"}
_START_OF_SCAN = b"\xff\xda"
_QUALITIES = (85, 60, 30)
_DEEP_MODES = ("I", "F")
"""Pillow's modes with more than 8 bits per pixel, all of which are gray."""


def redrawn(content: bytes) -> tuple[str, bytes]:
    """Return the media type and the content of the image to store. This takes up to a second; call it in a thread.

    Raises:
        InvalidLogo: if the image is too large, animated, damaged, or not PNG, JPEG or WebP.
    """
    from PIL import Image  # loaded when the first logo is set

    if not 0 < len(content) <= MAX_BYTES:
        raise errors.InvalidLogo
    Image.MAX_IMAGE_PIXELS = MAX_SIDE**2
    try:
        image = _decoded(content)
    except errors.InvalidLogo:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large() from None
    except Exception as error:  # damaged images make decoders raise almost anything
        raise errors.InvalidLogo("The logo cannot be decoded as PNG, JPEG or WebP; the file is damaged.") from error
    return _encoded(image)


def _decoded(content: bytes) -> "Image":
    """Return the pixels, rotated as the file says, with 8 bits per channel, as RGB or RGBA."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(content), formats=_FORMATS)
    except UnidentifiedImageError:
        raise errors.InvalidLogo from None
    if max(image.size) > MAX_SIDE:
        raise _too_large()
    if image.format in _ANIMATED and getattr(image, "n_frames", 1) > 1:
        raise errors.InvalidLogo("The logo must not be animated. Send an image with a single frame.")
    if image.format not in _ANIMATED and content.count(_START_OF_SCAN) > MAX_SCANS:
        raise errors.InvalidLogo(f"A JPEG logo must have at most {MAX_SCANS} scans. Save it again without them.")
    image.load()
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith(_DEEP_MODES):
        upright = upright.convert("I").point(lambda value: value / 256).convert("L")
    shown = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    shown.thumbnail((STORED_SIDE, STORED_SIDE))
    return shown


def _encoded(image: "Image") -> tuple[str, bytes]:
    """Return the image as PNG or, if that is too large, as WebP of the best quality that fits."""
    content = _saved(image, "PNG", optimize=True)
    if len(content) <= MAX_BYTES:
        return "image/png", content
    for quality in _QUALITIES:
        content = _saved(image, "WEBP", quality=quality)
        if len(content) <= MAX_BYTES:
            break
    return "image/webp", content


def _saved(image: "Image", kind: str, **options: object) -> bytes:
    """Encode the pixels alone: no profile, no EXIF, no text."""
    image.info.clear()
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _too_large() -> errors.InvalidLogo:
    return errors.InvalidLogo(f"The logo must be at most {MAX_SIDE} pixels wide and high. Make it smaller.")
