"""Labels as NRRD and MetaImage, written with SimpleITK."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.readers.itk import FLIP, last_words, simpleitk
from napari_unet.data.readers.space import Geometry
from napari_unet.errors import DataError


def write_volume(
    file: IO[bytes], suffix: str, labels: NDArray[Any], timed: bool, geometry: Geometry
) -> None:
    """Write labels, packed, in the order and place of the scan's file.

    Parameters
    ----------
    file : binary file
        Where to.
    suffix : str
        ".nrrd" or ".mha".
    labels : numpy.ndarray
        ``(z, y, x)`` or with ``timed`` ``(t, z, y, x)``, as they lie in the viewer; fewer axes for
        a single plane.
    geometry : Geometry
        How the scan's file lays out its volume.

    Raises
    ------
    DataError
        If SimpleITK is missing or cannot write them.
    """
    sitk = simpleitk()
    upright = tuple(geometry.shape[axis] for axis in geometry.order)
    volumes = labels.reshape(-1, *upright)
    # ITK's arrays run from the last index of a file to its first.
    stored = np.stack([geometry.stored(volume).T for volume in volumes])
    image = sitk.GetImageFromArray(np.ascontiguousarray(stored if timed else stored[0]), False)
    _place(image, geometry)
    # SimpleITK takes a name, which must end as the format asks for.
    with tempfile.TemporaryDirectory(prefix="napari-unet-") as folder:
        path = Path(folder) / f"labels{suffix}"
        try:
            sitk.WriteImage(image, str(path), useCompression=True)
        except RuntimeError as e:
            raise DataError(f"these labels cannot be written as {suffix} ({last_words(e)})") from e
        with path.open("rb") as written:
            shutil.copyfileobj(written, file)


def _place(image: Any, geometry: Geometry) -> None:
    """Say where an image lies; a fourth axis, time, has steps of 1."""
    affine = FLIP @ geometry.affine
    sizes = np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
    sizes[sizes == 0] = 1.0
    count = image.GetDimension()
    direction = np.eye(count)
    direction[:3, :3] = affine[:3, :3] / sizes
    rest = count - 3
    image.SetSpacing([*map(float, sizes), *(1.0,) * rest])
    image.SetOrigin([*map(float, affine[:3, 3]), *(0.0,) * rest])
    image.SetDirection(direction.ravel().tolist())
