"""Files that hold both an image and its mask: MATLAB and HDF5."""

from __future__ import annotations

from napari_unet.data import matlab, pairs
from napari_unet.data.formats import reading
from napari_unet.data.found import Found
from napari_unet.errors import DataError


def add_containers(found: Found) -> None:
    """Pair the files that hold an image and its mask; note whose the others are."""
    for file in found.tree.files:
        if file.suffix not in matlab.SUFFIXES:
            continue
        try:
            with reading(file.path, "an image"):
                header = matlab.header(file.path)
        except DataError as e:
            found.why[file.rel] = str(e)
            continue
        if header.image and header.mask:
            found.add(file, [file], "image and mask in one MATLAB file", pairs.ONE_FILE)
        elif not header.image and not header.mask:
            found.why[file.rel] = "holds neither an image nor a mask"
        if header.image and (header.patient or header.tags):
            found.learn(file, {"PID": header.patient, **header.tags}, "the MATLAB files")
