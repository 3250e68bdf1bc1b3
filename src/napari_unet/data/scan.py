"""What an image is once it was read, whatever the format: a `Scan`; before its pixels: a `Header`.

Axes are letters: ``t`` time, ``z`` slices, ``y`` rows, ``x`` columns, ``c`` channels, always in
this order. Sizes and positions are those of the world that napari shows: ``z, y, x`` point to the
patient's head, back and left (LPS, in millimetres) where a format knows of patients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_unet.data.readers.space import Geometry

AXES = "tzyxc"

# A numpy array, or a dask array where the file is large or itself in chunks. Both are indexed,
# sliced and transposed alike; `np.asarray` makes either a numpy array.
Array: TypeAlias = Any


@dataclass(frozen=True, eq=False)
class Scan:
    """An image as it was read.

    Attributes
    ----------
    array : numpy.ndarray or dask.array.Array
        In the stored dtype; one dimension per letter of ``axes``.
    axes : str
        Letters from "tzyxc" in that order, such as "yx", "yxc", "zyx" or "tzyxc".
    source : Path
        The file, or the folder of a series or a Zarr store.
    spacing : tuple of float or None
        Size of a pixel along every axis but the channels; None where the file does not say.
    units : tuple of str
        A unit that napari knows for each number of ``spacing``, such as "mm"; may be empty.
    affine : numpy.ndarray or None
        Where the scan lies once it was scaled by ``spacing``: homogeneous, over every axis but the
        channels; None for the origin.
    levels : tuple of arrays
        The same image in falling resolution, the finest first; empty where there is only one.
    guess : str
        What the file does not say about its axes and was assumed, in words; may be empty.
    colour : bool
        Whether the channels are red, green and blue (and opacity).
    patient, tags : str, mapping of str to str
        What the file itself says of them.
    note : str
        What is odd about the file and was put up with, such as missing slices; may be empty.
    geometry : Geometry or None
        How the file lays out its volume; what writing labels needs (see `formats.write_labels`).
    """

    array: Array
    axes: str
    source: Path
    spacing: tuple[float, ...] | None = None
    units: tuple[str, ...] = ()
    affine: NDArray[np.float64] | None = None
    levels: tuple[Array, ...] = ()
    guess: str = ""
    colour: bool = False
    patient: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    geometry: Geometry | None = None

    @property
    def channels(self) -> bool:
        """Whether the last axis holds channels."""
        return self.axes.endswith("c")

    @property
    def spatial(self) -> tuple[int, ...]:
        """The shape without the channels: that of the scan's mask."""
        shape = tuple(int(n) for n in self.array.shape)
        return shape[:-1] if self.channels else shape

    @property
    def lazy(self) -> bool:
        """Whether pixels are read only when they are asked for."""
        return not isinstance(self.array, np.ndarray)


@dataclass(frozen=True)
class Header:
    """What a file says before its pixels are read; the fields mean what they mean in `Scan`."""

    shape: tuple[int, ...]
    axes: str
    dtype: str
    spacing: tuple[float, ...] | None = None
    units: tuple[str, ...] = ()
    guess: str = ""
    patient: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def channels(self) -> int:
        """Number of channels."""
        return self.shape[-1] if self.axes.endswith("c") else 1

    @property
    def spatial(self) -> tuple[int, ...]:
        """The shape without the channels."""
        return self.shape[:-1] if self.axes.endswith("c") else self.shape

    @property
    def planes(self) -> int:
        """Number of images of rows and columns: 1 unless there are slices or times."""
        return int(np.prod(self.spatial[:-2], dtype=np.int64))
