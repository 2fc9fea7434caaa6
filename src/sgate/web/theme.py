"""Accessible accent colors: the nearest shade of a merchant's color with enough contrast in both themes. No I/O."""

from collections.abc import Sequence

Rgb = tuple[float, float, float]

LIGHT_BACKGROUND, DARK_BACKGROUND = "#f4f6f4", "#161e1c"
"""The backgrounds on which colored text has the least contrast: `sunken` in light, `surface` in dark (pages.css)."""

WHITE, BLACK = "#ffffff", "#000000"
LINEAR_BELOW = 0.04045
"""At and below this value, the sRGB curve is linear."""

TEXT_CONTRAST = 4.5
"""The minimum contrast of text in WCAG 2.2 AA. The accent color is used for the text of links and codes."""

STEPS = 64


def contrast(one: str, other: str) -> float:
    """Return the WCAG contrast ratio of two colors, from 1 to 21."""
    lighter, darker = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable(accent: str, background: str) -> str:
    """Return the accent color, darkened or lightened just enough to be readable on the background."""
    target = BLACK if _luminance(_rgb(background)) > 0.5 else WHITE  # noqa: PLR2004 - the middle
    shades = (_mixed(accent, target, step / STEPS) for step in range(STEPS + 1))
    return next(shade for shade in shades if contrast(shade, background) >= TEXT_CONTRAST)


def ink_on(accent: str) -> str:
    """Return white or black, whichever has more contrast on the accent color."""
    return max((WHITE, BLACK), key=lambda ink: contrast(ink, accent))


def accent_style(accent: str) -> str:
    """Return the CSS that applies the merchant's color, `#rrggbb`, in light and dark mode."""
    light, dark = readable(accent, LIGHT_BACKGROUND), readable(accent, DARK_BACKGROUND)
    light_rule, dark_rule = (
        f":root{{--color-accent:{shade};--color-accent-ink:{ink_on(shade)}}}" for shade in (light, dark)
    )
    return f"{light_rule}@media screen and (prefers-color-scheme:dark){{{dark_rule}}}"


def _rgb(color: str) -> Rgb:
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _hex(rgb: Sequence[float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in rgb)


def _mixed(one: str, other: str, share: float) -> str:
    return _hex([a + (b - a) * share for a, b in zip(_rgb(one), _rgb(other), strict=True)])


def _luminance(rgb: Rgb) -> float:
    red, green, blue = (part / 12.92 if part <= LINEAR_BELOW else ((part + 0.055) / 1.055) ** 2.4 for part in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
