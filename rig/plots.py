"""Plots over time as SVG, with the faults as bands: no script, no outside file."""

from html import escape

WIDTH, HEIGHT = 960, 170
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 16, 22
COLOURS = ("#2563eb", "#dc2626", "#d97706", "#059669")
BAND = "#f1c40f"


def plot(title, unit, series, faults, seconds):
    """One plot. `series`: (name, [(second, value)]); `faults`: (number, began, ended)."""
    highest = max((value for _, points in series for _, value in points), default=0) or 1
    top = _round_up(highest)

    def x(second):
        return LEFT + (WIDTH - LEFT - RIGHT) * second / max(seconds, 1)

    def y(value):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top

    parts = [_band(number, x(began), x(ended)) for number, began, ended in faults]
    parts += [_gridline(y(top * share), top * share) for share in (0, 0.5, 1)]
    parts += [_tick(x(second), second) for second in _ticks(seconds)]
    parts += [
        f'<polyline fill="none" stroke="{colour}" stroke-width="1.3" points="'
        + " ".join(f"{x(second):.1f},{y(value):.1f}" for second, value in points)
        + '"/>'
        for colour, (_, points) in zip(COLOURS, series, strict=False)
    ]
    legend = " ".join(
        f'<span style="color:{colour}">&#9632; {escape(name)}</span>'
        for colour, (name, _) in zip(COLOURS, series, strict=False)
    )
    return (
        f"<figure><figcaption><b>{escape(title)}</b> ({escape(unit)}) {legend}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg></figure>'
    )


def _band(number, left, right):
    width = max(2.0, right - left)
    return (
        f'<rect x="{left:.1f}" y="{TOP}" width="{width:.1f}" height="{HEIGHT - TOP - BOTTOM}" fill="{BAND}" '
        f'fill-opacity="0.25"/><text x="{left + 1:.1f}" y="{TOP - 4}">{number}</text>'
    )


def _gridline(height, value):
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{height:.1f}" y2="{height:.1f}" stroke="#ddd"/>'
        f'<text x="{LEFT - 4}" y="{height + 4:.1f}" text-anchor="end">{value:g}</text>'
    )


def _tick(left, second):
    return f'<text x="{left:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{second} s</text>'


def _ticks(seconds):
    step = next(step for step in (10, 30, 60, 120, 300, 600) if seconds / step <= 12 or step == 600)
    return range(0, int(seconds) + 1, step)


def _round_up(value):
    """The next 1, 2 or 5 with noughts."""
    magnitude = 10.0 ** (len(f"{value:.0f}") - 1)
    return next(magnitude * step for step in (1, 2, 5, 10) if magnitude * step >= value)
