"""How much of an image each class takes, in words.

Counting takes a millisecond for a million pixels: of large labels it is done in a thread.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_unet.labelling import count_classes
from napari_unet.session import Result
from napari_unet.session.portion import Portion
from napari_unet.widgets.asking import Asked
from napari_unet.widgets.background import Background
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.on_screen import OnScreen
from napari_unet.widgets.placing import PixelSize

AT_ONCE = 1 << 22  # pixels
BLOCK = 1 << 16  # pixels


class Found:
    """Says how much of what was segmented each class takes, and follows what a person paints."""

    changed = Signal()

    def __init__(self, layers: Layers, on_screen: OnScreen, how: Callable[[Result], Asked]) -> None:
        self.layers, self.on_screen, self._how = layers, on_screen, how
        self.text = ""
        self._of: weakref.ref[Result] | None = None
        self._thread = Background()

    def clear(self) -> None:
        """Say nothing: another image is looked at, or its labels are others."""
        self.text, self._of = "", None
        self._thread.drop()

    def recount(self, result: Result | None) -> None:
        """Follow what a person paints."""
        if result is not None and self._of is not None and self._of() is result:
            self.tell(result)

    def region(self, result: Result) -> Any:
        """Return the part of the labels, as they are now, that a result is of; None if gone."""
        data = self.layers.segmentations.data(result.image, result.model)
        portion = self._how(result).portion
        if data is None or data.shape != portion.canvas:
            return None
        return portion.gathered(data)

    def tell(self, result: Result) -> None:
        """Say how much each class takes of the labels of a result as they are now."""
        portion, labels = self._how(result).portion, self.region(result)
        self._thread.drop()
        if labels is None:
            return
        self._of = weakref.ref(result)
        if not isinstance(labels, np.ndarray):
            self._say("Shown piece by piece: too large to be counted.")
            return
        painted = self.layers.segmentations.painting(result.image, result.model, portion)
        size, classes = self.layers.pixel_size(result.image), self.on_screen.classes(result)
        names = result.classes

        def words() -> str:
            asked = inside(portion, labels)
            counts = counted(asked, classes, len(names))
            said = found_words(names, counts, asked.size, size, portion.whole)
            return f"{said}\nCorrected by hand." if painted() else said

        if labels.size <= AT_ONCE:
            self._say(words())
        else:
            self._thread.run("counting labels", words, self._say, _raise)

    def _say(self, text: str) -> None:
        if text != self.text:
            self.text = text
            self.changed.emit()


def found_words(
    names: Sequence[str], counts: Sequence[int], of: int, size: PixelSize, whole: bool
) -> str:
    """Return a line for each class.

    Parameters
    ----------
    names, counts
        The classes, and how many pixels each has.
    of
        How many pixels were looked at.
    size
        What one of them measures.
    whole
        Whether they are the whole image.
    """
    part = "the image" if whole else "this part of the image"
    lines = []
    for name, n in zip(names, counts, strict=True):
        area = f"{n:,} px"
        if size.unit != "px":
            area = f"{n * size.value:,.4g} {size.unit} ({area})"
        lines.append(f"{name}: {n / max(of, 1):.2%} of {part}, {area}")
    return "\n".join(lines)


def inside(portion: Portion, labels: NDArray[Any]) -> NDArray[Any]:
    """Return the labels of the pixels that were asked about."""
    if portion.mask is None:
        return labels
    found: NDArray[Any] = labels[np.broadcast_to(portion.mask, labels.shape)]
    return found


def counted(labels: NDArray[Any], classes: NDArray[Any] | None, number: int) -> list[int]:
    """Return how many pixels each class has; ``classes`` are those of numbered objects."""
    if classes is None:
        counted: list[int] = count_classes(labels, number).tolist()
        return counted
    objects = _sizes(labels.ravel(), len(classes) + 1)[1:]
    sums = np.bincount(classes.astype(np.intp), weights=objects, minlength=number + 1)
    return [int(n) for n in sums[1 : number + 1]]


def _sizes(labels: NDArray[Any], number: int) -> NDArray[np.int64]:
    """Return how many pixels each of ``number`` labels has.

    `numpy.bincount` makes 8 bytes of each label first: for a block after the other, these stay in
    the processor's cache, which takes half the time. Labels beyond ``number`` are a person's own.
    """
    sizes = np.zeros(number, np.int64)
    for start in range(0, labels.size, BLOCK):
        sizes += np.bincount(labels[start : start + BLOCK], minlength=number)[:number]
    return sizes


def _raise(error: Exception) -> None:
    raise error  # nothing of this can fail: it is a fault of ours
