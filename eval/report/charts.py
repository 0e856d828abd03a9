"""Charts as SVG, drawn without a library: a person reads them, CSS variables colour them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 460, 260
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 14, 40

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart: its name, the class that colours it, and its points."""

    name: str
    colour: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Axes:
    """The ranges of a chart, its ticks (value, label) and the words under it."""

    x: tuple[float, float]
    y: tuple[float, float]
    x_ticks: Sequence[tuple[float, str]]
    y_ticks: Sequence[tuple[float, str]]
    x_title: str

    def place_x(self, value: float) -> float:
        """The horizontal place of a value, in pixels."""
        low, high = self.x
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def place_y(self, value: float) -> float:
        """The vertical place of a value, in pixels."""
        low, high = self.y
        return HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM)


def share_ticks() -> list[tuple[float, str]]:
    """Ticks of an axis from 0 to 1."""
    return [(i / 5, f"{i / 5:.1f}") for i in range(6)]


def line_chart(axes: Axes, lines: Sequence[Line], guides: Sequence[float] = ()) -> str:
    """Lines with a dot at each point; `guides` are upright lines."""
    parts = [_frame(axes)]
    parts += [
        f'<line class="guide" x1="{axes.place_x(x):.1f}" x2="{axes.place_x(x):.1f}" '
        f'y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        for x in guides
    ]
    for line in lines:
        places = [(axes.place_x(x), axes.place_y(y)) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline class="line {line.colour}" points="{path}"/>')
        parts += [
            f'<circle class="dot {line.colour}" cx="{x:.1f}" cy="{y:.1f}" r="3">'
            f"<title>{escape(line.name)}: {value[1]:.3f} at {value[0]:g}</title></circle>"
            for (x, y), value in zip(places, line.points, strict=True)
        ]
    return _figure(parts, [(line.name, line.colour) for line in lines if line.name])


def bar_chart(
    axes: Axes,
    bars: Sequence[tuple[float, float, float]],
    title: Callable[[tuple[float, float, float]], str],
    *,
    diagonal: bool = False,
) -> str:
    """Bars (from, to, height); `title` says what a bar is when the mouse is over it."""
    base = axes.place_y(axes.y[0])
    parts = [_frame(axes)]
    for bar in bars:
        left, right, top = axes.place_x(bar[0]), axes.place_x(bar[1]), axes.place_y(bar[2])
        parts.append(
            f'<rect class="bar" x="{left + 1:.1f}" y="{top:.1f}" '
            f'width="{max(right - left - 2, 1):.1f}" height="{base - top:.1f}">'
            f"<title>{escape(title(bar))}</title></rect>"
        )
    if diagonal:
        parts.append(
            f'<line class="guide" x1="{axes.place_x(0):.1f}" y1="{axes.place_y(0):.1f}" '
            f'x2="{axes.place_x(1):.1f}" y2="{axes.place_y(1):.1f}"/>'
        )
    return _figure(parts, [])


def _frame(axes: Axes) -> str:
    bottom = HEIGHT - BOTTOM
    parts = []
    for value, label in axes.y_ticks:
        y = axes.place_y(value)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" '
            f'y2="{y:.1f}"/><text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" '
            f'text-anchor="end">{escape(label)}</text>'
        )
    for value, label in axes.x_ticks:
        parts.append(
            f'<text class="tick" x="{axes.place_x(value):.1f}" y="{bottom + 16}" '
            f'text-anchor="middle">{escape(label)}</text>'
        )
    parts.append(
        f'<text class="tick" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" '
        f'text-anchor="middle">{escape(axes.x_title)}</text>'
    )
    return "".join(parts)


def _figure(parts: Sequence[str], legend: Sequence[tuple[str, str]]) -> str:
    names = "".join(
        f'<span><i class="key {colour}"></i>{escape(name)}</span>' for name, colour in legend
    )
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>' + (
        f'<p class="legend">{names}</p>' if names else ""
    )
