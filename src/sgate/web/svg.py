"""What the pages draw as SVG: the guilloche of a slip, QR codes, the cells of confirmations. Pure.

The guilloche is the pattern of fine waves that banknotes carry. It is drawn from the request's id, so each request has
its own, the same on every screen.
"""

import hashlib
from functools import lru_cache

import segno

QR_QUIET_ZONE = 4
"""White modules around the code, as its standard asks; without them scanners fail on a dark page."""

QR_INK = "#101614"
QR_MASK = 4
"""Any mask can be scanned. Choosing the most even of the eight takes four times as long as drawing the code."""

MAX_CODES_KEPT = 512
"""Drawn codes kept in the process: a page is drawn again and again, for the same address and the same link."""

WIDTH, HEIGHT = 600, 40
WAVES = 7
MAX_CELLS = 24
"""Beyond this the cells would be hairlines: one bar is drawn instead."""


CELL_GAP = 0.012
"""Between two cells, as a share of the whole width: as wide with two cells as with twelve."""


def guilloche(text: str) -> str:
    """Waves across a band of 600 x 40, stretched to its width."""
    numbers = hashlib.sha256(text.encode()).digest()
    paths = "".join(f'<path d="{_wave(*numbers[3 * wave : 3 * wave + 3])}"/>' for wave in range(WAVES))
    return (
        f'<svg class="guilloche" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true" '
        f'focusable="false">{paths}</svg>'
    )


def _wave(length: int, swing: int, phase: int) -> str:
    """One smooth wave; `T` repeats the first arc mirrored, so a whole wave is a short path."""
    half = 24 + length % 40
    height = 14 + swing % 26
    start = -(phase % (2 * half))
    arcs = -(-(WIDTH - start) // half) - 1
    return f"M{start} {HEIGHT // 2}q{half / 2:g} {height} {half} 0" + f"t{half} 0" * arcs


@lru_cache(MAX_CODES_KEPT)
def qr_svg(text: str) -> str:
    """A QR code, dark on a transparent ground; the page puts white behind it."""
    return segno.make(text, error="m", micro=False, boost_error=False, mask=QR_MASK).svg_inline(
        border=QR_QUIET_ZONE, omitsize=True, svgclass="qr-code", lineclass=None, dark=QR_INK
    )


def cells(done: int, needed: int) -> str:
    """`done` of `needed` cells filled. The numbers stand beside it in words."""
    count = min(needed, MAX_CELLS)
    filled = done * count // needed
    gap = count * CELL_GAP if needed <= MAX_CELLS else 0
    rects = "".join(
        f'<rect x="{at:g}" y="0" width="{1 - gap:g}" height="1" class="{"on" if at < filled else "off"}"/>'
        for at in range(count)
    )
    return (
        f'<svg class="cells" viewBox="0 0 {count - gap:g} 1" preserveAspectRatio="none" aria-hidden="true" '
        f'focusable="false">{rects}</svg>'
    )
