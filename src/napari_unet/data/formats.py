"""Reading any supported image or mask, and writing labels.

One function per question, whatever the format; the modules ``pillow``, ``tiff``, ``npy`` and
``matlab`` know the files. Everything that can go wrong while reading leaves as `DataError`, with
the file's name and what to do. Files are only ever opened for reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from napari_unet.data import matlab, npy, pillow, tiff
from napari_unet.data.cases import Case, LabelRule
from napari_unet.data.labels import apply_rule
from napari_unet.data.raster import Raster, as_image, as_mask, luminance
from napari_unet.errors import DataError


class Reader(NamedTuple):
    """What a format's module offers: its images, its masks, and their size from the header."""

    image: Callable[[Path], Raster]
    mask: Callable[[Path], Raster]
    shape: Callable[[Path], tuple[int, int, int]]


READERS = {
    **dict.fromkeys(pillow.SUFFIXES, Reader(pillow.read, pillow.read, pillow.shape)),
    **dict.fromkeys(tiff.SUFFIXES, Reader(tiff.read, tiff.read, tiff.shape)),
    **dict.fromkeys(npy.SUFFIXES, Reader(npy.read, npy.read, npy.shape)),
    **dict.fromkeys(matlab.SUFFIXES, Reader(matlab.read_image, matlab.read_mask, matlab.shape)),
}
SUFFIXES = tuple(READERS)


@dataclass(frozen=True)
class Scan:
    """An image as it was read.

    ``array`` is ``(H, W)``, or ``(H, W, C)`` if ``channels``, in its stored dtype. ``spacing`` is
    the size of a pixel, row first, in ``units``; None where the file does not say. ``patient`` and
    ``tags`` are what the file itself says of them.
    """

    array: np.ndarray
    channels: bool
    source: Path
    spacing: tuple[float, ...] | None = None
    units: str = ""
    patient: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


def is_supported(path: str | Path) -> bool:
    """Say, by its suffix, whether a file may hold an image or a mask."""
    return Path(path).suffix.casefold() in SUFFIXES


def read_image(path: str | Path) -> Scan:
    """Read an image, without its opacity.

    Raises
    ------
    DataError
        If the file is missing, damaged, of another kind, or holds more than one image.
    """
    path = Path(path)
    with reading(path, "an image"):
        raster = _reader(path).image(path)
        array = as_image(raster)
    return Scan(
        array,
        array.ndim == 3,
        path,
        raster.spacing,
        raster.units,
        raster.patient,
        raster.tags,
    )


def read_mask(path: str | Path) -> np.ndarray:
    """Read a mask as one plane ``(H, W)`` of stored values (see `raster.as_mask`).

    Raises
    ------
    DataError
        As for `read_image`, or if the file holds several planes that are no colours.
    """
    path = Path(path)
    with reading(path, "a mask"):
        return as_mask(_reader(path).mask(path))


def image_shape(path: str | Path) -> tuple[int, int, int]:
    """Return height, width and channels of an image, from its header wherever there is one.

    Raises
    ------
    DataError
        If the file is missing, is damaged at its start or is of another kind.
    """
    path = Path(path)
    with reading(path, "an image"):
        return _reader(path).shape(path)


def read_case(case: Case, rule: LabelRule, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Read a case the way training and evaluation need it.

    Parameters
    ----------
    case : Case
        Where image and mask are.
    rule : LabelRule
        How the mask's values become classes.
    channels : int
        What the network expects: 1 turns colour into brightness; grey is repeated for 3.

    Returns
    -------
    image : numpy.ndarray
        ``(H, W)`` if ``channels`` is 1, else ``(H, W, channels)``, in the stored dtype.
    mask : numpy.ndarray
        ``(H, W)`` class indices, uint8 or uint16; 0 is the background.

    Raises
    ------
    DataError
        If a file cannot be read, the two differ in shape, the image has no finite value, or its
        channels cannot be turned into those asked for.
    """
    image, mask = read_image(case.image).array, read_mask(case.mask)
    if image.shape[:2] != mask.shape:
        raise DataError(
            f"{case.name}: the image is {_size(image.shape)} and its mask {_size(mask.shape)} "
            f"pixels ({case.image.name}, {case.mask.name}). Both must be the same size; check that "
            "they belong together."
        )
    if image.dtype.kind == "f" and not np.isfinite(image).any():
        raise DataError(f"{case.image} holds no finite value: leave this case out.")
    return fit_channels(image, channels, case.image), apply_rule(mask, rule)


def fit_channels(image: np.ndarray, channels: int, source: str | Path) -> np.ndarray:
    """Turn ``(H, W)`` or ``(H, W, C)`` into what a network with so many channels takes.

    Raises
    ------
    DataError
        If there is no sensible way, as from two channels to three.
    """
    have = image.shape[2] if image.ndim == 3 else 1
    if have == channels:
        return image
    if have == 3 and channels == 1:
        return luminance(image)
    if have == 1 and channels == 3:
        return np.repeat(image[..., None], 3, axis=2)
    raise DataError(f"{source} has {have} channels, but {channels} are needed.")


def write_labels(path: str | Path, labels: np.ndarray) -> Path:
    """Write class indices or ids ``(H, W)`` as PNG, TIFF (compressed) or NPY, by the suffix.

    The smallest unsigned type that holds the values is used. The file appears whole or not at all.

    Raises
    ------
    DataError
        If the values are not non-negative integers, do not fit the format, or the disk is full.
    """
    from napari_unet.workspace import atomic

    path, suffix = Path(path), Path(path).suffix.casefold()
    stored = _smallest(path, labels)
    if suffix not in (".png", ".tif", ".tiff", ".npy"):
        raise DataError(f"{path.name}: labels are written as .png, .tif or .npy.")
    if suffix == ".png" and (stored.ndim != 2 or stored.dtype.itemsize > 2):
        raise DataError(f"{path.name}: a PNG holds one plane of labels up to 65535; use .tif.")
    try:
        with atomic(path) as temporary, temporary.open("wb") as file:
            if suffix == ".npy":
                np.save(file, stored)
            elif suffix == ".png":
                from PIL import Image

                Image.fromarray(stored).save(file, format="PNG")
            else:
                import tifffile

                tifffile.imwrite(file, stored, compression="zlib")
    except OSError as e:
        raise DataError(
            f"{path} could not be written ({e.strerror or e}). Free some space or choose another "
            "folder; what was there before is unchanged."
        ) from e
    return path


def _smallest(path: Path, labels: np.ndarray) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.dtype.kind not in "bui" or labels.ndim < 2 or 0 in labels.shape or labels.min() < 0:
        raise DataError(
            f"{path.name}: labels must be whole numbers from 0 up, not {labels.dtype} "
            f"of shape {labels.shape}."
        )
    return labels.astype(np.min_scalar_type(int(labels.max())), copy=False)


def _reader(path: Path) -> Reader:
    suffix = path.suffix.casefold()
    if suffix not in READERS:
        raise DataError(f"the suffix {suffix or '(none)'} is none of {', '.join(SUFFIXES)}")
    return READERS[suffix]


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Turn whatever a reader raises into one sentence about the file."""
    try:
        if not path.is_file():
            raise FileNotFoundError
        if path.stat().st_size == 0:
            raise DataError("it is empty")
        yield
    except FileNotFoundError as e:
        raise DataError(f"There is no file {path}.") from e
    except MemoryError as e:
        raise DataError(f"{path} does not fit into the memory.") from e
    except DataError as e:
        raise DataError(f"{path} cannot be read as {what}: {_one_line(e)}.") from e
    except Exception as e:  # decoders raise anything at all on damaged files
        raise DataError(
            f"{path} cannot be read as {what} ({_one_line(e)}): it may be cut short or damaged. "
            "Copy it again from its source, or take it out of the folder."
        ) from e


def _one_line(error: Exception) -> str:
    """Return what an error says, fit to be shown: damaged files put anything into it."""
    text = "".join(c if c.isprintable() else " " for c in str(error))
    return " ".join(text.split())[:300] or type(error).__name__


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} × {shape[1]}"
