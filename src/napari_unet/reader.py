"""What napari opens through this package: formats it does not know itself, and folders of pairs.

The readers are loaded when something is opened, not with napari.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unet.errors import DataError

if TYPE_CHECKING:
    from napari_unet.data.cases import Case
    from napari_unet.data.scan import Scan

LayerData = tuple[Any, dict[str, Any], str]
Reader = Callable[[Any], list[LayerData]]


def get_reader(path: str | Path | Sequence[str]) -> Reader | None:
    """Return what reads a path, or None to leave it to others.

    A folder is taken if it is one image (a Zarr store, a DICOM series) or holds pairs of images and
    masks: of these the first is opened. The Data widget opens all of them.
    """
    if not isinstance(path, (str, Path)):
        if len(path) != 1:
            return None
        path = path[0]
    path = Path(path)
    if path.is_dir():
        return _folder_reader(path)
    from napari_unet.data.formats import is_supported

    return read_layers if is_supported(path) else None


def _folder_reader(folder: Path) -> Reader | None:
    from napari_unet.data.pairing.find import find_pairs
    from napari_unet.data.readers.bundles import is_bundle

    if is_bundle(folder):
        return read_layers
    try:
        pairs = find_pairs(folder).pairs
    except DataError:
        return None
    if not pairs:
        return None
    return partial(_read_pair, pairs[0].image, tuple(pairs[0].masks), len(pairs))


def read_layers(path: str | Path) -> list[LayerData]:
    """Read one image, or one mask if its name says that it is one, as a layer in its place.

    If the file holds a mask beside the image, there are two layers.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    from napari_unet.data.formats import read_image

    path = Path(path)
    scan = read_image(path)
    _tell(scan)
    if _is_named_mask(path) and not scan.channels:
        labels = _whole_numbers(scan.array)
        if labels is not None:
            return [(labels, {**placement(scan), "name": _name(path)}, "labels")]
    return [_image_layer(scan), *_labels_within(path, scan)]


def _labels_within(path: Path, scan: Scan) -> list[LayerData]:
    """Read the mask that a file holds beside its image, if it does."""
    from napari_unet.data.formats import read_mask

    if not _holds_both(path):
        return []
    try:
        labels = _whole_numbers(read_mask(path))
    except DataError as e:
        _tell(replace(scan, guess="", note=str(e)))
        return []
    if labels is None or labels.shape != scan.spatial:
        return []
    return [(labels, {**placement(scan), "name": f"{_name(path)} labels"}, "labels")]


def _holds_both(path: Path) -> bool:
    from napari_unet.data.formats import suffix_of
    from napari_unet.data.pairing.containers import HOLDS_BOTH
    from napari_unet.data.readers import matlab
    from napari_unet.data.readers.bundles import bundle_kind

    if path.is_dir() and bundle_kind(path, [p.name for p in path.iterdir()]) != "zarr":
        return False
    suffix = ".zarr" if path.is_dir() else suffix_of(path)
    if suffix in matlab.SUFFIXES:
        header = matlab.header(path)
        return bool(header.image and header.mask)
    return suffix in HOLDS_BOTH and HOLDS_BOTH[suffix][0](path)


def placement(scan: Scan) -> dict[str, Any]:
    """Return what places a scan in the world of napari, as arguments of a layer.

    Channels have no place: the arguments are for the axes before them.
    """
    spatial = scan.axes.removesuffix("c")
    said: dict[str, Any] = {"axis_labels": tuple(spatial), "metadata": {"scan": _facts(scan)}}
    if scan.spacing is not None:
        said["scale"] = scan.spacing
    if scan.units:
        said["units"] = scan.units
    if scan.affine is not None:
        said["affine"] = scan.affine
    return said


def _read_pair(image: Path, masks: tuple[Path, ...], count: int, path: Any) -> list[LayerData]:
    """Read the first pair of a folder as an image and its labels."""
    from napari_unet.data.cases import Case
    from napari_unet.data.formats import read_image, read_reference
    from napari_unet.data.masks.rules import find_rule

    scan = read_image(image)
    rule, _ = find_rule(masks)
    case: Case = Case(_name(image), image, masks[0], "", "", masks=masks)
    labels = read_reference(case, rule)
    _tell(replace(scan, note=f"the first of {count} pairs; the Data widget opens all of them"))
    layers = [_image_layer(scan)]
    if labels.shape == scan.spatial:
        layers.append((labels, {**placement(scan), "name": f"{case.name} mask"}, "labels"))
    return layers


def _image_layer(scan: Scan) -> LayerData:
    data = list(scan.levels) if len(scan.levels) > 1 else scan.array
    said = {**placement(scan), "name": _name(scan.source), "multiscale": len(scan.levels) > 1}
    if scan.colour:
        said["rgb"] = True
    elif scan.channels:
        said["channel_axis"] = scan.array.ndim - 1
        said["name"] = [f"{said['name']} {i + 1}" for i in range(scan.array.shape[-1])]
    return data, said, "image"


def _facts(scan: Scan) -> dict[str, Any]:
    return {"path": str(scan.source), "patient": scan.patient, **scan.tags}


def _name(path: Path) -> str:
    from napari_unet.data.formats import stem_of

    return stem_of(path)


def _is_named_mask(path: Path) -> bool:
    from napari_unet.data.pairing.names import place, without_word

    named = path.name.casefold().endswith(".seg.nrrd") or without_word(_name(path), "mask")
    return bool(named) or place((path.parent.name,)).role == "mask"


def _whole_numbers(array: Any) -> Any:
    """Return values as labels, or None if they are none; floats that are whole become integers."""
    import numpy as np

    if array.dtype.kind in "bui":
        return array
    values = np.asarray(array)
    whole = np.isfinite(values).all() and values.min() >= 0 and (values == np.rint(values)).all()
    return values.astype(np.int32) if whole and values.max() < 2**31 else None


def _tell(scan: Scan) -> None:
    """Show what was guessed and what is odd."""
    from napari.utils.notifications import show_info

    for text in (scan.guess, scan.note):
        if text:
            show_info(f"{_name(scan.source)}: {text}")
