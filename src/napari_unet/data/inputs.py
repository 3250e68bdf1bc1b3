"""Which images of files, folders and data sets to segment, and where their labels go."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_unet.data.finding import find_cases
from napari_unet.data.formats import describe_image, is_supported, stem_of, suffix_of
from napari_unet.data.readers import dicom, itk, nifti, npy, tiff, zarrs
from napari_unet.data.readers.bundles import bundle_kind, is_bundle
from napari_unet.data.splits.split import cases_of, load, split_path
from napari_unet.errors import DataError

# What labels are stored as, by the suffix of their image. Formats that are not here take PNG for a
# picture and NIfTI for a volume: JPEG would change labels, and nobody expects MATLAB files back.
RESULTS = {
    **dict.fromkeys(tiff.SUFFIXES, ".tif"),
    **dict.fromkeys(npy.SUFFIXES, ".npy"),
    **dict.fromkeys(nifti.SUFFIXES, ".nii.gz"),
    **dict.fromkeys(dicom.SUFFIXES, ".nii.gz"),
    **dict.fromkeys(itk.NRRD, ".nrrd"),
    **dict.fromkeys(itk.META, ".mha"),
    **{suffix: suffix for suffix in zarrs.SUFFIXES},
}


@dataclass(frozen=True)
class Source:
    """An image to segment.

    ``name`` is its path below what all inputs share; ``patient`` is empty where nothing says whose
    it is; ``axes`` are those that a person named for its data set (see `data.cases.Case`).
    """

    path: Path
    name: str = ""
    patient: str = ""
    axes: str = ""


def find_images(folder: Path, out: Path | None = None) -> list[Source]:
    """Return the images of a data set, or else every supported image below a folder.

    Masks are no images, cases that a person left out take no part, and what lies in ``out``, the
    folder of results, is not looked at.
    """
    found = find_cases(folder, without=out)
    if found.cases:
        # Beside pairs, what is unpaired may well be a mask without an image: leave it alone.
        return [Source(c.image, "", c.patient, c.axes) for c in found.cases]
    # A folder that is listed is one image, such as a DICOM series.
    unpaired = (u.path for u in found.pairing.unpaired)
    return [Source(p) for p in sorted(unpaired) if is_supported(p) or p.is_dir()]


def find_subset(folder: Path, model: str | Path, subset: str, out: Path | None) -> list[Source]:
    """Return the images of a data set that the split beside a model has in a subset.

    Raises
    ------
    DataError
        If there is no such split, or it was made for other data.
    """
    file = split_path(model)
    if not file.is_file():
        raise DataError(
            f"There is no {file.name} beside the model, so its {subset} cases are unknown. Segment "
            "all of them instead."
        )
    cases = cases_of(load(file), find_cases(folder, without=out).cases, subset)
    return [Source(c.image, "", c.patient, c.axes) for c in cases]


def find_sources(
    inputs: Sequence[str | Path], out: Path, model: str | Path = "", subset: str = "all"
) -> list[Source]:
    """Return the images of files and folders, each once.

    Parameters
    ----------
    inputs : sequence of str or Path
        Image files, folders and data sets.
    out : Path
        The folder of results.
    model : str or Path
        A model file, for ``subset``.
    subset : str
        "train", "val" or "test" takes of folders only those of the split beside the model.

    Raises
    ------
    DataError
        If an input does not exist, there is no image, or the subset is unknown.
    """
    found: dict[Path, Source] = {}
    for given in map(Path, inputs):
        for source in _sources(given, out, model, subset):
            found.setdefault(source.path.absolute(), source)
    if not found:
        of = "" if subset == "all" else f"of the subset {subset} "
        raise DataError(f"No images {of}to segment in {', '.join(map(str, inputs))}.")
    root = Path(os.path.commonpath([p.parent for p in found]))
    return [Source(p, p.relative_to(root).as_posix(), s.patient, s.axes) for p, s in found.items()]


def _sources(given: Path, out: Path, model: str | Path, subset: str) -> list[Source]:
    if not given.exists():
        raise DataError(f"There is no file or folder {given}.")
    if not given.is_dir() or is_bundle(given):
        return [Source(given)]
    if out.resolve() == given.resolve():
        raise DataError(
            f"Results in {given} would lie among the images. Choose another folder for them."
        )
    folder = given.absolute()
    if subset == "all":
        return find_images(folder, out)
    return find_subset(folder, model, subset, out)


def output_paths(sources: Sequence[Source], out: Path) -> dict[Path, Path]:
    """Return for each image the file its labels go to, below ``out``, in folders as the images are.

    Raises
    ------
    DataError
        If a result would fall on an image.
    """
    bare = {s.path: Path(s.name).with_name(_stem(s.path)) for s in sources}
    twice = Counter(bare.values())
    targets = {}
    for path, name in bare.items():
        # 1.jpg and 1.bmp side by side: the whole name tells the results apart.
        stem = path.name if twice[name] > 1 else name.name
        targets[path] = (out / name.parent / f"{stem}{result_suffix(path)}").absolute()
    if clash := {p.resolve() for p in bare} & {t.resolve() for t in targets.values()}:
        raise DataError(
            f"The result for {clash.pop()} would overwrite it. Choose another folder for results."
        )
    return targets


def _stem(path: Path) -> str:
    """Return a name without its suffix; the folder of a DICOM series has none, but maybe dots."""
    series = path.is_dir() and suffix_of(path) not in zarrs.SUFFIXES
    return path.name if series else stem_of(path) or path.name


def result_suffix(path: Path) -> str:
    """Return how labels of an image are stored: as it is itself, as far as labels can be."""
    suffix = suffix_of(path)
    if path.is_dir():
        store = bundle_kind(path, [p.name for p in path.iterdir()]) == "zarr"
        return (suffix if suffix in zarrs.SUFFIXES else ".zarr") if store else ".nii.gz"
    if suffix in RESULTS:
        return RESULTS[suffix]
    try:
        planes = describe_image(path).planes
    except DataError:
        return ".png"  # said aloud when it is read
    return ".png" if planes == 1 else ".nii.gz"
