"""Reading any supported image or mask, and writing labels.

One function per question, whatever the format; modules such as ``pillow``, ``tiff`` and ``nifti``
know the files. Everything that can go wrong while reading leaves as `DataError`, with the file's
name and what to do. Files are only ever opened for reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.cases import IGNORE, Case, LabelRule
from napari_unet.data.corrections.versions import read_classes as read_correction
from napari_unet.data.masks.labels import apply_rule
from napari_unet.data.readers import dicom, hdf5, itk, matlab, nifti, npy, pillow, tiff, zarrs
from napari_unet.data.readers.bundles import bundle_kind
from napari_unet.data.readers.memory import load
from napari_unet.data.readers.raster import (
    Raster,
    as_image,
    as_mask,
    describe,
    is_colour,
    luminance,
)
from napari_unet.data.readers.writers import write_labels as write_labels
from napari_unet.data.scan import Header, Scan
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


def read_image(path: str | Path, axes: str = "", array: str = "") -> Scan:
    """Read an image, without its opacity; large ones lazily where the format allows it.

    Parameters
    ----------
    path : str or Path
        A file, or the folder of a Zarr store or a DICOM series.
    axes : str
        Letters from "tzyxc" for the stored axes in their order, where the file does not name them
        or is wrong.
    array : str
        Which array to read, where a file holds several: its path in an HDF5 file, its name in a
        MATLAB file.

    Raises
    ------
    DataError
        If the file is missing, damaged, of another kind, or does not hold such an image.
    """
    path = Path(path)
    with reading(path, "an image"):
        reader, options = _reader(path, array)
        return as_image(reader.image(path, *options), path, axes)


def read_mask(
    path: str | Path, axes: str = "", array: str = "", colours: bool = False
) -> NDArray[Any]:
    """Read the stored values of a mask, one for each pixel (see `raster.as_mask`).

    The parameters are those of `read_image`; ``colours`` asks for colours instead of brightness
    where a mask has three channels (see `data.colours`). The result is ``(H, W)``, or ``(Z, H, W)``
    and so on for volumes, in memory, with the axes of the image's `Scan` but without channels.

    Raises
    ------
    DataError
        As for `read_image`, or if the file holds several channels that are no colours.
    """
    path = Path(path)
    with reading(path, "a mask"):
        reader, options = _reader(path, array)
        return as_mask(reader.mask(path, *options), axes, colours)


def mask_palette(path: str | Path) -> NDArray[np.uint8] | None:
    """Return the colours ``(N, 3)`` that a mask's file gives its values, None if it gives none.

    Raises
    ------
    DataError
        As for `describe_image`.
    """
    path = Path(path)
    with reading(path, "a mask"):
        reader, options = _reader(path, "")
        palette = reader.header(path, *options).palette
    return palette if palette is not None and is_colour(palette) else None


def describe_image(path: str | Path, axes: str = "", array: str = "") -> Header:
    """Return shape, axes, type and spacing of an image without reading its pixels.

    Raises
    ------
    DataError
        If the file is missing, is damaged at its start or is of another kind.
    """
    path = Path(path)
    with reading(path, "an image"):
        reader, options = _reader(path, array)
        return describe(reader.header(path, *options), axes)


def outline(path: str | Path, axes: str = "", array: str = "") -> Scan:
    """Return what `read_image` does, with an array that has no values: where a scan lies.

    Raises
    ------
    DataError
        As for `describe_image`.
    """
    path = Path(path)
    with reading(path, "an image"):
        reader, options = _reader(path, array)
        return as_image(reader.header(path, *options), path, axes)


def image_shape(path: str | Path) -> tuple[int, int, int]:
    """Return height, width and channels of an image, or of each plane of a volume.

    Raises
    ------
    DataError
        As for `describe_image`.
    """
    header = describe_image(path)
    height, width = header.spatial[-2:]
    return height, width, header.channels


def read_scan(case: Case) -> Scan:
    """Read a case's image (see `read_image`), with the axes that a person named.

    Raises
    ------
    DataError
        As for `read_image`.
    """
    return read_image(case.image, case.axes)


def describe_scan(case: Case) -> Header:
    """Describe a case's image (see `describe_image`), with the axes that a person named.

    Raises
    ------
    DataError
        As for `describe_image`.
    """
    return describe_image(case.image, case.axes)


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
        ``(H, W)`` if ``channels`` is 1, else ``(H, W, channels)``, in the stored dtype; volumes
        have more axes before these.
    mask : numpy.ndarray
        ``(H, W)``, or as many axes as the image has without channels: class indices, uint8; 0
        is the background, `napari_unet.data.cases.IGNORE` a pixel that nobody labelled.

    Raises
    ------
    DataError
        If a file cannot be read, the two differ in shape, the image has no finite value, or its
        channels cannot be turned into those asked for.
    """
    scan, mask = read_pair(case, rule)
    return fit_channels(scan.array, channels, case.image, scan.axes), mask


def read_pair(case: Case, rule: LabelRule) -> tuple[Scan, np.ndarray]:
    """Read a case's image as it is, into the memory, and its mask as `read_case` does.

    Raises
    ------
    DataError
        As for `read_case`, but for channels.
    """
    scan, mask = read_scan(case), read_reference(case, rule)
    if scan.spatial != mask.shape:
        of = case.correction or case.mask
        raise DataError(
            f"{case.name}: the image is {_size(scan.spatial)} and its mask {_size(mask.shape)} "
            f"pixels ({case.image.name}, {of.name}). Both must be the same size; check that "
            "they belong together."
        )
    with reading(case.image, "an image"):
        image = load(scan.array)
    if image.dtype.kind == "f" and not np.isfinite(image).any():
        raise DataError(f"{case.image} holds no finite value: leave this case out.")
    return replace(scan, array=image), mask


def axes_of(image: NDArray[Any], mask: NDArray[Any]) -> str:
    """Return the axes of what `read_case` gave: the mask's, and channels if there are more."""
    return "tzyx"[-mask.ndim :] + "c" * (image.ndim - mask.ndim)


def read_reference(case: Case, rule: LabelRule) -> NDArray[Any]:
    """Read the classes of a case's mask; of several masks a pixel takes the highest class.

    A correction that counts as reference is read in the masks' place.

    Returns
    -------
    numpy.ndarray
        ``(H, W)``, or as many axes as the masks have: uint8, 0 for the background,
        `napari_unet.data.cases.IGNORE` for pixels that nobody labelled.

    Raises
    ------
    DataError
        If a mask cannot be read, or several differ in shape.
    """
    if case.correction is not None:
        return read_correction(case.correction)
    return read_original(case, rule)


def read_original(case: Case, rule: LabelRule) -> NDArray[Any]:
    """Read the classes of a case's mask as it came, whoever corrected it since.

    Returns and raises what `read_reference` does.
    """
    first, *others = case.masks or (case.mask,)
    axes = case.axes.replace("c", "")  # masks have the image's axes, but no channels
    classes = read_classes(first, rule, axes)
    for path in others:
        more = read_classes(path, rule, axes)
        if more.shape != classes.shape:
            raise DataError(
                f"{case.name}: its masks differ in size: {first.name} has {_size(classes.shape)} "
                f"pixels, {path.name} {_size(more.shape)}."
            )
        # A pixel that one mask gives a class has it, whoever else did not label it.
        known = np.where(more == IGNORE, classes, np.maximum(classes, more))
        classes = np.where(classes == IGNORE, more, known)
    return classes


def read_classes(path: str | Path, rule: LabelRule, axes: str = "") -> NDArray[Any]:
    """Read a mask as class indices (see `labels.apply_rule`); ``axes`` as for `read_mask`.

    Raises
    ------
    DataError
        As for `read_mask`.
    """
    return apply_rule(read_mask(path, axes, colours=rule.by_colour), rule)


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


def _reader(path: Path, array: str) -> tuple[Reader, tuple[str, ...]]:
    """Return who reads a file, and what to tell it."""
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


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Turn whatever a reader raises into one sentence about the file."""
    try:
        if not path.exists():
            raise FileNotFoundError
        if path.is_file() and path.stat().st_size == 0:
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
    return " × ".join(map(str, shape))
