"""A merchant's colour, made readable: the nearest shade with enough contrast on our light and our dark paper. Pure."""

from collections.abc import Sequence

Rgb = tuple[float, float, float]

LIGHT_PAPER, DARK_PAPER = "#f4f6f4", "#161e1c"
"""The least favourable grounds that coloured text stands on: `sunken` in light, `surface` in dark (see pages.css)."""

WHITE, BLACK = "#ffffff", "#000000"
LINEAR_BELOW = 0.04045
"""Where sRGB's curve begins."""

TEXT_CONTRAST = 4.5
"""WCAG 2.2 AA for text; links and codes are drawn in this colour."""

STEPS = 64


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours as WCAG defines it, 1 to 21."""
    lighter, darker = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable(accent: str, paper: str) -> str:
    """The accent, darkened or lightened as little as it takes to be read on the paper."""
    target = BLACK if _luminance(_rgb(paper)) > 0.5 else WHITE  # noqa: PLR2004 - the middle
    shades = (_mixed(accent, target, step / STEPS) for step in range(STEPS + 1))
    return next(shade for shade in shades if contrast(shade, paper) >= TEXT_CONTRAST)


def ink_on(accent: str) -> str:
    """White or black, whichever is read better on the accent."""
    return max((WHITE, BLACK), key=lambda ink: contrast(ink, accent))


def accent_style(accent: str) -> str:
    """The style that gives a page the merchant's colour, `#rrggbb`, in light and dark."""
    light, dark = readable(accent, LIGHT_PAPER), readable(accent, DARK_PAPER)
    by_day, by_night = (f":root{{--color-accent:{of};--color-accent-ink:{ink_on(of)}}}" for of in (light, dark))
    return f"{by_day}@media screen and (prefers-color-scheme:dark){{{by_night}}}"


def _rgb(colour: str) -> Rgb:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _hex(rgb: Sequence[float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in rgb)


def _mixed(one: str, other: str, share: float) -> str:
    return _hex([a + (b - a) * share for a, b in zip(_rgb(one), _rgb(other), strict=True)])


def _luminance(rgb: Rgb) -> float:
    red, green, blue = (part / 12.92 if part <= LINEAR_BELOW else ((part + 0.055) / 1.055) ** 2.4 for part in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
