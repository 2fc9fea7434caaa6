"""SVG for the pages: guilloches, QR codes and progress bars of confirmations. No I/O.

A guilloche is a pattern of fine waves, as on banknotes. It is derived from the id of a payment intent, so each intent
has its own pattern.
"""

import hashlib
from functools import lru_cache

import segno

QR_QUIET_ZONE = 4
"""The width of the white border in modules, as the standard requires. Without it, scanners fail on a dark page."""

QR_INK = "#101614"
QR_MASK = 4
"""Scanners read every mask. Choosing the best of the eight masks takes four times as long as drawing the code."""

MAX_CODES_KEPT = 512
"""The number of QR codes that are cached. The same address and link are rendered many times."""

WIDTH, HEIGHT = 600, 40
WAVES = 7
MAX_CELLS = 24
"""The largest number of cells. More cells would be as thin as hairlines, so one continuous bar is drawn instead."""

CELL_GAP = 0.012
"""The gap between two cells, as a fraction of the whole width. It does not depend on the number of cells."""


def guilloche(text: str) -> str:
    """Return the guilloche of a text: waves across a 600 x 40 band that stretches to the width of its container."""
    numbers = hashlib.sha256(text.encode()).digest()
    paths = "".join(f'<path d="{_wave(*numbers[3 * wave : 3 * wave + 3])}"/>' for wave in range(WAVES))
    return (
        f'<svg class="guilloche" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true" '
        f'focusable="false">{paths}</svg>'
    )


def _wave(length: int, swing: int, phase: int) -> str:
    """Return the path of one smooth wave. Each `t` command mirrors the arc before it, which keeps the path short."""
    half = 24 + length % 40
    height = 14 + swing % 26
    start = -(phase % (2 * half))
    arcs = -(-(WIDTH - start) // half) - 1
    return f"M{start} {HEIGHT // 2}q{half / 2:g} {height} {half} 0" + f"t{half} 0" * arcs


@lru_cache(MAX_CODES_KEPT)
def qr_svg(text: str) -> str:
    """Return a dark QR code on a transparent background. The page puts it on white."""
    return segno.make(text, error="m", micro=False, boost_error=False, mask=QR_MASK).svg_inline(
        border=QR_QUIET_ZONE, omitsize=True, svgclass="qr-code", lineclass=None, dark=QR_INK
    )


def cells(done: int, needed: int) -> str:
    """Return a bar with `done` of `needed` cells filled. It is decorative: the page also shows the numbers as text."""
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
