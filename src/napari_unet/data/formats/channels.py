"""Channels of an image, and those that a network takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.readers.raster import luminance
from napari_unet.errors import DataError


def fit_channels(
    image: NDArray[Any], channels: int, source: str | Path, axes: str = ""
) -> NDArray[Any]:
    """Turn an image into what a network with so many channels takes.

    Parameters
    ----------
    image : numpy.ndarray
        ``(H, W)`` or ``(H, W, C)``, or any other shape if ``axes`` are given.
    channels : int
        How many are needed: 1 leaves no axis of channels.
    source : str or Path
        What to call the image in the error.
    axes : str
        Its axes as in `Scan`; "yx" or "yxc" if empty.

    Raises
    ------
    DataError
        If there is no sensible way, as from two channels to three.
    """
    have = image.shape[-1] if (axes or "yxc"[: image.ndim]).endswith("c") else 1
    if have == channels:
        return image
    if have == 3 and channels == 1:
        return luminance(image)
    if have == 1 and channels == 3:
        return np.repeat(image[..., None], 3, axis=-1)
    raise DataError(f"{source} has {have} channels, but {channels} are needed.")
