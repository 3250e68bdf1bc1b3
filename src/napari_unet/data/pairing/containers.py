"""What is inside files: an image and its mask in one, and whose images they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_unet.data.formats import describe_image, reading
from napari_unet.data.pairing import pairs
from napari_unet.data.pairing.found import Found
from napari_unet.data.pairing.tree import File
from napari_unet.data.readers import hdf5, matlab, zarrs
from napari_unet.errors import DataError

DICOM = ".dcm"
HOLDS_BOTH: dict[str, tuple[Callable[[Path], bool], str]] = {
    **dict.fromkeys(hdf5.SUFFIXES, (hdf5.holds_both, "image and mask in one HDF5 file")),
    **dict.fromkeys(zarrs.SUFFIXES, (zarrs.holds_both, "image and labels in one Zarr store")),
}


def may_hold_both(file: File) -> bool:
    """Say, by its suffix, whether a file may hold an image and its mask."""
    return file.suffix in HOLDS_BOTH or file.suffix in matlab.SUFFIXES


def add_containers(found: Found) -> None:
    """Pair the files that hold an image and its mask; note whose the others are."""
    for file in found.tree.files:
        try:
            if file.suffix in matlab.SUFFIXES:
                _add_matlab(found, file)
            elif file.suffix in HOLDS_BOTH:
                both, reason = HOLDS_BOTH[file.suffix]
                with reading(file.path, "an image"):
                    if both(file.path):
                        found.add(file, [file], reason, pairs.ONE_FILE)
        except DataError as e:
            found.why[file.rel] = str(e)


def _add_matlab(found: Found, file: File) -> None:
    with reading(file.path, "an image"):
        header = matlab.header(file.path)
    if header.image and header.mask:
        found.add(file, [file], "image and mask in one MATLAB file", pairs.ONE_FILE)
    elif not header.image and not header.mask:
        found.why[file.rel] = "holds neither an image nor a mask"
    if header.image and (header.patient or header.tags):
        found.learn(file, {"PID": header.patient, **header.tags}, "the MATLAB files")


def learn_from_headers(found: Found) -> None:
    """Note whose the paired images of DICOM are; what cannot be read is said in the notes."""
    for image in found.pairs:
        if image.suffix != DICOM:
            continue
        try:
            header = describe_image(image.path)
        except DataError as e:
            found.notes.append(str(e))
            continue
        if header.patient or header.tags:
            found.learn(image, {"PatientID": header.patient, **header.tags}, "the DICOM files")
