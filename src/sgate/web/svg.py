"""SVG for the pages: guilloches, QR codes and progress bars of confirmations. Pure.

A guilloche is a pattern of fine waves, as on banknotes. It is derived from the payment intent's id, so that each intent
has its own.
"""

import hashlib
from functools import lru_cache

import segno

QR_QUIET_ZONE = 4
"""White modules around the code, as the standard requires; without them scanners fail on a dark page."""

QR_INK = "#101614"
QR_MASK = 4
"""Any mask can be scanned. Choosing the best of the eight takes four times as long as drawing the code."""

MAX_CODES_KEPT = 512
"""How many QR codes are cached. Pages are rendered repeatedly for the same address and link."""

WIDTH, HEIGHT = 600, 40
WAVES = 7
MAX_CELLS = 24
"""With more cells they would be hairlines, so one bar is drawn instead."""

CELL_GAP = 0.012
"""The gap between two cells, as a fraction of the whole width, whatever their number."""


def guilloche(text: str) -> str:
    """Return waves across a 600 x 40 band that stretches to its container's width."""
    numbers = hashlib.sha256(text.encode()).digest()
    paths = "".join(f'<path d="{_wave(*numbers[3 * wave : 3 * wave + 3])}"/>' for wave in range(WAVES))
    return (
        f'<svg class="guilloche" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true" '
        f'focusable="false">{paths}</svg>'
    )


def _wave(length: int, swing: int, phase: int) -> str:
    """Return the path of one smooth wave. `t` repeats the first arc mirrored, which keeps the path short."""
    half = 24 + length % 40
    height = 14 + swing % 26
    start = -(phase % (2 * half))
    arcs = -(-(WIDTH - start) // half) - 1
    return f"M{start} {HEIGHT // 2}q{half / 2:g} {height} {half} 0" + f"t{half} 0" * arcs


@lru_cache(MAX_CODES_KEPT)
def qr_svg(text: str) -> str:
    """Return a QR code, dark on transparent; the page puts white behind it."""
    return segno.make(text, error="m", micro=False, boost_error=False, mask=QR_MASK).svg_inline(
        border=QR_QUIET_ZONE, omitsize=True, svgclass="qr-code", lineclass=None, dark=QR_INK
    )


def cells(done: int, needed: int) -> str:
    """Return a bar of cells, `done` of `needed` filled. It is decorative; the page shows the numbers as text."""
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
