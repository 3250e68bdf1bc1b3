"""From a stored image to what the network sees, and from its logits back to the image's pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from napari_unet.config import PreprocessConfig
from napari_unet.unet.losses import IGNORE

SAMPLE = 65_536  # pixels looked at for percentiles: exact enough, and a fraction of the time


def to_float(image: NDArray[Any]) -> Tensor:
    """Return an image ``(H, W)`` or ``(H, W, C)`` as float32 ``(C, H, W)``.

    Integers are divided by their type's largest value, so that 8 and 16 bit versions of one image
    look alike. Pixels that are not finite take the image's smallest finite value.
    """
    image = np.asarray(image)
    if image.ndim == 2:
        image = image[..., None]
    if image.dtype == bool:
        image = image.astype(np.uint8)
    values: NDArray[Any] = image.astype(np.float64 if image.dtype.itemsize > 4 else np.float32)
    if np.issubdtype(image.dtype, np.integer):
        values = np.divide(values, np.iinfo(image.dtype).max)
    elif not (finite := np.isfinite(values)).all():
        values = np.where(finite, values, values[finite].min() if finite.any() else 0.0)
    # Huge values (1e300 in a float64 file) would overflow the network's float32.
    values = np.clip(values, -1e30, 1e30).astype(np.float32)
    return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1)))


def normalise(image: Tensor, config: PreprocessConfig) -> Tensor:
    """Bring the intensities of ``(C, H, W)`` to about mean 0 and deviation 1."""
    if config.intensity == "dataset" and len(config.mean) == len(image):
        mean, std = (torch.tensor(v)[:, None, None] for v in (config.mean, config.std))
        return (image - mean) / std
    if config.intensity == "percentile":
        flat = image.flatten()
        sample = flat[:: max(flat.numel() // SAMPLE, 1)]
        low, high = np.percentile(sample.numpy(), (0.5, 99.5))
        if high > low:
            image = image.clamp(float(low), float(high))
    # Two passes in float64: a constant image of large values must come out as exact zeros.
    mean_ = image.double().mean()
    std_ = image.double().sub(mean_).square().mean().sqrt()
    floor = 1e-6 * max(abs(float(mean_)), 1e-12)
    return ((image - mean_) / max(float(std_), floor)).float()


@dataclass(frozen=True)
class Fit:
    """How an image of ``shape`` lies in the working size: scaled to ``inner``, then padded."""

    shape: tuple[int, int]
    inner: tuple[int, int]
    size: tuple[int, int]

    @classmethod
    def of(cls, shape: tuple[int, int], size: tuple[int, int]) -> Fit:
        """Scale ``shape`` with its aspect kept, as large as ``size`` allows."""
        factor = min(size[0] / shape[0], size[1] / shape[1])
        inner = tuple(min(max(round(n * factor), 1), s) for n, s in zip(shape, size, strict=True))
        return cls(shape, (inner[0], inner[1]), size)

    @property
    def offset(self) -> tuple[int, int]:
        """First row and column of the image within the working size; it lies in the middle."""
        return (self.size[0] - self.inner[0]) // 2, (self.size[1] - self.inner[1]) // 2

    def image(self, image: Tensor) -> Tensor:
        """Fit ``(C, H, W)`` into ``(C, *size)``; the padding is 0, the mean."""
        if self.inner != self.shape:
            image = F.interpolate(
                image[None], size=self.inner, mode="bilinear", antialias=True, align_corners=False
            )[0]
        return self._pad(image, 0.0)

    def labels(self, labels: NDArray[Any]) -> Tensor:
        """Fit class indices ``(H, W)`` into uint8 ``size``; the padding is `IGNORE`."""
        plane = torch.from_numpy(np.ascontiguousarray(labels.astype(np.uint8)))[None]
        if self.inner != self.shape:
            plane = _shrink_labels(plane, self.inner)
        return self._pad(plane, IGNORE)[0]

    def undo(self, logits: Tensor) -> Tensor:
        """Bring logits ``(N, K, *size)`` back to ``(N, K, *shape)``."""
        (top, left), (h, w) = self.offset, self.inner
        logits = logits[..., top : top + h, left : left + w]
        if self.inner == self.shape:
            return logits
        out: Tensor = F.interpolate(logits, size=self.shape, mode="bilinear", align_corners=False)
        return out

    def _pad(self, x: Tensor, value: float) -> Tensor:
        (top, left), (h, w) = self.offset, self.inner
        border = (left, self.size[1] - w - left, top, self.size[0] - h - top)
        padded: Tensor = F.pad(x, border, value=value)
        return padded


def _shrink_labels(plane: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize ``(1, H, W)`` class indices: each pixel takes the class that covers most of it."""
    classes = torch.unique(plane)
    if len(classes) == 1:
        blank: Tensor = classes.expand(1, *size)
        return blank
    shares = torch.stack([plane[0] == c for c in classes]).float()[None]
    shares = F.interpolate(shares, size=size, mode="bilinear", antialias=True)
    winner: Tensor = classes[shares[0].argmax(dim=0)][None]
    return winner


def prepare(image: NDArray[Any], config: PreprocessConfig) -> tuple[Tensor, Fit]:
    """Return a stored image as ``(C, *working size)``, or at its own size for patch models."""
    x = normalise(to_float(image), config)
    shape = (x.shape[1], x.shape[2])
    fit = Fit.of(shape, config.size if config.mode == "whole" else shape)
    return fit.image(x), fit
