"""What the labels on the screen are: of which result, and whether they number objects."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from napari_unet.session import Result
from napari_unet.widgets.relabelling import Labelled


@dataclass(frozen=True, eq=False)
class Shown:
    """What labels that are shown are: of which result, and what `Labelled` tells of them.

    The result is held weakly: its probabilities are kept by the session, as long as it likes.
    """

    of: weakref.ref[Result]
    classes: NDArray[Any] | None
    pixels: tuple[int, ...]


class OnScreen:
    """Knows what was written last, for each image and model."""

    def __init__(self) -> None:
        self._shown: dict[tuple[str, str], Shown] = {}

    def note(self, labelled: Labelled) -> None:
        """Note what is shown from now on."""
        result = labelled.wish.result
        shown = Shown(weakref.ref(result), labelled.classes, labelled.pixels)
        self._shown[result.image, result.model] = shown

    def of(self, result: Result) -> Shown | None:
        """Return what the labels that are shown of a result are; None if none are."""
        shown = self._shown.get((result.image, result.model))
        return shown if shown is not None and shown.of() is result else None

    def classes(self, result: Result) -> NDArray[Any] | None:
        """Return the class of every object in the shown labels, None if these are classes."""
        shown = self.of(result)
        return shown.classes if shown is not None else None

    def numbered(self, image: str, model: str) -> bool:
        """Say whether the labels of an image by a model number objects and are no classes."""
        shown = self._shown.get((image, model))
        return shown is not None and shown.classes is not None
