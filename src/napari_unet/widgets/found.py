"""How much of an image each class takes, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.labelling import count_classes
from napari_unet.session.portion import Portion
from napari_unet.widgets.placing import PixelSize


def found_words(
    names: Sequence[str], counts: Sequence[int], of: int, size: PixelSize, whole: bool
) -> str:
    """Return a line for each class.

    Parameters
    ----------
    names, counts
        The classes, and how many pixels each has.
    of
        How many pixels were looked at.
    size
        What one of them measures.
    whole
        Whether they are the whole image.
    """
    part = "the image" if whole else "this part of the image"
    lines = []
    for name, n in zip(names, counts, strict=True):
        area = f"{n:,} px"
        if size.unit != "px":
            area = f"{n * size.value:,.4g} {size.unit} ({area})"
        lines.append(f"{name}: {n / max(of, 1):.2%} of {part}, {area}")
    return "\n".join(lines)


def inside(portion: Portion, labels: NDArray[Any]) -> NDArray[Any]:
    """Return the labels of the pixels that were asked about."""
    if portion.mask is None:
        return labels
    found: NDArray[Any] = labels[np.broadcast_to(portion.mask, labels.shape)]
    return found


def counted(labels: NDArray[Any], classes: NDArray[Any] | None, number: int) -> list[int]:
    """Return how many pixels each class has; ``classes`` are those of numbered objects."""
    if classes is None:
        counted: list[int] = count_classes(labels, number).tolist()
        return counted
    objects = np.bincount(labels.ravel(), minlength=len(classes) + 1)[1 : len(classes) + 1]
    sums = np.bincount(classes.astype(np.intp), weights=objects, minlength=number + 1)
    return [int(n) for n in sums[1 : number + 1]]
