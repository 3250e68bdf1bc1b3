"""Cases to be drawn, and a PNG file of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_unet.workspace import atomic


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
