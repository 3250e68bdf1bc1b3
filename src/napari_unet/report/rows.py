"""Cases to be drawn, and a PNG file of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.cases import IGNORE
from napari_unet.workspace import atomic

FINEST = 2048  # pixels of the longer side: finer images are thinned out before they are drawn


@dataclass(frozen=True)
class PictureRow:
    """One case to draw: the image as read, its reference and a prediction of the same size.

    ``image`` is ``(H, W)`` or ``(H, W, 3)`` of any real type; the masks are ``(H, W)`` integers
    with 0 for background. ``caption`` stands under the row beside the name.
    """

    name: str
    image: NDArray[Any]
    reference: NDArray[Any]
    prediction: NDArray[Any]
    caption: str = ""


def plane_row(
    name: str,
    image: NDArray[Any],
    reference: NDArray[Any],
    prediction: NDArray[Any],
    caption: str = "",
) -> PictureRow:
    """Return a case as it is drawn: one plane, thinned out where it is finer than any panel.

    Of a volume that is the one with most foreground; which one it is, the caption says.
    """
    unknown = reference == IGNORE
    reference, prediction = (np.where(unknown, 0, m) for m in (reference, prediction))
    if reference.ndim > 2:
        plane = telling_plane(reference if reference.any() else prediction)
        numbers = ", ".join(f"{i + 1} of {n}" for i, n in zip(plane, reference.shape, strict=False))
        caption = ", ".join(filter(None, (caption, f"slice {numbers}")))
        image, reference, prediction = image[plane], reference[plane], prediction[plane]
    every = max(max(reference.shape) // FINEST, 1)
    image, reference, prediction = (a[::every, ::every] for a in (image, reference, prediction))
    return PictureRow(name, image, reference, prediction, caption)


def telling_plane(reference: NDArray[Any]) -> tuple[int, ...]:
    """Return the index of the plane of a volume that has the most foreground."""
    counts = np.count_nonzero(reference, axis=(-2, -1))
    return tuple(map(int, np.unravel_index(int(counts.argmax()), counts.shape)))


def picture(path: str | Path, rows: Sequence[PictureRow]) -> None:
    """Draw image, reference, prediction and errors of each case into one PNG file.

    Raises
    ------
    DataError
        If there is no row, or a mask has another size than its image.
    """
    # Pillow is for drawing only: whoever just wants the CSV file, such as a widget, does without.
    from napari_unet.drawing import draw

    drawn = draw(rows)
    with atomic(path) as temporary:
        drawn.save(temporary, format="PNG", optimize=True)
