"""Which formats there are, who reads them, and what a file's name says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from napari_unet.data.readers import dicom, hdf5, itk, matlab, nifti, npy, pillow, tiff, zarrs
from napari_unet.data.readers.bundles import bundle_kind
from napari_unet.data.readers.raster import Raster
from napari_unet.errors import DataError


class Reader(NamedTuple):
    """What a format's module offers: its images, its masks, and either without pixels.

    If ``named``, files hold several arrays, and each function takes the name of one as well.
    """

    image: Callable[..., Raster]
    mask: Callable[..., Raster]
    header: Callable[..., Raster]
    named: bool = False


READERS = {
    **dict.fromkeys(pillow.SUFFIXES, Reader(pillow.read, pillow.read, pillow.header)),
    **dict.fromkeys(tiff.SUFFIXES, Reader(tiff.read, tiff.read, tiff.header)),
    **dict.fromkeys(npy.SUFFIXES, Reader(npy.read, npy.read, npy.header)),
    **dict.fromkeys(
        matlab.SUFFIXES, Reader(matlab.read_image, matlab.read_mask, matlab.describe, named=True)
    ),
    **dict.fromkeys(nifti.SUFFIXES, Reader(nifti.read, nifti.read, nifti.header)),
    **dict.fromkeys(itk.SUFFIXES, Reader(itk.read, itk.read, itk.header)),
    **dict.fromkeys(dicom.SUFFIXES, Reader(dicom.read, dicom.read, dicom.header)),
    **dict.fromkeys(
        hdf5.SUFFIXES, Reader(hdf5.read_image, hdf5.read_mask, hdf5.header, named=True)
    ),
    **dict.fromkeys(
        zarrs.SUFFIXES, Reader(zarrs.read_image, zarrs.read_mask, zarrs.header, named=True)
    ),
}
BUNDLES = {
    "dicom": dicom.SUFFIXES[0],
    "zarr": zarrs.SUFFIXES[0],
}  # kinds of folders that are one image, and who reads them
SUFFIXES = tuple(READERS)
COMPOUND = tuple(s for s in SUFFIXES if s.count(".") > 1)


def suffix_of(path: str | Path) -> str:
    """Return a file's suffix in lower case, whole where it has two parts, as in ``.nii.gz``."""
    name = _name_of(path).casefold()
    for suffix in COMPOUND:
        if name.endswith(suffix) and name != suffix:
            return suffix
    stem, dot, last = name.rpartition(".")
    return dot + last if stem.strip(".") and last else ""


def stem_of(path: str | Path) -> str:
    """Return a file's name without its suffix (see `suffix_of`)."""
    name = _name_of(path)
    return name[: len(name) - len(suffix_of(name))]


def _name_of(path: str | Path) -> str:
    """Return the last part of a path; a bare name, of which folders hold very many, at once."""
    bare = isinstance(path, str) and "/" not in path and "\\" not in path
    return str(path) if bare else Path(path).name


def is_supported(path: str | Path) -> bool:
    """Say, by its suffix, whether a file may hold an image or a mask."""
    return suffix_of(path) in READERS


def reader_of(path: Path, array: str) -> tuple[Reader, tuple[str, ...]]:
    """Return who reads a file or a folder, and what to tell it besides the path.

    Raises
    ------
    DataError
        If it is of no known format, or holds no arrays with names. The message is half a sentence,
        for `files.reading` to complete.
    """
    if path.is_dir():
        kind = bundle_kind(path, [p.name for p in path.iterdir()])
        if kind not in BUNDLES:
            raise DataError("it is a folder, but neither a DICOM series nor a Zarr store")
        suffix = BUNDLES[kind]
    else:
        suffix = suffix_of(path)
    reader = READERS.get(suffix)
    if reader is None:
        suffix = suffix or "(none)"
        raise DataError(f"the suffix {suffix} is none of {', '.join(SUFFIXES)}")
    if array and not reader.named:
        raise DataError(f"it holds no array called {array!r}: files of its kind hold one image")
    return reader, (array,) if reader.named else ()
