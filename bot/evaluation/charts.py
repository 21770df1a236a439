"""Turns numbers into small SVG pictures that follow the colours of the page around them. Knows nothing of measures."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

WIDTH, HEIGHT = 360, 260  # user units, as are the margins
LEFT, RIGHT, TOP, BOTTOM = 46, 20, 12, 40
BAR_WIDTH, BAR_HEIGHT = 150, 14

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis from 0 to *high* with its label; ticks are written as *unit* says, e.g. ``{:.0%}``."""

    label: str
    high: float
    unit: str
    ticks: int = 5


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with two axes that start at 0; its methods give marks, and `render` puts them into the frame."""

    description: str
    horizontal: Axis
    vertical: Axis

    def line(self, points: Sequence[Point], style: str = "line") -> str:
        """Return a line through *points*."""
        return f'<polyline class="{style}" points="{" ".join(f"{self._x(x):.1f},{self._y(y):.1f}" for x, y in points)}"/>'

    def dot(self, x: float, y: float, note: str) -> str:
        """Return a dot that tells *note* when pointed at."""
        return f'<circle class="dot" cx="{self._x(x):.1f}" cy="{self._y(y):.1f}" r="4"><title>{escape(note)}</title></circle>'

    def bar(self, left: float, right: float, height: float, note: str) -> str:
        """Return a bar that stands on the horizontal axis and tells *note* when pointed at."""
        x, y = self._x(left), self._y(height)
        size = f'width="{max(self._x(right) - x - 1, 1):.1f}" height="{self._y(0) - y:.1f}"'
        return f'<rect class="bar" x="{x:.1f}" y="{y:.1f}" {size}><title>{escape(note)}</title></rect>'

    def text(self, x: float, y: float, text: str) -> str:
        """Return *text* standing below and right of a place."""
        return f'<text x="{self._x(x) + 7:.1f}" y="{self._y(y) + 17:.1f}">{escape(text)}</text>'

    def render(self, *marks: str) -> Markup:
        """Return the whole picture."""
        frame = [f'<line class="axis" x1="{LEFT}" y1="{self._y(0)}" x2="{WIDTH - RIGHT}" y2="{self._y(0)}"/>']
        for tick in range(self.horizontal.ticks + 1):
            value = self.horizontal.high * tick / self.horizontal.ticks
            label = self.horizontal.unit.format(value)
            frame.append(f'<text x="{self._x(value):.1f}" y="{self._y(0) + 15:.1f}" text-anchor="middle">{label}</text>')
        for tick in range(self.vertical.ticks + 1):
            value = self.vertical.high * tick / self.vertical.ticks
            y = self._y(value)
            frame.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
            frame.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{self.vertical.unit.format(value)}</text>')
        middle = (TOP + HEIGHT - BOTTOM) / 2
        across = f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{escape(self.horizontal.label)}</text>'
        upward = f'<text transform="translate(11 {middle}) rotate(-90)" text-anchor="middle">{escape(self.vertical.label)}</text>'
        shape = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(self.description)}"'
        return Markup(f'<svg class="chart" {shape}>{"".join(frame)}{across}{upward}{"".join(marks)}</svg>')  # noqa: S704  # all texts are escaped above

    def _x(self, value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * value / self.horizontal.high

    def _y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.vertical.high


def interval_bar(mean: float, interval: tuple[float, float] | None) -> Markup:
    """Return a scale from 0 to 1 with the interval as a band and the mean as a dot on it."""
    middle, reach = BAR_HEIGHT / 2, BAR_WIDTH - 10
    low, high = interval or (mean, mean)
    band = f'<line class="band" x1="{5 + reach * low:.1f}" x2="{5 + reach * high:.1f}" y1="{middle}" y2="{middle}"/>'
    scale = f'<line class="grid" x1="5" x2="{5 + reach}" y1="{middle}" y2="{middle}"/>'
    dot = f'<circle class="dot" cx="{5 + reach * mean:.1f}" cy="{middle}" r="3.5"/>'
    return Markup(f'<svg width="{BAR_WIDTH}" height="{BAR_HEIGHT}" aria-hidden="true">{scale}{band}{dot}</svg>')  # noqa: S704  # numbers alone
