"""Plots as SVG: axes, lines, bars and dots in data coordinates, drawn by a handful of functions.

Elements are built as a tree, never as text, so that whatever stands in a label is escaped. Colours
are the page's (classes ``c0`` to ``c6``), so that they follow its light or dark scheme.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree

from markupsafe import Markup

WIDTH, HEIGHT = 380, 250
TOP, RIGHT, BOTTOM, LEFT = 26, 12, 40, 48  # around the data; the legend stands in the top
LETTER = 6.3  # the width of a letter of 11 pixels, on average

Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """An axis from ``low`` to ``high``; ``ticks`` are (place, words)."""

    label: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]


def axis(label: str, low: float, high: float, count: int = 5) -> Axis:
    """Return an axis with about ``count`` round ticks, wide enough for the values it is given.

    An axis of no length gets some.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        low, high = 0.0, 1.0
    if high <= low:
        low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
    step = _step((high - low) / count)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    places = [low + i * step for i in range(round((high - low) / step) + 1)]
    return Axis(label, low, high, [(p, f"{p + 0.0:.10g}".replace("-", "−")) for p in places])


def _step(rough: float) -> float:
    """Return the next of 1, 2, 5, 10, … times a power of ten."""
    power = 10.0 ** math.floor(math.log10(rough))
    return power * next(m for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))


@dataclass
class Plot:
    """One plot; what is drawn later lies on top."""

    title: str
    x: Axis
    y: Axis
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    grid: str = "y"
    _legend: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        box = f"0 0 {self.width} {self.height}"
        self.root = ElementTree.Element("svg", viewBox=box, role="img")
        self.root.set("aria-label", self.title)
        self._add("title").text = self.title
        self._axes()

    # --- what can be drawn ---------------------------------------------------------------------

    def line(self, points: Iterable[Point], colour: str, name: str = "") -> None:
        """Draw a line; points with a value that is not finite are left out, and it is broken there.

        With a ``name`` it is in the legend.
        """
        path, joined = [], False
        for x, y in points:
            if math.isfinite(x) and math.isfinite(y):
                path.append(f"{'L' if joined else 'M'}{self._x(x):.1f} {self._y(y):.1f}")
            joined = math.isfinite(x) and math.isfinite(y)
        if path:
            self._add("path", {"class": f"line {colour}", "d": "".join(path)})
        if name:
            self.name(colour, name)

    def dots(self, points: Iterable[Point], colour: str) -> None:
        """Draw dots: a path of points with round ends, the shortest there is."""
        places = {f"M{self._x(x):.1f} {self._y(y):.1f}h0" for x, y in points}
        if places:
            self._add("path", {"class": f"dots {colour}", "d": "".join(sorted(places))})

    def bar(self, x0: float, x1: float, y0: float, y1: float, colour: str, words: str = "") -> None:
        """Fill a rectangle; ``words`` are shown where a pointer rests on it."""
        left, right = sorted((self._x(x0), self._x(x1)))
        top, bottom = sorted((self._y(y0), self._y(y1)))
        place = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        shape = {"class": f"bar {colour}", **{k: f"{v:.1f}" for k, v in place.items()}}
        bar = self._add("rect", shape)
        if words:
            ElementTree.SubElement(bar, "title").text = words

    def area(self, points: Sequence[Point], base: float, colour: str) -> None:
        """Fill what lies between a line and the height ``base``."""
        if points:
            line = [f"{self._x(x):.1f} {self._y(y):.1f}" for x, y in points]
            ends = [f"{self._x(points[i][0]):.1f} {self._y(base):.1f}" for i in (-1, 0)]
            shape = {"class": f"bar {colour}", "d": "M" + "L".join([*line, *ends]) + "Z"}
            self._add("path", shape)

    def vertical(self, x: float, colour: str, name: str = "") -> None:
        """Draw a line across the plot at ``x``."""
        self.line([(x, self.y.low), (x, self.y.high)], colour, name)

    def horizontal(self, y: float, colour: str, name: str = "") -> None:
        """Draw a line along the plot at ``y``."""
        self.line([(self.x.low, y), (self.x.high, y)], colour, name)

    def name(self, colour: str, words: str) -> None:
        """Put a colour into the legend."""
        self._legend.append((f"line {colour}", words))

    def markup(self) -> Markup:
        """Return the plot as an element for the page."""
        self._show_legend()
        return Markup(ElementTree.tostring(self.root, encoding="unicode"))

    # --- places --------------------------------------------------------------------------------

    def _x(self, value: float) -> float:
        share = (value - self.x.low) / (self.x.high - self.x.low)
        return self.left + share * (self.width - self.left - RIGHT)

    def _y(self, value: float) -> float:
        share = (value - self.y.low) / (self.y.high - self.y.low)
        return self.height - BOTTOM - share * (self.height - BOTTOM - TOP)

    # --- around the data -----------------------------------------------------------------------

    def _axes(self) -> None:
        left, bottom = self._x(self.x.low), self._y(self.y.low)
        right, top = self._x(self.x.high), self._y(self.y.high)
        for place, words in self.x.ticks:
            x = self._x(place)
            end = top if "x" in self.grid else bottom + 4
            self._rule(x, bottom, x, end)
            self._text(x, bottom + 16, words, "middle")
        for place, words in self.y.ticks:
            y = self._y(place)
            self._rule(left, y, right if "y" in self.grid else left - 4, y)
            self._text(left - 6, y + 4, words, "end")
        self._add("path", {"class": "axis", "d": f"M{left:.1f} {top:.1f}V{bottom:.1f}H{right:.1f}"})
        self._text((left + right) / 2, self.height - 6, self.x.label, "middle", "label")
        if self.y.label:
            middle = (top + bottom) / 2
            turned = self._text(12, middle, self.y.label, "middle", "label")
            turned.set("transform", f"rotate(-90 12 {middle:.1f})")

    def _show_legend(self) -> None:
        x = float(self.left)
        for colour, name in self._legend:
            self._add("path", {"class": colour, "d": f"M{x:.1f} 12h16"})
            self._text(x + 21, 16, name, "start")
            x += 21 + LETTER * len(name) + 14

    def _rule(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self._add("path", {"class": "grid", "d": f"M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}"})

    def _text(
        self, x: float, y: float, words: str, anchor: str, kind: str = "tick"
    ) -> ElementTree.Element:
        place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor, "class": kind}
        element = self._add("text", place)
        element.text = words
        return element

    def _add(self, tag: str, attributes: dict[str, str] | None = None) -> ElementTree.Element:
        return ElementTree.SubElement(self.root, tag, attributes or {})
