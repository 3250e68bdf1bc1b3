"""A data set in the raw layout of nnU-Net v2, for its own preprocessing and training.

The layout is that of https://github.com/MIC-DKFZ/nnUNet, ``documentation/dataset_format.md``
(version 2): ``imagesTr/ID_0000.ext`` with a file for each channel, ``labelsTr/ID.ext`` with whole
numbers from 0 up, ``imagesTs`` (and ``labelsTs``, which nnU-Net does not look at) for the test, and
``dataset.json``. Its own cross-validation divides cases, not patients; ``splits_final.json``
prevents that, once it lies in ``nnUNet_preprocessed``.

Volumes are written as NIfTI where their files say that they lie, pictures as PNG, or as TIFF if
they hold what PNG cannot; colour of 8 bits is one file, as nnU-Net's ``NaturalImage2DIO`` wants it.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.config import SplitConfig
from napari_unet.data.case_ids import FILE, CaseIds
from napari_unet.data.cases import IGNORE, Case, Dataset
from napari_unet.data.folders import check_target, new_folder
from napari_unet.data.formats import describe_scan, fit_channels, read_pair
from napari_unet.data.readers.writers import write_image, write_labels
from napari_unet.data.scan import Scan
from napari_unet.data.splits.division import count_people
from napari_unet.data.splits.export import file_names
from napari_unet.data.splits.split import Split, fold_patients
from napari_unet.errors import DataError

NAME = re.compile(r"Dataset\d{3}_\w+", re.ASCII)
STRANGE = r"[^A-Za-z0-9-]+"  # what file names may hold everywhere, and nnU-Net's patterns
COLUMNS = ("id", "case", "subset", "patient", "image", "mask")
FOLDS = 5  # that nnU-Net trains, unless told otherwise
COLOUR = ("R", "G", "B")


@dataclass(frozen=True)
class Layout:
    """How files of a data set are written: all alike, as nnU-Net asks for.

    ``reader`` is the class of nnU-Net that reads them. ``together``: all channels in one file.
    """

    ending: str
    reader: str
    channels: tuple[str, ...]
    together: bool = False


def export_nnunet(
    dataset: Dataset, split: Split, target: str | Path, channels: Sequence[str] = ()
) -> Iterator[tuple[int, int]]:
    """Write the cases of a split in nnU-Net's raw layout; yield how many of how many are done.

    The folder appears whole or not at all: whoever stops pulling leaves nothing behind.

    Parameters
    ----------
    dataset, split
        Its training and validation cases become training cases, its test cases the test's.
    target
        The folder to make, called ``DatasetNNN_Name``.
    channels
        Names of the images' channels, such as "T1"; of "CT", nnU-Net scales intensities otherwise.

    Raises
    ------
    DataError
        If the target is called otherwise, is not empty or lies in the data set's folder, a file
        cannot be read, or nnU-Net cannot do with such cases.
    """
    target = Path(target).expanduser().absolute()
    if not NAME.fullmatch(target.name):
        raise DataError(
            f"nnU-Net wants its folders to be called DatasetNNN_Name, with three digits, such as "
            f"Dataset501_{re.sub(STRANGE, '', target.name) or 'Name'}; not {target.name}."
        )
    check_target(target, dataset.root)
    cases = [c for c in dataset.cases if c.name in split.subsets]
    ids = file_names(cases, STRANGE) if cases else {}
    if all(split.subsets[c.name] == "test" for c in cases):
        raise DataError("The split names no case to train on: there is nothing to export.")
    layout = _layout(cases, dataset.channels, tuple(channels))
    with new_folder(target, dataset.root) as temporary:
        unlabelled = False
        for done, case in enumerate(cases):
            yield done, len(cases)
            part = "Ts" if split.subsets[case.name] == "test" else "Tr"
            unlabelled |= _write_case(case, ids[case.name], dataset, layout, temporary, part)
        known = CaseIds(layout.ending, {ids[c.name]: c.name for c in cases})
        number = sum(split.subsets[c.name] != "test" for c in cases)
        stored = _description(dataset, layout, known, number, unlabelled)
        _write_json(temporary / FILE, stored)
        _write_table(temporary / "cases.csv", cases, ids, split)
        if folds := _folds(cases, ids, split):
            _write_json(temporary / "splits_final.json", folds)
    yield len(cases), len(cases)


# --- how --------------------------------------------------------------------------------------


def _layout(cases: Sequence[Case], count: int, names: tuple[str, ...]) -> Layout:
    """Choose how to write cases.

    Raises
    ------
    DataError
        If pictures are among volumes, images have times, or there are not as many names as
        channels.
    """
    headers = [(case, describe_scan(case)) for case in cases]
    for case, header in headers:
        if "t" in header.axes:
            raise DataError(f"{case.name} has an axis of times, which nnU-Net does not know.")
    planar = ["z" not in header.axes for _, header in headers]
    if len(set(planar)) > 1:
        picture, volume = cases[planar.index(True)].name, cases[planar.index(False)].name
        raise DataError(
            f"nnU-Net wants pictures or volumes, but {picture} is a picture and {volume} a volume. "
            "Leave one kind out."
        )
    if names and len(names) != count:
        raise DataError(f"{len(names)} names for images of {count} channels: {', '.join(names)}.")
    if not planar[0]:
        # Of NIfTI, SimpleITK refuses volumes whose axes are not at right angles.
        return Layout(".nii.gz", "NibabelIO", names or _numbered(count))
    kinds = {np.dtype(header.dtype) for _, header in headers}
    together = count == len(COLOUR) and kinds <= {np.dtype(np.uint8)}
    plain = kinds <= {np.dtype(k) for k in (bool, np.uint8, np.uint16)}
    default = COLOUR if together else _numbered(count)
    return Layout(".png" if plain else ".tif", "NaturalImage2DIO", names or default, together)


def _numbered(count: int) -> tuple[str, ...]:
    return ("image",) if count == 1 else tuple(f"channel {i + 1}" for i in range(count))


def _description(
    dataset: Dataset, layout: Layout, known: CaseIds, number: int, unlabelled: bool
) -> dict[str, Any]:
    """Return what ``dataset.json`` says."""
    labels = {"background": 0}
    for i, name in enumerate(dataset.labels.names, 1):
        taken = name in labels or name == "ignore"  # which means something to nnU-Net
        labels[f"{name} {i}" if taken else name] = i
    if unlabelled:
        labels["ignore"] = len(labels)
    return {
        "channel_names": {str(i): name for i, name in enumerate(layout.channels)},
        "labels": labels,
        "numTraining": number,
        "file_ending": layout.ending,
        "overwrite_image_reader_writer": layout.reader,
        **known.stored(),
    }


def _folds(cases: Sequence[Case], ids: dict[str, str], split: Split) -> list[dict[str, list[str]]]:
    """Return which ids train and which validate: the split's, else folds that part no patient."""
    subsets = {of: [c for c in cases if split.subsets[c.name] == of] for of in ("train", "val")}
    if subsets["val"]:
        parts = [{c.name for c in subsets["val"]}]
    else:
        people = count_people(subsets["train"])
        if len(people) < 2:
            return []
        folds = min(FOLDS, len(people))
        found = fold_patients(people, SplitConfig(seed=split.seed, folds=folds))
        parts = [{c.name for c in subsets["train"] if c.patient in some} for some in found]
    learnt = subsets["train"] + subsets["val"]
    return [
        {
            "train": [ids[c.name] for c in learnt if c.name not in part],
            "val": [ids[c.name] for c in learnt if c.name in part],
        }
        for part in parts
    ]


# --- files ------------------------------------------------------------------------------------


def _write_case(
    case: Case, name: str, dataset: Dataset, layout: Layout, target: Path, part: str
) -> bool:
    """Write an image and its labels; say whether some pixels are not labelled."""
    scan, labels = read_pair(case, dataset.labels)
    image = fit_channels(scan.array, dataset.channels, case.image, scan.axes)
    image = _finite(image)
    axes = scan.axes.removesuffix("c")
    planes = [image] if image.ndim == len(axes) else list(np.moveaxis(image, -1, 0))
    like = replace(scan, axes=axes, array=planes[0])
    for i, plane in enumerate([image] if layout.together else planes):
        _write(target / f"images{part}" / f"{name}_{i:04}{layout.ending}", plane, like)
    unknown = labels == IGNORE
    labels = np.where(unknown, dataset.labels.classes + 1, labels)
    path = target / f"labels{part}" / f"{name}{layout.ending}"
    path.parent.mkdir(exist_ok=True)
    write_labels(path, labels, like if layout.ending == ".nii.gz" else None)
    return bool(unknown.any())


def _write(path: Path, values: NDArray[Any], like: Scan) -> None:
    path.parent.mkdir(exist_ok=True)
    write_image(path, values, like)


def _finite(image: NDArray[Any]) -> NDArray[Any]:
    """Return an image without NaN, which nnU-Net refuses: its smallest finite value instead."""
    if image.dtype.kind != "f" or (finite := np.isfinite(image)).all():
        return image
    return np.where(finite, image, image[finite].min())


def _write_json(path: Path, stored: Any) -> None:
    path.write_text(json.dumps(stored, indent=1, ensure_ascii=False), encoding="utf-8")


def _write_table(path: Path, cases: Sequence[Case], ids: dict[str, str], split: Split) -> None:
    """Write which id stands for which case, for people."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for c in cases:
            row = (ids[c.name], c.name, split.subsets[c.name], c.patient, c.image, c.mask)
            writer.writerow(map(str, row))
