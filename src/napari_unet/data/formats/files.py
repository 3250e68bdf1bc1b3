"""Reading one image or mask of any format, or only what it tells of itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.formats.known import reader_of
from napari_unet.data.readers.raster import as_image, as_mask, describe, is_colour
from napari_unet.data.scan import Header, Scan
from napari_unet.errors import DataError


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
        reader, options = reader_of(path, array)
        return as_image(reader.image(path, *options), path, axes)


def read_mask(
    path: str | Path, axes: str = "", array: str = "", colours: bool = False
) -> NDArray[Any]:
    """Read the stored values of a mask, one for each pixel (see `raster.as_mask`).

    The parameters are those of `read_image`; ``colours`` asks for colours instead of brightness
    where a mask has three channels (see `data.masks.colours`). The result is ``(H, W)``, or
    ``(Z, H, W)`` and so on for volumes, in memory, with the axes of the image's `Scan` but without
    channels.

    Raises
    ------
    DataError
        As for `read_image`, or if the file holds several channels that are no colours.
    """
    path = Path(path)
    with reading(path, "a mask"):
        reader, options = reader_of(path, array)
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
        reader, options = reader_of(path, "")
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
        reader, options = reader_of(path, array)
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
        reader, options = reader_of(path, array)
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
