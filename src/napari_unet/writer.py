"""Saving a Labels layer from napari: PNG, TIFF or NIfTI, in its place in the world."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_unet.errors import DataError

if TYPE_CHECKING:
    from napari_unet.data.scan import Scan


def write_labels_layer(path: str, data: Any, attributes: Mapping[str, Any]) -> list[str]:
    """Write a Labels layer.

    A layer that came from a file of a volume goes back into the grid of that file. Any other lies
    where its scale, position, rotation and shear say.

    Parameters
    ----------
    path : str
        Where to; the suffix decides the format.
    data : array
        The labels; the finest level of several.
    attributes : mapping
        As napari gives them to writers.

    Raises
    ------
    DataError
        If they cannot be written so.
    """
    from napari_unet.data.readers.writers import write_labels

    if isinstance(data, (list, tuple)):
        data = data[0]
    labels = np.asarray(data)
    like = _scan(labels, attributes)
    return [str(write_labels(path, labels, _origin(like, attributes) or like))]


def _scan(labels: Any, attributes: Mapping[str, Any]) -> Scan:
    """Return a scan that lies where a layer does."""
    from napari.utils.transforms import Affine

    from napari_unet.data.scan import Scan

    ndim = labels.ndim
    if ndim > 4:
        raise DataError(f"Labels of {ndim} axes cannot be saved: choose one volume of them.")
    parts = {k: attributes[k] for k in ("scale", "translate", "rotate", "shear") if k in attributes}
    matrix = np.asarray(Affine(**parts, ndim=ndim).affine_matrix)
    if attributes.get("affine") is not None:
        matrix = np.asarray(attributes["affine"]) @ matrix
    sizes = np.linalg.norm(matrix[:-1, :-1], axis=0)
    rest = matrix.copy()
    rest[:-1, :-1] /= sizes
    units = tuple(str(u) for u in attributes.get("units") or ())
    plain = np.allclose(rest, np.eye(ndim + 1))
    axes = "tzyx"[-ndim:]
    known = not plain or not np.allclose(sizes, 1) or set(units) - {"pixel"}
    return Scan(
        labels,
        axes,
        Path(str(attributes.get("name", "labels"))),
        tuple(map(float, sizes)) if known else None,
        units if known else (),
        None if plain else rest,
    )


def _origin(like: Scan, attributes: Mapping[str, Any]) -> Scan | None:
    """Return the scan that a layer was read from, if it still lies where that does."""
    from napari_unet.data.formats import outline

    facts = (attributes.get("metadata") or {}).get("scan")
    if not isinstance(facts, Mapping):
        return None
    try:
        scan = outline(str(facts.get("path", "")))
    except DataError:
        return None  # moved or deleted since
    same = scan.spatial == like.spatial and np.allclose(_matrix(scan), _matrix(like), atol=1e-4)
    return scan if same else None


def _matrix(scan: Scan) -> Any:
    count = len(scan.spatial)
    scale = np.diag([*(scan.spacing or (1.0,) * count), 1.0])
    return scale if scan.affine is None else scan.affine @ scale
