"""Which files of a folder are images to segment, and where their results go."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from napari_unet.data.formats import describe_image, is_supported, stem_of, suffix_of
from napari_unet.data.pairing.find import find_pairs
from napari_unet.data.readers import dicom, itk, nifti, tiff
from napari_unet.data.readers.bundles import is_bundle
from napari_unet.errors import DataError

VOLUMES = (*nifti.SUFFIXES, *itk.SUFFIXES, *dicom.SUFFIXES)


def find_images(folder: Path) -> list[Path]:
    """Return every supported image below ``folder`` that is not the mask of a pair."""
    pairing = find_pairs(folder)
    masks = {mask for pair in pairing.pairs for mask in pair.masks if mask != pair.image}
    images = {pair.image for pair in pairing.pairs}
    # A folder that is listed is one image, such as a DICOM series.
    alone = {u.path for u in pairing.unpaired if is_supported(u.path) or u.path.is_dir()} - masks
    # Beside pairs, what is unpaired may well be a mask without an image: leave it alone.
    return sorted(images or alone)


def output_paths(inputs: Sequence[str | Path], out: Path) -> dict[Path, Path]:
    """Return for each image the file its labels go to, below ``out``.

    The folders below the inputs' common one are kept. TIFF gives TIFF, formats of volumes NIfTI,
    everything else PNG.

    Raises
    ------
    DataError
        If an input does not exist, there is no image, or a result would fall on an image.
    """
    images: list[Path] = []
    for given in map(Path, inputs):
        if given.is_dir() and not is_bundle(given):
            images += find_images(given)
        elif given.exists():
            images.append(given)
        else:
            raise DataError(f"There is no file or folder {given}.")
    images = list(dict.fromkeys(p.absolute() for p in images))
    if not images:
        raise DataError(f"No images to segment in {', '.join(map(str, inputs))}.")
    root = Path(os.path.commonpath([p.parent for p in images]))
    relative = {p: p.relative_to(root) for p in images}
    twice = Counter(_bare(r) for r in relative.values())
    targets = {}
    for path, rel in relative.items():
        # 1.jpg and 1.bmp side by side: the whole name tells the results apart.
        stem = rel.name if twice[_bare(rel)] > 1 else stem_of(rel)
        targets[path] = (out / rel.parent / f"{stem}{_result_suffix(path)}").absolute()
    if clash := {p.resolve() for p in images} & {t.resolve() for t in targets.values()}:
        raise DataError(
            f"The result for {clash.pop()} would overwrite it. Choose another folder for results."
        )
    return targets


def _bare(path: Path) -> Path:
    return path.with_name(stem_of(path))


def _result_suffix(path: Path) -> str:
    """Return how labels of a file are stored: as it is itself, as far as labels can be."""
    suffix = suffix_of(path)
    if suffix in tiff.SUFFIXES:
        return ".tif"
    if path.is_dir() or suffix in VOLUMES:
        return ".nii.gz"
    try:
        planes = describe_image(path).planes
    except DataError:
        return ".png"  # said aloud when it is read
    return ".png" if planes == 1 else ".nii.gz"
