"""Reading a case: its image, its reference, and both together as a network needs them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.cases import IGNORE, Case, LabelRule
from napari_unet.data.corrections.labels import read_classes as read_correction
from napari_unet.data.formats.channels import fit_channels
from napari_unet.data.formats.files import describe_image, read_image, read_mask, reading
from napari_unet.data.masks.labels import apply_rule
from napari_unet.data.readers.memory import load
from napari_unet.data.scan import Header, Scan
from napari_unet.errors import DataError
from napari_unet.quantities import shape_words


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
            f"{case.name}: the image is {shape_words(scan.spatial)} and its mask "
            f"{shape_words(mask.shape)} pixels ({case.image.name}, {of.name}). Both must "
            "be the same size; check that they belong together."
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
                f"{case.name}: its masks differ in size: {first.name} has "
                f"{shape_words(classes.shape)} pixels, {path.name} {shape_words(more.shape)}."
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
