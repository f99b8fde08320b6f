"""The chart of the docs: one bar for each flow and situation, seconds on a logarithmic scale.

The same figures give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log10

from lab.bench.figures import (
    ARTICLE,
    BUILD,
    BUILD_SMOKE,
    DEPS_FIRST,
    NAIVE,
    SITUATIONS,
    UV,
    VERBS,
    VERBS_SMOKE,
    Figure,
)

COLOURS = {
    ARTICLE: "#8c8c8c",
    NAIVE: "#d9a441",
    DEPS_FIRST: "#b8651b",
    UV: "#8a5aa8",
    VERBS: "#1f77b4",
    BUILD: "#7fb3d9",
    VERBS_SMOKE: "#2a7f62",
    BUILD_SMOKE: "#8cc5b0",
}
LEFT, WIDTH, BAR, GAP, TOP = 190, 480, 16, 22, 34
RIGHT = 70
LOW, HIGH = 0.02, 100.0
TICKS = (0.1, 1, 10, 100)


def draw(figures: Sequence[Figure]) -> str:
    """Return the chart as an SVG document."""
    rows = [each for each in figures if each.situation in SITUATIONS]
    body = list(_bars(rows))
    height = TOP + len(rows) * BAR + len({row.situation for row in rows}) * GAP + 24
    width = LEFT + WIDTH + RIGHT
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            'font-family="sans-serif" font-size="12">',
            f'<rect width="{width}" height="{height}" fill="white"/>',
            _text(LEFT, 18, "seconds from the command to the published image (logarithmic)"),
            *_grid(height),
            *body,
            "</svg>\n",
        ]
    )


def _grid(height: int) -> Iterator[str]:
    for tick in TICKS:
        x = LEFT + _length(tick)
        yield f'<path d="M{x} {TOP - 6}V{height - 20}" stroke="#dddddd"/>'
        yield _text(x, height - 6, f"{tick:g}", anchor="middle")


def _bars(rows: Sequence[Figure]) -> Iterator[str]:
    y, situation = TOP, ""
    for row in rows:
        if row.situation != situation:
            y, situation = y + GAP, row.situation
            yield _text(8, y - 6, situation, weight="bold")
        length = _length(row.seconds)
        yield _text(LEFT - 8, y + 12, row.flow, anchor="end")
        yield (
            f'<rect x="{LEFT}" y="{y + 2}" width="{length}" height="{BAR - 4}" '
            f'fill="{COLOURS[row.flow]}"/>'
        )
        yield _text(LEFT + length + 6, y + 12, f"{row.seconds:.2f} s")
        y += BAR


def _length(seconds: float) -> int:
    inside = min(max(seconds, LOW), HIGH)
    return round(WIDTH * log10(inside / LOW) / log10(HIGH / LOW))


def _text(x: int, y: int, text: str, *, anchor: str = "start", weight: str = "normal") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-weight="{weight}">{text}</text>'
