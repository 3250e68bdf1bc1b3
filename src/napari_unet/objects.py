"""What can be measured of labelled objects, as columns, and these as a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.cleaning import object_spaces
from napari_unet.errors import DataError
from napari_unet.workspace import atomic

Columns = dict[str, NDArray[Any]]


def measure(
    labels: NDArray[Any],
    image: Any = None,
    spacing: Sequence[float] | None = None,
    unit: str = "px",
    *,
    classes: Sequence[int] | NDArray[Any] | None = None,
    names: Sequence[str] = (),
    affine: NDArray[Any] | None = None,
    planes: bool = False,
) -> Columns:
    """Measure every object.

    Parameters
    ----------
    labels
        ``(…, [D,] H, W)``, whole numbers; 0 is no object. The last three axes (or two) are one
        space, with ``planes`` the last two; an object that goes on in the next space is another.
    image
        Of the same shape, or with channels behind, whose mean is taken; may be lazy. None: nothing
        is told of intensities.
    spacing
        What a pixel measures along each axis of ``labels``, in ``unit``; 1 if not given.
    classes
        The class of the label ``i + 1`` as ``classes[i]``, as `cleaning.number` tells; None if the
        labels are classes. A label that somebody else painted has no class.
    names
        What the classes 1, 2 … are called.
    affine
        ``(n + 1, n + 1)``: from pixels to the world, in which centroids are told; ``spacing`` alone
        if not given.

    Returns
    -------
    dict
        A row for each object, ordered by space and label. ``index`` is the label, ``class`` a name
        (or number); area or volume, and the diameter of a disc or ball as large, in ``unit``;
        ``centroid-0``… in the world, ``bbox-0``… in pixels, the first half where it begins, the
        second where it ends; mean, least and greatest intensity; of planes also eccentricity and
        solidity, see `skimage.measure.regionprops`.

    Raises
    ------
    DataError
        If the image is of another shape.
    """
    scale = np.ones(labels.ndim) if spacing is None else np.abs(np.asarray(spacing, float))
    channels = image is not None and len(image.shape) == labels.ndim + 1
    if image is not None and tuple(image.shape)[: labels.ndim] != labels.shape:
        raise DataError(f"The image has the shape {tuple(image.shape)}, its labels {labels.shape}.")
    tables = []
    for space in object_spaces(labels.shape, planes):
        there = None if image is None else np.asarray(image[space])
        grey = there.mean(axis=-1) if there is not None and channels else there
        tables.append(_of_space(labels[space], grey, scale, space))
    rows = {key: np.concatenate([t[key] for t in tables]) for key in tables[0]}
    index = rows["index"]
    known = {} if classes is None else dict(enumerate(np.asarray(classes).tolist(), start=1))
    called = [_name(i if classes is None else known.get(i, 0), names) for i in index.tolist()]
    ndim = labels.ndim
    matrix = np.diag([*scale, 1.0]) if affine is None else np.asarray(affine, float)
    centroids = rows.pop("centroids") @ matrix[:ndim, :ndim].T + matrix[:ndim, ndim]
    boxes = rows.pop("boxes")
    flat = planes or ndim == 2
    return {
        "index": index,
        "class": np.array(called, dtype=object),
        f"area ({_power(unit, 2)})" if flat else f"volume ({_power(unit, 3)})": rows.pop("size"),
        f"equivalent diameter ({unit})": rows.pop("diameter"),
        **{f"centroid-{i}": centroids[:, i] for i in range(ndim)},
        **{f"bbox-{i}": boxes[:, i] for i in range(2 * ndim)},
        **{key: rows[key] for key in rows if key != "index"},
    }


def write_csv(path: str | Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Write one line per object, replacing ``path`` only when all is written."""
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*map(_texts, columns.values()), strict=True))


def _of_space(
    labels: NDArray[Any],
    image: NDArray[Any] | None,
    scale: NDArray[np.float64],
    space: tuple[int, ...],
) -> Columns:
    """Measure the objects of one plane or volume; centroids and boxes are in pixels."""
    from skimage.measure import regionprops_table

    n = labels.ndim
    wanted = dict(_wanted(n, image is not None))
    table = regionprops_table(  # type: ignore[no-untyped-call]  # scikit-image is untyped
        labels.astype(np.int32, copy=False),
        image,
        properties=tuple(wanted),
        spacing=tuple(scale[-n:]),
    )
    rows = {new: table[old] for old, new in wanted.items() if old in table}
    count = len(rows["index"])
    before = np.broadcast_to(np.array(space, float), (count, len(space)))
    inside = np.stack([table[f"centroid-{i}"] / scale[-n:][i] for i in range(n)], axis=1)
    rows["centroids"] = np.concatenate([before, inside], axis=1)
    start, end = (
        np.stack([table[f"bbox-{i}"] for i in side], axis=1) for side in (range(n), range(n, 2 * n))
    )
    first = before.astype(np.int64)
    rows["boxes"] = np.concatenate([first, start, first + 1, end], axis=1)
    return rows


def _wanted(ndim: int, intensity: bool) -> Iterator[tuple[str, str]]:
    """Yield scikit-image's names and ours."""
    yield from (("label", "index"), ("area", "size"), ("equivalent_diameter_area", "diameter"))
    yield from (("centroid", ""), ("bbox", ""))
    if intensity:
        yield from (
            ("intensity_mean", "mean intensity"),
            ("intensity_min", "least intensity"),
            ("intensity_max", "greatest intensity"),
        )
    if ndim == 2:
        yield from (("eccentricity", "eccentricity"), ("solidity", "solidity"))


def _name(number: int, names: Sequence[str]) -> str:
    """Return what a class is called; nothing if there is none."""
    return names[number - 1] if 0 < number <= len(names) else str(number or "")


def _power(unit: str, n: int) -> str:
    """Return a unit's square or cube; a count of pixels is no length."""
    return unit if unit == "px" else f"{unit}{'²' if n == 2 else '³'}"


def _texts(values: NDArray[Any]) -> list[str]:
    exact = values.dtype.kind != "f"
    return [str(v) if exact else f"{v:.6g}" for v in values.tolist()]
