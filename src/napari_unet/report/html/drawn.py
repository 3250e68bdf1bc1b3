"""Pictures of cases as they stand in a page."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_unet.report.rows import PictureRow

BUDGET = 6_000_000  # bytes of pictures in a page, as they stand there


@dataclass(frozen=True)
class Panel:
    """One picture, as a data address, and what it shows."""

    title: str
    address: str
    width: int
    height: int


@dataclass(frozen=True)
class Drawn:
    """A case with its pictures.

    ``words`` say why it was chosen (may be empty), ``caption`` how good it is.
    """

    name: str
    words: str
    caption: str
    panels: tuple[Panel, ...]

    @property
    def size(self) -> int:
        """The bytes it takes in the page."""
        return sum(len(p.address) for p in self.panels)


def draw_case(row: PictureRow, words: str) -> Drawn:
    """Draw image, reference, prediction and agreement of a case."""
    from napari_unet.drawing import TITLES, panels

    found = tuple(_panel(t, p) for t, p in zip(TITLES, panels(row), strict=True))
    return Drawn(row.name, words, row.caption, found)


def draw_columns(rows: Sequence[PictureRow], titles: Sequence[str]) -> Drawn:
    """Draw a case of a comparison: image, reference, and where each of the ``titles`` agrees.

    ``rows`` are the same case with the prediction of each.
    """
    from napari_unet.drawing import TITLES, panels

    of = [panels(row) for row in rows]
    shared = [_panel(TITLES[i], of[0][i]) for i in (0, 1)]
    own = [_panel(title, each[3]) for title, each in zip(titles, of, strict=True)]
    return Drawn(rows[0].name, "", rows[0].caption, (*shared, *own))


def _panel(title: str, pixels: NDArray[np.uint8]) -> Panel:
    """Return a panel, as a PNG of one channel where there is no colour."""
    from PIL import Image

    grey = bool((pixels == pixels[..., :1]).all())
    picture: Any = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if grey else pixels))
    file = io.BytesIO()
    picture.save(file, format="PNG", optimize=True)
    address = "data:image/png;base64," + b64encode(file.getvalue()).decode("ascii")
    return Panel(title, address, picture.width, picture.height)
