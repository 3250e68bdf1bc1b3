"""DICOM: a folder that holds a series, or a single file, read with SimpleITK.

A folder may hold more than one series: the largest is read, and that is said. Slices are put in
order by where they lie; if several lie in one place they are times. Gaps are said, not filled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.readers import itk
from napari_unet.data.readers.bundles import dicom_names
from napari_unet.data.readers.memory import check_fits, hollow
from napari_unet.data.readers.raster import Raster
from napari_unet.data.readers.space import Geometry, Matrix, find_geometry
from napari_unet.data.scan import Array
from napari_unet.errors import DataError

SUFFIXES = (".dcm", ".ima")
IO = "GDCMImageIO"
EVEN = 0.02  # of the usual step between slices that one may differ by
DIGITS = 3  # of directions and positions that are compared
SERIES, SOP_CLASS, INSTANCE, PATIENT = "0020|000e", "0008|0016", "0020|0013", "0010|0020"
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
# What is said of a scan beside its patient's id. Names and dates of birth are left where they are.
TAGS = {
    "modality": "0008|0060",
    "series": "0008|103e",
    "body_part": "0018|0015",
    "sex": "0010|0040",
    "age": "0010|1010",
    "scanner": "0008|1090",
}


@dataclass(frozen=True)
class Slice:
    """A file of a series: what it says of itself."""

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    position: NDArray[np.float64]
    directions: NDArray[np.float64]  # (3, 3), a column for each of x, y and the normal
    spacing: tuple[float, float, float]
    instance: int
    tags: dict[str, str]

    @property
    def group(self) -> tuple[Any, ...]:
        """What is equal within a series that can be stacked."""
        return (
            self.tags.get(SERIES, ""),
            self.shape,
            tuple(np.round(self.directions, DIGITS).ravel()),
        )

    @property
    def along(self) -> float:
        """Where the slice lies along its normal, in millimetres."""
        return float(self.position @ self.directions[:, 2])


def read(path: Path) -> Raster:
    """Read the largest series of a folder, or one file."""
    return _read(path, with_pixels=True)


def header(path: Path) -> Raster:
    """Return what `read` does, with an array that has no values."""
    return _read(path, with_pixels=False)


def _read(path: Path, with_pixels: bool) -> Raster:
    if path.is_file():
        return _single(path, with_pixels)
    slices, notes = _series(path)
    stacks, more = _stacks(slices)
    shape = (len(stacks), len(stacks[0]), *slices[0].shape[1:])
    dtype = np.result_type(*(s.dtype for s in slices))
    array = _pixels(stacks, shape, dtype) if with_pixels else hollow(shape, dtype)
    note = "; ".join([*notes, *more, *_gaps(stacks[0])])
    return _raster(array, stacks, note)


def _single(path: Path, with_pixels: bool) -> Raster:
    reader = _information(path)
    array = itk.voxels(reader) if with_pixels else _hollow(reader)
    return itk.raster(reader, array, **_words(_all_tags(reader)))


def _raster(array: Array, stacks: list[list[Slice]], note: str) -> Raster:
    first = stacks[0][0]
    timed, colour = len(stacks) > 1, len(first.shape) > 3
    axes = "t" * timed + "zyx" + "c" * colour
    words = _words(first.tags)
    if timed:
        words["guess"] = f"{len(stacks)} images lie in each place: taken for times"
    array = array if timed else array[0]
    return itk.placed(array, axes, _geometry(stacks[0]), note=note, **words)


# --- the files ----------------------------------------------------------------------------------


def _series(folder: Path) -> tuple[list[Slice], list[str]]:
    """Return the slices of the largest series of a folder, and what was left out."""
    groups, unreadable = defaultdict(list), []
    for name in sorted(dicom_names([p.name for p in folder.iterdir() if p.is_file()])):
        try:
            found = _slice(folder / name)
        except DataError as e:
            unreadable.append((name, str(e)))
        else:
            groups[found.group].append(found)
    if not groups:
        why = f": {unreadable[0][0]}: {unreadable[0][1]}" if unreadable else ""
        raise DataError(f"no file in this folder is a DICOM image{why}")
    chosen = max(groups.values(), key=len)
    notes = []
    if len(groups) > 1:
        others = sum(map(len, groups.values())) - len(chosen)
        notes.append(
            f"the folder holds {len(groups)} series: the largest, of {len(chosen)} files, is used "
            f"and {others} files are left out"
        )
    if unreadable:
        notes.append(f"{len(unreadable)} files could not be read, such as {unreadable[0][0]}")
    return chosen, notes


def _slice(path: Path) -> Slice:
    reader = _information(path)
    shape = itk.stored_shape(reader)
    if len(shape) < 3 or shape[0] != 1:
        raise DataError("it holds several images")
    tags = _all_tags(reader)
    instance = tags.get(INSTANCE, "")
    return Slice(
        path,
        shape,
        itk.stored_type(reader),
        np.array(reader.GetOrigin()[:3]),
        np.reshape(reader.GetDirection(), (3, 3)),
        tuple(reader.GetSpacing()[:3]),
        int(instance) if instance.isdecimal() else 0,
        tags,
    )


def _information(path: Path) -> Any:
    reader = itk.information(itk.simpleitk(), path, IO)
    itk.check_promise(reader, path)
    if reader.HasMetaDataKey(SOP_CLASS) and SEGMENTATION in reader.GetMetaData(SOP_CLASS):
        raise DataError(
            "it is a DICOM segmentation, whose frames are no volume; save it as NIfTI first "
            "(dcmqi's segimage2itkimage does)"
        )
    return reader


def _hollow(reader: Any) -> NDArray[Any]:
    return hollow(itk.stored_shape(reader), itk.stored_type(reader))


def _all_tags(reader: Any) -> dict[str, str]:
    wanted = (SERIES, INSTANCE, PATIENT, *TAGS.values())
    return {k: reader.GetMetaData(k).strip(" \0") for k in wanted if reader.HasMetaDataKey(k)}


def _words(tags: dict[str, str]) -> dict[str, Any]:
    """Return the patient and the tags as fields of a `Raster`."""
    said = {name: tags[key] for name, key in TAGS.items() if tags.get(key)}
    return {"patient": tags.get(PATIENT, ""), "tags": said}


# --- in order -----------------------------------------------------------------------------------


def _stacks(slices: Sequence[Slice]) -> tuple[list[list[Slice]], list[str]]:
    """Return stacks of slices in order, one for each time, and what was left out."""
    places = defaultdict(list)
    for one in sorted(slices, key=lambda s: (s.instance, s.path.name)):
        places[round(one.along, DIGITS)].append(one)
    in_order = [places[p] for p in sorted(places)]
    times = {len(p) for p in in_order}
    if len(in_order) == 1 and len(slices) > 1:
        # No positions, as in scans of film: the numbers are all there is.
        return [list(in_order[0])], [
            "its files do not say where they lie: in order of their number"
        ]
    if len(times) > 1:
        left = len(slices) - len(in_order)
        note = f"{left} images lie where another one does, and are left out"
        return [[p[0] for p in in_order]], [note]
    return [[p[i] for p in in_order] for i in range(times.pop())], []


def _gaps(stack: Sequence[Slice]) -> list[str]:
    """Say where slices are missing or uneven."""
    steps = np.diff([s.along for s in stack])
    if len(steps) < 2:
        return []
    usual = float(np.median(steps))
    odd = int((np.abs(steps - usual) > EVEN * abs(usual) + 1e-3).sum())
    if not odd:
        return []
    return [
        f"slices may be missing: {odd} of {len(steps)} steps between them differ from the usual "
        f"{usual:.4g} mm"
    ]


def _pixels(
    stacks: list[list[Slice]], shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Read the slices one by one: each has its own scale of values."""
    check_fits(shape, dtype)
    array = np.empty(shape, dtype)
    for time, stack in enumerate(stacks):
        for place, one in enumerate(stack):
            array[time, place] = itk.voxels(_information(one.path))[0]
    return array


def _geometry(stack: Sequence[Slice]) -> Geometry:
    """Return where a stack lies; its slices need not lie straight above each other."""
    first, last = stack[0], stack[-1]
    columns, rows = first.shape[2], first.shape[1]
    affine: Matrix = np.eye(4)
    affine[:3, :3] = first.directions * np.asarray(first.spacing)
    affine[:3, 3] = first.position
    if len(stack) > 1 and (last.position != first.position).any():
        affine[:3, 2] = (last.position - first.position) / (len(stack) - 1)
    return find_geometry((columns, rows, len(stack)), itk.FLIP @ affine)
