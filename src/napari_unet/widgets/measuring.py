"""The objects of a segmentation: measured in a thread, shown as a table of its layer, saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_unet.errors import UnetError, readable
from napari_unet.objects import Columns, measure, write_csv
from napari_unet.session import Message, Result, Session
from napari_unet.session.portion import Portion
from napari_unet.widgets.answers import Answers
from napari_unet.widgets.asking import as_array
from napari_unet.widgets.background import Background
from napari_unet.widgets.layer_tags import pixels
from napari_unet.widgets.layers import Layers


@dataclass(frozen=True)
class _Measured:
    """What was said of a layer, and a mark of the labels of which that is true."""

    layer: Any
    mark: int
    text: str


class Measurer:
    """Measures what the Labels layer of a result shows now, corrections included."""

    changed = Signal()

    def __init__(self, session: Session, layers: Layers, answers: Answers) -> None:
        self.session, self.layers, self.answers = session, layers, answers
        self._measured: _Measured | None = None
        self._thread = Background()
        answers.found.changed.connect(self._check_fresh)

    @property
    def text(self) -> str:
        """What was measured last, in words; empty if the labels are others by now."""
        return self._measured.text if self._measured is not None else ""

    def words(self, result: Result | None) -> str:
        """Say what is known of a result's objects without measuring them, or what was measured."""
        layer = None
        if result is not None:
            layer = self.layers.segmentations.find(result.image, result.model)
        if result is None or layer is None:
            return ""
        if self._measured is not None and self._measured.layer is layer:
            return self._measured.text
        shown, how = self.answers.on_screen.of(result), self.answers.how(result)
        if shown is None or result.lazy:
            return ""
        if shown.classes is None:
            return "Number objects under Clean up to tell them apart."
        if self.layers.segmentations.painted(result.image, result.model, how.portion):
            return "Corrected by hand: measure them to count them."
        size, n = self.layers.pixel_size(result.image), len(shown.classes)
        total = f"{sum(shown.pixels) * size.value:,.4g} {size.unit}"
        return f"{n:,} object{'s' * (n != 1)}, {total} together."

    def measure(self, result: Result | None) -> None:
        """Measure every object; the layer gets them as its features."""
        self._run(result, self._show)

    def export(self, result: Result | None, path: str) -> None:
        """Measure every object and write a table."""

        def write(columns: Columns, layer: Any, mark: int) -> None:
            self._show(columns, layer, mark)
            try:
                write_csv(path, columns)
            except (OSError, UnetError) as error:
                self.session.fail("segment", readable(error))
                return
            self.session.set_message("segment", Message(f"Saved {path}", "info"))

        self._run(result, write)

    def _run(self, result: Result | None, done: Callable[[Columns, Any, int], None]) -> None:
        if result is None:
            return
        labels, on = self.answers.found.region(result), self.layers.hand.image(result.image)
        layer = self.layers.segmentations.find(result.image, result.model)
        if on is None or layer is None or not isinstance(labels, np.ndarray):
            self.session.fail("segment", "These labels are too large to be measured as a whole.")
            return
        how, classes = self.answers.how(result), self.answers.on_screen.classes(result)
        size = self.layers.pixel_size(result.image)
        unit, labels = size.unit.rstrip("²³"), labels.copy()
        affine, mark = _affine(layer, how.portion), _mark(layer)
        # As the layer lies now, which somebody may have calibrated since it was segmented; a scale
        # without a unit measures nothing.
        spacing = np.linalg.norm(affine[:-1, :-1], axis=0) if unit != "px" else None
        data = pixels(on)

        def work() -> Columns:
            image = how.portion.seen(as_array(data))
            return measure(
                labels,
                image,
                spacing,
                unit,
                classes=classes,
                names=result.classes,
                affine=affine,
                planes=how.planes,
            )

        self._thread.run(
            "measuring",
            work,
            lambda columns: done(columns, layer, mark),
            lambda error: self.session.fail("segment", readable(error)),
        )

    def _show(self, columns: Columns, layer: Any, mark: int) -> None:
        if layer not in self.layers.hand.layers or _mark(layer) != mark:
            self.session.fail("segment", "The labels changed while they were measured: try again.")
            return
        layer.features = columns
        n = len(columns["index"])
        size = next(key for key in columns if key.startswith(("area", "volume")))
        median = f", median {size} {np.median(columns[size]):,.4g}" if n else ""
        text = f"{n:,} object{'s' * (n != 1)}{median}. Their table: Layers ▸ Metadata."
        self._measured = _Measured(layer, mark, text)
        self.changed.emit()

    def _check_fresh(self) -> None:
        """Take back what was measured of labels that are others by now."""
        measured = self._measured
        if measured is None:
            return
        there = measured.layer in self.layers.hand.layers
        if there and _mark(measured.layer) == measured.mark:
            return
        self._measured = None
        if there:
            measured.layer.features = {}
        self.changed.emit()


def _mark(layer: Any) -> int:
    """Return a number that tells a layer's labels from others."""
    return crc32(np.ascontiguousarray(layer.data).data)


def _affine(layer: Any, portion: Portion) -> NDArray[np.float64]:
    """Return from pixels of what was segmented to the world."""
    start = np.zeros(layer.ndim)
    axes = list(range(layer.ndim))
    if portion.repeated and portion.channel is not None:
        axes.remove(portion.channel)
    start[axes] = [low for low, _ in portion.kept]
    corner = np.asarray(layer.data_to_world(start))
    matrix = np.eye(len(axes) + 1)
    for column, axis in enumerate(axes):
        step = start.copy()
        step[axis] += 1
        matrix[:-1, column] = (np.asarray(layer.data_to_world(step)) - corner)[axes]
    matrix[:-1, -1] = corner[axes]
    return matrix
