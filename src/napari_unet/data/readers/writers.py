"""Writing labels in the format of their scan, with the place of the scan they were made on."""

from __future__ import annotations

import errno
import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.readers.bundles import ZARR_SUFFIX
from napari_unet.data.readers.itk_labels import write_volume
from napari_unet.data.readers.space import Geometry, from_viewer, within
from napari_unet.data.readers.zarr_labels import write_store
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError, DiskError
from napari_unet.workspace import atomic

NIFTI_UNITS = {"mm": "mm", "millimeter": "mm", "um": "micron", "micrometer": "micron", "m": "meter"}
OME_UNITS = {"um": "µm", "micrometer": "µm", "millimeter": "mm", "nanometer": "nm", "second": "s"}
AXES = "tzyx"

Write = Callable[[IO[bytes], NDArray[Any], Scan | None], None]


def write_labels(path: str | Path, labels: NDArray[Any], like: Scan | None = None) -> Path:
    """Write class indices or ids as PNG, TIFF, NPY, NIfTI, NRRD, MetaImage or Zarr, by the suffix.

    The smallest unsigned type that holds the values is used. The file appears whole or not at all.

    Parameters
    ----------
    path : str or Path
        Where to; ``.png`` takes one plane only, ``.nrrd`` and ``.mha`` need SimpleITK.
    labels : numpy.ndarray
        ``(H, W)`` or a volume, non-negative whole numbers, with the axes of ``like`` but channels.
    like : Scan or None
        The scan that they lie on. TIFF and Zarr get its spacing and axes; NIfTI, NRRD and MetaImage
        lie exactly where it does, in the order of its file if that is a volume.

    Raises
    ------
    DataError
        If the values are not non-negative integers, do not fit the format or the scan, or the disk
        is full.
    """
    path = Path(path)
    write = None if path.suffix.casefold() == ZARR_SUFFIX else _writer(path)
    stored = _smallest(path, labels)
    if like is not None and stored.shape != like.spatial:
        raise DataError(
            f"{path.name}: labels of shape {stored.shape} do not fit {like.source.name}, "
            f"of shape {like.spatial}."
        )
    if write is _png and (stored.ndim != 2 or stored.dtype.itemsize > 2):
        raise DataError(f"{path.name}: a PNG holds one plane of labels up to 65535; use .tif.")
    with writing(path):
        if write is None:
            write_store(path, stored, like)
        else:
            with atomic(path) as temporary, temporary.open("wb") as file:
                write(file, stored, like)
    return path


def write_image(path: str | Path, image: NDArray[Any], like: Scan) -> Path:
    """Write intensities as PNG (8 or 16 bits, or colour of 8 bits), plain TIFF or ``.nii.gz``.

    Parameters
    ----------
    path : str or Path
        Where to, by the suffix.
    image : numpy.ndarray
        ``(H, W)``, for PNG also ``(H, W, 3)``, for NIfTI ``(Z, H, W)``.
    like : Scan
        Where NIfTI says that it lies; of the image's shape without channels.

    Raises
    ------
    DataError
        If the disk is full.
    """
    path = Path(path)
    if image.dtype in (bool, np.float16):  # which none of the formats knows
        image = image.astype(np.uint8 if image.dtype == bool else np.float32)
    with writing(path), atomic(path) as temporary, temporary.open("wb") as file:
        if path.suffix == ".png":
            _png(file, image, None)
        elif path.suffix == ".tif":
            import tifffile

            tifffile.imwrite(file, image, photometric="minisblack")
        else:
            _packed_nifti(file, image, like)
    return path


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into one sentence about the file."""
    try:
        yield
    except OSError as e:
        raise DiskError(
            f"{path} could not be written ({e.strerror or e}). Free some space or choose another "
            "folder; what was there before is unchanged.",
            final=e.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS),
        ) from e


def _writer(path: Path) -> Write:
    name = path.name.casefold()
    found = next((write for suffix, write in WRITERS.items() if name.endswith(suffix)), None)
    if found is None:
        known = ", ".join((*WRITERS, ZARR_SUFFIX))
        raise DataError(f"{path.name}: labels are written as one of {known}.")
    return found


def _smallest(path: Path, labels: NDArray[Any]) -> NDArray[Any]:
    labels = np.asarray(labels)
    if labels.dtype.kind not in "bui" or labels.ndim < 2 or 0 in labels.shape or labels.min() < 0:
        raise DataError(
            f"{path.name}: labels must be whole numbers from 0 up, not {labels.dtype} "
            f"of shape {labels.shape}."
        )
    return labels.astype(np.min_scalar_type(int(labels.max())), copy=False)


# --- formats ------------------------------------------------------------------------------------


def _npy(file: IO[bytes], labels: NDArray[Any], like: Scan | None) -> None:
    np.save(file, labels)


def _png(file: IO[bytes], labels: NDArray[Any], like: Scan | None) -> None:
    from PIL import Image

    Image.fromarray(labels).save(file, format="PNG")


def _tiff(file: IO[bytes], labels: NDArray[Any], like: Scan | None) -> None:
    """Write a plain TIFF, or one with OME's metadata where there is something to say."""
    import tifffile

    axes = _axes(labels, like)
    spacing = like.spacing if like is not None else None
    if labels.ndim == 2 and spacing is None:
        tifffile.imwrite(file, labels, compression="zlib")
        return
    metadata: dict[str, Any] = {"axes": axes.upper()}
    units = (like.units if like is not None else ()) or ("pixel",) * len(axes)
    for axis, size, unit in zip(axes, spacing or (), units, strict=False):
        if unit == "pixel":
            continue
        name = "TimeIncrement" if axis == "t" else f"PhysicalSize{axis.upper()}"
        metadata |= {name: size, f"{name}Unit": OME_UNITS.get(unit, unit)}
    tifffile.imwrite(
        file, labels, compression="zlib", ome=True, metadata=metadata, photometric="minisblack"
    )


def _nifti(file: IO[bytes], labels: NDArray[Any], like: Scan | None) -> None:
    file.write(_nifti_bytes(labels, like))


def _packed_nifti(file: IO[bytes], labels: NDArray[Any], like: Scan | None) -> None:
    file.write(gzip.compress(_nifti_bytes(labels, like), mtime=0))


def _itk(suffix: str) -> Write:
    def write(file: IO[bytes], labels: NDArray[Any], like: Scan | None) -> None:
        axes = _axes(labels, like)
        geometry = _geometry((1, *labels.shape)[-3:], axes.removeprefix("t"), like)
        write_volume(file, suffix, labels, axes.startswith("t"), geometry)

    return write


# The longer suffix first.
WRITERS: dict[str, Write] = {
    **{".npy": _npy, ".png": _png, ".tif": _tiff, ".tiff": _tiff},
    **{".nii.gz": _packed_nifti, ".nii": _nifti},
    **{suffix: _itk(suffix) for suffix in (".nrrd", ".mha")},
}


def _nifti_bytes(labels: NDArray[Any], like: Scan | None) -> bytes:
    import nibabel

    axes = _axes(labels, like)
    if len(axes) > 4 or not set(axes) <= set(AXES):
        raise DataError(f"NIfTI holds volumes, not labels of shape {labels.shape}")
    timed = axes.startswith("t")
    first = labels if timed else labels[None]
    geometry = _geometry(first.shape[1:], axes.removeprefix("t"), like)
    upright = tuple(geometry.shape[a] for a in geometry.order)
    stored = np.stack([geometry.stored(one.reshape(upright)) for one in first], axis=-1)
    header = geometry.header
    kind: Any = (
        nibabel.Nifti2Image if isinstance(header, nibabel.Nifti2Header) else nibabel.Nifti1Image
    )
    image = kind(stored if timed else stored[..., 0], geometry.affine, header, dtype=labels.dtype)
    image.header.extensions.clear()  # of the scan, and maybe its patient
    image.header["cal_min"] = image.header["cal_max"] = 0
    if header is None:
        units = like.units if like is not None else ()
        image.header.set_xyzt_units(NIFTI_UNITS.get(units[-1] if units else "mm", "unknown"))
        image.header["sform_code"] = image.header["qform_code"] = 1  # where the scanner says
    return bytes(image.to_bytes())


def _axes(labels: NDArray[Any], like: Scan | None) -> str:
    """Return a letter for each axis of labels."""
    if like is not None:
        return like.axes.removesuffix("c")
    if labels.ndim > len(AXES):
        raise DataError(f"labels of shape {labels.shape} have too many axes to be written so")
    return AXES[-labels.ndim :]


def layout_of(labels: NDArray[Any], like: Scan | None) -> Geometry:
    """Return how a volume of labels is laid out in a NIfTI file, which is needed to undo it."""
    return _geometry((1, 1, *labels.shape)[-3:], _axes(labels, like).removeprefix("t"), like)


def _geometry(shape: tuple[int, ...], axes: str, like: Scan | None) -> Geometry:
    """Return where labels lie: as the scan's file says, or from its spacing and affine."""
    if like is not None and like.geometry is not None:
        return like.geometry
    matrix = np.eye(4)
    if like is not None:
        count = len(like.spatial)
        scale = np.diag([*(like.spacing or (1.0,) * count), 1.0])
        own = scale if like.affine is None else like.affine @ scale
        matrix = within(own, like.axes)
    return from_viewer((*(1,) * (3 - len(shape)), *shape), matrix)
