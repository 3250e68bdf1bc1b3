"""The plots of a report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from napari_unet.events import Calibration, Paired
from napari_unet.report.html.svg import Axis, Plot, Point, axis
from napari_unet.report.text import elide

BINS = 20
LONGEST = 20  # letters of a group's name
ROW = 26  # pixels of a box
MOST_BARS = 300
FEW = 20  # points of a line that are dots as well
BLUE, VERMILLION, GREEN, PURPLE, INK = "c0", "c1", "c2", "c3", "ink"
LINES = ("c0", "c1", "c2", "c3", "c4", "c5")

Values = NDArray[np.float64]


def histogram(values: Sequence[float], score: str = "Dice", of: str = "images") -> Markup:
    """Return how often which score (0 to 1) occurs, with mean and median."""
    counts, edges = np.histogram(values, BINS, (0.0, 1.0))
    top = max(int(counts.max(initial=0)), 1)
    plot = Plot(
        f"Histogram of {score} over {len(values)} {of}",
        axis(score, 0, 1),
        _whole(of, top),
    )
    for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True):
        if count:
            words = f"{low:.2f} to {high:.2f}: {count}"
            plot.bar(low + 0.003, high - 0.003, 0, float(count), BLUE, words)
    if len(values):
        mean, median = float(np.mean(values)), float(np.median(values))
        plot.vertical(mean, f"{INK}", f"mean {mean:.3f}")
        plot.vertical(median, f"{INK} dashed", f"median {median:.3f}")
    return plot.markup()


def boxes(groups: Mapping[str, Sequence[float]], title: str, score: str = "Dice") -> Markup:
    """Return a box per group: quartiles, whiskers to the last value within 1.5 of their distance.

    Values beyond are dots (Tukey 1977); the thick line is the median, the thin one the mean.
    """
    shown = {name: np.asarray(v, float) for name, v in groups.items() if len(v)}
    names = [f"{elide(name, LONGEST)} ({len(v)})" for name, v in shown.items()]
    left = 24 + round(6.3 * max(map(len, names), default=0))
    rows = [(len(shown) - i - 0.5, name) for i, name in enumerate(names)]
    plot = Plot(
        title,
        axis(score, 0, 1),
        Axis("", 0, max(len(shown), 1), rows),
        height=70 + ROW * max(len(shown), 1),
        left=left,
        grid="x",
    )
    for (middle, _), values in zip(rows, shown.values(), strict=True):
        _box(plot, middle, values)
    return plot.markup()


def _box(plot: Plot, y: float, values: Values) -> None:
    low, median, high = (float(q) for q in np.percentile(values, [25, 50, 75]))
    reach = 1.5 * (high - low)
    within = values[(values >= low - reach) & (values <= high + reach)]
    first, last, mean = float(within.min()), float(within.max()), float(values.mean())
    plot.line([(first, y), (last, y)], f"{INK} thin")
    words = f"median {median:.3f}, quartiles {low:.3f} and {high:.3f}, mean {mean:.3f}"
    plot.bar(low, high, y - 0.28, y + 0.28, BLUE, words)
    for x in (first, last):
        plot.line([(x, y - 0.14), (x, y + 0.14)], f"{INK} thin")
    plot.line([(median, y - 0.32), (median, y + 0.32)], f"{INK} thick")
    plot.line([(mean, y - 0.32), (mean, y + 0.32)], f"{INK} thin dashed")
    beyond = values[(values < first) | (values > last)]
    plot.dots([(float(v), y) for v in beyond], BLUE)


def reliability(found: Calibration) -> Markup:
    """Return how often pixels of a probability are foreground; on the diagonal: as often as said.

    The reliability diagram of Niculescu-Mizil and Caruana 2005.
    """
    plot = Plot(
        "Share of foreground by predicted probability",
        axis("predicted probability", 0, 1),
        axis("share that is foreground", 0, 1),
        grid="xy",
    )
    plot.line([(0, 0), (1, 1)], f"{INK} thin dashed", "ideal")
    points = [
        (confidence, positive / count)
        for count, positive, confidence in _bins(found)
        if count and math.isfinite(confidence)
    ]
    plot.line(points, BLUE, "this model")
    plot.dots(points, BLUE)
    return plot.markup()


def probabilities(found: Calibration) -> Markup:
    """Return how many pixels have which probability, on a logarithmic scale."""
    top = math.ceil(math.log10(max(found.counts, default=1) + 1))
    every = max(round(top / 5), 1)
    ticks = [(float(n), f"10{_superscript(n)}") for n in range(0, top + 1, every)]
    plot = Plot(
        "Pixels by predicted probability",
        axis("predicted probability", 0, 1),
        Axis("pixels", 0, max(top, 1), ticks),
    )
    for count, low, high in zip(found.counts, found.edges[:-1], found.edges[1:], strict=True):
        if count:
            height = max(math.log10(count), 0.05)
            plot.bar(low, high, 0, height, BLUE, f"{low:.2f} to {high:.2f}: {count:,} pixels")
    return plot.markup()


def _bins(found: Calibration) -> list[tuple[int, int, float]]:
    return list(zip(found.counts, found.positives, found.confidences, strict=True))


def curves(history: Sequence[Mapping[str, Any]]) -> list[Markup]:
    """Return the losses and the validation Dice of a training, epoch by epoch; empty without."""
    history = [epoch for epoch in history if isinstance(epoch, Mapping)]
    lines = {
        "training": _series(history, "loss"),
        "validation": _series(history, "val_loss"),
    }
    losses = _lines("Loss", {k: v for k, v in lines.items() if v}, "loss")
    scores = {"validation": _series(history, "val_dice")}
    classes = dict.fromkeys(c for epoch in history for c in _mapping(epoch.get("class_dice")))
    if len(classes) > 1:
        for name in list(classes)[: len(LINES) - 2]:
            of = [{**e, name: _mapping(e.get("class_dice")).get(name)} for e in history]
            scores[elide(name, LONGEST)] = _series(of, name)
    dice = _lines("Dice of the validation cases", {k: v for k, v in scores.items() if v}, "Dice", 1)
    return [plot for plot in (losses, dice) if plot]


def _series(history: Sequence[Mapping[str, Any]], key: str) -> list[Point]:
    """Return the finite values of a key; a model file may hold anything there."""
    found = []
    for i, epoch in enumerate(history):
        value = epoch.get(key)
        if isinstance(value, int | float) and math.isfinite(value):
            found.append((float(i + 1), float(value)))
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _lines(
    title: str, lines: Mapping[str, list[Point]], label: str, top: float = 0.0
) -> Markup | None:
    points = [p for line in lines.values() for p in line]
    if not points:
        return None
    last = max(x for x, _ in points)
    ceiling = max(top, *(y for _, y in points))
    low = min(0.0, *(y for _, y in points))
    plot = Plot(f"{title} by epoch", _whole("epoch", last, 1), axis(label, low, ceiling))
    own = LINES[1:] if "training" not in lines else LINES
    for (name, line), colour in zip(lines.items(), own, strict=False):
        plot.line(line, colour + (" dashed" if name == "validation" and len(lines) > 1 else ""))
        plot.dots(line if len(line) <= FEW else line[-1:], colour)
        plot.name(colour, name)
    return plot.markup()


def differences(values: Sequence[float], paired: Paired) -> Markup:
    """Return the difference of each case to the first column, the smallest first.

    What is better is drawn in another colour than what is worse; the mean and its interval are
    lines. Of many cases evenly spaced ones are drawn.
    """
    sorted_ = np.sort(np.asarray(values, float))
    picks = np.linspace(0, len(sorted_) - 1, min(len(sorted_), MOST_BARS)).round().astype(int)
    drawn = sorted_[picks]
    low, high = float(drawn.min(initial=0.0)), float(drawn.max(initial=0.0))
    reach = (low, high) if high > low else (-0.1, 0.1)
    plot = Plot(
        f"Differences of {paired.score} by case: {paired.name} against {paired.against}",
        Axis("cases, sorted", 0, max(len(drawn), 1), [(0, "1"), (len(drawn), str(len(sorted_)))]),
        axis("difference of Dice" if paired.score == "dice" else paired.score, *reach, 6),
    )
    gap = 0.1 if len(drawn) <= 60 else 0.0
    for i, value in enumerate(map(float, drawn)):
        if value:
            plot.bar(i + gap, i + 1 - gap, 0, value, GREEN if value > 0 else VERMILLION)
    plot.horizontal(0, f"{INK} thin")
    if math.isfinite(paired.mean):
        plot.horizontal(paired.mean, INK, f"mean {paired.mean:+.3f}".replace("-", "−"))
    if math.isfinite(paired.low) and math.isfinite(paired.high):
        plot.horizontal(paired.low, f"{INK} thin dashed", "95 % interval")
        plot.horizontal(paired.high, f"{INK} thin dashed")
    return plot.markup()


def _whole(label: str, high: float, low: float = 0) -> Axis:
    """Return an axis of whole numbers."""
    found = axis(label, low, max(high, low + 1))
    ticks = [(p, w) for p, w in found.ticks if float(p).is_integer() and p >= low]
    return Axis(label, low, found.high, ticks)


def _superscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
