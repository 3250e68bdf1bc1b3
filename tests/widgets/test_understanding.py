"""What is said of the open image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_unet.data.scan import Scan
from napari_unet.widgets.case_layers import Shown
from napari_unet.widgets.understanding import describe


def test_how_an_image_is_understood_is_said_in_words():
    volume = Scan(
        np.zeros((3, 8, 9, 2), np.uint8),
        "zyxc",
        Path("a.tif"),
        spacing=(2.0, 0.5, 0.5),
        units=("mm",) * 3,
        guess="slices told from times by their number",
    )
    assert describe(Shown("", "", volume)) == (
        "3 × 8 × 9 (slices, rows, columns); 2 channels; a pixel is 2 × 0.5 × 0.5 mm; "
        "slices told from times by their number"
    )
    colour = Scan(np.zeros((8, 9, 3), np.uint8), "yxc", Path("a.png"), colour=True)
    assert describe(Shown("", "", colour)) == "8 × 9 (rows, columns); in colour"
