"""What one case's pixels say: read once, reduced to a few numbers, and let go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.audit.duplicates import Look, digest, look
from napari_unet.data.cases import IGNORE, Case, LabelRule
from napari_unet.data.formats import read_reference, read_scan
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError

LARGE = 2**28  # bytes: of more than this only every n-th slice is looked at


@dataclass(frozen=True, eq=False)
class CaseFacts:
    """What was seen of one case; everything but the name may be missing.

    Attributes
    ----------
    name, patient, subset : str
        As in the data set; ``subset`` is empty where no split is known.
    image_error, mask_error : str
        Why a file cannot be read.
    shape, mask_shape : tuple of int
        Without channels.
    channels : int
        1 for grey.
    dtype : str
        The image's, such as "uint8".
    low, high, mean, spread : float
        Of the finite values; ``spread`` is the standard deviation.
    not_finite : float
        Share of values that are NaN or infinite.
    pixels : bytes
        Hash of the image.
    labels : bytes
        Hash of the mask as classes; empty if it is blank.
    look : numpy.ndarray or None
        See `duplicates.look`.
    classes : tuple of int
        Pixels per class, the background first.
    spacing : tuple of float
        Empty if unknown.
    units : str
        Of the spacing.
    partial : bool
        Whether the image was too large to be looked at in full.
    """

    name: str
    patient: str = ""
    subset: str = ""
    image_error: str = ""
    mask_error: str = ""
    shape: tuple[int, ...] = ()
    mask_shape: tuple[int, ...] = ()
    channels: int = 1
    dtype: str = ""
    low: float = 0.0
    high: float = 0.0
    mean: float = 0.0
    spread: float = 0.0
    not_finite: float = 0.0
    pixels: bytes = b""
    labels: bytes = b""
    look: Look | None = None
    classes: tuple[int, ...] = ()
    spacing: tuple[float, ...] = ()
    units: str = ""
    partial: bool = False

    @property
    def foreground(self) -> int:
        """Pixels of any class but the background."""
        return sum(self.classes[1:])

    @property
    def flat(self) -> bool:
        """Whether the image was read and holds one value only."""
        return bool(self.shape) and self.low == self.high


def look_at(case: Case, rule: LabelRule, subset: str = "") -> CaseFacts:
    """Read a case and return what is to be known of it; files that cannot be read are facts too."""
    known = {"name": case.name, "patient": case.patient, "subset": subset}
    seen: dict[str, object] = {}
    try:
        seen |= _image_facts(read_scan(case))
    except DataError as e:
        seen["image_error"] = str(e)
    try:
        seen |= _mask_facts(read_reference(case, rule), rule)
    except DataError as e:
        seen["mask_error"] = str(e)
    return CaseFacts(**known, **seen)  # type: ignore[arg-type]


def _image_facts(scan: Scan) -> dict[str, object]:
    array = np.asarray(_part(scan.array))
    shape = tuple(int(n) for n in scan.array.shape)
    finite = np.isfinite(array) if array.dtype.kind == "f" else None
    values = array if finite is None or finite.all() else array[finite]
    found: dict[str, object] = {
        "shape": shape[:-1] if scan.channels else shape,
        "channels": shape[-1] if scan.channels else 1,
        "dtype": str(array.dtype),
        "not_finite": 1 - values.size / array.size,
        "pixels": digest(array),
        "spacing": tuple(scan.spacing or ()),
        "units": scan.units if isinstance(scan.units, str) else next(iter(scan.units), ""),
        "partial": array.shape != shape,
    }
    if not values.size:
        return found
    grey = np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0) if finite is not None else array
    if scan.channels:
        grey = grey.mean(axis=-1)
    return found | {
        "low": float(values.min()),
        "high": float(values.max()),
        "mean": float(values.mean(dtype=np.float64)),
        "spread": float(values.std(dtype=np.float64)),
        "look": look(grey),
    }


def _mask_facts(classes: NDArray[np.integer], rule: LabelRule) -> dict[str, object]:
    counts = np.bincount(classes[classes != IGNORE], minlength=rule.classes + 1)
    return {
        "mask_shape": classes.shape,
        "classes": tuple(counts.tolist()),
        "labels": digest(classes) if counts[1:].any() else b"",
    }


def _part(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return every n-th slice of an array larger than `LARGE`: memory stays flat."""
    step = -(-array.nbytes // LARGE)
    return array[::step] if step > 1 else array
