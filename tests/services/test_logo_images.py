"""Logos are decoded, bounded and drawn again."""

import contextlib
import io
import random
import struct
import zlib

import pytest
from PIL import Image

from sgate.core.errors import InvalidLogo
from sgate.services.logo_images import MAX_BYTES, MAX_SCANS, MAX_SIDE, STORED_SIDE, redrawn

RED, BLUE = (220, 20, 20), (20, 20, 220)


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def halves(size=(40, 20), mode="RGB"):
    """An image whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, BLUE)
    image.paste(RED, (0, 0, size[0] // 2, size[1]))
    return image.convert(mode)


def drawn(content):
    media_type, stored = redrawn(content)
    image = Image.open(io.BytesIO(stored))
    assert image.get_format_mimetype() == media_type
    assert len(stored) <= MAX_BYTES
    image.load()
    return image


def is_near(pixel, color):
    return all(abs(one - other) < 40 for one, other in zip(pixel[:3], color, strict=True))


def png(width, height, rows, *, chunks=b""):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunks + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("JPEG", "RGB"),
        ("JPEG", "CMYK"),
        ("WEBP", "RGB"),
        ("WEBP", "RGBA"),
    ],
)
def test_an_image_of_each_format_and_mode_is_drawn_with_its_colors(kind, mode):
    image = drawn(saved(halves(mode=mode), kind)).convert("RGB")
    assert image.size == (40, 20)
    assert is_near(image.getpixel((5, 10)), RED)
    assert is_near(image.getpixel((35, 10)), BLUE)


@pytest.mark.parametrize("mode", ["L", "1", "LA", "I;16"])
def test_a_gray_image_stays_gray(mode):
    if mode == "I;16":
        image = Image.new("I;16", (10, 10), 32_768)
    else:
        image = Image.new("L", (10, 10), 255 if mode == "1" else 128).convert(mode)
    pixel = drawn(saved(image, "PNG")).convert("RGB").getpixel((5, 5))
    assert is_near(pixel, (255,) * 3 if mode == "1" else (128,) * 3)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparency_is_kept(kind):
    image = Image.new("RGBA", (10, 10), (*RED, 0))
    assert drawn(saved(image, kind)).convert("RGBA").getpixel((5, 5))[3] == 0
    palette = Image.new("P", (10, 10))
    assert drawn(saved(palette, "PNG", transparency=0)).convert("RGBA").getpixel((5, 5))[3] == 0


def test_an_image_larger_than_needed_is_made_smaller_and_keeps_its_shape():
    assert drawn(saved(halves((MAX_SIDE, 1024)), "PNG")).size == (STORED_SIDE, STORED_SIDE // 2)
    assert drawn(saved(halves((1000, 2)), "PNG")).size == (STORED_SIDE, 1)


@pytest.mark.parametrize("size", [(16_000, 16_000), (MAX_SIDE + 1, 1), (1, MAX_SIDE + 1), (2**31 - 1, 2**31 - 1)])
def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded(size):
    rows = (b"\0" + bytes(2000)) * 16_000 if size[0] == 16_000 else b""
    content = png(*size, rows)
    assert len(content) <= MAX_BYTES
    with pytest.raises(InvalidLogo):
        redrawn(content)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_an_image_of_another_format_with_too_many_pixels_is_refused(kind):
    with pytest.raises(InvalidLogo, match="2048 pixels"):
        redrawn(saved(Image.new("RGB", (5000, 5)), kind))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_an_animated_image_is_refused(kind):
    frames = [halves(), halves().transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    with pytest.raises(InvalidLogo):
        redrawn(saved(frames[0], kind, save_all=True, append_images=frames[1:]))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_rotated_photograph_is_stored_upright_without_its_metadata(kind):
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by a quarter, clockwise
    exif[0x010E] = "taken at home"
    image = drawn(saved(halves(), kind, exif=exif))
    assert image.size == (20, 40)
    assert is_near(image.convert("RGB").getpixel((10, 5)), RED)
    assert not image.getexif()
    assert b"taken at home" not in redrawn(saved(halves(), kind, exif=exif))[1]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_truncated_image_is_refused(kind):
    random.seed(7)
    noise = Image.frombytes("RGB", (60, 60), random.randbytes(60 * 60 * 3))
    content = saved(noise, kind)
    for length in (8, 12, len(content) // 3, len(content) // 2, len(content) - 40):
        with pytest.raises(InvalidLogo):
            redrawn(content[:length])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_second_file_inside_the_image_is_not_stored(kind):
    script = b"<script>alert(1)</script>PK\x05\x06"
    content = saved(halves(), kind)
    if kind == "PNG":
        content = png(
            8,
            8,
            b"\0\xff" * 8,
            chunks=struct.pack(">I", len(script)) + b"tEXt" + script + struct.pack(">I", zlib.crc32(b"tEXt" + script)),
        )
    assert b"script" not in redrawn(content + script)[1]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        b"\xff\xd8\xff" + b"\0" * 100,
        b"RIFF\x10\0\0\0WEBP" + b"\0" * 100,
        saved(halves(), "BMP"),
        saved(halves(), "TIFF"),
        saved(halves(), "PNG") + b"\0" * MAX_BYTES,
    ],
    ids=["nothing", "SVG", "GIF", "PNG", "JPEG", "WebP", "BMP", "TIFF", "too many bytes"],
)
def test_what_is_no_image_of_an_accepted_format_is_refused(content):
    with pytest.raises(InvalidLogo):
        redrawn(content)


def test_a_jpeg_with_endless_scans_is_refused():
    content = saved(halves((MAX_SIDE, MAX_SIDE)), "JPEG", progressive=True)
    start = content.rindex(b"\xff\xda")
    with pytest.raises(InvalidLogo, match="scans"):
        redrawn(content[:start] + content[start:-2] * (MAX_SCANS + 1) + content[-2:])


def test_an_image_that_compresses_badly_still_fits():
    random.seed(7)
    noise = Image.frombytes("RGB", (140, 140), random.randbytes(140 * 140 * 3))
    large = noise.resize((300, 300), Image.Resampling.NEAREST)
    image = drawn(saved(large, "WEBP", quality=60))
    assert image.size == (STORED_SIDE, STORED_SIDE)


def test_bytes_at_random_are_refused_without_another_error():
    random.seed(7)
    originals = [saved(halves(), kind) for kind in ("PNG", "JPEG", "WEBP")]
    for _ in range(300):
        content = bytearray(random.choice(originals))
        for _ in range(random.randrange(1, 6)):
            content[random.randrange(len(content))] = random.randrange(256)
        with contextlib.suppress(InvalidLogo):
            drawn(bytes(content))
