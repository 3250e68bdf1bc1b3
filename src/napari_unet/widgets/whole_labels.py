"""Labels of a whole image, from those of the part of it that was asked about."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_unet.session.portion import Portion


def whole_labels(labels: Any, portion: Portion, before: Any = None) -> Any:
    """Return labels of the whole image: the new ones, and around them those that were there.

    Parameters
    ----------
    labels : array
        Those of what the portion keeps; numpy or dask.
    portion : Portion
        Which part of the image they are of.
    before : array, optional
        The whole image's labels until now; zeros if they are of another shape.

    Returns
    -------
    array
        Of the shape ``portion.canvas``, and a copy; numpy of numpy, dask of dask.
    """
    numpy = isinstance(labels, np.ndarray)
    if portion.whole and not portion.repeated:
        return labels.copy() if numpy else labels
    old = before if before is not None and before.shape == portion.canvas else None
    index, mask = portion.on_canvas(portion.kept), portion.masked(portion.kept)
    spread = portion.spread(labels)
    if numpy:
        canvas = np.zeros(portion.canvas, labels.dtype) if old is None else np.array(old)
        canvas = canvas.astype(np.result_type(canvas.dtype, labels.dtype), copy=False)
        np.copyto(canvas[index], spread, where=True if mask is None else mask)
        return canvas
    import dask.array as da

    lazily: Any = da
    canvas = da.zeros(portion.canvas, dtype=labels.dtype) if old is None else lazily.asarray(old)
    canvas[index] = spread if mask is None else da.where(mask, spread, canvas[index])
    return canvas
