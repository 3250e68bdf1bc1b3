"""Zarr and OME-Zarr stores (versions 2 and 3), read with zarr, always lazily.

Axes, units, sizes and levels are what OME-Zarr states; an array outside of it may name its
dimensions. Of a store with several images the first is used, and that is said.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.data.readers.arrays import choose_array
from napari_unet.data.readers.memory import hollow, lazily
from napari_unet.data.readers.raster import Raster
from napari_unet.data.scan import AXES, Array
from napari_unet.errors import DataError

SUFFIXES = (".ome.zarr", ".zarr")
UNITS = {"micrometer": "um", "millimeter": "mm", "nanometer": "nm", "centimeter": "cm"}
UNITS |= {"meter": "m", "second": "s", "millisecond": "ms", "minute": "min"}
MOST_LEVELS, DEEPEST, MOST = 16, 4, 1000  # levels of an image; depth and number of groups looked at


@dataclass(frozen=True)
class Image:
    """An image in a store: where its levels are, finest first, and what is stated of them."""

    levels: tuple[str, ...]
    axes: str = ""
    spacing: Mapping[str, float] | None = None
    units: Mapping[str, str] | None = None
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    note: str = ""


def read_image(path: Path, array: str = "") -> Raster:
    """Describe the image of a store; its pixels are read when they are asked for."""
    return _read(path, "image", array, lazy=True)


def read_mask(path: Path, array: str = "") -> Raster:
    """Describe the labels of a store, else its only image."""
    return _read(path, "mask", array, lazy=True)


def header(path: Path, array: str = "") -> Raster:
    """Return what `read_image` does, with an array that has no values."""
    return _read(path, "image", array, lazy=False)


def holds_both(path: Path) -> bool:
    """Say whether a store holds an image and its labels."""
    return _find(path, "image", "").levels != _find(path, "mask", "").levels


def _read(path: Path, what: str, array: str, lazy: bool) -> Raster:
    if not path.is_dir():
        raise DataError("it is a file; a Zarr store is a folder (unpack it first)")
    image = _find(path, what, array)
    levels = [_level(path, name, image.axes, lazy) for name in image.levels]
    affine = np.eye(4)
    affine[:3, 3] = image.origin
    return Raster(
        levels[0],
        image.axes,
        spacing=image.spacing or {},
        units=image.units or {},
        affine=affine if any(image.origin) else None,
        levels=tuple(levels) if len(levels) > 1 and lazy else (),
        note=image.note,
    )


def _level(path: Path, name: str, axes: str, lazy: bool) -> Array:
    with _array(path, name) as stored:
        if stored.dtype.kind not in "buif":
            raise DataError(f"its values are not real numbers ({stored.dtype})")
        if axes and len(axes) != stored.ndim:
            raise DataError(f"its axes {axes!r} do not fit its shape {stored.shape}")
        shape, dtype, chunks = stored.shape, stored.dtype, stored.chunks
    return lazily(partial(_array, path, name), chunks) if lazy else hollow(shape, dtype)


@contextmanager
def _array(path: Path, name: str) -> Iterator[Any]:
    import zarr

    yield zarr.open_array(path, path=name, mode="r")


def _find(path: Path, what: str, asked: str) -> Image:
    """Find an image in a store: of OME-Zarr by its metadata, else by the names of arrays."""
    import zarr

    root = zarr.open(path, mode="r")
    if isinstance(root, zarr.Array):
        return Image(("",), _named_dimensions(root))
    if asked:
        item = root.get(asked.strip("/"))
        if isinstance(item, zarr.Group):
            return _multiscale(item, asked.strip("/"))
        if item is None:
            raise DataError(f"there is no array {asked!r} in it")
        return Image((asked.strip("/"),), _named_dimensions(item))
    for prefix in _places(root, what):
        group = root if not prefix else root.get(prefix)
        if isinstance(group, zarr.Group) and _multiscales(group):
            return _multiscale(group, prefix)
    if "plate" in _ome(root):
        raise DataError("it is a plate of many images: open one of its fields, such as A/1/0")
    found = dict(_arrays(root, ""))
    chosen = choose_array({name: a.shape for name, a in found.items()}, what)
    note = f"of {len(found)} arrays in it, {chosen!r} is used" if len(found) > 2 else ""
    return Image((chosen,), _named_dimensions(found[chosen]), note=note)


def _places(root: Any, what: str) -> list[str]:
    """Return where in a store an image may be, likeliest first."""
    if what == "mask":
        labels = root.get("labels")
        listed = _ome(labels).get("labels", []) if labels is not None else []
        return [*(f"labels/{name}" for name in listed if isinstance(name, str)), "", "0"]
    return ["", "0"]  # "0": as bioformats2raw lays out a file of several images


def _ome(group: Any) -> Mapping[str, Any]:
    """Return the metadata of OME, which moved between versions."""
    attributes = dict(group.attrs)
    inner = attributes.get("ome")
    return inner if isinstance(inner, Mapping) else attributes


def _multiscales(group: Any) -> Any:
    return _ome(group).get("multiscales")


def _multiscale(group: Any, prefix: str) -> Image:
    """Read the metadata of an image with levels.

    Raises
    ------
    DataError
        If it is not as OME-Zarr says.
    """
    try:
        first = _multiscales(group)[0]
        datasets = first["datasets"][:MOST_LEVELS]
        paths = [str(d["path"]) for d in datasets]
        axes, units = _axes(first.get("axes"), group[paths[0]].ndim)
        scale, shift = _transform(first, datasets[0], len(axes))
    except (TypeError, KeyError, IndexError, ValueError, AttributeError) as e:
        raise DataError("its OME-Zarr metadata is damaged") from e
    sizes = dict(zip(axes, scale, strict=True))
    origin = dict(zip(axes, shift, strict=True))
    return Image(
        tuple(f"{prefix}/{p}".strip("/") for p in paths),
        axes,
        {a: n for a, n in sizes.items() if a in units or n != 1.0},
        units,
        (origin.get("z", 0.0), origin.get("y", 0.0), origin.get("x", 0.0)),
        "it holds several images: the first is used" if prefix == "0" else "",
    )


def _axes(stated: Any, ndim: int) -> tuple[str, dict[str, str]]:
    """Return the letters of an image's axes, and the units of those that have one."""
    if not stated:
        return "tczyx"[-ndim:], {}  # before version 0.3 there were always these
    axes, units = "", {}
    for axis in stated:
        name = str(axis["name"] if isinstance(axis, Mapping) else axis).casefold()
        if name not in AXES:
            name = "q"
        axes += name
        if isinstance(axis, Mapping) and axis.get("unit"):
            units[name] = UNITS.get(str(axis["unit"]), "pixel")
    return axes, units


def _transform(image: Any, dataset: Any, ndim: int) -> tuple[list[float], list[float]]:
    """Return scale and translation of the finest level: its own, then those of the image."""
    scale, shift = np.ones(ndim), np.zeros(ndim)
    for place in (dataset, image):
        for step in place.get("coordinateTransformations") or ():
            if step.get("type") == "scale":
                factor = np.asarray(step["scale"], float)
                scale, shift = scale * factor, shift * factor
            elif step.get("type") == "translation":
                shift = shift + np.asarray(step["translation"], float)
    if not (np.isfinite(scale).all() and (scale > 0).all() and np.isfinite(shift).all()):
        raise ValueError("sizes must be positive")
    return scale.tolist(), shift.tolist()


def _named_dimensions(array: Any) -> str:
    """Return the axes of an array that names its dimensions by letters."""
    names = getattr(array.metadata, "dimension_names", None) or array.attrs.get(
        "_ARRAY_DIMENSIONS", ()
    )
    axes = "".join(str(n).casefold() for n in names)
    fits = len(axes) == array.ndim == len(set(axes)) and set(axes) <= set(AXES)
    return axes if fits else ""


def _arrays(group: Any, prefix: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield the arrays of a store by path."""
    import zarr

    for name, item in sorted(group.members())[:MOST]:
        if isinstance(item, zarr.Array):
            if item.ndim and math.prod(item.shape):
                yield prefix + name, item
        elif depth < DEEPEST:
            yield from _arrays(item, f"{prefix}{name}/", depth + 1)
