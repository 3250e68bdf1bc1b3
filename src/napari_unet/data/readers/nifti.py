"""NIfTI volumes, read with nibabel.

Values are scaled as the header says. The volume lies where nibabel's affine puts it (see `space`);
a fourth axis of at most four entries holds channels, any longer one times, and that is said.
Whether a file is compressed is told from its first bytes, not from its name.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.readers.layout import MOST_CHANNELS, WORDS
from napari_unet.data.readers.memory import LAZY_FROM, check_fits, hollow, lazily, nbytes
from napari_unet.data.readers.raster import Raster
from napari_unet.data.readers.space import Geometry, find_geometry
from napari_unet.data.scan import Array
from napari_unet.errors import DataError

SUFFIXES = (".nii.gz", ".nii")
GZIP = b"\x1f\x8b"
DEFLATE = 1040  # times that a byte of a compressed file can become, at most
LONGEST = 2**26  # bytes before the first voxel: a header and its extensions
HEADERS = {348: ("<f", 108), 540: ("<q", 168)}  # size of a header: how and where it says that
UNITS = {"mm": "mm", "meter": "m", "micron": "um", "sec": "s", "msec": "ms", "usec": "us"}


def read(path: Path) -> Raster:
    """Read the volume of a file, lazily if it is large and not compressed."""
    with _volume(path) as volume:
        if not volume.packed and nbytes(volume.shape, volume.dtype) > LAZY_FROM:
            chunks = (*volume.shape[:2], *(1,) * (len(volume.shape) - 2))
            return _raster(volume, lazily(partial(_volume, path), chunks))
        check_fits(volume.shape, volume.dtype)
        return _raster(volume, volume[...])


def header(path: Path) -> Raster:
    """Return what `read` does, with an array that has no values."""
    with _volume(path) as volume:
        return _raster(volume, hollow(volume.shape, volume.dtype))


@dataclass(frozen=True)
class Volume:
    """An open file: its voxels in the file's own order, scaled, when they are asked for."""

    image: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    packed: bool

    def __getitem__(self, key: Any) -> NDArray[Any]:
        values = np.asanyarray(self.image.dataobj[key])
        if values.dtype.names:  # red, green, blue and maybe opacity, as fields
            return np.stack([values[name] for name in values.dtype.names], axis=-1)
        # Scaled values come as float64, which files of 16 bits hardly ever deserve.
        return np.asarray(values, self.dtype)


@contextmanager
def _volume(path: Path) -> Iterator[Volume]:
    import nibabel
    from nibabel.imageglobals import LoggingOutputSuppressor

    # nibabel prints what it mends in a header.
    with _opened(path) as (file, packed), LoggingOutputSuppressor():
        size = _check_start(file)
        file.seek(0)
        kind = nibabel.Nifti1Image if size == 348 else nibabel.Nifti2Image
        image: Any = kind.from_stream(file)
        shape, stored = tuple(map(int, image.shape)), image.get_data_dtype()
        _check_size(path, packed, shape, stored)
        if stored.names:
            shape, dtype = (*shape, len(stored.names)), np.dtype(np.uint8)
        else:
            dtype = _scaled(image, stored)
        yield Volume(image, shape, dtype, packed)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, bool]]:
    with path.open("rb") as file:
        packed = file.read(2) == GZIP
        file.seek(0)
        if not packed:
            yield file, False
            return
        with gzip.open(file) as unpacked:
            yield unpacked, True


def _check_start(file: Any) -> int:
    """Return the size of the header, which tells NIfTI's versions apart.

    Raises
    ------
    DataError
        If this is no NIfTI file, or its header is so long that reading it would fill the memory.
    """
    start = file.read(540)
    if len(start) < 352:
        raise DataError("it is cut short")
    for order in "<>":
        size = struct.unpack(f"{order}i", start[:4])[0]
        if size not in HEADERS:
            continue
        code, at = HEADERS[size]
        magic = start[344:348] if size == 348 else start[4:8]
        (first,) = struct.unpack_from(order + code[1], start, at)
        if magic[:3] not in (b"n+1", b"n+2"):
            break
        if not 0 <= first <= LONGEST:
            raise DataError("its header is damaged: it says where no voxels can be")
        return int(size)
    raise DataError("it is no NIfTI file, whatever its name says")


def _check_size(path: Path, packed: bool, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Refuse a header that promises more voxels than the file can hold."""
    if not 2 <= len(shape) <= 5 or min(shape) < 1:
        raise DataError(f"its shape {shape} is not that of an image")
    if nbytes(shape, dtype) > path.stat().st_size * (DEFLATE if packed else 1):
        raise DataError("it is cut short, or its header promises more voxels than the file holds")


def _scaled(image: Any, stored: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type of the values once they are scaled."""
    slope, inter = image.dataobj.slope, image.dataobj.inter
    if (slope, inter) == (1.0, 0.0):
        return np.dtype(stored.newbyteorder("="))
    return np.dtype(np.float64 if stored.itemsize > 4 else np.float32)


# --- axes and place -----------------------------------------------------------------------------


def _raster(volume: Volume, array: Array) -> Raster:
    colour = volume.image.get_data_dtype().names is not None
    geometry, note = _geometry(volume.image)
    for _ in range(3 - (array.ndim - colour)):  # a plane
        array = array[:, :, None]
    axes, guess = _names(array.shape, colour)
    array = geometry.upright(array)
    spacing, affine = geometry.placement()
    length, time = volume.image.header.get_xyzt_units()
    units = dict.fromkeys("zyx", UNITS.get(length, "mm"))
    if "t" in axes:
        zooms = volume.image.header.get_zooms()
        spacing["t"] = float(zooms[3]) if len(zooms) > 3 and zooms[3] > 0 else 1.0
        units["t"] = UNITS.get(time, "pixel")
    axes, plane = lay_flat(axes, array.shape)
    return Raster(
        array,
        axes,
        spacing={plane.get(a, a): n for a, n in spacing.items()},
        units=units,
        affine=None if plane else affine,
        colour=colour,
        guess=guess,
        note=note,
        geometry=geometry,
    )


def lay_flat(axes: str, shape: tuple[int, ...]) -> tuple[str, dict[str, str]]:
    """Name the axes of a single plane so that its two long ones are rows and columns.

    Returns the letters, and old to new ones where that changes any: a plane that is not axial has
    no place among two axes.
    """
    thin = [a for a, n in zip(axes, shape, strict=True) if a in "zyx" and n == 1]
    if thin == ["y"]:
        swap = {"z": "y", "y": "z"}
    elif thin == ["x"]:
        swap = {"z": "y", "y": "x", "x": "z"}
    else:
        return axes, {}
    return "".join(swap.get(a, a) for a in axes), swap


def _names(shape: tuple[int, ...], colour: bool) -> tuple[str, str]:
    """Name the axes of an upright volume, and say what was guessed of those after the third."""
    more = shape[3 : len(shape) - colour]
    if len(more) == 2:
        names = "tc"
    else:
        names = ("c" if 1 < more[0] <= MOST_CHANNELS else "t") if more else ""
    long = [(n, a) for n, a in zip(more, names, strict=True) if n > 1]
    words = ", ".join(f"{n} {WORDS[a]}" for n, a in long)
    guess = (
        f"the file does not say what its {len(shape)} axes are: taken for {words}" if words else ""
    )
    return "zyx" + names + "c" * colour, guess


def _geometry(image: Any) -> tuple[Geometry, str]:
    """Return where a volume lies, and what was odd about it."""
    shape = (*image.shape, 1)[:3]
    affine = np.asarray(image.affine, np.float64)
    if np.isfinite(affine).all() and abs(np.linalg.det(affine[:3, :3])) > 1e-12:
        return find_geometry(shape, affine, image.header.copy()), ""
    zooms = [float(z) if np.isfinite(z) and z > 0 else 1.0 for z in (*image.header.get_zooms(), 1)]
    plain = np.diag([-zooms[0], -zooms[1], zooms[2], 1.0])
    note = "its header does not say where it lies: only the size of its voxels is used"
    return find_geometry(shape, plain), note
