"""Labels as OME-Zarr: written whole, or made empty and filled piece by piece."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_unet.data.readers.zarrs import UNITS
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError

VERSIONS = {2: "0.4", 3: "0.5"}  # of OME-Zarr, by Zarr's own
WORDS = {short: long for long, short in UNITS.items()}
PIECE = (64, 256, 256)  # of labels that lie on no store: z, y, x


def write_store(path: Path, labels: NDArray[Any], like: Scan | None) -> None:
    """Write labels as a store at ``path``; it appears whole, in place of one that was there.

    Raises
    ------
    DataError
        As for `create`.
    OSError
        If the disk refuses.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        made = Path(folder) / "new"
        create(made, labels.shape, labels.dtype, like)[...] = labels
        replace_store(made, path)


def replace_store(made: Path, path: Path) -> None:
    """Put a store that is complete in its place; an earlier one there is deleted."""
    if path.exists():
        earlier = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        path.replace(earlier / "old")
        made.replace(path)
        shutil.rmtree(earlier)
    else:
        made.replace(path)


def create(path: Path, shape: Sequence[int], dtype: DTypeLike, like: Scan | None) -> Any:
    """Make a store for labels and return its array, which holds 0.

    It is of the version of the scan's own store, in chunks as those of the scan, and says of axes,
    sizes, units and position what OME-Zarr can.

    Parameters
    ----------
    path : Path
        The folder to make.
    shape : sequence of int
        Of the labels: the scan's without channels.
    dtype : numpy.dtype
        Of the labels.
    like : Scan or None
        The scan that they lie on.

    Raises
    ------
    DataError
        If the scan is turned, which OME-Zarr cannot say.
    """
    import zarr

    version = _version(like)
    axes = "tzyx"[-len(shape) :] if like is None else like.axes.removesuffix("c")
    group = zarr.open_group(path, mode="w-", zarr_format=version)
    array = group.create_array(
        "0",
        shape=tuple(shape),
        dtype=np.dtype(dtype),
        chunks=_chunks(shape, like),
        config={"write_empty_chunks": True},  # a chunk that is there was computed
        dimension_names=list(axes) if version == 3 else None,
    )
    said = _metadata(path.name, axes, like, VERSIONS[version])
    group.attrs.update({"ome": said} if version == 3 else said)
    return array


def _version(like: Scan | None) -> Any:
    """Return the version of Zarr that a scan's store has; 3 for scans of other formats."""
    old = (".zgroup", ".zarray")
    return 2 if like is not None and any((like.source / name).exists() for name in old) else 3


def _chunks(shape: Sequence[int], like: Scan | None) -> tuple[int, ...]:
    """Return the scan's chunks without channels, else pieces of a few megabytes."""
    if like is not None and like.lazy:
        chunks = tuple(like.array.chunksize)[: len(shape)]
    else:
        chunks = (1, *PIECE)[-len(shape) :]
    return tuple(max(min(c, n), 1) for c, n in zip(chunks, shape, strict=True))


def _metadata(name: str, axes: str, like: Scan | None, version: str) -> dict[str, Any]:
    """Return what OME-Zarr says of a label image with one level."""
    spacing = like.spacing if like is not None and like.spacing else (1.0,) * len(axes)
    units = (like.units if like is not None else ()) or ("pixel",) * len(axes)
    described = [
        {"name": a, "type": "time" if a == "t" else "space"}
        | ({"unit": WORDS[unit]} if unit in WORDS else {})
        for a, unit in zip(axes, units, strict=True)
    ]
    places: list[dict[str, Any]] = [{"type": "scale", "scale": list(map(float, spacing))}]
    if like is not None and like.affine is not None:
        if not np.allclose(like.affine[:-1, :-1], np.eye(len(axes))):
            raise DataError(f"{name}: OME-Zarr cannot say that a scan is turned; use .nii.gz.")
        places.append({"type": "translation", "translation": like.affine[:-1, -1].tolist()})
    stated = {"version": version} if version == "0.4" else {}
    image = {
        **stated,
        "name": name,
        "axes": described,
        "datasets": [{"path": "0", "coordinateTransformations": places}],
    }
    common = {"version": version} if version != "0.4" else {}
    return {**common, "multiscales": [image], "image-label": stated}
