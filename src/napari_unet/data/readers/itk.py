"""NRRD and MetaImage volumes, and single DICOM files, read with SimpleITK.

SimpleITK is a large package that not everybody needs: without it, the error names it.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.readers.memory import check_fits, hollow, nbytes
from napari_unet.data.readers.nifti import lay_flat
from napari_unet.data.readers.raster import Raster
from napari_unet.data.readers.space import Matrix, find_geometry
from napari_unet.data.scan import Array
from napari_unet.errors import DataError

NRRD, META = (".seg.nrrd", ".nrrd", ".nhdr"), (".mha", ".mhd")
SUFFIXES = NRRD + META
DETACHED = (".nhdr", ".mhd")  # headers whose voxels lie in another file
PACKED = 1040  # times that a byte of a compressed file can become, at most
FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])  # from LPS to RAS, and back


def read(path: Path) -> Raster:
    """Read the volume of a file."""
    reader = _opened(path)
    return raster(reader, voxels(reader))


def header(path: Path) -> Raster:
    """Return what `read` does, with an array that has no values."""
    reader = _opened(path)
    return raster(reader, hollow(stored_shape(reader), stored_type(reader)))


def simpleitk() -> Any:
    """Return the package SimpleITK, silenced.

    Raises
    ------
    DataError
        If it is not installed.
    """
    try:
        sitk: Any = import_module("SimpleITK")
    except ImportError as e:
        raise DataError("NRRD, MetaImage and DICOM need SimpleITK (pip install SimpleITK)") from e
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    return sitk


def _opened(path: Path) -> Any:
    sitk = simpleitk()
    with path.open("rb") as file:
        start = file.read(4)
    io = "NrrdImageIO" if start == b"NRRD" else "MetaImageIO"
    if io == "MetaImageIO" and path.name.casefold().endswith(NRRD):
        raise DataError("it is no NRRD file, whatever its name says")
    reader = information(sitk, path, io)
    if not path.name.casefold().endswith(DETACHED):
        check_promise(reader, path)
    return reader


def check_promise(reader: Any, path: Path) -> None:
    """Refuse a header that promises more voxels than any compression can have put into the file.

    Raises
    ------
    DataError
        If it does.
    """
    if nbytes(stored_shape(reader), stored_type(reader)) > path.stat().st_size * PACKED:
        raise DataError("its header is damaged: it promises more voxels than the file can hold")


def information(sitk: Any, path: Path, io: str) -> Any:
    """Return a reader that knows the header of a file, and not yet its voxels."""
    reader = sitk.ImageFileReader()
    reader.SetImageIO(io)
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as e:
        raise DataError(f"its header cannot be read ({last_words(e)})") from e
    return reader


def voxels(reader: Any) -> NDArray[Any]:
    """Read what a reader knows of.

    Raises
    ------
    DataError
        If it does not fit into the memory, or the file ends before.
    """
    check_fits(stored_shape(reader), stored_type(reader))
    try:
        return np.asarray(simpleitk().GetArrayFromImage(reader.Execute()))
    except RuntimeError as e:
        raise DataError(f"its voxels cannot be read ({last_words(e)})") from e


def last_words(error: Exception) -> str:
    """Return what an error of ITK says, which comes after the place in its source."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (
        lines[-1].rpartition("ITK ERROR: ")[2].rpartition("): ")[2] if lines else "no reason given"
    )


def stored_shape(reader: Any) -> tuple[int, ...]:
    """Return the shape that the array of a file will have: slices first, components last."""
    channels = reader.GetNumberOfComponents()
    return (*map(int, reader.GetSize()[::-1]), *((channels,) if channels > 1 else ()))


def stored_type(reader: Any) -> np.dtype[Any]:
    """Return the type of a file's values.

    Raises
    ------
    DataError
        If they are no real numbers.
    """
    name = simpleitk().GetPixelIDValueAsString(reader.GetPixelID())
    for text, dtype in TYPES.items():
        if text in name and "complex" not in name and "label" not in name:
            return np.dtype(dtype)
    raise DataError(f"its values are not real numbers ({name})")


TYPES = {
    **{f"{n}-bit unsigned integer": f"u{n // 8}" for n in (8, 16, 32, 64)},
    **{f"{n}-bit signed integer": f"i{n // 8}" for n in (8, 16, 32, 64)},
    **{f"{n}-bit float": f"f{n // 8}" for n in (32, 64)},
}


# --- axes and place -----------------------------------------------------------------------------


def raster(reader: Any, array: Array, **more: Any) -> Raster:
    """Return an array as a reader's header describes it; ``more`` are other fields of `Raster`."""
    size = tuple(map(int, reader.GetSize()))
    spatial = min(len(size), 3)
    channels = reader.GetNumberOfComponents()
    if len(size) == 2:
        array = array[None]
    axes = ("t" if len(size) == 4 else "") + "zyx" + ("c" if channels > 1 else "")
    if len(size) > 4:
        raise DataError(f"its shape {size} is not that of an image")
    geometry = find_geometry((*size, 1)[:3], ras_affine(reader, spatial))
    return placed(array, axes, geometry, **more)


def placed(array: Array, axes: str, geometry: Any, **more: Any) -> Raster:
    """Turn an array with the axes of ITK (z, y, x) upright, and say where it lies."""
    first = axes.index("z")
    order = [first + 2, first + 1, first, *range(first), *range(first + 3, array.ndim)]
    upright = geometry.upright(array.transpose(order))
    axes = "zyx" + axes[:first] + axes[first + 3 :]
    spacing, affine = geometry.placement()
    axes, plane = lay_flat(axes, upright.shape)
    return Raster(
        upright,
        axes,
        spacing={plane.get(a, a): n for a, n in spacing.items()},
        units=dict.fromkeys("zyx", "mm") | ({"t": "pixel"} if "t" in axes else {}),
        affine=None if plane else affine,
        geometry=geometry,
        **more,
    )


def ras_affine(reader: Any, spatial: int) -> Matrix:
    """Return the matrix from a file's indices to millimetres of RAS."""
    count = reader.GetDimension()
    affine = np.eye(4)
    direction = np.reshape(reader.GetDirection(), (count, count))[:spatial, :spatial]
    affine[:spatial, :spatial] = direction * np.asarray(reader.GetSpacing()[:spatial])
    affine[:spatial, 3] = reader.GetOrigin()[:spatial]
    return np.asarray(FLIP @ affine, np.float64)
