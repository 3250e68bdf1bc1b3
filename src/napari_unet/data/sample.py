"""A sample data set made by code: phantom MR slices of heads with tumours, several patients.

It is drawn, not recorded, and free of any rights. Scalp, vessels and the falx are as bright as the
tumours, a field of uneven brightness lies over everything, and some slices hold no tumour, so that
no single threshold finds them.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.errors import DataError

REACH = 0.75  # slices lie between minus and plus this share of half the head's height
MM = 200.0  # height and width of a slice in millimetres


@dataclass(frozen=True)
class Head:
    """One patient: lengths are shares of half the image, angles are in radians."""

    half: tuple[float, float]  # half the head's height and width
    centre: tuple[float, float]
    turn: float
    ventricles: float
    bias: tuple[float, float, float]
    tumour: tuple[float, float, float]  # where it is: y, x within the brain, and z
    radius: tuple[float, float]  # of the tumour in the slice and along z
    waves: tuple[tuple[float, float], ...]  # its outline: amplitude and phase per frequency
    brightness: float
    ring: bool  # bright only at its rim, dark inside
    vessels: tuple[tuple[float, float, float], ...]  # y, x, radius

    @property
    def kind(self) -> str:
        """How the tumour looks: ``ring`` or ``solid``."""
        return "ring" if self.ring else "solid"


def random_head(chance: np.random.Generator) -> Head:
    """Draw a patient."""
    angle, distance = chance.uniform(0, 2 * np.pi), chance.uniform(0.15, 0.55)
    return Head(
        half=(chance.uniform(0.82, 0.92), chance.uniform(0.66, 0.78)),
        centre=(chance.uniform(-0.05, 0.05), chance.uniform(-0.06, 0.06)),
        turn=chance.normal(0, 0.12),
        ventricles=chance.uniform(0.7, 1.3),
        bias=tuple(chance.uniform(-0.25, 0.25, 3)),
        tumour=(distance * np.sin(angle), distance * np.cos(angle), chance.uniform(-0.4, 0.4)),
        radius=(chance.uniform(0.13, 0.28), chance.uniform(0.35, 0.7)),
        waves=tuple((chance.normal(0, 0.09), chance.uniform(0, 2 * np.pi)) for _ in range(5)),
        brightness=chance.uniform(0.62, 0.85),
        ring=bool(chance.random() < 0.4),
        vessels=tuple(
            (chance.uniform(-0.75, 0.75), chance.uniform(-0.75, 0.75), chance.uniform(0.012, 0.03))
            for _ in range(10)
        ),
    )


def phantom_slice(
    head: Head, z: float, size: int, chance: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one slice of a patient.

    Parameters
    ----------
    head : Head
        The patient.
    z : float
        Height of the slice, from -1 to 1.
    size : int
        Height and width in pixels.
    chance : numpy.random.Generator
        Where texture and noise come from.

    Returns
    -------
    image : numpy.ndarray
        ``(size, size)`` uint8.
    mask : numpy.ndarray
        ``(size, size)`` bool, true inside the tumour; all false where the slice misses it.
    """
    from scipy.ndimage import gaussian_filter

    y, x, r = _brain_coordinates(head, z, size)
    fine, coarse = (_texture(chance, size, size * s) for s in (0.012, 0.05))
    image = _anatomy(head, z, y, x, r, fine, coarse)
    depth = _tumour_depth(head, z, y, x)
    inside = (depth > 0) & (r < 0.8)
    oedema = np.clip(1 + depth / 0.12, 0, 1) * (r < 0.8) * ~inside
    image -= 0.12 * oedema
    core = (depth > 0.35) & head.ring
    image[inside] = head.brightness + 0.06 * coarse[inside]
    image[inside & core] = 0.2 + 0.03 * coarse[inside & core]
    image = gaussian_filter(image, 0.006 * size)
    grid = np.linspace(-1, 1, size)
    across, down, both = head.bias
    image *= 1 + across * grid + down * grid[:, None] + both * grid * grid[:, None]
    noise = chance.normal(0, 0.035, (2, size, size))
    image = np.hypot(image + noise[0], noise[1])  # magnitude images have such noise
    return (np.clip(image, 0, 1.2) / 1.2 * 255).astype(np.uint8), inside


def phantom_volume(
    patient: int, slices: int, size: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, Head]:
    """Draw a patient's slices: images ``(S, H, W)`` uint8, masks ``(S, H, W)`` bool, the patient.

    The same numbers give the same pixels.
    """
    chance = np.random.default_rng((seed, patient))
    head = random_head(chance)
    drawn = [phantom_slice(head, z, size, chance) for z in np.linspace(-REACH, REACH, slices)]
    return np.stack([i for i, _ in drawn]), np.stack([m for _, m in drawn]), head


def write_sample(
    folder: str | Path, patients: int = 12, slices: int = 6, size: int = 128, seed: int = 0
) -> Path:
    """Write the sample data set: ``images/``, ``masks/`` and ``metadata.csv``; return the folder.

    The folder appears whole or not at all.

    Raises
    ------
    DataError
        If the folder exists and is not empty, or cannot be written.
    """
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise DataError(f"{folder} is not empty; choose a new folder for the sample data.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as made:
            _write(Path(made) / "sample", patients, slices, size, seed)
            if folder.exists():
                folder.rmdir()
            (Path(made) / "sample").rename(folder)
    except OSError as e:
        raise DataError(
            f"The sample data could not be written to {folder} ({e.strerror or e}). "
            "Free some space or choose another folder."
        ) from e
    return folder


def napari_sample() -> list[tuple[Any, dict[str, Any], str]]:
    """Return a patient's slices and tumour as napari layers, for *File ▸ Open Sample*."""
    images, masks, _ = phantom_volume(patient=1, slices=12, size=192)
    pixel = MM / images.shape[-1]
    geometry = {
        "scale": (REACH * MM / (len(images) - 1), pixel, pixel),
        "units": ("mm", "mm", "mm"),
        "axis_labels": ("z", "y", "x"),
    }
    return [
        (images, {"name": "Phantom MR", "colormap": "gray", **geometry}, "image"),
        (masks.astype(np.uint8), {"name": "Tumour", **geometry}, "labels"),
    ]


# --- writing ------------------------------------------------------------------------------------


def _write(folder: Path, patients: int, slices: int, size: int, seed: int) -> None:
    from PIL import Image

    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    with (folder / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("image", "mask", "patient_id", "slice", "tumor_kind"))
        for name, image, mask, row in _slices(patients, slices, size, seed):
            Image.fromarray(image).save(folder / "images" / name)
            Image.fromarray(mask.astype(np.uint8) * 255).save(folder / "masks" / name)
            table.writerow((f"images/{name}", f"masks/{name}", *row))


def _slices(
    patients: int, slices: int, size: int, seed: int
) -> Iterator[tuple[str, np.ndarray, np.ndarray, tuple[str, int, str]]]:
    """Yield file name, image, mask and the rest of the table's row."""
    for patient in range(1, patients + 1):
        images, masks, head = phantom_volume(patient, slices, size, seed)
        for number, (image, mask) in enumerate(zip(images, masks, strict=True), start=1):
            name = f"patient{patient:02}_slice{number:02}.png"
            yield name, image, mask, (f"patient{patient:02}", number, head.kind)


# --- drawing ------------------------------------------------------------------------------------


def _brain_coordinates(
    head: Head, z: float, size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for every pixel y and x, 1 at the head's outline, and its distance in that measure."""
    grid = np.linspace(-1, 1, size)
    y, x = grid[:, None] - head.centre[0], grid[None, :] - head.centre[1]
    y, x = (
        np.cos(head.turn) * y - np.sin(head.turn) * x,
        np.sin(head.turn) * y + np.cos(head.turn) * x,
    )
    narrower = np.sqrt(1 - 0.5 * z * z)
    y, x = y / (head.half[0] * narrower), x / (head.half[1] * narrower)
    wavy = 1 + 0.02 * np.cos(3 * np.arctan2(y, x) + 10 * head.turn)
    return y, x, np.hypot(y, x) * wavy


def _texture(chance: np.random.Generator, size: int, smooth: float) -> np.ndarray:
    """Return smooth random values ``(size, size)`` of mean 0 and deviation 1."""
    from scipy.ndimage import gaussian_filter

    values = np.asarray(gaussian_filter(chance.normal(size=(size, size)), max(smooth, 0.5)))
    return np.asarray(values / values.std())


def _anatomy(
    head: Head,
    z: float,
    y: np.ndarray,
    x: np.ndarray,
    r: np.ndarray,
    fine: np.ndarray,
    coarse: np.ndarray,
) -> np.ndarray:
    """Draw a healthy head ``(H, W)``, 0 for black and 1 for the brightest."""
    image = np.full(r.shape, 0.02)
    image[r < 1.0] = 0.8 + 0.08 * fine[r < 1.0]  # scalp
    image[r < 0.93] = 0.08  # bone
    image[r < 0.84] = 0.2  # fluid around the brain
    brain = r < 0.8 + 0.012 * fine
    image[brain] = 0.5 + 0.015 * fine[brain]  # white matter
    cortex = brain & (r + 0.07 * coarse > 0.64)
    image[cortex] = 0.38 + 0.02 * fine[cortex]
    folds = cortex & (fine > 1.1)
    image[folds] = 0.22
    for side in (-1, 1):
        wide, tall = 0.1 * head.ventricles * (1 - z * z), 0.26 * head.ventricles * (1 - 0.5 * z * z)
        leaning = x - side * (0.13 + 0.12 * np.abs(y + 0.05))
        image[brain & ((leaning / wide) ** 2 + ((y + 0.05) / tall) ** 2 < 1)] = 0.14
        image[brain & (np.hypot((x - side * 0.3) / 0.13, (y - 0.05) / 0.2) < 1)] = 0.42
    image[brain & (np.abs(x) < 0.012) & (np.abs(y) > 0.35)] = 0.7  # falx
    image[(r < 0.84) & (np.hypot(x / 0.07, (y - 0.82) / 0.06) < 1)] = 0.9  # sagittal sinus
    for vessel_y, vessel_x, radius in head.vessels:
        image[(r < 0.82) & (np.hypot(x - vessel_x, y - vessel_y) < radius)] = 0.9
    return image


def _tumour_depth(head: Head, z: float, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return how deep in the tumour a pixel lies: 1 at its centre, 0 at its rim, less outside."""
    at_y, at_x, at_z = head.tumour
    radius, along = head.radius
    left = 1 - ((z - at_z) / along) ** 2
    if left <= 0.02:
        return np.full(np.broadcast_shapes(y.shape, x.shape), -np.inf)
    angle = np.arctan2(y - at_y, x - at_x)
    outline = 1.0 + sum(a * np.cos((k + 1) * angle + p) for k, (a, p) in enumerate(head.waves))
    reach = radius * np.sqrt(left) * np.maximum(outline, 0.4)
    return np.asarray(1 - np.hypot(y - at_y, x - at_x) / reach)
