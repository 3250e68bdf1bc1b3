"""MATLAB files: v7.3 (HDF5, read with h5py), v5 to v7 (``mat5``) and v4 (read with SciPy).

The brain tumour set of J. Cheng (figshare 1512427) stores one struct ``cjdata`` per file, with
``image``, ``tumorMask``, ``PID`` and ``label``; other files are searched for variables with names
like ``image`` and ``mask``. h5py sees the arrays of a v7.3 file transposed; that is undone here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.data import mat5
from napari_unet.data.raster import MAX_PIXELS, Raster
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
    load: Callable[[], np.ndarray]


def header(path: Path) -> Header:
    """Look into a file without reading its pixels (v7.3)."""
    with _variables(path) as variables:
        return _header(variables)


def read_image(path: Path) -> Raster:
    """Read the image of a file: the variable named like one, or the only picture there is."""
    return _read(path, "image")


def read_mask(path: Path) -> Raster:
    """Read the mask of a file: the variable named like one, or the only picture there is."""
    return _read(path, "mask")


def shape(path: Path) -> tuple[int, int, int]:
    """Return height, width and channels of a file's image."""
    return header(path).shape


def _read(path: Path, what: str) -> Raster:
    with _variables(path) as variables:
        found = _header(variables)
        name = found.image if what == "image" else found.mask
        if not name and len(pictures := _pictures(variables)) == 1:
            name = pictures[0]
        if not name:
            names = ", ".join(sorted(variables)) or "nothing"
            raise DataError(f"no variable in it looks like {what} (it holds {names})")
        if int(np.prod(variables[name].shape[:2])) > MAX_PIXELS:
            raise DataError("it is too large to be read at once; cut it into tiles")
        array = variables[name].load()
    return Raster(array, patient=found.patient, tags=found.tags)


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
        (sizes[0], sizes[1], sizes[2] if len(sizes) == 3 else 1),
        _patient(variables),
        _tags(variables),
    )


def _pictures(variables: Mapping[str, Variable]) -> list[str]:
    """Return the names of what could be an image or a mask by its shape."""
    return [
        name
        for name, v in variables.items()
        if not v.text
        and len(v.shape) in (2, 3)
        and min(v.shape[:2]) >= 2
        and (len(v.shape) == 2 or v.shape[2] <= 4)
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
            yield prefix + name, Variable(item.shape[::-1], text, partial(_transposed, item))


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
        name: Variable(v.shape, v.dtype.kind in "US", partial(np.asarray, v))
        for name, v in found.items()
        if isinstance(v, np.ndarray) and v.dtype.kind in "buifUS"
    }
