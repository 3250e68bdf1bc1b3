"""How far a segmentation is."""

from __future__ import annotations

import time

from napari_unet.events import Progress


def segmenting(done: float, total: int, start: float) -> Progress:
    """Return the progress of so many parts that have taken since ``start`` (`time.monotonic`)."""
    elapsed = time.monotonic() - start
    return Progress(done, total, "segmenting", elapsed / done * (total - done))
