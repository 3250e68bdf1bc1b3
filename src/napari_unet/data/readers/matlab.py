"""MATLAB files: v7.3 (HDF5, read with h5py), v5 to v7 (``mat5``) and v4 (read with SciPy).

The brain tumour set of J. Cheng (figshare 1512427) stores one struct ``cjdata`` per file, with
``image``, ``tumorMask``, ``PID`` and ``label``; other files are searched for variables with names
like ``image`` and ``mask``. h5py sees the arrays of a v7.3 file transposed; that is undone here.
Slices come after rows and columns, as MATLAB shows a volume.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.data.readers import mat5
from napari_unet.data.readers.layout import MOST_CHANNELS, WORDS
from napari_unet.data.readers.memory import check_fits, hollow
from napari_unet.data.readers.raster import Raster
from napari_unet.errors import DataError

SUFFIXES = (".mat",)
IMAGE_NAMES = ("image", "img", "im", "scan", "slice")
MASK_NAMES = (
    *("tumormask", "mask", "masks", "label", "labels", "seg", "segmentation"),
    *("gt", "groundtruth", "annotation"),
)
PATIENT_NAMES = ("pid", "patientid", "patient", "subjectid", "subject")
TUMOR_TYPES = {1: "meningioma", 2: "glioma", 3: "pituitary"}  # cjdata.label


@dataclass(frozen=True)
class Header:
    """What a file holds: the names of its image and mask (may be empty), its patient and tags."""

    image: str = ""
    mask: str = ""
    shape: tuple[int, int, int] = (0, 0, 0)
    patient: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Variable:
    """An array that is read when asked for; ``shape`` as MATLAB shows it."""

    shape: tuple[int, ...]
    text: bool
    dtype: np.dtype[Any]
    load: Callable[[], np.ndarray]


def header(path: Path) -> Header:
    """Look into a file without reading its pixels (v7.3)."""
    with _variables(path) as variables:
        return _header(variables)


def read_image(path: Path, array: str = "") -> Raster:
    """Read the image of a file: the variable named like one, or the only picture there is."""
    return _read(path, "image", array)


def read_mask(path: Path, array: str = "") -> Raster:
    """Read the mask of a file: the variable named like one, or the only picture there is."""
    return _read(path, "mask", array)


def describe(path: Path, array: str = "") -> Raster:
    """Return what `read_image` does, with an array that has no values."""
    with _variables(path) as variables:
        found = _header(variables)
        chosen = variables[_choose(variables, found, "image", array)]
        return _raster(chosen, hollow(chosen.shape, chosen.dtype), found)


def _read(path: Path, what: str, array: str) -> Raster:
    with _variables(path) as variables:
        found = _header(variables)
        chosen = variables[_choose(variables, found, what, array)]
        check_fits(chosen.shape, chosen.dtype)
        return _raster(chosen, chosen.load(), found)


def _choose(variables: Mapping[str, Variable], found: Header, what: str, array: str) -> str:
    """Return the name of the variable to read: the one asked for, or that named like ``what``."""
    names = ", ".join(sorted(variables)) or "nothing"
    if array:
        if array not in variables:
            raise DataError(f"there is no variable {array!r} in it (it holds {names})")
        return array
    name = found.image if what == "image" else found.mask
    if not name and len(pictures := _pictures(variables)) == 1:
        name = pictures[0]
    if not name:
        raise DataError(f"no variable in it looks like {what} (it holds {names})")
    return name


def _raster(variable: Variable, array: np.ndarray, found: Header) -> Raster:
    axes = _axes(variable.shape)
    words = ", ".join(f"{n} {WORDS[a]}" for n, a in zip(variable.shape, axes, strict=True))
    guess = (
        f"the file does not name its axes: taken for {words}" if axes[2:] not in ("", "c") else ""
    )
    return Raster(array, axes, guess=guess, patient=found.patient, tags=found.tags)


def _axes(shape: tuple[int, ...]) -> str:
    """Name the axes of an array: rows and columns, then channels if few, slices, times."""
    if len(shape) > 2 and shape[2] <= MOST_CHANNELS:
        return "yxczt"[: len(shape)]
    return "yxzt"[: len(shape)]


def _header(variables: Mapping[str, Variable]) -> Header:
    pictures = _pictures(variables)
    image = _first(pictures, IMAGE_NAMES)
    mask = _first([p for p in pictures if p != image], MASK_NAMES)
    if not image:
        # Nothing is named like an image: the only picture that is no mask must be it.
        others = [p for p in pictures if p != mask]
        image = others[0] if len(others) == 1 else ""
    sizes = variables[image or mask].shape if image or mask else (0, 0)
    return Header(
        image,
        mask,
        (sizes[0], sizes[1], sizes[2] if _axes(sizes)[2:3] == "c" else 1),
        _patient(variables),
        _tags(variables),
    )


def _pictures(variables: Mapping[str, Variable]) -> list[str]:
    """Return the names of what could be an image or a mask by its shape."""
    return [
        name
        for name, v in variables.items()
        if not v.text and 2 <= len(v.shape) <= 4 and min(v.shape[:2]) >= 2
    ]


def _first(names: list[str], wanted: tuple[str, ...]) -> str:
    """Return the first of ``names`` whose last part is one of ``wanted``, in their order."""
    plain = {_plain(name): name for name in reversed(names)}
    return next((plain[w] for w in wanted if w in plain), "")


def _plain(name: str) -> str:
    return "".join(c for c in name.rpartition("/")[2].casefold() if c.isalnum())


def _patient(variables: Mapping[str, Variable]) -> str:
    for name, variable in variables.items():
        if _plain(name) in PATIENT_NAMES and int(np.prod(variable.shape)) <= 1000:
            return _text(variable.load())
    return ""


def _tags(variables: Mapping[str, Variable]) -> dict[str, str]:
    label = variables.get("cjdata/label")
    if label is None or label.text or int(np.prod(label.shape)) != 1:
        return {}
    kind = TUMOR_TYPES.get(int(label.load().flat[0]))
    return {"tumor_type": kind} if kind else {}


def _text(array: np.ndarray) -> str:
    """Read a string, a char array (``uint16`` in v7.3) or a number as text."""
    if array.dtype.kind in "US":
        return "".join(str(s) for s in array.ravel()).strip()
    if array.dtype == np.uint16:
        return "".join(chr(c) for c in array.T.ravel()).strip("\0 ")
    if array.dtype.kind in "uif" and array.size == 1:
        return f"{array.flat[0]:g}" if array.dtype.kind == "f" else str(array.flat[0])
    return ""


# --- the two kinds of file ----------------------------------------------------------------------


@contextmanager
def _variables(path: Path) -> Iterator[dict[str, Variable]]:
    """Open a file and list its variables; members of a struct as ``struct/member``."""
    import h5py

    if not h5py.is_hdf5(path):
        yield _old(path)
        return
    # Locks fail on some network drives, and nobody writes to these files.
    with h5py.File(path, "r", locking=False) as file:
        yield dict(_new(file, ""))


def _new(group: Any, prefix: str) -> Iterator[tuple[str, Variable]]:
    """List the variables of a v7.3 file, which stores rows and columns swapped."""
    import h5py

    for name, item in group.items():
        if name.startswith("#"):  # where MATLAB keeps what cells and objects refer to
            continue
        if isinstance(item, h5py.Group):
            if not prefix:
                yield from _new(item, f"{name}/")
        elif item.dtype.kind in "buif" and "MATLAB_empty" not in item.attrs:
            text = item.attrs.get("MATLAB_class", b"") == b"char"
            yield (
                prefix + name,
                Variable(item.shape[::-1], text, item.dtype, partial(_transposed, item)),
            )


def _transposed(dataset: Any) -> np.ndarray:
    return np.asarray(dataset[()]).T


def _old(path: Path) -> dict[str, Variable]:
    """List the variables of a v4 to v7 file, which are read whole."""
    from scipy.io import loadmat
    from scipy.io.matlab import matfile_version

    if mat5.is_mat5(path):
        found = mat5.read_arrays(path)
    elif matfile_version(path)[0] == 0:  # v4, which SciPy reads safely
        found = loadmat(path)
    else:
        raise DataError("it is damaged: its header is not that of a MATLAB file")
    return {
        name: Variable(v.shape, v.dtype.kind in "US", v.dtype, partial(np.asarray, v))
        for name, v in found.items()
        if isinstance(v, np.ndarray) and v.dtype.kind in "buifUS"
    }
