"""How much of an image each class covers, in pixels and in millimetres, and the table of that."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.cleaning import components
from napari_unet.events import ClassSize, Segmented
from napari_unet.workspace import atomic

if TYPE_CHECKING:
    from napari_unet.data.scan import Header, Scan

NAN = float("nan")
MILLIMETRES = {
    **{"mm": 1.0, "millimeter": 1.0, "cm": 10.0, "centimeter": 10.0, "m": 1e3, "meter": 1e3},
    **{"um": 1e-3, "µm": 1e-3, "micrometer": 1e-3, "nm": 1e-6, "nanometer": 1e-6},
}
SHORT = {"millimeter": "mm", "centimeter": "cm", "meter": "m", "nanometer": "nm"} | dict.fromkeys(
    ("um", "micrometer", "micron"), "µm"
)
COLUMNS = (
    *("image", "patient", "class", "time", "pixels", "share", "objects"),
    *("area_mm2", "volume_mm3", "volume_ml", "threshold", "model", "seconds", "labels", "error"),
)


def measure(labels: NDArray[Any], names: Sequence[str], scan: Scan) -> tuple[ClassSize, ...]:
    """Measure every class of a label image, at every time by itself.

    Parameters
    ----------
    labels : numpy.ndarray
        With the scan's axes but channels: 0 is the background, ``i + 1`` the class ``names[i]``.
    names : sequence of str
        What the classes are called.
    scan : Scan
        The image, which may know how large a pixel is.
    """
    axes = scan.axes.removesuffix("c")
    area, volume = pixel(scan)
    times: Iterable[tuple[int, NDArray[Any]]] = [(-1, labels)]
    if axes.startswith("t"):
        times = enumerate(labels)
    found = []
    for time, space in times:
        for number, name in enumerate(names, start=1):
            mask = space == number
            pixels = int(np.count_nonzero(mask))
            found.append(
                ClassSize(
                    name,
                    pixels,
                    pixels / mask.size,
                    components(mask)[1],
                    pixels * area,
                    pixels * volume,
                    time,
                )
            )
    return tuple(found)


def lengths(scan: Scan | Header) -> tuple[tuple[float, ...], str]:
    """Return the size of a pixel along each spatial axis, in their order, and its unit.

    Sizes are 1 and the unit is "px" if the file does not say how large a pixel is along all of
    them. Units that differ from axis to axis become millimetres.
    """
    axes = scan.axes.removesuffix("c")
    space = [i for i, a in enumerate(axes) if a in "zyx"]
    if scan.spacing is None or len(scan.units) != len(scan.spacing):
        return (1.0,) * len(space), "px"
    sides = [abs(scan.spacing[i]) for i in space]
    units = [scan.units[i] for i in space]
    if not all(u in MILLIMETRES for u in units) or not all(0 < s < math.inf for s in sides):
        return (1.0,) * len(space), "px"
    if len(set(units)) == 1:
        return tuple(sides), SHORT.get(units[0], units[0])
    return tuple(s * MILLIMETRES[u] for s, u in zip(sides, units, strict=True)), "mm"


def pixel(scan: Scan) -> tuple[float, float]:
    """Return the area of a picture's pixel in mm² and the volume of a stack's voxel in mm³.

    One of them is NaN, and both are if the file does not say how large a pixel is.
    """
    axes = scan.axes.removesuffix("c")
    space = "zyx" if "z" in axes else "yx"
    if scan.spacing is None or len(scan.units) != len(scan.spacing):
        return NAN, NAN
    sides = dict(zip(axes, zip(scan.spacing, scan.units, strict=True), strict=True))
    sizes = [sides[a][0] * MILLIMETRES.get(sides[a][1], NAN) for a in space]
    product = abs(math.prod(sizes))
    return (NAN, product) if "z" in axes else (product, NAN)


def write_csv(path: str | Path, results: Iterable[Segmented]) -> None:
    """Write a line for each image and class, and one for each image that failed.

    What is not known is left blank. ``path`` is replaced only when all is written.
    """
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for result in results:
            writer.writerows(_rows(result))


def _rows(result: Segmented) -> Iterable[dict[str, str]]:
    shared = {"image": result.image, "patient": result.patient, "model": result.model}
    shared |= {"threshold": f"{result.threshold:g}", "error": result.error}
    if not result.error:
        shared |= {"labels": result.labels, "seconds": f"{result.seconds:.3g}"}
    if not result.sizes:
        yield shared
    for size in result.sizes:
        yield {
            **shared,
            "class": size.label,
            "time": str(size.time) if size.time >= 0 else "",
            "pixels": str(size.pixels),
            "share": _exact(size.share),
            "objects": str(size.objects) if size.objects >= 0 else "",
            "area_mm2": _exact(size.area),
            "volume_mm3": _exact(size.volume),
            "volume_ml": _exact(size.volume / 1000),
        }


def _exact(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.9g}"
