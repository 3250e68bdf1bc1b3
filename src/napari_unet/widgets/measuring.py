"""The objects of a segmentation: measured in a thread, shown as a table of its layer, saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_unet.errors import UnetError, readable
from napari_unet.objects import Columns, measure, write_csv
from napari_unet.session import Message, Result, Session
from napari_unet.session.portion import Portion
from napari_unet.widgets.answers import Answers
from napari_unet.widgets.asking import as_array
from napari_unet.widgets.layer_tags import pixels
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.runner import Background


class Measurer:
    """Measures what the Labels layer of a result shows now, corrections included."""

    changed = Signal()

    def __init__(self, session: Session, layers: Layers, answers: Answers) -> None:
        self.session, self.layers, self.answers = session, layers, answers
        self.text = ""
        self._thread = Background()
        answers.found_changed.connect(self._forget)

    def measure(self, result: Result | None) -> None:
        """Measure every object; the layer gets them as its features."""
        self._run(result, lambda columns, layer: self._show(columns, layer))

    def export(self, result: Result | None, path: str) -> None:
        """Measure every object and write a table."""

        def write(columns: Columns, layer: Any) -> None:
            self._show(columns, layer)
            try:
                write_csv(path, columns)
            except (OSError, UnetError) as error:
                self.session.fail("segment", readable(error))
                return
            self.session.set_message("segment", Message(f"Saved {path}", "info"))

        self._run(result, write)

    def _run(self, result: Result | None, done: Callable[[Columns, Any], None]) -> None:
        if result is None:
            return
        labels, on = self.answers.region(result), self.layers.hand.image(result.image)
        layer = self.layers.segmentations.find(result.image, result.model)
        if on is None or layer is None or not isinstance(labels, np.ndarray):
            self.session.fail("segment", "These labels are too large to be measured as a whole.")
            return
        how, classes = self.answers.how(result), self.answers.classes(result)
        size = self.layers.pixel_size(result.image)
        unit, labels = size.unit.rstrip("²³"), labels.copy()
        # A scale without a unit measures nothing.
        spacing = how.spacing if unit != "px" else None
        affine = _affine(layer, how.portion)
        data = pixels(on)

        def work() -> Columns:
            image = how.portion.seen(as_array(data))
            return measure(
                labels,
                image,
                spacing or None,
                unit,
                classes=classes,
                names=result.classes,
                affine=affine,
                planes=how.planes,
            )

        self._thread.run(
            "measuring",
            work,
            lambda columns: done(columns, layer),
            lambda error: self.session.fail("segment", readable(error)),
        )

    def _show(self, columns: Columns, layer: Any) -> None:
        if layer in self.layers.hand.layers:
            layer.features = columns
        n = len(columns["index"])
        size = next(key for key in columns if key.startswith(("area", "volume")))
        median = f", median {size} {np.median(columns[size]):,.4g}" if n else ""
        self.text = f"{n:,} object{'s' * (n != 1)}{median}."
        self.changed.emit()

    def _forget(self) -> None:
        if self.text:
            self._thread.drop()
            self.text = ""
            self.changed.emit()


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
